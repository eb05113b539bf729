"""The parts of a library's folder: each is written whole, by anyone, in any order.

A part's files are written under temporary names and renamed; its manifest comes last, so a part is
done when its manifest is there and its files are as the manifest says. Two processes that write the
same part write the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load, save

from harness.core.errors import DataError
from harness.core.files import write_bytes_atomic
from harness.core.ids import canonical_json, digest, sha256_bytes, sha256_file
from lenses.library.dtypes import StoredRows, StoredType, staged_type, store_units, unit_sums
from lenses.library.manifest import (
    FileRecord,
    LayerPart,
    LibraryPlan,
    PartManifest,
    layer_name,
    part_name,
    read_part,
    staged,
    sums_name,
)


def file_record(data: bytes) -> FileRecord:
    """Return the record of a file with this content."""
    return FileRecord(sha256=sha256_bytes(data), size=len(data))


def is_intact(path: Path, record: FileRecord, *, hashed: bool) -> bool:
    """Tell whether the file is there with its size and, if ``hashed``, its content."""
    try:
        if path.stat().st_size != record.size:
            return False
        return not hashed or sha256_file(path) == record.sha256
    except FileNotFoundError:
        return False


class Parts:
    """All parts of one plan in one folder; files are hashed once, when they are first asked for.

    Args:
        path: Folder of the library.
        plan: What it will hold.
    """

    def __init__(self, path: Path, plan: LibraryPlan) -> None:
        self.path = path
        self.plan = plan
        self._plan_hash = digest(plan)
        self._whole: dict[str, PartManifest] = {}

    def __len__(self) -> int:
        """Return the number of parts of the plan."""
        return len(self.plan.parts)

    @property
    def is_staged(self) -> bool:
        """Whether parts wait in another type until all are there."""
        return self.written_type != self.plan.key.dtype

    @property
    def written_type(self) -> StoredType:
        """Type in which :meth:`write` wants its rows."""
        return staged_type(self.plan.key.dtype)

    def present(self) -> list[int]:
        """Return the numbers of the parts that have a manifest, without reading their files."""
        return [
            number
            for number, name in enumerate(map(part_name, range(len(self))))
            if (self.path / name).is_file() or (self.path / staged(name)).is_file()
        ]

    def done(self) -> list[int]:
        """Return the numbers of the parts that are there and whole."""
        return [number for number in self.present() if self.found(number) is not None]

    def found(self, number: int) -> PartManifest | None:
        """Return a part's manifest, final or staged; None if it is not there and whole."""
        return self.final(number) or self._staged(number)

    def final(self, number: int) -> PartManifest | None:
        """Return the manifest of a part in its final type, None if it is not there and whole."""
        return self._found(part_name(number))

    def write(self, number: int, layers: Iterable[StoredRows]) -> None:
        """Write a part; ``layers`` gives its rows at each layer, of :attr:`written_type`.

        Raises:
            DataError: The folder cannot be written, as ``harness.core.files.write_errors``.
        """
        found: dict[int, LayerPart] = {}
        sums: list[NDArray[np.float64]] = []
        files: dict[str, FileRecord] = {}
        hidden = 0
        for layer, rows in zip(self.plan.key.layers, layers, strict=True):
            hidden = rows.vectors.shape[1]
            found[layer] = _layer_part(rows)
            sums.append(unit_sums(rows.vectors, rows.scales))
            self._write(self._place(layer_name(layer, number)), save(rows.tensors()), files)
        total = save({"sums": torch.from_numpy(np.stack(sums))})
        self._write(self._place(sums_name(number)), total, files)
        manifest = self._manifest(number, hidden, self.written_type, found, files)
        self._write_manifest(self._place(part_name(number)), manifest)

    def convert(self, number: int, means: torch.Tensor) -> None:
        """Bring a staged part to the final type; ``means`` are [layers, d] float32.

        Raises:
            FileNotFoundError: Another process was faster and removed the staged part.
            DataError: The staged part is damaged, or the folder cannot be written.
        """
        waiting = read_part(self.path, staged(part_name(number)))
        layers: dict[int, LayerPart] = {}
        files: dict[str, FileRecord] = {}
        for layer, mean in zip(self.plan.key.layers, means, strict=True):
            held = load((self.path / staged(layer_name(layer, number))).read_bytes())
            rows = store_units(held["vectors"], held["norms"], self.plan.key.dtype, mean)
            layers[layer] = _layer_part(rows)
            self._write(layer_name(layer, number), save(rows.tensors()), files)
        sums = (self.path / staged(sums_name(number))).read_bytes()
        self._write(sums_name(number), sums, files)
        manifest = self._manifest(number, waiting.hidden, self.plan.key.dtype, layers, files)
        self._write_manifest(part_name(number), manifest)

    def adopt(self, number: int, source: Parts) -> None:
        """Copy a part, staged or final, from another folder of the same plan.

        Raises:
            DataError: A file of the part cannot be read, or this folder not be written.
        """
        name = part_name(number)
        found = source.final(number)
        if found is None:
            name = staged(name)
            found = source._staged(number)
        if found is None:
            raise DataError(f"library {source.path}: part {number} is not done")
        for file in found.files:
            write_bytes_atomic(self.path / file, (source.path / file).read_bytes())
        self._write_manifest(name, found)

    def sums(self) -> NDArray[np.float64]:
        """Return the sums of all unit vectors, [layers, d], added in the order of the parts."""
        total: NDArray[np.float64] | None = None
        for number in range(len(self)):
            name = sums_name(number)
            where = name if self.final(number) is not None else staged(name)
            part = load((self.path / where).read_bytes())["sums"].numpy()
            total = part if total is None else total + part
        if total is None:
            raise DataError(f"library {self.path}: it has no part")
        return total

    def _place(self, name: str) -> str:
        return staged(name) if self.is_staged else name

    def _staged(self, number: int) -> PartManifest | None:
        return self._found(staged(part_name(number))) if self.is_staged else None

    def _found(self, name: str) -> PartManifest | None:
        if name in self._whole:
            return self._whole[name]
        if not (self.path / name).is_file():
            return None
        manifest = read_part(self.path, name)
        if manifest.plan != self._plan_hash or not all(
            is_intact(self.path / file, record, hashed=True)
            for file, record in manifest.files.items()
        ):
            return None
        self._whole[name] = manifest
        return manifest

    def _manifest(
        self,
        number: int,
        hidden: int,
        dtype: StoredType,
        layers: dict[int, LayerPart],
        files: dict[str, FileRecord],
    ) -> PartManifest:
        return PartManifest(
            plan=self._plan_hash,
            rows=self.plan.parts[number],
            hidden=hidden,
            dtype=dtype,
            layers=layers,
            files=files,
        )

    def _write(self, name: str, data: bytes, files: dict[str, FileRecord]) -> None:
        write_bytes_atomic(self.path / name, data)
        files[name] = file_record(data)

    def _write_manifest(self, name: str, manifest: PartManifest) -> None:
        write_bytes_atomic(self.path / name, (canonical_json(manifest) + "\n").encode())
        self._whole[name] = manifest


def _layer_part(rows: StoredRows) -> LayerPart:
    """Return the sums of one layer; added in row order whatever the thread count."""
    norms = rows.norms.double().numpy()
    errors = None if rows.errors is None else rows.errors.double().numpy()
    return LayerPart(
        norm_sum=float(norms.sum()),
        norm_min=float(norms.min()),
        norm_max=float(norms.max()),
        error_sum=None if errors is None else float(errors.sum()),
        error_max=None if errors is None else float(errors.max()),
    )
