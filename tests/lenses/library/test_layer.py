from __future__ import annotations

import shutil
from pathlib import Path
from unittest.mock import patch

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors import safe_open

from harness.core.errors import DataError
from lenses.library import layer as layer_module
from lenses.library.dtypes import SCALED, STORED_TYPES, TORCH_TYPES, StoredType
from lenses.library.store import Library
from tests.lenses.fixtures import HIDDEN, make_library


@pytest.fixture(scope="module")
def by_type(tmp_path_factory: pytest.TempPathFactory) -> dict[StoredType, Library]:
    """The same library in every stored type, several parts each."""
    folder = tmp_path_factory.mktemp("types")
    return {dtype: make_library(folder / dtype, dtype=dtype) for dtype in STORED_TYPES}


@pytest.mark.parametrize("dtype", STORED_TYPES)
@given(data=st.data())
def test_every_range_is_that_of_the_whole(
    by_type: dict[StoredType, Library], dtype: StoredType, data: st.DataObject
) -> None:
    library = by_type[dtype]
    found, whole = library.layer(2), library.vectors(2)
    start = data.draw(st.integers(0, len(library)))
    stop = data.draw(st.integers(start, len(library)))
    assert torch.equal(found.read(start, stop), whole[start:stop])
    raw, everything = found.raw(start, stop), found.raw(0, len(library))
    assert raw.vectors.dtype == TORCH_TYPES[dtype]
    assert torch.equal(raw.vectors.float(), everything.vectors[start:stop].float())
    assert torch.equal(raw.norms, found.norms()[start:stop])
    assert (raw.scales is not None) == (everything.scales is not None) == (dtype in SCALED)
    if raw.scales is not None and everything.scales is not None:
        assert torch.equal(raw.scales, everything.scales[start:stop])


@pytest.mark.parametrize("dtype", STORED_TYPES)
@given(data=st.data())
def test_gathered_rows_are_those_of_the_whole(
    by_type: dict[StoredType, Library], dtype: StoredType, data: st.DataObject
) -> None:
    library = by_type[dtype]
    chosen = data.draw(st.sets(st.integers(0, len(library) - 1)).map(sorted))
    rows = torch.tensor(chosen, dtype=torch.int64)
    assert torch.equal(library.layer(4).gather(rows), library.vectors(4)[rows])


def test_types_agree_within_their_rounding(by_type: dict[StoredType, Library]) -> None:
    exact = by_type["float32"].vectors(1)
    for dtype, library in by_type.items():
        error = float((library.vectors(1) - exact).norm(dim=1).max())
        measured = library.manifest.statistics[1].max_error
        assert measured is not None
        # int8 is measured against the float16 it waited in.
        assert error <= measured + (1e-3 if dtype == "int8" else 1e-6)
        assert (error == 0) == (dtype == "float32")
        assert torch.equal(library.layer(1).norms(), by_type["float32"].layer(1).norms())


def test_means_are_of_all_rows(by_type: dict[StoredType, Library]) -> None:
    for dtype, library in by_type.items():
        mean = library.vectors(1).double().mean(dim=0).float()
        assert torch.allclose(library.layer(1).mean, mean, atol=1e-2 if dtype == "int8" else 1e-6)


def test_int8_removes_the_mean(by_type: dict[StoredType, Library]) -> None:
    library = by_type["int8"]
    found = library.layer(2)
    raw = found.raw(0, len(library))
    assert raw.scales is not None
    expected = found.mean + raw.scales[:, None] * raw.vectors.float()
    assert torch.allclose(library.vectors(2), expected, atol=1e-6)
    assert float((raw.scales[:, None] * raw.vectors.float()).mean(dim=0).norm()) < 1e-2


def test_lengths_and_widths(by_type: dict[StoredType, Library]) -> None:
    library = by_type["float16"]
    found = library.layer(1)
    assert len(library.plan.parts) > 2
    assert (len(found), found.width, found.dtype) == (len(library), HIDDEN, "float16")


def test_one_part_is_mapped_at_a_time(by_type: dict[StoredType, Library]) -> None:
    """Reading opens each part once, when no other part is mapped any more."""
    opened: list[str] = []

    def watched(path: Path, framework: str) -> object:
        assert str(path.parent) not in Path("/proc/self/maps").read_text()
        opened.append(path.name)
        return safe_open(path, framework=framework)

    library = by_type["float32"]
    found, rows = library.layer(1), len(library)
    every = [f"{part:05d}.safetensors" for part in range(len(library.plan.parts))]
    first, past = library.plan.parts[1]
    with patch.object(layer_module, "safe_open", watched):
        for read in (lambda: found.read(0, rows), lambda: found.raw(0, rows), found.norms):
            opened.clear()
            read()
            assert opened == every
        opened.clear()
        found.gather(torch.arange(first, past))
        assert opened == ["00001.safetensors"]


def test_a_part_of_another_type_or_cut_off_is_one_clear_error(
    by_type: dict[StoredType, Library], tmp_path: Path
) -> None:
    copied = Path(shutil.copytree(by_type["float16"].path, tmp_path / "copy"))
    library = Library.open(copied)
    part = copied / "layer_1" / "00001.safetensors"
    shutil.copy(by_type["bfloat16"].path / "layer_1" / "00001.safetensors", part)
    with pytest.raises(DataError, match="layer_1/00001.safetensors holds torch.bfloat16"):
        library.vectors(1)
    part.write_bytes(part.read_bytes()[:-10])
    with pytest.raises(DataError, match=r"layer_1/00001.safetensors cannot be read .*run the com"):
        library.vectors(1)
