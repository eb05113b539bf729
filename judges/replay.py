"""Answers recorded in another run, given again without asking anybody."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

from harness.core.errors import DataError, UsageError
from harness.core.ids import digest
from harness.core.journal import read_records
from harness.core.records import Judgement
from judges.base import JudgeRequest, judgement, request_key

PREFIX: Final = "replay:"
FORM: Final = "replay:RUN[#JUDGE]"
_JOURNALS: Final = ("judgements.jsonl", "judgements/*.jsonl")
"""Where a run keeps its judgements: one file, and one more per further worker."""


class ReplayJudge:
    """Gives the scored answers that one judge of another run gave; whatever failed is not one.

    A recorded answer fits a question if patch, shown words in order, protocol, pictures and check
    are the same. All of them are parts of :func:`judges.base.request_key`, so each answer is filed
    under the key that a question to this judge would have, and nothing is drawn to compare. Where
    one question was answered more than once, the first answer counts; where the recorded judge
    changed its version, only the answers of the version that was last in use.

    Args:
        name: Name as the run names it.
        rest: ``RUN``, or ``RUN#JUDGE`` if the run has several judges.

    Raises:
        UsageError: There is no such run, it cannot be read, it has no scored answer, or it has
            several judges and ``rest`` names none of them.
    """

    needs_labels: bool = False

    def __init__(self, name: str, rest: str) -> None:
        self.name = name
        self._run, wanted = _split(rest)
        scored = [record for record in _records(self._run) if record.status == "ok"]
        answers = _of_one_judge(self._run, scored, wanted)
        first = {_identity(record): record for record in reversed(answers)}
        self.needs_pixels = any(record.image_hash for record in first.values())
        self.version = _version(first.values())
        self._answers = {self._key(record): record for record in first.values()}

    def judge(self, requests: Sequence[JudgeRequest]) -> Iterator[Judgement]:
        """Yield one judgement per request, in order; a question not recorded is a refusal."""
        for request in requests:
            record = self._answers.get(request.key)
            if record is None:
                yield judgement(self, request, "refusal", error=f"not recorded in {self._run}")
                continue
            again = judgement(self, request, "ok", relations=record.relations, raw=record.raw)
            yield again.model_copy(update={"snapshot": record.snapshot})

    def _key(self, record: Judgement) -> str:
        """Return the key under which the question of ``record`` is put to this judge."""
        return request_key(
            self.name,
            self.version,
            record.patch_id,
            record.words,
            prompt_hash=record.prompt_hash,
            image_hash=record.image_hash,
            check=record.check,
        )


def _split(rest: str) -> tuple[Path, str]:
    """Return the run and the judge that ``RUN#JUDGE`` names; a folder may have a # in its name."""
    if Path(rest).is_dir():
        return Path(rest), ""
    run, _, judge = rest.partition("#")
    return Path(run), judge


def _records(run: Path) -> Iterator[Judgement]:
    """Yield what the journals of ``run`` hold; they are only read, a torn last line is left out."""
    files = [file for pattern in _JOURNALS for file in sorted(run.glob(pattern))]
    if not files:
        raise UsageError(
            f"{PREFIX}{run}: {run} holds no {_JOURNALS[0]}; expected {FORM} with the directory of "
            "a run that was judged"
        )
    for file in files:
        try:
            yield from read_records(file, Judgement)
        except (DataError, OSError) as error:
            raise UsageError(f"{PREFIX}{run} cannot be read: {error}") from error


def _of_one_judge(run: Path, scored: Sequence[Judgement], wanted: str) -> list[Judgement]:
    """Return the answers of the judge named ``wanted``, or of the only one there is."""
    found = sorted({record.judge for record in scored})
    if not found:
        raise UsageError(f"{PREFIX}{run}: no question of {run} has a scored answer")
    if not wanted and len(found) > 1:
        raise UsageError(
            f"{PREFIX}{run}: {run} has answers of several judges, name one of them: "
            + ", ".join(f"{PREFIX}{run}#{judge}" for judge in found)
        )
    judge = wanted or found[0]
    if judge not in found:
        raise UsageError(
            f"{PREFIX}{run}#{judge}: {run} has no scored answer of {judge!r}; it has those of "
            + ", ".join(found)
        )
    answers = [record for record in scored if record.judge == judge]
    return [record for record in answers if record.judge_version == answers[-1].judge_version]


def _identity(record: Judgement) -> tuple[str, ...]:
    return (
        record.patch_id,
        record.prompt_hash,
        record.image_hash,
        record.check,
        *record.words,
    )


def _version(records: Iterable[Judgement]) -> str:
    """Return the hash of who answered and of what was answered, whatever the order on disk."""
    lines = sorted(
        digest(
            [_identity(record), record.judge, record.judge_version, record.relations, record.raw]
        )
        for record in records
    )
    return digest(lines)
