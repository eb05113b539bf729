"""What a page sends when somebody answers an item, and whether the study can accept it."""

from __future__ import annotations

from datetime import datetime
from typing import Final, Literal

from pydantic import Field, ValidationError, field_validator

from harness.core.errors import UsageError, unknown_name
from harness.core.ratings import Rating
from harness.core.records import Record, Relation
from human_eval.study import Study

_QUOTED: Final = 60
"""Most characters of a wrong value that a message repeats."""


class Submission(Record):
    """An answer as a page sends it; whose it is, the address tells that it is sent to."""

    item_id: str = Field(min_length=1)
    """Item."""
    state: Literal["selected", "none", "cant_tell", "withdrawn"]
    """Kind of answer, or that the one given before is taken back; blank is no answer."""
    relations: tuple[Relation, ...] = ()
    """One per word of the item, in its order; empty for ``cant_tell`` and ``withdrawn``."""
    seconds: float | None = Field(None, ge=0, allow_inf_nan=False)
    """Time taken in seconds; None if it was not measured."""
    at: str = Field("", max_length=40, pattern=r"^[0-9TZ:.+-]*$")
    """When it was given by the clock of the page, ISO 8601; empty if it is not known."""
    session: str = Field("", max_length=64, pattern=r"^[A-Za-z0-9._-]*$")
    """Sitting in which it was given; empty if it is not known."""

    @field_validator("at")
    @classmethod
    def _is_a_time(cls, value: str) -> str:
        if value:
            datetime.fromisoformat(value)
        return value


class Event(Submission):
    """A submission as it is stored: whose it is, its place in the order, and when it came."""

    annotator: str = Field(min_length=1)
    """Pseudonym of the person."""
    number: int = Field(ge=1)
    """Place in the order in which submissions were stored; later ones replace earlier ones."""
    received: str
    """When it was stored by the clock of the server, ISO 8601 in UTC."""

    def rating(self, source: str) -> Rating | None:
        """Return it as a rating read from ``source``; None if it takes one back."""
        if self.state == "withdrawn":
            return None
        return Rating(
            item_id=self.item_id,
            annotator=self.annotator,
            state=self.state,
            relations=self.relations,
            seconds=self.seconds,
            at=self.at,
            session=self.session,
            source=source,
        )


def read_submission(body: bytes) -> Submission:
    """Return the submission in a JSON text.

    Raises:
        UsageError: It is none; the message names the field, what it holds and what is accepted.
    """
    try:
        return Submission.model_validate_json(body)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "rating"
        raise UsageError(f"{place} {_shortened(first['input'])}: {first['msg']}") from error


def check_submission(study: Study, annotator: str, submission: Submission) -> None:
    """Check that a submission answers an item that ``annotator`` is asked, and no other way.

    Raises:
        UsageError: Nobody of that name is asked, the person is not asked this item, or relations
            and state contradict each other or the number of words.
    """
    if annotator not in study.assignments:
        raise unknown_name("annotator", annotator, study.assignments)
    asked = study.assignments[annotator]
    words = next((item.words for item in study.items if item.item_id == submission.item_id), ())
    if submission.item_id not in asked or not words:
        raise UsageError(
            f"item_id {_shortened(submission.item_id)}: expected one of the {len(asked)} items "
            f"that {annotator} is asked"
        )
    given = submission.relations
    wanted = len(words) if submission.state in ("selected", "none") else 0
    if len(given) != wanted:
        raise UsageError(
            f"relations: {len(given)} given with state {submission.state} for item "
            f"{submission.item_id}: expected {wanted}"
        )
    fits = any(relation != "none" for relation in given)
    if submission.state == "none" and fits:
        raise UsageError(
            "relations: words are selected although state none says that none of them fits"
        )
    if submission.state == "selected" and not fits:
        raise UsageError("relations: state selected, and none for every word: expected state none")


def _shortened(value: object) -> str:
    text = ascii(value)
    return text if len(text) <= _QUOTED else f"{text[:_QUOTED]}..."
