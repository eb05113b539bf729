from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest
import torch

from harness.core.errors import DataError, MismatchError
from lenses.library.manifest import Source
from lenses.library.store import Library
from lenses.library.verify import verify_library
from lenses.library.writer import write_library
from tests.lenses.fixtures import LAYERS
from tests.lenses.library.building import contents

SOURCE = Source(name="a test")


def write(
    path: Path, library: Library, rows: pa.Table | None = None, dtype: str = "float32"
) -> Library:
    """Write the states of ``library`` anew."""
    states = {layer: library.vectors(layer, unit=False) for layer in LAYERS}
    key = library.key.model_copy(update={"dtype": dtype, "model_hash": "unknown"})
    return write_library(
        path,
        key,
        library.rows.rows if rows is None else rows,
        library.rows.texts.to_pylist(),
        lambda layer, start, stop: states[layer][start:stop],
        source=SOURCE,
    )


@pytest.mark.parametrize("dtype", ["float32", "float8", "int8"])
def test_states_from_elsewhere_become_a_library(
    library: Library, tmp_path: Path, dtype: str
) -> None:
    made = write(tmp_path / "made", library, dtype=dtype)
    assert made.rows.rows.equals(library.rows.rows)
    assert (made.plan.packing, made.plan.prefixes) == (None, None)
    assert made.key.model_hash == "unknown"
    for layer in LAYERS:
        states = library.vectors(layer, unit=False)
        assert torch.allclose(made.layer(layer).norms(), states.norm(dim=1))
        error = (made.vectors(layer) - torch.nn.functional.normalize(states)).norm(dim=1)
        largest = made.manifest.statistics[layer].max_error
        assert largest is not None
        assert float(error.max()) <= largest + (1e-3 if dtype == "int8" else 1e-6)
    assert verify_library(made.path).problems == ()


def test_writing_twice_changes_nothing(library: Library, tmp_path: Path) -> None:
    before = contents(write(tmp_path / "made", library).path)
    times = {path: path.stat().st_mtime_ns for path in (tmp_path / "made").glob("layer_*/*")}
    assert contents(write(tmp_path / "made", library).path) == before
    assert all(path.stat().st_mtime_ns == time for path, time in times.items())


def test_other_rows_of_the_same_key_are_refused(library: Library, tmp_path: Path) -> None:
    write(tmp_path / "made", library)
    fewer = library.rows.rows.slice(0, len(library) - 1)
    with pytest.raises(
        MismatchError, match="planned otherwise from the same settings: rows, .*fil"
    ):
        write(tmp_path / "made", library, fewer)


def test_phrases_without_rows_are_left_out(library: Library, tmp_path: Path) -> None:
    phrase = library.rows.column("phrase").to_numpy()
    made = write(tmp_path / "made", library, library.rows.rows.filter(pa.array(phrase == 3)))
    assert made.rows.texts.to_pylist() == library.rows.texts.to_pylist()[3:4]


def test_rows_out_of_order_are_refused(library: Library, tmp_path: Path) -> None:
    backwards = library.rows.rows.take(list(range(len(library)))[::-1])
    with pytest.raises(DataError, match="expected rows ordered by phrase text and position"):
        write(tmp_path / "made", library, backwards)
    assert not (tmp_path / "made").exists()
