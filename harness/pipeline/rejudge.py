"""Judging a finished run again: further judges on the same pixels, by one process or several."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from harness.core.config import JudgingOptions
from harness.core.errors import MismatchError, UsageError, unknown_name
from harness.core.records import RunSpec
from harness.core.rundir import RunDir
from harness.data.sources import open_source
from harness.pipeline.context import RunContext
from harness.pipeline.engine import run_stage
from harness.pipeline.judge import ask_share
from harness.pipeline.judge_choice import check_judge, check_panel, has_labels
from harness.pipeline.judging import make_judging
from harness.pipeline.run_judges import JudgeSetup, run_judges, setups, write_judges
from harness.pipeline.spec import Plan
from judges.protocols.registry import find_protocol

if TYPE_CHECKING:
    from collections.abc import Iterator

_WORKER = re.compile(r"([1-9][0-9]*)/([1-9][0-9]*)")


@contextmanager
def opened(path: Path, options: JudgingOptions, worker: str = "") -> Iterator[RunContext]:
    """Open a described run for judging; its model and its corpus are not needed.

    Args:
        path: The run directory.
        options: Speed, prices and ceiling of the judging.
        worker: Name of one of several processes that judge the run together.

    Raises:
        UsageError: It is no run directory, or its words have not been made yet.
        DataError: Another process holds it.
        MismatchError: Its images are not what they were.
    """
    with RunDir.load(path, worker=worker) as run:
        if not run.done("describe"):
            raise UsageError(f"stage describe of {path} is not done; finish it by the command run")
        source = open_source(run.run_spec.images, len(run.run_spec.image_ids))
        if tuple(record.image_id for record in source.records()) != run.run_spec.image_ids:
            raise MismatchError(
                f"the images {run.run_spec.images} are not those that {path} was made of; put "
                "them back to judge the run"
            )
        yield RunContext(run, Plan(run.run_spec, source, None, "cpu", options))


def add_judges(context: RunContext, new: Sequence[JudgeSetup], panel: str | None) -> None:
    """Add judges to a run; they are part of its board from now on.

    Args:
        context: The run.
        new: Judges, of which those the run has already are asked with the new checks.
        panel: How the verdicts of all its judges are joined; None leaves that as it is.

    Raises:
        UsageError: A judge cannot be made, or a panel would have fewer than two members; the run
            is then left as it was.
    """
    before = run_judges(context)
    found = {(setup.judge, setup.protocol): setup for setup in (*before.added, *new)}
    names = {(setup.judge, setup.protocol) for setup in (*setups(context), *new)}
    check_panel(panel or before.panel, len(names))
    settings, labelled = context.judge_settings, has_labels(context.source)
    for setup in new:
        find_protocol(setup.protocol)
        check_judge(
            make_judging(context, setup).judge,
            context.options,
            settings.prices,
            labelled=labelled,
            images=context.source.name,
        )
    changes = {"added": tuple(found.values()), "panel": panel or before.panel}
    write_judges(context, before.model_copy(update=changes))


def remove_judges(context: RunContext, names: Sequence[str]) -> None:
    """Take judges off a run's board that were added to it; what they said stays in the journal.

    Raises:
        UsageError: A name is not that of an added judge.
    """
    record = run_judges(context)
    known = [setup.judge for setup in record.added]
    for name in names:
        if name not in known:
            raise unknown_name("added judge", name, known)
    left = tuple(setup for setup in record.added if setup.judge not in names)
    panel = record.panel if len(setups(context)) - len(record.added) + len(left) > 1 else "none"
    write_judges(context, record.model_copy(update={"added": left, "panel": panel}))


def own_setup(spec: RunSpec, judge: str, **changes: str | float | None) -> JudgeSetup:
    """Return ``judge`` asked as the spec's judges are, but for ``changes`` (None: as there)."""
    own = {"protocol": spec.protocol, "repeat": spec.repeat, "reorder": spec.reorder}
    given = {name: value for name, value in changes.items() if value is not None}
    return JudgeSetup.model_validate({"judge": judge, **own, **given})


def judge_again(context: RunContext) -> None:
    """Ask what is open, score, and write the report anew."""
    for stage in ("judge", "score", "report"):
        run_stage(context, stage)


def judge_share(context: RunContext, worker: str) -> bool:
    """Ask one worker's share of what is open; return whether all of it is answered now."""
    number, count = parse_worker(worker)
    name = f"{number}-of-{count}.jsonl"
    return ask_share(context, context.run.judgement_parts / name, number, count)


def parse_worker(text: str) -> tuple[int, int]:
    """Return number and count of ``2/4``, the second of four workers.

    Raises:
        UsageError: It is not of that form.
    """
    match = _WORKER.fullmatch(text)
    if match is None or int(match[1]) > int(match[2]):
        raise UsageError(f"--worker {text!r}: expected NUMBER/COUNT, such as 2/4")
    return int(match[1]), int(match[2])
