"""The records of a library's folder: what it is made of, what is planned, what is done.

``plan.json`` comes first and marks the folder as a library; a part is done when its
``parts/NNNNN.json`` is there, the library when ``manifest.json`` is there. Only ``stamp.json`` says
where and when; all other files depend on nothing but the key.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal, TypeVar

from pydantic import ValidationError

from harness.core.errors import DataError, MismatchError
from harness.core.ids import digest
from harness.core.records import Record
from harness.core.stamp import Stamp
from lenses.library.dtypes import StoredType

PLAN = "plan.json"
ROWS = "rows.parquet"
PHRASES = "phrases.parquet"
STATISTICS = "statistics.safetensors"
STAMP = "stamp.json"
MANIFEST = "manifest.json"
STAGING = "staged"
"""Folder of what waits for the mean over all rows; gone when the library is complete."""

R = TypeVar("R", bound=Record)


class LibraryKey(Record):
    """Everything that decides the content of a library."""

    schema_version: Literal[2] = 2
    """Version of the folder's layout."""
    model_hash: str
    """sha256 of the model the states come from, or what is known of it."""
    tokenizer_hash: str
    """Hash of the tokenizer's state."""
    corpus_hash: str
    """sha256 of the distinct corpus lines: sorted, or in order where the policy depends on it; of
    a merged library the hash of the sorted hashes of its sources."""
    layers: tuple[int, ...]
    """Contextual layers, ascending."""
    policy: str
    """How rows are chosen, see ``lenses.library.plan``."""
    cap: int
    """Most rows per decoded token string."""
    seed: int
    """Seed of the choice."""
    fraction: float = 1.0
    """Share of the corpus' phrases that was read."""
    sample: float = 1.0
    """Share of the prefixes whose rows were kept afterwards, see ``lenses.library.sample``."""
    dtype: StoredType
    """Stored type of the unit vectors."""
    precision: str
    """Type of the forward pass."""
    max_tokens: int
    """Longer phrases were cut here."""
    part_rows: int
    """Rows per part, about."""

    def digest(self) -> str:
        """Return the hash of the key."""
        return digest(self)


class FileRecord(Record):
    """One file of a library."""

    sha256: str
    """Hash of its bytes."""
    size: int
    """Bytes."""


class LibraryPlan(Record):
    """What a library will hold; written before any forward pass."""

    key: LibraryKey
    """Everything that decides the content."""
    packing: str | None
    """How phrases share a forward pass, see ``lenses.library.packs``; None if there was none."""
    rows: int
    """Rows per layer."""
    phrases: int
    """Phrases with at least one row."""
    parts: tuple[tuple[int, int], ...]
    """First row and one past the last of each part."""
    occurrences: int | None
    """Text tokens of the corpus; None where it is not known any more."""
    prefixes: int | None
    """Distinct prefixes among them, or None."""
    truncated_phrases: int | None
    """Phrases cut at the maximum length, or None."""
    lineage: tuple[StoredType, ...] = ()
    """Types the vectors were stored in before they were converted to this one."""
    files: dict[str, FileRecord]
    """The row table and the phrases."""


class LayerPart(Record):
    """Sums over one layer of a part, from which the statistics are made."""

    norm_sum: float
    """Sum of the lengths of the states."""
    norm_min: float
    """Smallest length."""
    norm_max: float
    """Largest length."""
    error_sum: float | None
    """Sum of the rounding errors of the unit vectors; None for rows taken over as stored."""
    error_max: float | None
    """Largest rounding error, or None."""


class PartManifest(Record):
    """A finished part; the sum of its unit vectors is in ``parts/NNNNN.safetensors``."""

    plan: str
    """Hash of the plan it belongs to."""
    rows: tuple[int, int]
    """First row and one past the last."""
    hidden: int
    """Width d of the vectors."""
    dtype: StoredType
    """Type of the vectors; that of the staging for a staged part."""
    layers: dict[int, LayerPart]
    """Sums by layer."""
    files: dict[str, FileRecord]
    """Its files."""


class LayerStatistics(Record):
    """One layer over all rows."""

    mean_norm: float
    """Mean length of the states."""
    min_norm: float
    """Smallest length."""
    max_norm: float
    """Largest length."""
    mean_cosine: float
    """Mean cosine between two rows drawn with replacement: squared length of the mean unit vector;
    0 for directions spread evenly (anisotropy)."""
    mean_error: float | None
    """Mean length of what rounding removed from a unit vector; None if rows were taken over."""
    max_error: float | None
    """Largest such length."""


class LibraryManifest(Record):
    """A complete library."""

    key: LibraryKey
    """Everything that decides the content."""
    hidden: int
    """Width d of the vectors."""
    rows: int
    """Rows per layer."""
    phrases: int
    """Phrases with at least one row."""
    statistics: dict[int, LayerStatistics]
    """By layer."""
    files: dict[str, FileRecord]
    """Every other file but the stamp."""


class Source(Record):
    """What a library was made from, as far as it decides nothing."""

    name: str
    """Corpus, or the libraries it was made from."""
    read: int | None = None
    """Lines of the corpus; None without a corpus."""
    empty: int | None = None
    """Lines with nothing on them."""
    duplicates: int | None = None
    """Lines equal to one before."""
    device: str | None = None
    """Device of the forward pass; None without one."""


class LibraryStamp(Record):
    """Where, when and from what a library was made; part of no hash."""

    stamp: Stamp
    """Environment of the process that finished it."""
    source: Source
    """What it was made from."""
    seconds: float
    """Time that the finishing process took."""


def part_name(number: int) -> str:
    """Return the name of a part's manifest."""
    return f"parts/{number:05d}.json"


def sums_name(number: int) -> str:
    """Return the name of the file with the sums of a part's unit vectors."""
    return f"parts/{number:05d}.safetensors"


def layer_name(layer: int, number: int) -> str:
    """Return the name of the file of one layer of a part."""
    return f"layer_{layer}/{number:05d}.safetensors"


def staged(name: str) -> str:
    """Return the name under which a part's file waits for the mean over all rows."""
    return f"{STAGING}/{name}"


def read_plan(path: Path) -> LibraryPlan:
    """Return the plan of the library in ``path``; raises DataError as :func:`read_manifest`."""
    return _read(path, PLAN, LibraryPlan)


def read_part(path: Path, name: str) -> PartManifest:
    """Return a part's manifest; raises DataError as :func:`read_manifest`."""
    return _read(path, name, PartManifest)


def read_stamp(path: Path) -> LibraryStamp:
    """Return the stamp of the library; raises DataError as :func:`read_manifest`."""
    return _read(path, STAMP, LibraryStamp)


def read_manifest(path: Path) -> LibraryManifest:
    """Return the manifest of the library in ``path``.

    Raises:
        DataError: It is missing, unreadable or of another version.
    """
    return _read(path, MANIFEST, LibraryManifest)


def require_equal(found: LibraryKey, wanted: LibraryKey, path: Path) -> None:
    """Compare the key found in ``path`` with the wanted one.

    Raises:
        MismatchError: They differ; the message names every field and both values.
    """
    theirs, ours = found.model_dump(), wanted.model_dump()
    changed = [name for name in ours if ours[name] != theirs[name]]
    if changed:
        shown = ", ".join(f"{name} {_short(theirs[name])}" for name in changed)
        asked = ", ".join(_short(ours[name]) for name in changed)
        raise MismatchError(
            f"library {path} was built with other settings: {', '.join(changed)} differ "
            f"({shown}; asked for {asked}); choose another folder or delete this one"
        )


def _short(value: object) -> str:
    text = str(value)
    return text[:12] if isinstance(value, str) else text


def _read(path: Path, name: str, kind: type[R]) -> R:
    try:
        data = (path / name).read_bytes()
    except OSError as error:
        what = "is not a reference library" if name in (PLAN, MANIFEST) else "is damaged"
        raise DataError(f"{path} {what}: {name} is missing") from error
    try:
        return kind.model_validate_json(data)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise DataError(
            f"library {path}: bad {name} at {where!r}: {first['msg']}; it is damaged or of another "
            "version, build it again in another folder"
        ) from error
