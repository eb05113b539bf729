"""Images of a Hugging Face dataset: a column of images, or a column of links to them."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any, Final

from harness.core.errors import DataError, UsageError
from harness.core.ids import sha256_bytes
from harness.core.progress import announce, progress
from harness.core.records import ImageRecord
from harness.data.hub import FORM, Rows, first_line, open_rows, parse_address
from harness.data.sources.decode import decode
from harness.data.sources.links import LinkedImages
from harness.data.sources.source import ImageKind
from harness.data.sources.store import ImageStore
from harness.data.sources.stored import StoredSource

_SAMPLE: Final = 20
_OBVIOUS: Final = ("image", "img", "picture", "image_url", "url")


def open_dataset(
    text: str, limit: int | None = None, store: ImageStore | None = None
) -> StoredSource:
    """Return the images of one column; their bytes are kept as stored, in ``store``.

    Without a column it is the only one of images, else the only one of links, else one that is
    called image, img, picture, image_url or url.

    Args:
        text: ``hf:FOLDER_OR_ID[@REVISION][:CONFIG[/SPLIT]][#COLUMN]``.
        limit: Largest number of distinct living images.
        store: Where the bytes are kept; by default the cache of this machine.

    Raises:
        UsageError: As :func:`~harness.data.hub.open_rows`, or there is no such column of
            images or links, or it must be chosen.
        DataError: The dataset or an image in it is unreadable, or no link is living.
    """
    address = parse_address(text)
    rows = open_rows(text, address)
    table, kinds = _described(rows)
    rows = replace(rows, table=table)
    column = _choose_column(rows.name, address.column, kinds)
    name = f"{rows.name}#{column}"
    cells = _cells(rows, column)
    store = store or ImageStore()
    records: Sequence[ImageRecord]
    if kinds[column] == "links":
        # The manifest of links belongs to the folder itself, wherever it is named from.
        folder = Path(address.where)
        key = name.replace(address.where, str(folder.resolve()), 1) if folder.is_dir() else name
        records = LinkedImages(key, store).records(_links(name, cells), limit)
    else:
        records = _embedded(name, cells, store, limit)
    return StoredSource(name, store, records)


def _described(rows: Rows) -> tuple[Any, dict[str, str]]:
    """Return the table with images left undecoded, and its columns of ``images`` or ``links``."""
    from datasets import Image

    table, kinds = rows.table, {}
    try:
        for column, feature in (table.features or {}).items():
            if isinstance(feature, Image):
                table = table.cast_column(column, Image(decode=False))
        sample: list[dict[str, Any]] = list(islice(iter(table), _SAMPLE))
    except rows.broken as error:
        raise DataError(f"cannot read images {rows.name!r}: {first_line(error)}") from error
    for column in table.column_names or (sample[0] if sample else ()):
        cell = next((row[column] for row in sample if row.get(column)), None)
        feature = (table.features or {}).get(column)
        if isinstance(feature, Image) or isinstance(cell, bytes) or _is_image_cell(cell):
            kinds[column] = "images"
        elif isinstance(cell, str) and cell.startswith(("http://", "https://")):
            kinds[column] = "links"
        else:
            kinds[column] = ""
    return table, kinds


def _is_image_cell(cell: object) -> bool:
    return isinstance(cell, dict) and set(cell) == {"bytes", "path"}


def _choose_column(name: str, asked: str, kinds: Mapping[str, str]) -> str:
    usable = [column for column, kind in kinds.items() if kind]
    listed = f"columns of images or links: {', '.join(usable)}"
    if not usable:
        listed = f"no column holds images or links, of {', '.join(kinds) or 'none'}"
    if asked:
        if asked in usable:
            return asked
        problem = "holds neither images nor links" if asked in kinds else "does not exist"
        raise UsageError(f"images {name!r}: column {asked!r} {problem}; {listed}")
    for kind in ("images", "links"):
        of_kind = [column for column in usable if kinds[column] == kind]
        chosen = of_kind if len(of_kind) == 1 else [c for c in of_kind if c.lower() in _OBVIOUS]
        if len(chosen) == 1:
            announce(f"images {name}: {kind} are in column {chosen[0]!r}")
            return chosen[0]
    advice = f"name the column as {name}#COLUMN; " if usable else ""
    raise UsageError(f"images {name!r}: {advice}{listed}")


def _cells(rows: Rows, column: str) -> Iterator[Any]:
    """Yield the cells of one column; raises DataError where the dataset breaks off."""
    number = 0
    try:
        for row in rows.table.select_columns([column]):
            number += 1
            yield row[column]
    except rows.broken as error:
        raise DataError(
            f"cannot read images {rows.name}#{column}, after row {number}: {first_line(error)}"
        ) from error


def _links(name: str, cells: Iterable[Any]) -> Iterator[str]:
    """Yield the addresses; rows without one are counted and announced at the end."""
    empty = 0
    try:
        for cell in cells:
            if cell:
                yield str(cell)
            else:
                empty += 1
    finally:
        if empty:
            announce(f"images {name}: {empty} rows have no address and are left out")


def _embedded(
    name: str, cells: Iterable[Any], store: ImageStore, limit: int | None
) -> list[ImageRecord]:
    """Return the distinct images of a column of images, put into the store."""
    kept: dict[str, ImageRecord] = {}
    empty = copies = 0
    for number, cell in enumerate(progress(cells, description="images", total=limit), start=1):
        source = f"{name} row {number}"
        data = _bytes(cell, source)
        if data is None:
            empty += 1
            continue
        image_id = sha256_bytes(data)
        if image_id in kept:
            copies += 1
            continue
        width, height = decode(data, source).size
        store.put(data)
        kept[image_id] = ImageRecord(image_id=image_id, source=source, width=width, height=height)
        if len(kept) == limit:
            break
    if empty or copies:
        announce(f"images {name}: left out {empty} rows without an image and {copies} copies")
    if not kept:
        raise DataError(f"images {name}: no images in {empty} rows")
    return list(kept.values())


def _bytes(cell: Any, source: str) -> bytes | None:
    """Return the bytes of a cell as they are stored, or None if nothing is in it."""
    if cell is None or isinstance(cell, bytes):
        return cell
    if cell["bytes"] is not None:
        return bytes(cell["bytes"])
    if not cell["path"]:
        return None
    # A path on this machine, in an archive (zip://...::...) or on the hub (hf://...).
    opener = importlib.import_module("fsspec")
    try:
        with opener.open(cell["path"], "rb") as stream:
            return bytes(stream.read())
    except (OSError, ValueError) as error:
        raise DataError(f"cannot read image {source}: {first_line(error)}") from error


DATASET: Final = ImageKind(
    FORM, "a Hugging Face dataset with a column of images or of links to images", open_dataset
)
"""Hugging Face datasets."""
