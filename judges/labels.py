"""What a person said of the words of one question."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from harness.core.records import Record, Relation


class HumanLabel(Record):
    """One person's answer to one question; a table of them is ``labels.parquet`` of a run."""

    annotator: str = Field(min_length=1)
    """Pseudonym of the person."""
    patch_id: str
    """Patch asked about."""
    words: tuple[str, ...] = Field(min_length=1)
    """Words, or sentences with the word marked, in the order shown."""
    relations: tuple[Relation, ...] = ()
    """One relation per word; empty if the person could not tell."""
    cant_tell: bool = False
    """Whether the person looked and could not tell."""
    seconds: float = Field(0.0, ge=0)
    """Time the person took in seconds; 0 if it was not measured."""

    @model_validator(mode="after")
    def _answered_once(self) -> Self:
        wanted = 0 if self.cant_tell else len(self.words)
        if len(self.relations) != wanted:
            said = "could not tell" if self.cant_tell else f"saw {len(self.words)} words"
            raise ValueError(
                f"{self.annotator} {said} and gave {len(self.relations)} relations: "
                f"expected {wanted}"
            )
        return self
