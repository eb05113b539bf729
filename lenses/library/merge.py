"""Several folders to one library: the shards of one plan, or libraries of several corpora."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import torch

from harness.core.errors import DataError, MismatchError, UsageError
from harness.core.ids import digest
from harness.core.progress import progress
from lenses.library.dtypes import StoredRows
from lenses.library.finish import finish
from lenses.library.manifest import LibraryKey, LibraryPlan, Source, read_plan
from lenses.library.parts import Parts, is_intact
from lenses.library.store import Library
from lenses.library.union import union_rows
from lenses.library.writer import begin, fill, lineage_of_copies, make_plan


def merge_libraries(sources: Sequence[Path], out: Path) -> Library:
    """Join the libraries in ``sources`` in folder ``out``.

    Folders with one plan, such as shards built on hosts without a common disk, give the library
    that one host would have built, byte for byte. Complete libraries of different corpora, equal
    in everything else, give exactly the rows of a library of all corpora together; the key's
    ``corpus_hash`` is then the hash of their sorted corpus hashes, and what cannot be known without
    the corpora (token and prefix counts) is left out. A stopped call is continued by the same call.

    Raises:
        UsageError: Fewer than two sources, or libraries of a policy other than ``reservoir``.
        MismatchError: The sources differ in more than the corpus, or ``out`` holds something else.
        DataError: Parts are in none of the folders, a source is no library or not complete, or
            ``out`` cannot be written.
    """
    if len(sources) < 2:
        raise UsageError(f"merge: expected two or more libraries, given {len(sources)}")
    plans = [read_plan(source) for source in sources]
    name = ", ".join(str(source) for source in sources)
    if all(plan == plans[0] for plan in plans):
        return _gathered(sources, out, plans[0], Source(name=name))
    return _united(sources, plans, out, Source(name=name))


def _gathered(sources: Sequence[Path], out: Path, plan: LibraryPlan, source: Source) -> Library:
    started = time.monotonic()
    parts = begin(out, plan, {name: _table(sources, plan, name) for name in plan.files})
    folders = [Parts(path, plan) for path in sources]
    wanted = [number for number in range(len(parts)) if parts.found(number) is None]
    missing = []
    for number in progress(wanted, description="gathering the parts", total=len(wanted)):
        holder = next((folder for folder in folders if folder.found(number)), None)
        if holder is None:
            missing.append(number)
        else:
            parts.adopt(number, holder)
    if missing or not finish(parts, source, started):
        listed = ", ".join(map(str, missing))
        raise DataError(
            f"merge: parts {listed} of {len(parts)} (counted from 0) are in none of the folders; "
            "finish the shards that build them and run the same command again"
        )
    return Library.open(out)


def _table(sources: Sequence[Path], plan: LibraryPlan, name: str) -> bytes:
    for source in sources:
        if is_intact(source / name, plan.files[name], hashed=True):
            return (source / name).read_bytes()
    raise DataError(f"merge: {name} is damaged in every folder; run one of the shards again")


def _united(
    sources: Sequence[Path], plans: Sequence[LibraryPlan], out: Path, source: Source
) -> Library:
    for path, plan in zip(sources, plans, strict=True):
        _require_alike(sources[0], plans[0], path, plan)
    libraries = [Library.open(path) for path in sources]
    union = union_rows([library.rows for library in libraries], plans[0])
    hashes = sorted(plan.key.corpus_hash for plan in plans)
    key = plans[0].key.model_copy(update={"corpus_hash": digest(hashes)})
    plan, tables = make_plan(
        key,
        union.table,
        packing=plans[0].packing,
        lineage=lineage_of_copies(libraries[0]),
    )
    parts = begin(out, plan, tables)

    def stored(layer: int, start: int, stop: int) -> StoredRows:
        owner = torch.from_numpy(union.sources[start:stop])
        rows = torch.from_numpy(union.rows[start:stop])
        own = [(owner == number).nonzero().flatten() for number in range(len(libraries))]
        found = [
            library.layer(layer).store(rows[here], parts.written_type)
            for library, here in zip(libraries, own, strict=True)
        ]
        return _interleaved(found, torch.cat(own).argsort())

    return fill(parts, stored, source, "merging the libraries")


def _interleaved(found: Sequence[StoredRows], order: torch.Tensor) -> StoredRows:
    scales = [rows.scales for rows in found if rows.scales is not None]
    return StoredRows(
        vectors=torch.cat([rows.vectors for rows in found])[order],
        norms=torch.cat([rows.norms for rows in found])[order],
        scales=torch.cat(scales)[order] if scales else None,
        errors=None,
    )


def _require_alike(first: Path, plan: LibraryPlan, path: Path, other: LibraryPlan) -> None:
    if other.key.policy != "reservoir":
        raise UsageError(
            f"merge: library {path} has policy {other.key.policy!r}, whose choice depends on more "
            "than the rows kept; only 'reservoir' libraries of different corpora can be merged"
        )
    ours, theirs = _comparable(plan), _comparable(other)
    changed = [name for name in ours if ours[name] != theirs[name]]
    if changed:
        raise MismatchError(
            f"merge: libraries {first} and {path} differ in {', '.join(changed)}; only the corpus "
            "may differ"
        )


def _comparable(plan: LibraryPlan) -> dict[str, object]:
    fields = {name: getattr(plan.key, name) for name in LibraryKey.model_fields}
    del fields["corpus_hash"]
    # Trees and plain passes give the same states; whole texts give others.
    return {**fields, "packing": plan.packing == "whole", "lineage": plan.lineage}
