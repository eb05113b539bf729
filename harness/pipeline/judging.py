"""Who judges a run, and how: each judge with its protocol, its questions and its answers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from harness.core.errors import DataError, UsageError
from harness.core.records import Answer, Judgement
from harness.pipeline.context import RunContext
from harness.pipeline.pictures import Pictures
from harness.pipeline.questions import CellName, cells, shown_texts
from harness.pipeline.run_judges import JudgeIdentity, JudgeSetup, run_judges, setups, write_judges
from judges.base import Judge, request_key
from judges.protocols.answers import assemble
from judges.protocols.base import JudgingProtocol, Question
from judges.protocols.plan import Asked, plan_questions
from judges.protocols.registry import find_protocol
from judges.protocols.wording import prompt_hash
from judges.registry import judge_summary, make_judge


@dataclass(frozen=True)
class Judging:
    """One judge on one run: what it is asked, under which keys."""

    context: RunContext
    """The run."""
    setup: JudgeSetup
    """How it is asked."""
    label: str
    """What the judge is called on the board."""
    identity: JudgeIdentity
    """What decides its keys."""

    @cached_property
    def judge(self) -> Judge:
        """The judge itself, made at the first use; raises as :func:`judges.registry.make_judge`."""
        return _made(self.context, self.setup.judge)

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
    def shown(self) -> list[str]:
        """What this judge is shown of every row of the description table."""
        return shown_texts(self.context, self.protocol)

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
        return pictures(self.context).hash(patch_id) if self.identity.needs_pixels else ""

    def stamped(self, reply: Judgement) -> Judgement:
        """Return a reply with what the run knows of its question and the judge does not.

        Raises:
            DataError: The judge was not asked this.
        """
        asked = self.asked.get(reply.key)
        if asked is None:
            raise DataError(
                f"judge {self.label} replied to a question it was not asked (key {reply.key!r}); "
                "what it said before is kept"
            )
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

    def history(self, rows: Iterable[Judgement]) -> list[Judgement]:
        """Return all that was ever recorded, and paid, of this judge by this protocol."""
        own = (self.identity.judge, self.protocol.id)
        return [row for row in rows if (row.judge, row.protocol) == own]

    def answers(self, rows: Iterable[Judgement]) -> dict[Question, Answer]:
        """Return the answer to every question of the board that has one."""
        return assemble(self.protocol, self.questions, self.replies(rows))

    def _key(self, asked: Asked) -> str:
        return request_key(
            self.identity.judge,
            self.identity.version,
            asked.patch_id,
            asked.words,
            prompt_hash=self.prompt_hash,
            image_hash=self.image_hash(asked.patch_id),
            check=asked.check,
        )


def judgings(context: RunContext) -> tuple[Judging, ...]:
    """Return the run's judges with their questions, as they were when they were last asked.

    A judge that was never asked is made; the others need neither key, nor model, nor network.
    """
    known = {identity.judge: identity for identity in run_judges(context).identities}
    return _judgings(context, [known.get(setup.judge) for setup in setups(context)])


def present_judgings(context: RunContext) -> tuple[Judging, ...]:
    """Return the run's judges as they are now; each is made."""
    return _judgings(context, [None for _ in setups(context)])


def record_identities(context: RunContext, found: Iterable[Judging]) -> None:
    """Record what judges are as they are asked, so that scores and report find their answers."""
    identities = {judging.identity.judge: judging.identity for judging in found}
    record = run_judges(context)
    write_judges(context, record.model_copy(update={"identities": tuple(identities.values())}))


def make_judging(
    context: RunContext, setup: JudgeSetup, identity: JudgeIdentity | None = None
) -> Judging:
    """Return one judge with its questions on a run; without ``identity`` the judge is made.

    Raises:
        UsageError: The judge is unknown, or asks nothing.
    """
    other = setup.protocol != context.spec.protocol
    label = f"{setup.judge} ({setup.protocol})" if other else setup.judge
    return Judging(context, setup, label, identity or _identity(_made(context, setup.judge)))


def _judgings(
    context: RunContext, identities: Sequence[JudgeIdentity | None]
) -> tuple[Judging, ...]:
    """Return the judgings by the identities given; equal ones are shared within the context."""
    found = []
    for setup, known in zip(setups(context), identities, strict=True):
        identity = known or _identity(_made(context, setup.judge))
        key = (setup, identity)
        if key not in context.judgings:
            context.judgings[key] = make_judging(context, setup, identity)
        found.append(context.judgings[key])
    return tuple(found)


def _identity(judge: Judge) -> JudgeIdentity:
    return JudgeIdentity(
        judge=judge.name,
        version=judge.version,
        needs_labels=judge.needs_labels,
        needs_pixels=judge.needs_pixels,
        statement=judge_summary(judge.name),
    )


def _made(context: RunContext, name: str) -> Judge:
    """Return a judge of the run, made once per context."""
    if name not in context.judges:
        judge = make_judge(name, context.judge_settings)
        if judge is None:
            raise UsageError(f"judge {name!r} asks nothing; name one of `list judges`")
        context.judges[name] = judge
    return context.judges[name]


def pictures(context: RunContext) -> Pictures:
    """Return the run's pictures; hashed once per context."""
    if context.pictures is None:
        context.pictures = Pictures(context)
    return context.pictures
