"""What people are asked and what they say: items, ratings, and judges' replies to the same items.

These records are raw: nothing in them is pooled, and no policy has been applied.
"""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from harness.core.records import LensKind, Record, Relation, Status

RatingState = Literal["selected", "none", "cant_tell", "blank"]
"""Some words fit; none does, said so; could not tell; or submitted without saying anything."""


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


class ItemCell(Record):
    """A cell of a board that an item stands for: one lens at one layer on the item's patch."""

    lens: str
    """Lens or control."""
    kind: LensKind = "lens"
    """Lens under test or control."""
    layer: int | None = None
    """Visual layer; None if it is not known."""
    band: str = ""
    """Group of layers, such as ``0-2``; empty if there are no groups."""
    pair: str = ""
    """Cells of different lenses with the same pair are about the same patch and layer."""
    weight: float = Field(1.0, gt=0)
    """Number of board cells it was drawn for: 1 over its chance to be drawn."""


class Item(Record):
    """One question as people are asked it: some words about one patch, whoever said them."""

    item_id: str = Field(min_length=1)
    """Identity; it tells nothing of lens, layer or verdict."""
    image_id: str = Field(min_length=1)
    """Image; items of one image are not independent."""
    patch_id: str = ""
    """Patch of the run; empty if the item is not of a run."""
    words: tuple[str, ...] = Field(min_length=1)
    """Words, or sentences with the word marked, in rank order; duplicates are kept."""
    cells: tuple[ItemCell, ...] = Field(min_length=1)
    """Cells that show exactly these words; most items have one."""
    model: str = ""
    """Vision-language model; empty if there is only one."""
    patch_type: str = ""
    """What kind of patch it is, such as ``background``; empty if it is not known."""


class Rating(Record):
    """What one person said of one item, as it was given."""

    item_id: str = Field(min_length=1)
    """Item."""
    annotator: str = Field(min_length=1)
    """Pseudonym of the person."""
    state: RatingState
    """Kind of answer."""
    relations: tuple[Relation, ...] = ()
    """One per word of the item, in its order; empty for ``cant_tell`` and ``blank``."""
    seconds: float | None = Field(None, ge=0)
    """Time taken in seconds; None if it is not known."""
    at: str = ""
    """When it was given, ISO 8601; empty if it is not known."""
    session: str = ""
    """Sitting in which it was given; empty if it is not known."""
    source: str = ""
    """Where it was read: file, and line or entry."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        fits = any(relation != "none" for relation in self.relations)
        match self.state:
            case "selected" if not fits:
                raise ValueError("words were selected, and every relation is none")
            case "none" if fits or not self.relations:
                raise ValueError("none of them was said: expected the relation none for every word")
            case "cant_tell" | "blank" if self.relations:
                raise ValueError(f"state {self.state}: expected no relations")
        return self


class JudgeReply(Record):
    """What a judge said of one item."""

    item_id: str = Field(min_length=1)
    """Item."""
    judge: str = Field(min_length=1)
    """Judge."""
    status: Status
    """Outcome; everything but ``ok`` is unscored."""
    relations: tuple[Relation, ...] = ()
    """One per word that the judge was shown; empty unless ``status`` is ok."""
    aligned: bool = True
    """Whether these words are the item's, one by one, in its order."""


class LeftOut(Record):
    """One thing of an imported file that is not used, and why."""

    reason: str
    """Kind of fault in a few words, such as ``unknown item``."""
    source: str
    """File, and line or entry."""
    item_id: str = ""
    """Item concerned; empty if it cannot be told."""
    annotator: str = ""
    """Person concerned; empty if it cannot be told."""
    detail: str = ""
    """What was found and what would be accepted, in one line."""
