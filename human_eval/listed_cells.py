"""Board cells that someone lists in a file for people to be asked about."""

from __future__ import annotations

import csv
import difflib
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from harness.core.errors import DataError, UsageError, unknown_name
from human_eval.bands import layer_bands
from human_eval.candidates import Candidate, CellName, Sample, askable, by_name, make_items

COLUMNS: Final = ("lens", "layer", "patch_id")
"""What names a cell, as columns of CSV or fields of JSON lines; others are not read."""


class ListedCell(NamedTuple):
    """A cell as it was asked for."""

    lens: str
    """Lens or control."""
    layer: int
    """Visual layer."""
    patch_id: str
    """Patch."""
    place: str
    """Where it was asked for: file and line."""


def read_cells(path: Path) -> list[ListedCell]:
    """Return the cells listed in a file, in its order.

    A file that ends in ``.jsonl`` holds one JSON object a line, any other is CSV with a header.
    Empty lines are skipped.

    Raises:
        UsageError: There is no such file, or it lists nothing.
        DataError: It cannot be read, or a line does not name a cell; the line is told.
    """
    text = _text(path)
    rows = _json_lines(path, text) if path.suffix == ".jsonl" else _csv_rows(path, text)
    found = [_cell(place, row) for place, row in rows]
    if not found:
        raise UsageError(f"{path} lists no cells: expected lines of {', '.join(COLUMNS)}")
    return found


def _text(path: Path) -> str:
    try:
        data = path.read_bytes()
    except FileNotFoundError as error:
        raise UsageError(
            f"there is no file {path}: expected a number of cells or a file that lists them"
        ) from error
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror}") from error
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise DataError(f"{path}, line {line}: expected UTF-8 text") from error


def _csv_rows(path: Path, text: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    place = f"{path}, line 1"
    try:
        header = next(reader, [])
        missing = [name for name in COLUMNS if name not in header]
        if missing:
            raise DataError(
                f"{place}: no column {', '.join(missing)}: expected a header with "
                f"{','.join(COLUMNS)}"
            )
        place = f"{path}, line {reader.line_num + 1}"
        for row in reader:
            if row and len(row) != len(header):
                raise DataError(f"{place}: expected {len(header)} values, as the header has")
            if row:
                yield place, dict(zip(header, row, strict=True))
            place = f"{path}, line {reader.line_num + 1}"
    except csv.Error as error:
        raise DataError(f"{place}: {error}") from error


def _json_lines(path: Path, text: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        place = f"{path}, line {number}"
        try:
            row = json.loads(line)
        except ValueError as error:
            raise DataError(f"{place}: not JSON ({error})") from error
        missing = [name for name in COLUMNS if not isinstance(row, dict) or name not in row]
        if missing:
            raise DataError(
                f"{place}: no {', '.join(missing)}: expected an object with {', '.join(COLUMNS)}"
            )
        yield place, row


def _cell(place: str, row: Mapping[str, Any]) -> ListedCell:
    lens, layer, patch_id = (row[name] for name in COLUMNS)
    for name, value in (("lens", lens), ("patch_id", patch_id)):
        if not isinstance(value, str) or not value.strip():
            raise DataError(f"{place}: {name} {value!r}: expected a name")
    digits = str(layer).strip()
    if isinstance(layer, bool) or not (digits.isascii() and digits.isdigit()):
        raise DataError(f"{place}: layer {layer!r}: expected a whole number from 0")
    return ListedCell(lens.strip(), int(digits), patch_id.strip(), place)


def given_items(
    candidates: Iterable[Candidate],
    cells: Sequence[ListedCell],
    *,
    model: str = "",
    patch_types: Mapping[str, str] | None = None,
) -> Sample:
    """Return items for listed cells, each with weight 1: nothing is known of how they were chosen.

    Args:
        candidates: All cells of the board.
        cells: Cells to ask about.
        model: Vision-language model, for the items.
        patch_types: Patch to kind of patch, for the items.

    Raises:
        UsageError: A cell is not of the board or is listed twice, or nothing can be asked.
        DataError: A cell of the board is there twice.
    """
    board = by_name(candidates)
    listed: dict[CellName, str] = {}
    for wanted in cells:
        cell = _known(board, wanted)
        if cell.name in listed:
            raise UsageError(
                f"{wanted.place}: {wanted.lens} at layer {wanted.layer} on patch "
                f"{wanted.patch_id} was listed before, in {listed[cell.name]}; expected every cell "
                "once"
            )
        listed[cell.name] = wanted.place
    asked = askable(board[name] for name in listed)
    bands = layer_bands(cell.layer for cell in board.values())
    weighted = [(cell, 1.0) for cell in asked]
    return Sample(
        items=make_items(weighted, bands, model, patch_types or {}),
        cells=len(asked),
        excluded=len(listed) - len(asked),
    )


def _known(board: Mapping[CellName, Candidate], listed: ListedCell) -> Candidate:
    """Return the cell of the board that was listed, or say which part of its name is unknown."""
    lens, layer, patch_id, place = listed
    if (lens, layer, patch_id) in board:
        return board[lens, layer, patch_id]
    lenses = {name for name, _, _ in board}
    if lens not in lenses:
        error = unknown_name("lens", lens, lenses)
        raise UsageError(f"{place}: {error}")
    layers = sorted({at for name, at, _ in board if name == lens})
    if layer not in layers:
        known = ", ".join(map(str, layers))
        raise UsageError(f"{place}: {lens} has no layer {layer}: known: {known}")
    patches = sorted(patch for name, at, patch in board if (name, at) == (lens, layer))
    near = difflib.get_close_matches(patch_id, patches, n=3, cutoff=0.5)
    hint = f"did you mean {' or '.join(near)}? " if near else ""
    raise UsageError(
        f"{place}: unknown patch {patch_id!r}: {hint}expected one of the {len(patches)} patches "
        "of the run"
    )
