"""Made-up studies: items, ratings and replies with planted figures."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np

from harness.core.ratings import Item, ItemCell, JudgeReply, Rating
from harness.core.records import LensKind, Relation

T = TypeVar("T")

WORDS = ("cat", "dog", "sky")


def cell(
    lens: str = "latent",
    *,
    kind: LensKind = "lens",
    layer: int = 0,
    band: str = "",
    pair: str = "",
    weight: float = 1.0,
) -> ItemCell:
    return ItemCell(lens=lens, kind=kind, layer=layer, band=band, pair=pair, weight=weight)


def item(
    item_id: str, *cells: ItemCell, image: str = "", patch_type: str = "", model: str = ""
) -> Item:
    return Item(
        item_id=item_id,
        image_id=image or f"image of {item_id}",
        patch_id=f"patch of {item_id}",
        words=WORDS,
        cells=cells or (cell(),),
        patch_type=patch_type,
        model=model,
    )


def relations(hit: bool, relation: Relation = "concrete") -> tuple[Relation, ...]:
    """Return one relation per word, of which the first is ``relation`` if it is a hit."""
    return (relation if hit else "none", "none", "none")


def rating(
    item_id: str,
    annotator: str = "a",
    hit: bool | None = True,
    *,
    relation: Relation = "concrete",
    seconds: float | None = None,
) -> Rating:
    """Return a rating; None is blank."""
    if hit is None:
        return Rating(item_id=item_id, annotator=annotator, state="blank", seconds=seconds)
    return Rating(
        item_id=item_id,
        annotator=annotator,
        state="selected" if hit else "none",
        relations=relations(hit, relation),
        seconds=seconds,
    )


def cant_tell(item_id: str, annotator: str = "a") -> Rating:
    return Rating(item_id=item_id, annotator=annotator, state="cant_tell")


def reply(
    item_id: str, hit: bool = True, *, judge: str = "gpt", relation: Relation = "concrete"
) -> JudgeReply:
    return JudgeReply(item_id=item_id, judge=judge, status="ok", relations=relations(hit, relation))


@dataclass(frozen=True, slots=True)
class Made:
    """A study as the readers of files hand it in."""

    items: list[Item] = field(default_factory=list)
    ratings: list[Rating] = field(default_factory=list)
    replies: list[JudgeReply] = field(default_factory=list)

    def __add__(self, other: Made) -> Made:
        return Made(
            self.items + other.items, self.ratings + other.ratings, self.replies + other.replies
        )


def from_counts(
    both: int, judge_only: int, people_only: int, neither: int, *, lens: str, per_image: int = 6
) -> Made:
    """Return a study of one person and one judge with these counts, some items to an image."""
    hits = (
        [(True, True)] * both
        + [(False, True)] * judge_only
        + [(True, False)] * people_only
        + [(False, False)] * neither
    )
    order = np.random.default_rng(0).permutation(len(hits))
    made = Made()
    for place, row in enumerate(order):
        human, machine = hits[row]
        name = f"{lens}-{place:03d}"
        made.items.append(item(name, cell(lens), image=f"image {place // per_image}"))
        made.ratings.append(rating(name, "a", human))
        made.replies.append(reply(name, machine))
    return made


def simulated(
    items: int,
    people: Mapping[str, float],
    judge_errors: Mapping[str, float],
    *,
    seed: int = 0,
    lenses: Sequence[str] = ("latent", "logit"),
    per_image: int = 5,
) -> tuple[Made, dict[str, list[JudgeReply]]]:
    """Return a study in which everyone errs at a known rate about a random truth.

    Args:
        items: Number of items; every lens has one on each patch, one patch after the other.
        people: Annotator to error rate.
        judge_errors: Judge to error rate.
        seed: Seed.
        lenses: Lenses in turn.
        per_image: Patches of an image.
    """
    lot = np.random.default_rng(seed)
    made, replies = Made(), {judge: list[JudgeReply]() for judge in judge_errors}
    for row in range(items):
        patch, lens = divmod(row, len(lenses))
        name = f"item-{row:04d}"
        at = cell(lenses[lens], layer=patch % 3, band=f"{patch % 3}", pair=f"pair-{patch}")
        made.items.append(item(name, at, image=f"image {patch // per_image}"))
        truth = bool(lot.random() < 0.45)
        for who, error in people.items():
            made.ratings.append(rating(name, who, truth ^ bool(lot.random() < error)))
        for judge, error in judge_errors.items():
            replies[judge].append(reply(name, truth ^ bool(lot.random() < error), judge=judge))
    return made, replies


def shuffled(values: Iterable[T], seed: int) -> list[T]:
    """Return the values in another order."""
    found = list(values)
    return [found[place] for place in np.random.default_rng(seed).permutation(len(found))]
