"""Simulated people and judges that err at known rates about a board whose truth is known."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from harness.core.agreement import Policy
from harness.core.ratings import Item, JudgeReply, Rating
from harness.core.records import Relation
from harness.core.rng import keyed_rng
from human_eval.agreement import BoardCell
from human_eval.bands import layer_bands
from human_eval.candidates import Candidate
from human_eval.policies import is_hit, verdict

Question = tuple[str, tuple[str, ...]]
"""Patch and words: what is asked, whichever lens said them."""

Relations = tuple[Relation, ...]

JUDGE = "biased"
"""Name of the simulated judge."""


@dataclass(frozen=True, slots=True)
class Truth:
    """A board with the right relations of all its words."""

    cells: tuple[Candidate, ...]
    relations: Mapping[Question, Relations]

    def rate(self, lens: str) -> float:
        """Return the share of hits of a lens."""
        hits = [is_hit(self.relations[question(cell)], "any") for cell in self.of(lens)]
        return float(np.mean(hits))

    def of(self, lens: str) -> list[Candidate]:
        return [cell for cell in self.cells if cell.lens == lens]


@dataclass(frozen=True, slots=True)
class Person:
    """Someone who errs word by word."""

    name: str
    overlooks: float
    """Chance to call a related word unrelated."""
    imagines: float
    """Chance to call an unrelated word related."""
    cannot_tell: float = 0.0
    """Chance to say so of an item."""
    eyes: str = ""
    """People with the same eyes make the same errors; empty for own ones."""

    def rate(self, item_id: str, asked: Question, truth: Relations, seed: int) -> Rating:
        """Return the rating of one item; the same question is always answered alike."""
        rng = keyed_rng("person", self.eyes or self.name, seed, asked[0], *asked[1])
        if rng.random() < self.cannot_tell:
            return Rating(item_id=item_id, annotator=self.name, state="cant_tell")
        said: list[Relation] = []
        for relation, lot in zip(truth, rng.random(len(truth)), strict=True):
            if relation == "none":
                said.append("abstract" if lot < self.imagines else "none")
            else:
                said.append("none" if lot < self.overlooks else relation)
        state = "selected" if is_hit(said, "any") else "none"
        return Rating.model_validate(
            {"item_id": item_id, "annotator": self.name, "state": state, "relations": said}
        )


@dataclass(frozen=True, slots=True)
class Errors:
    """How a judge errs about cells of one lens."""

    sensitivity: float
    specificity: float


def question(cell: Candidate | Item) -> Question:
    """Return what is asked of a cell or an item."""
    return cell.patch_id, cell.words


def judged(truth: Truth, errors: Mapping[str, Errors], seed: int) -> dict[Question, Relations]:
    """Return what a judge says of every question: the truth, or the contrary at known rates.

    A question of several lenses is answered once, by the rates of the first of them.
    """
    said: dict[Question, Relations] = {}
    for cell in sorted(truth.cells, key=lambda cell: cell.name):
        asked = question(cell)
        if asked in said:
            continue
        relations = truth.relations[asked]
        rates, hit = errors[cell.lens], is_hit(relations, "any")
        right = keyed_rng("judge", seed, asked[0], *asked[1]).random() < (
            rates.sensitivity if hit else rates.specificity
        )
        first: Relation = "none" if hit else "concrete"
        others: list[Relation] = ["none"] * (len(relations) - 1)
        wrong: Relations = (first, *others)
        said[asked] = relations if right else wrong
    return said


def scored(truth: Truth, said: Mapping[Question, Relations]) -> list[Candidate]:
    """Return the cells with a judge's verdicts, to draw from."""
    return [
        replace(cell, verdict="hit" if is_hit(said[question(cell)], "any") else "miss")
        for cell in truth.cells
    ]


def board(truth: Truth, said: Mapping[Question, Relations]) -> list[BoardCell]:
    """Return the cells as a judge scored them."""
    bands = layer_bands(cell.layer for cell in truth.cells)
    return [
        BoardCell(
            lens=cell.lens,
            kind=cell.kind,
            layer=cell.layer,
            band=bands[cell.layer],
            patch_id=cell.patch_id,
            image_id=cell.image_id,
            relations=said[question(cell)],
        )
        for cell in truth.cells
    ]


def replies(items: Iterable[Item], said: Mapping[Question, Relations]) -> list[JudgeReply]:
    """Return what a judge says of the items."""
    return [
        JudgeReply(item_id=item.item_id, judge=JUDGE, status="ok", relations=said[question(item)])
        for item in items
    ]


def ratings(
    items: Iterable[Item],
    assignments: Mapping[str, Sequence[str]],
    truth: Truth,
    people: Sequence[Person],
    seed: int,
) -> list[Rating]:
    """Return what everyone says of the items assigned to them, in their order."""
    known = {item.item_id: question(item) for item in items}
    return [
        person.rate(item_id, known[item_id], truth.relations[known[item_id]], seed)
        for person in people
        for item_id in assignments[person.name]
    ]


def rate_by_people(truth: Truth, lens: str, people: Sequence[Person], seed: int) -> float:
    """Return the rate of a lens if all these people had rated every one of its cells."""
    hits = []
    for cell in truth.of(lens):
        asked = question(cell)
        said = [person.rate("item", asked, truth.relations[asked], seed) for person in people]
        hits.append(verdict(said, Policy()))
    return float(np.mean([hit for hit in hits if hit is not None]))
