from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from harness.core.errors import DataError, UsageError
from lenses.library.merge import merge_libraries
from lenses.library.sample import sample_library
from lenses.library.store import Library
from lenses.library.verify import verify_library
from tests.lenses.fixtures import LAYERS, PHRASES, make_library
from tests.lenses.library.building import contents

Place = tuple[str, int]


def places(library: Library) -> dict[Place, int]:
    """Return phrase and position of every row, with its number."""
    rows = library.table(np.arange(len(library)))
    pairs = zip(rows["context"].to_pylist(), rows["position"].to_pylist(), strict=True)
    return {place: index for index, place in enumerate(pairs)}


@pytest.mark.parametrize("dtype", ["float16", "float8", "int8"])
def test_samples_are_nested_rows_of_the_source(tmp_path: Path, dtype: str) -> None:
    source = make_library(tmp_path / "source", dtype=dtype)
    half = sample_library(source.path, tmp_path / "half", 0.5)
    tenth = sample_library(source.path, tmp_path / "tenth", 0.1)
    found, of_half = places(source), places(half)
    assert set(places(tenth)) < set(of_half) < set(found)
    assert 0.3 < len(half) / len(source) < 0.7
    rows = torch.tensor([found[place] for place in of_half])
    for layer in LAYERS:
        bound = 0.02 if dtype == "int8" else 0.0
        assert float((half.vectors(layer) - source.vectors(layer)[rows]).abs().max()) <= bound
        assert torch.equal(half.layer(layer).norms(), source.layer(layer).norms()[rows])
        unit = half.vectors(layer).double().mean(dim=0).float()
        assert torch.allclose(half.layer(layer).mean, unit, atol=1e-2)
    assert (half.key.sample, half.plan.parts) != (source.key.sample, source.plan.parts)
    assert verify_library(half.path).problems == ()


def test_a_sample_of_a_sample_is_the_smaller_sample(library: Library, tmp_path: Path) -> None:
    half = sample_library(library.path, tmp_path / "half", 0.5)
    direct = sample_library(library.path, tmp_path / "direct", 0.2)
    through = sample_library(half.path, tmp_path / "through", 0.2)
    assert contents(through.path) == contents(direct.path)


def test_sampling_and_merging_commute(tmp_path: Path) -> None:
    sources = []
    for name, lines in (("left", PHRASES[:7]), ("right", PHRASES[5:])):
        make_library(tmp_path / name, lines)
        sample_library(tmp_path / name, tmp_path / f"{name}-half", 0.5)
        sources.append(tmp_path / name)
    merged = merge_libraries(sources, tmp_path / "merged")
    sampled = sample_library(merged.path, tmp_path / "sampled", 0.5)
    halves = [path.with_name(f"{path.name}-half") for path in sources]
    other = merge_libraries(halves, tmp_path / "other")
    assert other.rows.rows.equals(sampled.rows.rows)


@pytest.mark.parametrize("fraction", [0.0, -1.0, 1.0, 1.5])
def test_shares_that_cannot_be_are_refused(
    library: Library, tmp_path: Path, fraction: float
) -> None:
    with pytest.raises(UsageError, match=f"fraction={fraction}: expected a share above 0 and belo"):
        sample_library(library.path, tmp_path / "out", fraction)


def test_a_sample_cannot_grow(library: Library, tmp_path: Path) -> None:
    half = sample_library(library.path, tmp_path / "half", 0.5)
    with pytest.raises(UsageError, match="below 0.5, the share that library .*half holds"):
        sample_library(half.path, tmp_path / "out", 0.6)


def test_nothing_left_is_an_error(library: Library, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=f"none of its {len(library)} rows is in 1e-09"):
        sample_library(library.path, tmp_path / "out", 1e-9)
    assert not (tmp_path / "out").exists()
