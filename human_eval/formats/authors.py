"""The layout of the paper's human study: ``data.json`` and one file per sitting.

``data.json`` lists the items. In the token condition the candidates are words (EmbeddingLens), in
the sentence condition pairs of a sentence and a token in it (LatentLens); both conditions ask about
the same patches under the same ids. A sitting is ``evaluation_<name>_<session>.json`` with
``userId``, ``sessionId`` and ``results``: the selected words with their relations, or
``noneSelected``. Nothing selected and ``noneSelected`` false is a blank rating.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from harness.core.errors import DataError
from harness.core.ratings import Item, ItemCell, Rating
from harness.core.records import Relation
from human_eval.formats.answers import Answer, nothing_fits
from human_eval.formats.intake import EntryError, Intake, asked
from human_eval.formats.matching import positions
from human_eval.formats.reading import document, excerpt, place
from human_eval.formats.reasons import (
    CONTRADICTORY,
    DUPLICATE_ITEM,
    NO_ANNOTATOR,
    NO_WORD_LEFT,
    UNREADABLE_ENTRY,
    UNUSABLE_ITEM,
    WORD_NOT_SHOWN,
    WORD_RELATION,
)
from human_eval.formats.values import moment_of, name_of, person_of, time_of

REPLIES_FILE: Final = "human_study_llm_results.json"
"""Name of the judge's replies in this layout."""

ITEMS_FILE: Final = "data.json"
"""Name of the items in this layout."""

LONGEST: Final = 1800.0
"""Seconds between two ratings beyond which the person had left."""

_SESSIONS: Final = ("evaluation_*.json", "results/evaluation_*.json")
_RELATIONS: Final[Mapping[str, Relation]] = {
    "concrete": "concrete",
    "abstract": "abstract",
    "global": "global",
}
_MODEL_PREFIX: Final = "train_mlp-only_pixmo_cap_resize_"
_MODEL_SUFFIX: Final = re.compile(r"(_seed10)?_step12000-unsharded$")
_IMAGE: Final = re.compile(r"(\d{5})_patch")
_FILE_NAME: Final = re.compile(r"evaluation_(?P<person>.+)_(?P<session>[^_]+)")


def read_items(path: Path, intake: Intake) -> dict[str, Item]:
    """Return the items of ``data.json`` by their id there.

    Args:
        path: The file, or the folder it is in.
        intake: Takes down items that cannot be used.

    Raises:
        UsageError: There is no such file.
        DataError: It is not a JSON list, or none of its entries is an item.
    """
    file = path / ITEMS_FILE if path.is_dir() else path
    value = document(file)
    if not isinstance(value, list):
        raise DataError(f"{place(file)}: expected a JSON list of items")
    items: dict[str, Item] = {}
    for number, entry in enumerate(value, start=1):
        source = place(file, f"entry {number}")
        item_id = name_of(entry.get("id")) if isinstance(entry, dict) else ""
        with intake.entry(source, item_id=item_id, fault=UNUSABLE_ITEM):
            if not item_id:
                raise EntryError(UNUSABLE_ITEM, "it has no id")
            if item_id in items:
                raise EntryError(DUPLICATE_ITEM, "an item before has its id")
            items[item_id] = _item(item_id, entry)
    if not items:
        first = intake.left_out[-1].detail if intake.left_out else "the list is empty"
        raise DataError(
            f"{place(file)} holds no item: {first}; expected entries with id, candidates and index"
        )
    return items


def take_sessions(labels: Path, items: Mapping[str, Item], prefix: str, intake: Intake) -> None:
    """Take in the ratings of one sitting, or of a folder of them.

    Args:
        labels: File or folder; sittings may also be in its subfolder ``results``.
        items: Item by the id in the files.
        prefix: What stands before that id in the names of items left out.
        intake: Takes the ratings.

    Raises:
        UsageError: There is no such file or folder.
        DataError: A single file cannot be read, or the folder holds none.
    """
    beside = (ITEMS_FILE, REPLIES_FILE)
    for path, reading in intake.files(labels, _SESSIONS, beside=beside):
        with reading:
            _take_session(path, items, prefix, intake)


def candidates_of(entry: Mapping[str, Any]) -> tuple[str, tuple[str, ...]]:
    """Return the lens and the words or sentences that one item shows.

    Raises:
        EntryError: There are none, or they are of no known form.
    """
    found = entry.get("candidates")
    if isinstance(found, list) and found:
        if all(isinstance(word, str) for word in found):
            return "embedding", tuple(found)
        if all(isinstance(pair, list) and pair and isinstance(pair[0], str) for pair in found):
            return "latent", tuple(pair[0] for pair in found)
    raise EntryError(
        UNUSABLE_ITEM,
        f"candidates {excerpt(found)}: expected words, or pairs of a sentence and a token",
    )


def _item(item_id: str, entry: Mapping[str, Any]) -> Item:
    lens, words = candidates_of(entry)
    layer = entry.get("visual_layer")
    known = isinstance(layer, int) and not isinstance(layer, bool) and layer >= 0
    cell = ItemCell(lens=lens, layer=layer if known else 0, pair=item_id)
    return Item(
        item_id=item_id,
        image_id=_image_of(item_id, entry),
        words=words,
        cells=(cell,),
        model=_MODEL_SUFFIX.sub("", name_of(entry.get("model")).removeprefix(_MODEL_PREFIX)),
        patch_type=name_of(entry.get("patch_type")),
    )


def _image_of(item_id: str, entry: Mapping[str, Any]) -> str:
    for key in ("index", "original_index", "image_url"):
        name = name_of(entry.get(key))
        if name:
            return name
    found = _IMAGE.search(item_id)
    if not found:
        raise EntryError(
            UNUSABLE_ITEM, "it names no image: no index, image_url or number in its id"
        )
    return found[1]


def _take_session(path: Path, items: Mapping[str, Item], prefix: str, intake: Intake) -> None:
    value = document(path)
    results = value.get("results") if isinstance(value, dict) else None
    if not isinstance(results, list):
        raise DataError(f"{place(path)}: expected a sitting with a list of results")
    named = _FILE_NAME.fullmatch(path.stem)
    person = person_of(value.get("userId")) or (person_of(named["person"]) if named else "")
    session = name_of(value.get("sessionId")) or (named["session"] if named else "")
    before = ""
    for number, entry in enumerate(results, start=1):
        given = entry if isinstance(entry, dict) else {}
        found_id = name_of(given.get("instanceId"))
        source = place(path, f"entry {number}")
        at = time_of(given.get("timestamp"))
        with intake.entry(
            source, item_id=f"{prefix}{found_id}" if found_id else "", annotator=person
        ):
            if not person:
                raise EntryError(NO_ANNOTATOR, "expected userId")
            if not isinstance(entry, dict):
                raise EntryError(UNREADABLE_ENTRY, f"{excerpt(entry)}: expected a JSON object")
            item = asked(items, found_id)
            state, relations = _answer(entry, item, source, person, intake)
            rating = Rating(
                item_id=item.item_id,
                annotator=person,
                state=state,
                relations=relations,
                seconds=_seconds(before, at),
                at=at,
                session=session,
                source=source,
            )
            intake.add(path, rating)
        before = at


def _answer(
    entry: Mapping[str, Any], item: Item, source: str, person: str, intake: Intake
) -> Answer:
    selected = entry.get("selectedWords")
    selected = [] if selected is None else selected
    none = entry.get("noneSelected", False)
    if not isinstance(selected, list) or not (none is None or isinstance(none, bool)):
        raise EntryError(UNREADABLE_ENTRY, "expected a list selectedWords and true or false")
    if none and selected:
        raise EntryError(
            CONTRADICTORY, f"noneSelected, and {len(selected)} selected words: expected one"
        )
    if not selected:
        return nothing_fits(item) if none else ("blank", ())
    relations: dict[int, Relation] = {}
    ignored: list[tuple[str, str]] = []
    for word in selected:
        try:
            places, relation = _selected(word, item)
        except EntryError as error:
            ignored.append((error.reason, error.detail))
            continue
        for at in places:
            if relations.setdefault(at, relation) != relation:
                raise EntryError(
                    CONTRADICTORY,
                    f"{excerpt(item.words[at])} is {relations[at]} and {relation}: expected one",
                )
    if not relations:
        raise EntryError(NO_WORD_LEFT, "; ".join(detail for _, detail in ignored[:3]))
    for reason, detail in ignored:
        intake.leave(reason, source, detail, item_id=item.item_id, annotator=person)
    return "selected", tuple(relations.get(at, "none") for at in range(len(item.words)))


def _selected(entry: Any, item: Item) -> tuple[tuple[int, ...], Relation]:
    """Return the positions of one selected word, and its relation."""
    word = entry.get("word") if isinstance(entry, dict) else None
    if not isinstance(word, str):
        raise EntryError(WORD_NOT_SHOWN, f"{excerpt(entry)}: expected a word and a relation")
    relation = name_of(entry.get("relation")).lower()
    if relation not in _RELATIONS:
        raise EntryError(
            WORD_RELATION, f"relation {excerpt(relation)}: expected {', '.join(_RELATIONS)}"
        )
    places = positions(word, item.words)
    if not places:
        raise EntryError(
            WORD_NOT_SHOWN, f"{excerpt(word)} is none of the item's {len(item.words)} words"
        )
    return places, _RELATIONS[relation]


def _seconds(before: str, at: str) -> float | None:
    """Return the seconds since the rating before; None for the first and after a break."""
    start, end = moment_of(before), moment_of(at)
    if start is None or end is None:
        return None
    seconds = (end - start).total_seconds()
    return seconds if 0 <= seconds <= LONGEST else None
