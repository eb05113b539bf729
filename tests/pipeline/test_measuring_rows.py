from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from safetensors.torch import save_file

from harness.core.errors import DataError, MismatchError
from harness.pipeline.capture import MANIFEST, StatesManifest
from harness.pipeline.measuring.rows import draw_rows, text_drift, text_norms
from harness.pipeline.measuring.spreads import layer_spread
from harness.pipeline.measuring.tokens import read_tokens, visual_drift, visual_norms
from lenses.library.store import Library
from tests.pipeline.planted import noise, planted_library

ROWS, WIDTH = 40, 8


def states() -> dict[int, torch.Tensor]:
    return {1: 2 * noise(1, ROWS, WIDTH), 3: 9 * noise(2, ROWS, WIDTH)}


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Library:
    return planted_library(tmp_path_factory.mktemp("rows") / "library", states())


@pytest.fixture
def readout(tmp_path: Path) -> Path:
    path = tmp_path / "readout.safetensors"
    save_file({"embed": embedding()}, path)
    return path


def embedding() -> torch.Tensor:
    made = noise(5, ROWS, WIDTH)
    made[4] = 0.0
    return made


def test_rows_are_drawn_once_each_by_the_seed(library: Library) -> None:
    drawn = draw_rows(library, 15, seed=1).numbers.tolist()
    assert drawn == sorted(set(drawn)) and len(drawn) == 15
    assert drawn == draw_rows(library, 15, seed=1).numbers.tolist()
    assert drawn != draw_rows(library, 15, seed=2).numbers.tolist()
    assert draw_rows(library, 10**6, seed=1).numbers.tolist() == list(range(ROWS))


def test_pieces_hold_every_drawn_row_at_every_layer(library: Library) -> None:
    rows = draw_rows(library, 23, seed=3)
    blocks = list(rows.blocks(10))
    assert len(blocks) == rows.count_blocks(10) == 6
    for group, layer in enumerate((1, 3)):
        found = torch.cat([block.units for block in blocks if block.group == group])
        wanted = torch.nn.functional.normalize(states()[layer][rows.numbers], dim=1)
        torch.testing.assert_close(found, wanted)
    places = torch.tensor([22, 0, 0, 7])
    found = rows.at(torch.tensor([1, 1, 0, 1]), places)
    torch.testing.assert_close(found[3], blocks[3].units[7])
    torch.testing.assert_close(found[2], blocks[0].units[0])


def test_norms_of_text_are_those_before_unit_length(library: Library) -> None:
    rows = draw_rows(library, 11, seed=3)
    for each in text_norms(rows):
        norms = states()[each.layer][rows.numbers].norm(dim=1).numpy()
        assert each.spread.n == 11
        assert each.spread.median == pytest.approx(np.median(norms), rel=1e-5)
        assert each.spread.top == pytest.approx(norms.max(), rel=1e-5)


def test_drift_of_text_is_the_cosine_with_the_tokens_embedding(
    library: Library, readout: Path
) -> None:
    rows = draw_rows(library, ROWS, seed=3)
    kept = [row for row in range(ROWS) if row != 4]
    for each in text_drift(rows, readout):
        cosines = torch.cosine_similarity(states()[each.layer][kept], embedding()[kept])
        assert each.spread.n == ROWS - 1
        assert each.spread.mean == pytest.approx(float(cosines.mean()), abs=1e-6)
        assert each.spread.low == pytest.approx(np.quantile(cosines.numpy(), 0.05), abs=1e-6)


def test_drift_of_text_needs_a_matrix_with_all_its_tokens(library: Library, tmp_path: Path) -> None:
    rows = draw_rows(library, ROWS, seed=3)
    save_file({"embed": embedding()[:30]}, tmp_path / "short.safetensors")
    with pytest.raises(MismatchError, match="token id 39"):
        text_drift(rows, tmp_path / "short.safetensors")
    with pytest.raises(DataError, match=r"cannot read readout .*absent"):
        text_drift(rows, tmp_path / "absent.safetensors")
    save_file({"embed": torch.zeros(ROWS, WIDTH)}, tmp_path / "zero.safetensors")
    assert text_drift(rows, tmp_path / "zero.safetensors") == ()


@given(arrays(np.float32, st.integers(1, 40), elements=st.floats(-1000, 1000, width=32)))
def test_a_spread_is_in_order_and_holds_the_ends(values: np.ndarray) -> None:
    spread = layer_spread(3, values, "norm").spread
    ordered = [spread.low, spread.quartile, spread.median, spread.upper, spread.high, spread.top]
    assert ordered == sorted(ordered)
    assert spread.n == len(values)
    assert spread.top == float(values.max())
    assert spread.mean == pytest.approx(values.astype(float).mean())
    assert layer_spread(3, values[::-1].copy(), "norm").spread.median == spread.median


@pytest.mark.parametrize("wrong", [float("nan"), float("inf")])
def test_no_figure_rests_on_nan(wrong: float) -> None:
    values = np.array([1.0, wrong, 2.0], dtype=np.float32)
    with pytest.raises(DataError, match="norm of layer 2: 1 of 3 values are NaN or infinite"):
        layer_spread(2, values, "norm")


def write_states(folder: Path, layers: tuple[int, ...], files: list[str]) -> None:
    """Write images of two patches and three cells; every state of file f is f + 1."""
    folder.mkdir()
    for name in files:
        value = float(name.removesuffix(".safetensors")) + 1
        made = {
            "states": torch.full((2, len(layers), WIDTH), value),
            "norms": torch.full((3, len(layers)), value),
            "drift": torch.tensor(
                [[1.0] * len(layers), [1 + 1e-7] * len(layers), [0.5] * len(layers)]
            ),
        }
        save_file(made, folder / name)
    patches = {name: (f"{name}-a", f"{name}-b") for name in files}
    manifest = StatesManifest(layers=layers, weights_hash="w", files=patches)
    (folder / MANIFEST).write_text(manifest.model_dump_json(), encoding="utf-8")


def test_all_cells_count_for_norms_and_drift(tmp_path: Path) -> None:
    write_states(tmp_path / "states", (0, 2), ["0.safetensors", "1.safetensors"])
    tokens = read_tokens(tmp_path / "states", 256, seed=1)
    (first, second) = visual_norms(tokens)
    assert (first.layer, second.layer, first.spread.n) == (0, 2, 6)
    assert first.spread.mean == pytest.approx(1.5)
    drift = visual_drift(tokens)[1].spread
    assert (drift.n, drift.top) == (6, 1.0)
    assert drift.mean == pytest.approx((1 + 1 + 0.5) / 3)
    assert tokens.states.shape == (4, 2, WIDTH)


def test_without_layer_0_there_is_no_drift(tmp_path: Path) -> None:
    write_states(tmp_path / "states", (1, 2), ["0.safetensors"])
    tokens = read_tokens(tmp_path / "states", 256, seed=1)
    assert visual_drift(tokens) == ()
    assert len(visual_norms(tokens)) == 2


def test_the_sample_depends_on_the_seed_and_not_on_the_order_of_files(tmp_path: Path) -> None:
    names = [f"{number}.safetensors" for number in range(12)]
    write_states(tmp_path / "one", (0,), names)
    write_states(tmp_path / "two", (0,), names[::-1])

    def drawn(folder: str, seed: int) -> list[float]:
        states = read_tokens(tmp_path / folder, 5, seed).states
        assert states.shape == (5, 1, WIDTH)
        return sorted(states[:, 0, 0].tolist())

    assert drawn("one", 1) == drawn("two", 1)
    assert len({tuple(drawn("one", seed)) for seed in range(6)}) > 1


def test_states_that_are_gone_are_named(tmp_path: Path) -> None:
    write_states(tmp_path / "states", (0,), ["0.safetensors"])
    (tmp_path / "states" / "0.safetensors").write_bytes(b"short")
    with pytest.raises(DataError, match=r"cannot read states .*0\.safetensors"):
        read_tokens(tmp_path / "states", 5, 1)
    with pytest.raises(DataError, match="cannot read .*absent"):
        read_tokens(tmp_path / "absent", 5, 1)
