"""Who judges a run, and how: each judge with its protocol, its questions and its answers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from pydantic import ValidationError

from harness.core.errors import DataError, UsageError
from harness.core.records import Answer, Judgement, Record
from harness.pipeline.context import RunContext
from harness.pipeline.pictures import Pictures
from harness.pipeline.questions import CellName, cells, shown_texts
from judges.base import Judge, request_key
from judges.protocols.answers import assemble
from judges.protocols.base import JudgingProtocol, Question
from judges.protocols.plan import Asked, plan_questions
from judges.protocols.registry import find_protocol
from judges.protocols.wording import prompt_hash
from judges.registry import make_judge


class JudgeSetup(Record):
    """One judge of a run and how it is asked."""

    judge: str
    """Name of the judge."""
    protocol: str
    """Name of the protocol."""
    repeat: float = 0.0
    """Per cent of the questions asked twice."""
    reorder: float = 0.0
    """Per cent of the questions asked again in another order of words."""


class AddedJudges(Record):
    """Judges of a run beyond those of its spec."""

    setups: tuple[JudgeSetup, ...]
    """In the order they were added."""
    panel: str = "none"
    """How the verdicts of all judges of the run are joined; ``none`` leaves it to the spec."""


@dataclass(frozen=True)
class Judging:
    """One judge on one run: what it is asked, under which keys."""

    context: RunContext
    """The run."""
    setup: JudgeSetup
    """How it is asked."""
    label: str
    """What the judge is called on the board."""
    judge: Judge
    """The judge."""

    @cached_property
    def protocol(self) -> JudgingProtocol:
        """The protocol."""
        return find_protocol(self.setup.protocol)

    @cached_property
    def prompt_hash(self) -> str:
        """Hash of the protocol's wording."""
        return prompt_hash(self.protocol)

    @cached_property
    def cells(self) -> dict[CellName, Question]:
        """The question of every cell of the board."""
        return cells(self.context, self.protocol)

    @cached_property
    def questions(self) -> tuple[Question, ...]:
        """The distinct questions of the board."""
        return tuple(dict.fromkeys(self.cells.values()))

    @cached_property
    def descriptions(self) -> dict[str, list[Any]]:
        """The columns of the description table, with what this judge was shown."""
        return self.context.descriptions | {"shown": shown_texts(self.context, self.protocol)}

    @cached_property
    def asked(self) -> dict[str, Asked]:
        """Key to what is asked, patch by patch."""
        images = {patch.patch_id: patch.image_id for patch in self.context.patches}
        planned = plan_questions(
            self.protocol,
            self.questions,
            images,
            seed=self.context.spec.seed,
            repeat=self.setup.repeat,
            reorder=self.setup.reorder,
        )
        return {self._key(each): each for each in planned}

    def image_hash(self, patch_id: str) -> str:
        """Return the hash of what is shown of a patch; empty for a judge that looks at nothing."""
        return pictures(self.context).hash(patch_id) if self.judge.needs_pixels else ""

    def stamped(self, reply: Judgement) -> Judgement:
        """Return a reply with what the run knows of its question and the judge does not."""
        asked = self.asked[reply.key]
        return reply.model_copy(
            update={
                "protocol": self.protocol.id,
                "prompt_hash": self.prompt_hash,
                "image_hash": self.image_hash(asked.patch_id),
                "check": asked.check,
                "probes": asked.probes,
            }
        )

    def replies(self, rows: Iterable[Judgement]) -> dict[Asked, Judgement]:
        """Return the reply to everything asked: the answer if there is one, else the last."""
        found: dict[Asked, Judgement] = {}
        for row in rows:
            asked = self.asked.get(row.key)
            if asked is not None and (asked not in found or found[asked].status != "ok"):
                found[asked] = row
        return found

    def answers(self, rows: Iterable[Judgement]) -> dict[Question, Answer]:
        """Return the answer to every question of the board that has one."""
        return assemble(self.protocol, self.questions, self.replies(rows))

    def _key(self, asked: Asked) -> str:
        return request_key(
            self.judge.name,
            self.judge.version,
            asked.patch_id,
            asked.words,
            prompt_hash=self.prompt_hash,
            image_hash=self.image_hash(asked.patch_id),
            check=asked.check,
        )


def setups(context: RunContext) -> tuple[JudgeSetup, ...]:
    """Return the judges of the spec and those added later, each once, without ``none``."""
    spec = context.spec
    own = [
        JudgeSetup(judge=name, protocol=spec.protocol, repeat=spec.repeat, reorder=spec.reorder)
        for name in spec.judges
        if name != "none"
    ]
    found = {(setup.judge, setup.protocol): setup for setup in own}
    # A judge named again later is the same judge, asked with the later checks.
    found |= {(setup.judge, setup.protocol): setup for setup in added(context).setups}
    return tuple(found.values())


def added(context: RunContext) -> AddedJudges:
    """Return the judges added to the run after it was planned.

    Raises:
        DataError: Their file is unreadable.
    """
    try:
        return AddedJudges.model_validate_json(context.run.judges.read_bytes())
    except FileNotFoundError:
        return AddedJudges(setups=())
    except (OSError, ValidationError) as error:
        raise DataError(f"cannot read {context.run.judges}: {error}") from error


def panel_rule(context: RunContext) -> str:
    """Return how the run's judges are joined: none or majority."""
    later = added(context).panel
    return context.spec.panel if later == "none" else later


def judgings(context: RunContext) -> tuple[Judging, ...]:
    """Return the run's judges with their questions; made once per context."""
    key = setups(context)
    if key not in context.judgings:
        context.judgings[key] = tuple(make_judging(context, setup) for setup in key)
    return context.judgings[key]


def make_judging(context: RunContext, setup: JudgeSetup) -> Judging:
    """Return one judge with its questions on a run.

    Raises:
        UsageError: The judge is unknown, or asks nothing.
    """
    judge = make_judge(setup.judge, context.judge_settings)
    if judge is None:
        raise UsageError(f"judge {setup.judge!r} asks nothing; name one of `list judges`")
    other = setup.protocol != context.spec.protocol
    label = f"{setup.judge} ({setup.protocol})" if other else setup.judge
    return Judging(context, setup, label, judge)


def pictures(context: RunContext) -> Pictures:
    """Return the run's pictures; hashed once per context."""
    if context.pictures is None:
        context.pictures = Pictures(context)
    return context.pictures
