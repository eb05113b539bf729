"""Questions that people were asked, from a study of ours, a table, or the tasks of a tool.

A table (JSONL, CSV or a JSON list) has one row per item and cell: ``item_id``, ``image_id``,
``words`` (a list, or text joined by ``|``; a JSON list as text if a word has ``|`` or a line end),
and if known ``lens``, ``layer``, ``kind``, ``band``, ``pair``, ``weight``, ``patch_id``,
``patch_type``, ``model``. Rows with the same item, image and words are cells of one item.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from harness.core.errors import DataError
from harness.core.ratings import Item, ItemCell
from harness.core.records import LensKind
from human_eval.formats.intake import EntryError, Intake
from human_eval.formats.reading import document, excerpt, lines_of, parsed, place
from human_eval.formats.reasons import DUPLICATE_ITEM, UNUSABLE_ITEM
from human_eval.formats.rows import Row, rows_of
from human_eval.formats.values import name_of, words_of
from human_eval.study import STUDY_FILE, Study

COLUMNS: Final = ("item_id", "image_id", "words")
"""Columns that a table of items must have."""

UNNAMED: Final = "unnamed"
"""Lens of an item whose lens is not named."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Items of one study."""

    items: dict[str, Item]
    """Item by identity, in the order of the file."""
    study_id: str = ""
    """Identity of the study; empty if the file names none."""


def read_items(path: Path, intake: Intake) -> Asked:
    """Read ``study.json``, a folder with it, or a table of items.

    Args:
        path: File or folder.
        intake: Takes down the rows that cannot be used.

    Raises:
        UsageError: There is no such file.
        DataError: It cannot be read, or holds no item.
    """
    file = path / STUDY_FILE if path.is_dir() else path
    study = _study(file)
    if study is not None:
        return Asked({item.item_id: item for item in study.items}, study.study_id)
    items = items_of_rows(rows_of(file, COLUMNS), intake)
    if not items:
        first = intake.left_out[-1].detail if intake.left_out else "it has no row"
        raise DataError(
            f"{place(file)} holds no item: {first}; expected columns {', '.join(COLUMNS)}"
        )
    return Asked(items)


def items_of_rows(rows: Iterable[Row], intake: Intake) -> dict[str, Item]:
    """Return the items of a table by identity; rows of one item are its cells."""
    items: dict[str, Item] = {}
    for row in rows:
        if row.values is None:
            intake.leave(UNUSABLE_ITEM, row.source, row.problem)
            continue
        item_id = name_of(row.values.get("item_id"))
        with intake.entry(row.source, item_id=item_id, fault=UNUSABLE_ITEM):
            item = item_of(row.values)
            items[item.item_id] = _joined(items.get(item.item_id), item)
    return items


def item_of(row: Mapping[str, Any]) -> Item:
    """Return the item that one row describes.

    Raises:
        EntryError: It has no identity, image or words, or a value that cannot be read.
        ValidationError: A value is out of its range.
    """
    if "cells" in row:
        return Item.model_validate(dict(row))
    item_id, image_id = name_of(row.get("item_id")), name_of(row.get("image_id"))
    words = words_of(row.get("words"))
    missing = [
        name for name, value in zip(COLUMNS, (item_id, image_id, words), strict=True) if not value
    ]
    if missing or words is None:
        raise EntryError(UNUSABLE_ITEM, f"it has no {' and no '.join(missing)}")
    cell = ItemCell(
        lens=name_of(row.get("lens")) or UNNAMED,
        kind=_kind(row.get("kind")),
        layer=_layer(row.get("layer")),
        band=name_of(row.get("band")),
        pair=name_of(row.get("pair")),
        weight=_weight(row.get("weight")),
    )
    return Item(
        item_id=item_id,
        image_id=image_id,
        patch_id=name_of(row.get("patch_id")),
        words=words,
        cells=(cell,),
        model=name_of(row.get("model")),
        patch_type=name_of(row.get("patch_type")),
    )


def _joined(before: Item | None, item: Item) -> Item:
    """Return one item with the cells of both rows."""
    if before is None:
        return item
    if (before.image_id, before.words) != (item.image_id, item.words):
        raise EntryError(DUPLICATE_ITEM, "an item before has its identity and other words or image")
    if any(cell in before.cells for cell in item.cells):
        raise EntryError(DUPLICATE_ITEM, "the same row was there before")
    return before.model_copy(update={"cells": before.cells + item.cells})


def _study(file: Path) -> Study | None:
    """Return the study that a file holds; None if it is a table."""
    lines = [(line.text or "").strip() for line in lines_of(file)]
    if not lines[0].startswith("{") or any(_is_row(line) for line in lines):
        return None
    value = document(file)
    if not isinstance(value, dict) or "study_id" not in value:
        raise DataError(
            f"{place(file)}: read as one JSON object, and it is no study: expected {STUDY_FILE}, "
            f"or JSONL or CSV with {', '.join(COLUMNS)}"
        )
    try:
        return Study.model_validate(value)
    except ValidationError as error:
        fault = error.errors()[0]
        field = ".".join(str(part) for part in fault["loc"])
        raise DataError(f"{place(file)}: no study: {excerpt(field)}: {fault['msg']}") from error


def _is_row(line: str) -> bool:
    """Tell whether a line is a whole row of a table of items."""
    if not line.startswith("{") or not line.endswith("}"):
        return False
    try:
        value = parsed(line)
    except ValueError:
        return False
    return isinstance(value, dict) and "item_id" in value


def _kind(value: Any) -> LensKind:
    name = name_of(value).lower()
    if name in ("", "lens"):
        return "lens"
    if name == "control":
        return "control"
    raise EntryError(UNUSABLE_ITEM, f"kind {excerpt(name)}: expected lens or control")


def _layer(value: Any) -> int | None:
    name = name_of(value)
    if not name and (value is None or value == ""):
        return None
    if not name.isascii() or not name.isdigit():
        raise EntryError(UNUSABLE_ITEM, f"layer {excerpt(value)}: expected a whole number")
    return int(name)


def _weight(value: Any) -> float:
    if value is None or value == "":
        return 1.0
    try:
        weight = float(value)
    except (TypeError, ValueError, OverflowError):
        weight = 0.0
    if not 0 < weight < float("inf"):
        raise EntryError(UNUSABLE_ITEM, f"weight {excerpt(value)}: expected a number above 0")
    return weight
