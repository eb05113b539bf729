"""One small study with ratings, as the readers of all formats are to return it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from harness.core.ratings import Item, ItemCell, Rating, RatingState
from harness.core.records import Relation
from human_eval.study import Study

STUDY_ID = "5a1e5a1e5a1e5a1e"
PEOPLE = ("person-1", "person-2", "person-3")
WORDS = ("',\r\n", " Green", "Green", "a|b", "\u202eleft", "Café", "dog", "the", "():\n", "🙂")
RELATIONS: tuple[Relation, ...] = ("concrete", "abstract", "global", "none")
Answered = tuple[str, str, RatingState, tuple[Relation, ...]]


def items(count: int = 12) -> list[Item]:
    """Return items of five words, three to an image, one of them with equal words."""
    found = []
    for number in range(count):
        words = tuple(WORDS[(number + place) % len(WORDS)] for place in range(5))
        if number == 3:
            words = ("the",) * 5
        lens = ("logit", "latent")[number % 2]
        cell = ItemCell(lens=lens, layer=number % 3, pair=f"pair{number // 2}")
        item_id = f"item{number:02d}"
        found.append(
            Item(item_id=item_id, image_id=f"image{number // 3}", words=words, cells=(cell,))
        )
    return found


def ratings(asked: Sequence[Item], *, cant_tell: bool = True) -> list[Rating]:
    """Return the ratings of everyone but one for each item; equal words have equal relations."""
    found = []
    for number, item in enumerate(asked):
        for turn, annotator in enumerate(PEOPLE):
            if (number + turn) % 4 == 0:
                continue
            state, relations = answer(item, number * 3 + turn, cant_tell=cant_tell)
            minute = f"{turn:02d}:{number:02d}"
            found.append(
                Rating(
                    item_id=item.item_id,
                    annotator=annotator,
                    state=state,
                    relations=relations,
                    seconds=float(number + turn),
                    at=f"2026-01-01T00:{minute}.000Z",
                    session=f"sitting{turn}",
                )
            )
    return found


def answer(item: Item, seed: int, *, cant_tell: bool) -> tuple[RatingState, tuple[Relation, ...]]:
    if seed % 5 == 0:
        nothing: Relation = "none"
        return "none", (nothing,) * len(item.words)
    if seed % 7 == 0:
        return ("cant_tell" if cant_tell else "blank"), ()
    by_word = {
        word: RELATIONS[(seed + len(word) + place) % 4] for place, word in enumerate(item.words)
    }
    by_word[item.words[0]] = RELATIONS[seed % 3]
    return "selected", tuple(by_word[word] for word in item.words)


def answered(found: Sequence[Rating]) -> set[Answered]:
    """Return what was said, without when and where."""
    return {(rating.item_id, rating.annotator, rating.state, rating.relations) for rating in found}


def study(asked: Sequence[Item]) -> Study:
    """Return the study of these items."""
    order = tuple(item.item_id for item in asked)
    return Study(study_id=STUDY_ID, items=tuple(asked), assignments=dict.fromkeys(PEOPLE, order))


def write_json(path: Path, value: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, ensure_ascii=False), encoding="utf-8")
    return path


def item_rows(asked: Sequence[Item]) -> list[dict[str, Any]]:
    return [
        {
            "item_id": item.item_id,
            "image_id": item.image_id,
            "words": list(item.words),
            "lens": item.cells[0].lens,
            "layer": item.cells[0].layer,
            "pair": item.cells[0].pair,
        }
        for item in asked
    ]


def items_jsonl(folder: Path, asked: Sequence[Item]) -> Path:
    path = folder / "items.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in item_rows(asked)))
    return path


def choices(rating: Rating) -> dict[str, str]:
    """Return the choice of each control or question."""
    if rating.state == "cant_tell":
        return {"verdict": "can't tell"}
    if rating.state == "none":
        return {"verdict": "none of them"}
    return {f"word{place}": relation for place, relation in enumerate(rating.relations, start=1)}


def by_item(asked: Sequence[Item], found: Sequence[Rating]) -> list[tuple[Item, list[Rating]]]:
    return [(item, [r for r in found if r.item_id == item.item_id]) for item in asked]


def number_of(person: str) -> int:
    return int(person.removeprefix("person-"))
