"""What judging a run would cost, without asking anything."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Final

from harness.core.ids import canonical_json
from harness.core.records import Judgement
from harness.core.rundir import RunDir
from harness.data.rendering import SIDE, region_pixels
from harness.pipeline.context import RunContext
from harness.pipeline.judge import answered_keys, open_keys
from harness.pipeline.judging import Judging, judgings, make_judging
from harness.pipeline.run_judges import JudgeSetup, setups
from harness.pipeline.spec import Plan
from judges.api import ApiJudge
from judges.dry_run import dry_run_text
from judges.estimate import CostEstimate, QuestionSize, estimate, in_process, question_size
from judges.prices import load_prices
from judges.protocols.base import JudgingProtocol
from judges.protocols.registry import find_protocol
from judges.protocols.wording import prompt_text, reply_schema
from judges.registry import make_judge
from judges.settings import JudgeSettings

_SAMPLE_WORD: Final = "something"
_CROP_SIDE: Final = 64
"""Side of the close-up in the paper's setting, taken where no picture has been drawn yet."""


def dry_run_of(plan: Plan, runs_dir: Path) -> str:
    """Return the table for a run, whether or not it exists yet.

    Where its words have been made the questions are counted; before that the table gives what they
    can be at most.
    """
    path = RunDir.location(runs_dir, plan.spec)
    if path.is_dir():
        with RunDir.load(path) as run:
            if run.done("describe"):
                return dry_run(RunContext(run, plan), ())
    return dry_run_text(_at_most(plan))


def dry_run(context: RunContext, new: Sequence[JudgeSetup]) -> str:
    """Return the table for a described run with its judges and ``new`` ones."""
    known = {(setup.judge, setup.protocol) for setup in setups(context)}
    added = [setup for setup in new if (setup.judge, setup.protocol) not in known]
    every = [*judgings(context), *(make_judging(context, setup) for setup in added)]
    rows = list(context.judgements())
    answered = answered_keys(rows)
    return dry_run_text([_estimate(each, answered, rows) for each in every])


def _estimate(judging: Judging, answered: set[str], rows: Sequence[Judgement]) -> CostEstimate:
    """Return the estimate of a judge by the questions it has not answered."""
    left = open_keys(judging, answered)
    done = len(judging.asked) - len(left)
    judge, protocol, context = judging.judge, judging.protocol, judging.context
    if not isinstance(judge, ApiJudge):
        return in_process(judging.label, len(judging.asked), done)
    patches = {patch.patch_id: patch for patch in context.patches}
    sizes = []
    for key in left:
        asked = judging.asked[key]
        patch = patches[asked.patch_id]
        geometry = context.geometries[patch.image_id]
        left_edge, top, right, bottom = region_pixels(geometry, patch)
        pictures = (geometry.view_size(SIDE), (right - left_edge, bottom - top))
        sizes.append(_size(judge, protocol, asked.words, pictures))
    own = (judge.name, judge.version, protocol.id)
    measured = [row for row in rows if (row.judge, row.judge_version, row.protocol) == own]
    return _cost(judging.label, judge, protocol, sizes, context.options.batch, done, measured)


def _at_most(plan: Plan) -> list[CostEstimate]:
    """Return estimates from above, for a run whose words have not been made."""
    spec, options = plan.spec, plan.judging
    protocol = find_protocol(spec.protocol)
    settings = JudgeSettings(prices=load_prices(Path(options.prices) if options.prices else None))
    patches = len(spec.image_ids) * spec.patches_per_image
    cells = len(spec.lenses) * len(spec.layers)
    if protocol.unit == "pool":
        words = round(protocol.chunk * (1 + protocol.probe_share))
        questions = patches * -(-cells * spec.k // protocol.chunk)
    else:
        words, questions = spec.k, patches * cells
    asked = round(questions * (1 + (spec.repeat + spec.reorder) / 100))
    found = []
    for name in spec.judges:
        judge = make_judge(name, settings)
        if isinstance(judge, ApiJudge):
            pictures = ((SIDE, SIDE), (_CROP_SIDE, _CROP_SIDE))
            size = _size(judge, protocol, (_SAMPLE_WORD,) * words, pictures)
            estimated = _cost(name, judge, protocol, [size] * asked, options.batch, 0, ())
        else:
            estimated = in_process(name, asked)
        notes = (*estimated.notes, "at most: the words of this run have not been made yet")
        found.append(estimated.model_copy(update={"notes": notes}))
    return found


def _size(
    judge: ApiJudge,
    protocol: JudgingProtocol,
    words: Sequence[str],
    pictures: Sequence[tuple[int, int]],
) -> QuestionSize:
    provider = judge.provider
    return question_size(
        len(words),
        (prompt_text(protocol, words), _schema_text(protocol)),
        pictures,
        provider.capabilities.image_rule,
        str(provider.parameters.get("detail", "high")),
    )


@lru_cache
def _schema_text(protocol: JudgingProtocol) -> str:
    return canonical_json(reply_schema(protocol))


def _cost(
    label: str,
    judge: ApiJudge,
    protocol: JudgingProtocol,
    sizes: Sequence[QuestionSize],
    batch: bool,
    answered: int,
    measured: Sequence[Judgement],
) -> CostEstimate:
    return estimate(
        label,
        judge.provider.model,
        sizes,
        prices=judge.settings.prices,
        reply=protocol.reply,
        effort=str(judge.provider.parameters.get("effort", "")),
        answered=answered,
        measured=measured,
        batch=batch,
    )
