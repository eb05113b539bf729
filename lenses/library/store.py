"""A reference library on disk: one folder of tensors by layer, rows, phrases and a manifest.

``layer_<i>.safetensors`` hold ``vectors`` [rows, d] (unit length) and ``norms`` [rows];
``rows.parquet`` is shared by all layers (phrase, position, token_id, token, word, start, end);
``phrases.parquet`` has the texts; ``manifest.json`` says what it was built from and the sha256 of
every file. It is written last and the folder gets its name when it is complete.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import pyarrow as pa
import pyarrow.parquet as pq
import torch
from pydantic import ValidationError
from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from harness.core.errors import DataError, MismatchError
from harness.core.files import replacing, write_bytes_atomic, write_json_atomic
from harness.core.ids import digest, sha256_file
from harness.core.records import Record
from lenses.library.encode import EncodedLayer

MANIFEST = "manifest.json"
ROWS = "rows.parquet"
PHRASES = "phrases.parquet"
ROW_SCHEMA = pa.schema(
    [
        ("phrase", pa.int64()),
        ("position", pa.int32()),
        ("token_id", pa.int32()),
        ("token", pa.string()),
        ("word", pa.string()),
        ("start", pa.int32()),
        ("end", pa.int32()),
    ]
)
"""Columns of the row table; start and end are the characters of ``word`` in the phrase."""


class LibraryKey(Record):
    """Everything that decides the content of a library."""

    schema_version: int = 1
    """Version of the folder's layout."""
    model_hash: str
    """sha256 of the model the states come from."""
    tokenizer_hash: str
    """Hash of the tokenizer's state."""
    corpus_hash: str
    """sha256 of the corpus lines."""
    layers: tuple[int, ...]
    """Contextual layers."""
    policy: str
    """How rows are chosen, see ``lenses.library.plan``."""
    cap: int
    """Most rows per decoded token string."""
    seed: int
    """Seed of the choice."""
    dtype: str
    """Stored type of the vectors."""


class LibraryManifest(Record):
    """What a library is and what was counted while it was built."""

    key: LibraryKey
    """Everything that decides the content."""
    corpus: str
    """Name or path of the corpus."""
    hidden: int
    """Width d of the vectors."""
    rows: int
    """Rows per layer."""
    phrases: int
    """Phrases with at least one row."""
    occurrences: int
    """Text tokens of the corpus."""
    prefixes: int
    """Distinct prefixes among them."""
    empty_lines: int
    """Corpus lines skipped as empty."""
    duplicate_lines: int
    """Corpus lines skipped as repeated."""
    truncated_phrases: int
    """Phrases cut at the maximum length."""
    mean_norms: dict[int, float]
    """Mean length of the states by layer, before they were stored at unit length."""
    files: dict[str, str]
    """sha256 of every other file by name."""


@dataclass(frozen=True, slots=True)
class Expectation:
    """What the user of a library needs it to be."""

    model_hash: str | None = None
    """sha256 of the model it must have been built from."""
    hidden: int | None = None
    """Width it must have."""


@dataclass(frozen=True, slots=True)
class LibraryRow:
    """One kept token with the phrase it was read in."""

    token: str
    token_id: int
    word: str
    start: int
    end: int
    position: int
    context: str


class Library:
    """An open library; vectors stay on disk until they are read."""

    def __init__(
        self,
        path: Path,
        manifest: LibraryManifest,
        vectors: Mapping[int, torch.Tensor],
        norms: Mapping[int, torch.Tensor],
        rows: pa.Table,
        phrases: list[str],
    ) -> None:
        self.path = path
        self.manifest = manifest
        self._vectors = vectors
        self._norms = norms
        self._columns = {name: rows[name].combine_chunks() for name in ROW_SCHEMA.names}
        self._phrases = phrases

    @classmethod
    def open(cls, path: Path, expect: Expectation | None = None) -> Self:
        """Open the library in folder ``path``.

        Raises:
            DataError: No library there, or a file is missing, changed or unreadable.
            MismatchError: It was built from another model or has another width.
        """
        manifest = read_manifest(path)
        _require(manifest, expect or Expectation(), path)
        vectors: dict[int, torch.Tensor] = {}
        norms: dict[int, torch.Tensor] = {}
        try:
            for name, expected in manifest.files.items():
                if sha256_file(path / name) != expected:
                    raise DataError(f"library {path}: {name} was changed; delete the folder")
            for layer in manifest.key.layers:
                with safe_open(path / layer_file(layer), framework="pt") as stored:
                    vectors[layer] = stored.get_tensor("vectors")
                    norms[layer] = stored.get_tensor("norms")
            rows = pq.read_table(path / ROWS, schema=ROW_SCHEMA)
            phrases = pq.read_table(path / PHRASES)["text"].to_pylist()
        except (OSError, SafetensorError, pa.ArrowException) as error:
            raise DataError(f"cannot read library {path}: {error}; delete the folder") from error
        return cls(path, manifest, vectors, norms, rows, phrases)

    def __len__(self) -> int:
        """Return the number of rows, equal at all layers."""
        return self.manifest.rows

    @property
    def layers(self) -> tuple[int, ...]:
        """Stored contextual layers, ascending."""
        return self.manifest.key.layers

    @property
    def hidden(self) -> int:
        """Width d of the vectors."""
        return self.manifest.hidden

    def stored(self, layer: int) -> torch.Tensor:
        """Return [rows, d] of unit length in the stored type, mapped from disk.

        Raises:
            DataError: The layer is not stored.
        """
        if layer not in self._vectors:
            raise DataError(f"library {self.path}: layer {layer} is not among {self.layers}")
        return self._vectors[layer]

    def vectors(self, layer: int, *, unit: bool = True) -> torch.Tensor:
        """Return [rows, d] float32, of unit length or as the model had them.

        Raises:
            DataError: The layer is not stored.
        """
        vectors = self.stored(layer).float()
        return vectors if unit else vectors * self._norms[layer][:, None]

    def row(self, index: int) -> LibraryRow:
        """Return the token, word and phrase of row ``index``."""
        values = {name: column[index].as_py() for name, column in self._columns.items()}
        phrase = values.pop("phrase")
        return LibraryRow(**values, context=self._phrases[phrase])

    def fingerprint(self) -> str:
        """Return a hash of the key and of every file."""
        return digest([self.manifest.key.model_dump(mode="json"), self.manifest.files])


def layer_file(layer: int) -> str:
    """Return the name of the file of one layer."""
    return f"layer_{layer}.safetensors"


def read_manifest(path: Path) -> LibraryManifest:
    """Return the manifest of the library in ``path``.

    Raises:
        DataError: It is missing or not a manifest of this version.
    """
    try:
        return LibraryManifest.model_validate_json((path / MANIFEST).read_bytes())
    except OSError as error:
        raise DataError(f"{path} is not a reference library: {MANIFEST} is missing") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise DataError(f"library {path}: bad {MANIFEST} at {where!r}: {first['msg']}") from error


def write_tables(
    folder: Path, layers: Mapping[int, EncodedLayer], rows: pa.Table, phrases: pa.Table
) -> dict[str, str]:
    """Write everything but the manifest and return the sha256 of every file by name.

    Raises:
        DataError: The disk is full or the folder is read-only.
    """
    names = [layer_file(layer) for layer in layers]
    for name, encoded in zip(names, layers.values(), strict=True):
        tensors = {"vectors": encoded.vectors, "norms": encoded.norms}
        write_bytes_atomic(folder / name, save(tensors))
    for name, table in ((ROWS, rows), (PHRASES, phrases)):
        with replacing(folder / name) as partial:
            pq.write_table(table, partial, compression="zstd")
    return {name: sha256_file(folder / name) for name in (*names, ROWS, PHRASES)}


def write_manifest(folder: Path, manifest: LibraryManifest) -> None:
    """Write the manifest; raises DataError as ``write_tables``."""
    write_json_atomic(folder / MANIFEST, manifest, readable=True)


def _require(manifest: LibraryManifest, expect: Expectation, path: Path) -> None:
    found = manifest.key.model_hash
    if expect.model_hash is not None and expect.model_hash != found:
        raise MismatchError(
            f"library {path} was built from model {found[:12]}, expected {expect.model_hash[:12]}"
        )
    if expect.hidden is not None and expect.hidden != manifest.hidden:
        raise MismatchError(
            f"library {path} has vectors of width {manifest.hidden}, expected {expect.hidden}"
        )
