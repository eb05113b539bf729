"""A complete reference library on disk, opened for reading.

``layer_<i>/<part>.safetensors`` hold ``vectors`` [rows, d] (unit length, see
``lenses.library.dtypes``), ``norms`` [rows] and, for 8-bit types, ``scales`` [rows];
``rows.parquet`` is shared by all layers, ``phrases.parquet`` has the texts,
``statistics.safetensors`` the mean unit vector of each layer. Vectors are mapped from disk, at most
one part at a time, so a library may be larger than memory.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open

from harness.core.errors import DataError, MismatchError
from harness.core.ids import digest
from lenses.library.dtypes import SCALED
from lenses.library.layer import LayerVectors, damaged
from lenses.library.manifest import (
    MANIFEST,
    PHRASES,
    PLAN,
    ROWS,
    STATISTICS,
    LibraryKey,
    LibraryManifest,
    LibraryPlan,
    read_manifest,
    read_plan,
)
from lenses.library.parts import Parts, is_intact
from lenses.library.rows import PHRASE_SCHEMA, ROW_SCHEMA, LibraryRow, RowTable


@dataclass(frozen=True, slots=True)
class Expectation:
    """What the user of a library needs it to be; None for what does not matter."""

    model_hash: str | None = None
    """sha256 of the model it must have been built from."""
    tokenizer_hash: str | None = None
    """Hash of the tokenizer it must have been built with."""
    hidden: int | None = None
    """Width it must have."""
    model: str = "the model"
    """Name of the model, for messages."""


class Library:
    """An open library; vectors stay on disk until they are read."""

    def __init__(
        self,
        path: Path,
        manifest: LibraryManifest,
        plan: LibraryPlan,
        means: torch.Tensor,
        table: RowTable,
    ) -> None:
        self.path = path
        self.manifest = manifest
        self.plan = plan
        self.rows = table
        """The row table with its phrases."""
        self._layers = {
            layer: LayerVectors(path, layer, plan, manifest.hidden, mean)
            for layer, mean in zip(manifest.key.layers, means, strict=True)
        }

    @classmethod
    def open(cls, path: Path, expect: Expectation | None = None) -> Self:
        """Open the complete library in folder ``path``.

        Every file must be there with its size; ``lenses.library.verify`` reads them all.

        Raises:
            DataError: No library there, or it is not complete, or a file is missing, cut off or
                unreadable.
            MismatchError: It was built from another model or has another width.
        """
        manifest = complete_manifest(path)
        require_expected(manifest, expect or Expectation(), path)
        for name, record in manifest.files.items():
            if not is_intact(path / name, record, hashed=False):
                raise damaged(path, f"{name} is missing or not of {record.size} bytes")
        try:
            with safe_open(path / STATISTICS, framework="pt") as stored:
                means = stored.get_tensor("mean").clone()
            rows = pq.read_table(path / ROWS, schema=ROW_SCHEMA)
            phrases = pq.read_table(path / PHRASES, schema=PHRASE_SCHEMA)
        except (OSError, SafetensorError, pa.ArrowException) as error:
            raise damaged(path, str(error)) from error
        return cls(path, manifest, read_plan(path), means, RowTable(rows, phrases))

    def __len__(self) -> int:
        """Return the number of rows, equal at all layers."""
        return self.manifest.rows

    @property
    def key(self) -> LibraryKey:
        """Everything that decided the content."""
        return self.manifest.key

    @property
    def layers(self) -> tuple[int, ...]:
        """Stored contextual layers, ascending."""
        return self.manifest.key.layers

    @property
    def hidden(self) -> int:
        """Width d of the vectors."""
        return self.manifest.hidden

    def layer(self, layer: int) -> LayerVectors:
        """Return the vectors of one layer, to be read in pieces.

        Raises:
            DataError: The layer is not stored.
        """
        if layer not in self._layers:
            raise DataError(f"library {self.path}: layer {layer} is not among {self.layers}")
        return self._layers[layer]

    def stored(self, layer: int) -> torch.Tensor:
        """Return [rows, d] of unit length in the stored type, a plain float.

        Raises:
            DataError: The layer is not stored, cannot be read, or is of an 8-bit type.
        """
        if self.key.dtype in SCALED:
            raise DataError(
                f"library {self.path}: rows of type {self.key.dtype} have scales; read them "
                "through layer()"
            )
        return self.layer(layer).raw(0, len(self)).vectors

    def vectors(self, layer: int, *, unit: bool = True) -> torch.Tensor:
        """Return [rows, d] float32, of unit length or as the model had them.

        Raises:
            DataError: The layer is not stored or cannot be read.
        """
        found = self.layer(layer)
        vectors = found.read(0, len(self))
        return vectors if unit else vectors * found.norms()[:, None]

    def row(self, index: int) -> LibraryRow:
        """Return the token, word and phrase of row ``index``."""
        return self.rows.row(index)

    def table(self, indices: NDArray[np.int64] | Sequence[int]) -> pa.Table:
        """Return rows ``indices`` as a table with the column ``context`` for the phrase's text."""
        return self.rows.take(indices)

    def fingerprint(self) -> str:
        """Return a hash of the key and of every file but the stamp."""
        files = {name: record.sha256 for name, record in self.manifest.files.items()}
        return digest([self.manifest.key.model_dump(mode="json"), files])


def complete_manifest(path: Path) -> LibraryManifest:
    """Return the manifest of a complete library.

    Raises:
        DataError: No library there, or it is not complete.
    """
    if not (path / MANIFEST).exists() and (path / PLAN).exists():
        parts = Parts(path, read_plan(path))
        raise DataError(
            f"library {path} is not complete: {len(parts.present())} of {len(parts)} parts are "
            "done; run the same command to continue"
        )
    return read_manifest(path)


def require_expected(manifest: LibraryManifest, expect: Expectation, path: Path) -> None:
    """Check that a library belongs to the user's model.

    Raises:
        MismatchError: It does not.
    """
    key = manifest.key
    if expect.hidden is not None and expect.hidden != manifest.hidden:
        raise MismatchError(
            f"library {path} has vectors of width {manifest.hidden}, expected {expect.hidden} "
            f"of {expect.model}"
        )
    for what, found, wanted in (
        ("model", key.model_hash, expect.model_hash),
        ("tokenizer", key.tokenizer_hash, expect.tokenizer_hash),
    ):
        if wanted is not None and wanted != found:
            raise MismatchError(
                f"library {path} was built from {what} {found[:12]}, expected {wanted[:12]} of "
                f"{expect.model}; build a library for it, or choose the one that belongs to it"
            )
