"""The vectors of one contextual layer on disk, read part by part."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open

from harness.core.errors import DataError
from lenses.library.dtypes import (
    SCALED,
    TORCH_TYPES,
    StoredRows,
    StoredType,
    restore,
    store_units,
)
from lenses.library.manifest import LibraryPlan, layer_name


@dataclass(frozen=True, slots=True)
class RawRows:
    """Rows as they lie on disk."""

    vectors: torch.Tensor
    """[rows, d] in the stored type; of one part it is mapped from disk, not copied."""
    norms: torch.Tensor
    """[rows] float32, lengths of the states."""
    scales: torch.Tensor | None
    """[rows] float32 for 8-bit types."""

    def at(self, rows: torch.Tensor) -> RawRows:
        """Return a copy of some rows."""
        scales = None if self.scales is None else self.scales[rows]
        return RawRows(self.vectors[rows], self.norms[rows], scales)

    def fill(self, start: int, rows: RawRows) -> None:
        """Copy ``rows`` in, from row ``start`` on."""
        into = slice(start, start + len(rows.norms))
        self.vectors[into] = rows.vectors
        self.norms[into] = rows.norms
        if self.scales is not None and rows.scales is not None:
            self.scales[into] = rows.scales


class LayerVectors:
    """The vectors of one contextual layer; rows are read part by part."""

    def __init__(
        self, path: Path, layer: int, plan: LibraryPlan, hidden: int, mean: torch.Tensor
    ) -> None:
        self.layer = layer
        self.mean = mean
        """Mean unit vector over all rows, [d] float32."""
        self._path = path
        self._plan = plan
        self._hidden = hidden

    def __len__(self) -> int:
        """Return the number of rows."""
        return self._plan.rows

    @property
    def width(self) -> int:
        """Width d of the vectors."""
        return self._hidden

    @property
    def dtype(self) -> StoredType:
        """Stored type."""
        return self._plan.key.dtype

    def read(self, start: int, stop: int) -> torch.Tensor:
        """Return rows ``start`` to ``stop`` as float32 unit vectors, [stop - start, d].

        Raises:
            DataError: A part cannot be read.
        """
        ranges = self._ranges(start, stop)
        if len(ranges) == 1:
            return self._restored(self._mapped(*ranges[0]))
        found = torch.empty(sum(past - first for _, first, past in ranges), self._hidden)
        done = 0
        for part, first, past in ranges:
            # No name is kept for the mapped rows: one part is mapped at a time.
            found[done : done + past - first] = self._restored(self._mapped(part, first, past))
            done += past - first
        return found

    def gather(self, rows: torch.Tensor) -> torch.Tensor:
        """Return rows of ascending numbers [r] as float32 unit vectors, [r, d].

        Raises:
            DataError: A part cannot be read.
        """
        return self._restored(self.pick(rows))

    def raw(self, start: int, stop: int) -> RawRows:
        """Return rows ``start`` to ``stop`` as they are stored; of one part they stay mapped.

        Raises:
            DataError: A part cannot be read.
        """
        ranges = self._ranges(start, stop)
        if len(ranges) == 1:
            return self._mapped(*ranges[0])
        found = self._empty(sum(past - first for _, first, past in ranges))
        done = 0
        for part, first, past in ranges:
            found.fill(done, self._mapped(part, first, past))
            done += past - first
        return found

    def pick(self, rows: torch.Tensor) -> RawRows:
        """Return rows of ascending numbers [r] as they are stored.

        Raises:
            DataError: A part cannot be read.
        """
        wanted = rows.cpu()
        found = self._empty(len(wanted))
        for part, (first, past) in enumerate(self._plan.parts):
            begin, end = torch.searchsorted(wanted, torch.tensor([first, past])).tolist()
            if begin < end:
                here = wanted[begin:end] - first
                low, high = int(here[0]), int(here[-1]) + 1
                found.fill(begin, self._mapped(part, low, high).at(here - low))
        return found

    def store(self, rows: torch.Tensor, dtype: StoredType) -> StoredRows:
        """Return rows of ascending numbers [r] in ``dtype``: as they are, or rounded to it.

        Raises:
            DataError: A part cannot be read.
        """
        raw = self.pick(rows)
        if dtype == self.dtype:
            return StoredRows(raw.vectors, raw.norms, raw.scales, None)
        return store_units(self._restored(raw), raw.norms, dtype)

    def norms(self) -> torch.Tensor:
        """Return the lengths of the states, [rows] float32.

        Raises:
            DataError: A part cannot be read.
        """
        found = torch.empty(len(self))
        for part, (first, past) in enumerate(self._plan.parts):
            found[first:past] = self._mapped(part, 0, past - first).norms
        return found

    def _ranges(self, start: int, stop: int) -> list[tuple[int, int, int]]:
        """Return (part, first row, one past the last), rows counted within the part."""
        found = []
        for part, (first, past) in enumerate(self._plan.parts):
            low, high = max(start, first), min(stop, past)
            if low < high:
                found.append((part, low - first, high - first))
        return found

    def _mapped(self, part: int, first: int, past: int) -> RawRows:
        name = layer_name(self.layer, part)
        try:
            with safe_open(self._path / name, framework="pt") as stored:
                found = RawRows(
                    stored.get_slice("vectors")[first:past],
                    stored.get_slice("norms")[first:past],
                    stored.get_slice("scales")[first:past] if self.dtype in SCALED else None,
                )
        except (OSError, SafetensorError) as error:
            raise damaged(self._path, f"{name} cannot be read ({error})") from error
        if found.vectors.dtype != TORCH_TYPES[self.dtype] or found.vectors.shape != (
            past - first,
            self._hidden,
        ):
            raise damaged(
                self._path,
                f"{name} holds {found.vectors.dtype} {tuple(found.vectors.shape)}, expected "
                f"{self.dtype} of width {self._hidden}",
            )
        return found

    def _restored(self, raw: RawRows) -> torch.Tensor:
        return restore(raw.vectors, raw.scales, self.mean if self.dtype == "int8" else None)

    def _empty(self, rows: int) -> RawRows:
        return RawRows(
            torch.empty(rows, self._hidden, dtype=TORCH_TYPES[self.dtype]),
            torch.empty(rows),
            torch.empty(rows) if self.dtype in SCALED else None,
        )


def damaged(path: Path, what: str) -> DataError:
    """Return the error for a library whose files are not as its manifest says."""
    return DataError(
        f"library {path} is damaged: {what}; run the command that made it again, which makes "
        "the damaged parts anew"
    )
