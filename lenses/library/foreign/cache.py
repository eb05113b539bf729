"""One layer of a published library: a torch archive of plain data, never of code."""

from __future__ import annotations

import pickle
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from harness.core.errors import DataError
from harness.core.ids import digest
from harness.core.progress import announce

NO_ID = -1
"""Token id of a row whose entry has none."""

_ZIP = b"PK\x03\x04"
_BLOCK = 4096


@dataclass(frozen=True, slots=True)
class LayerCache:
    """The rows of one layer in the order of the file."""

    path: Path
    """The file."""
    vectors: torch.Tensor
    """[rows, d] of any floating type and length, mapped from disk."""
    captions: NDArray[np.int64]
    """[rows], number of the phrase."""
    positions: NDArray[np.int64]
    """[rows], index of the token in its phrase."""
    token_ids: NDArray[np.int64]
    """[rows], ``NO_ID`` where the entry has none."""
    tokens: dict[int, str]
    """Row to token text, where the entry has no id."""


def read_cache(path: Path, numbers: dict[str, int]) -> LayerCache:
    """Read one ``embeddings_cache.pt`` of either writer; the vectors stay on disk.

    Args:
        path: The file.
        numbers: Number of each phrase; phrases that are new get the next numbers.

    Raises:
        DataError: The file is cut off, holds code, or is not of the layout; nothing is run.
    """
    loaded = _loaded(path)
    if not isinstance(loaded, dict) or not {"embeddings", "metadata"} <= loaded.keys():
        raise DataError(f"{path}: expected a dictionary with 'embeddings' and 'metadata'")
    vectors, entries = loaded["embeddings"], loaded["metadata"]
    if (
        not isinstance(vectors, torch.Tensor)
        or vectors.ndim != 2
        or not vectors.is_floating_point()
    ):
        shape = (
            tuple(vectors.shape) if isinstance(vectors, torch.Tensor) else type(vectors).__name__
        )
        raise DataError(f"{path}: embeddings {shape}: expected a floating tensor [rows, d]")
    if not isinstance(entries, list) or len(entries) != len(vectors) or not entries:
        count = len(entries) if isinstance(entries, list) else type(entries).__name__
        raise DataError(f"{path}: metadata of {count} for {len(vectors)} rows: expected one each")
    captions, positions, ids = (np.empty(len(entries), dtype=np.int64) for _ in range(3))
    tokens: dict[int, str] = {}
    for row, entry in enumerate(entries):
        caption, positions[row], ids[row], token = _entry(path, row, entry)
        captions[row] = numbers.setdefault(caption, len(numbers))
        if ids[row] == NO_ID:
            tokens[row] = token
    return LayerCache(path, vectors, captions, positions, ids, tokens)


def require_finite(cache: LayerCache, phrases: Sequence[str]) -> None:
    """Read all vectors once; name zero rows, which score 0 in every search.

    Raises:
        DataError: A row holds NaN or Inf.
    """
    bad: list[int] = []
    zero: list[int] = []
    for start in range(0, len(cache.vectors), _BLOCK):
        rows = cache.vectors[start : start + _BLOCK].float()
        bad += ((~rows.isfinite()).any(dim=1).nonzero().flatten() + start).tolist()
        zero += ((rows == 0).all(dim=1).nonzero().flatten() + start).tolist()
    if bad:
        raise DataError(_counted(cache, phrases, bad, "NaN or Inf"))
    if zero:
        announce(_counted(cache, phrases, zero, "zeros only"))


def content_mark(paths: Sequence[Path]) -> str:
    """Return a hash of the checksums that the archives hold of their own content.

    It tells different files apart without reading them, and is no defence against forgery.
    """
    marks = []
    for path in paths:
        with zipfile.ZipFile(path) as archive:
            # The folder inside the archive is named after the file it was first written to.
            members = [
                (m.filename.partition("/")[2], m.CRC, m.file_size) for m in archive.infolist()
            ]
        marks.append([path.parent.name, sorted(members)])
    return digest(marks)


def _counted(cache: LayerCache, phrases: Sequence[str], rows: list[int], what: str) -> str:
    first = rows[0]
    return (
        f"{cache.path}: {len(rows)} of {len(cache.vectors)} rows hold {what}, first: row {first}, "
        f"token {cache.positions[first]} of {phrases[cache.captions[first]]!r}"
    )


def _loaded(path: Path) -> Any:
    try:
        with path.open("rb") as stream:
            begin = stream.read(len(_ZIP))
        if begin != _ZIP:
            raise DataError(
                f"{path}: not a torch archive (torch 1.6 or later); it was not loaded, since other "
                "formats can run code"
            )
        return torch.load(path, map_location="cpu", weights_only=True, mmap=True)
    except pickle.UnpicklingError as error:
        raise DataError(
            f"{path}: holds more than tensors, lists, dictionaries, text and numbers; it was not "
            "loaded, since loading could run code"
        ) from error
    except (OSError, RuntimeError, EOFError, ValueError, KeyError) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else "unreadable"
        raise DataError(f"{path}: cut off or damaged ({reason}); download it again") from error


def _entry(path: Path, row: int, entry: object) -> tuple[str, int, int, str]:
    """Return caption, position, token id and token text of one row."""
    if not isinstance(entry, dict):
        raise DataError(f"{path}: metadata of row {row}: expected a dictionary")
    caption, position = entry.get("caption"), entry.get("position")
    token_id, token = entry.get("token_id", NO_ID), entry.get("token_str", "")
    if not isinstance(caption, str) or not isinstance(position, int) or position < 0:
        raise DataError(
            f"{path}: metadata of row {row}: expected 'caption' text and a 'position' from 0, "
            f"found {caption!r} and {position!r}"
        )
    if not isinstance(token_id, int) or not isinstance(token, str) or (token_id < 0 and not token):
        raise DataError(
            f"{path}: metadata of row {row}: expected 'token_id' or 'token_str', found "
            f"{token_id!r} and {token!r}"
        )
    return caption, position, max(token_id, NO_ID), token
