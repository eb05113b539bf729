"""InternVL: tiles, then a thumbnail."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import example, given
from hypothesis import strategies as st

from harness.core.errors import DataError
from harness.vlms.families.internvl import InternVLAdapter
from harness.vlms.layout import TokenLayout
from harness.vlms.probes import probe_image
from tests.vlms.checkpoints.internvl import DEPTH, TOKENS, build
from tests.vlms.families.painting import SIZES, misplaced
from tests.vlms.families.ramp import RAW, farthest, ramp, sizes, with_settings


@pytest.fixture(scope="module")
def adapter(tmp_path_factory: pytest.TempPathFactory) -> InternVLAdapter:
    """Return a tiny random model, loaded by path."""
    return InternVLAdapter(build(tmp_path_factory.mktemp("internvl") / "x"), "internvl", "random")


def test_facts_are_those_of_the_family(adapter: InternVLAdapter) -> None:
    """Tiles come under one id, without separators."""
    facts = adapter.facts
    assert (facts.family, facts.layers, facts.hidden) == ("internvl", DEPTH, 32)
    assert (facts.image_attention, facts.feature_entry) == ("causal", "replace")
    assert facts.injection_layers == ()
    assert facts.prefix.endswith("<img>")


@pytest.mark.parametrize("size", [*SIZES, (24, 24)])
def test_every_painted_cell_moves_its_own_token(
    adapter: InternVLAdapter, size: tuple[int, int]
) -> None:
    """In the tiles and in the thumbnail."""
    assert misplaced(adapter, size) == []
    assert adapter.layout(*size).separators == ()


def test_tiles_come_in_the_image_s_shape(adapter: InternVLAdapter) -> None:
    """Columns go with the width; one tile is both views."""
    for size, grid in [((150, 90), (6, 9)), ((90, 200), (6, 3)), ((320, 170), (3, 6))]:
        layout = adapter.layout(*size)
        assert layout.view("tiles").grid == grid
        assert layout.view("global").first_token == grid[0] * grid[1]
    single = adapter.layout(30, 30)
    assert single.total == TOKENS**2
    assert single.view("tiles") == single.view("global")


def _colours(batch: Any, layout: TokenLayout, tokens: int = TOKENS) -> np.ndarray:
    """Return [tokens, 2] mean colours of a processor's tiles, cell by cell."""
    cell = batch["pixel_values"].shape[-1] // tokens
    tiles = batch["pixel_values"].reshape(-1, 3, tokens, cell, tokens, cell)
    colours: np.ndarray = tiles.mean((3, 5)).transpose(0, 2, 3, 1).reshape(layout.total, 3)[:, :2]
    return colours


@given(size=sizes, least=st.integers(1, 4), more=st.integers(0, 8), cut=st.booleans())
@example(size=(1, 5000), least=1, more=5, cut=True)
@example(size=(5000, 1), least=1, more=11, cut=True)
@example(size=(1, 1), least=1, more=5, cut=True)
@example(size=(36, 24), least=1, more=11, cut=True)
def test_cells_are_where_the_processor_takes_their_pixels_from(
    adapter: InternVLAdapter, size: tuple[int, int], least: int, more: int, cut: bool
) -> None:
    """For any size and any bounds on tiles, which are the checkpoint's and not the family's."""
    other = with_settings(adapter, min_patches=least, max_patches=least + more)
    other.processor.images_kwargs = {"crop_to_patches": cut}
    layout = other.layout(*size)
    text = other.processor(images=[ramp(*size)], text=["<IMG_CONTEXT>"])["input_ids"][0]
    assert layout.total == text.count(other.model.config.image_token_id)
    batch = other.processor.image_processor(images=[ramp(*size)], crop_to_patches=cut, **RAW)
    colours = _colours(batch, layout)
    for view in layout.views.values():
        assert farthest(view, colours) < 0.2
    assert layout.separators == ()


def _with_config(adapter: InternVLAdapter, **settings: Any) -> Any:
    """Return a copy with a configuration that may be changed, and other processor settings."""
    other = with_settings(adapter, **settings)
    other.model = copy.copy(adapter.model)
    other.model.config = copy.deepcopy(adapter.model.config)
    return other


@pytest.mark.parametrize("size", [(448, 448), (640, 480), (333, 1500)])
def test_released_settings_give_the_grids_that_are_known(
    adapter: InternVLAdapter, size: tuple[int, int]
) -> None:
    """Tiles of 448 pixels, 16 x 16 tokens each, twelve at most."""
    other = _with_config(adapter, size={"height": 448, "width": 448}, max_patches=12)
    other.model.config.vision_config.patch_size = (14, 14)
    other.processor.image_seq_length = 256
    layout = other.layout(*size)
    assert layout.view("global").grid == (16, 16)
    batch = other.processor.image_processor(images=[ramp(*size)], crop_to_patches=True, **RAW)
    colours = _colours(batch, layout, 16)
    for view in layout.views.values():
        assert farthest(view, colours) < 0.2


@pytest.mark.parametrize(
    "settings",
    [{"do_resize": False}, {"size": {"height": 24, "width": 48}}, {"size": {"shortest_edge": 24}}],
)
def test_unknown_processor_settings_are_refused(
    adapter: InternVLAdapter, settings: dict[str, Any]
) -> None:
    """Rather than boxes in the wrong place."""
    with pytest.raises(DataError, match=f"no geometry for GotOcr2.*{next(iter(settings))}="):
        with_settings(adapter, **settings).layout(64, 64)


@pytest.mark.parametrize(
    ("name", "value"), [("downsample_ratio", 0.25), ("vision_feature_select_strategy", "full")]
)
def test_unknown_model_settings_are_refused(
    adapter: InternVLAdapter, name: str, value: float | str
) -> None:
    """A class token or another merge would shift all cells."""
    other = _with_config(adapter)
    setattr(other.model.config, name, value)
    with pytest.raises(DataError, match=rf"no geometry.*{name}='?{value}"):
        other.layout(64, 64)


def test_patches_that_are_not_square_are_refused(adapter: InternVLAdapter) -> None:
    """The model itself takes the root of their number for the side."""
    other = _with_config(adapter)
    other.model.config.vision_config.patch_size = (4, 6)
    with pytest.raises(DataError, match=r"no geometry.*patch_size=\(4, 6\)"):
        other.layout(64, 64)


def test_features_replace_the_placeholder(adapter: InternVLAdapter) -> None:
    """H[0] is what the projector gives, tile by tile."""
    inputs = adapter._inputs(probe_image(), adapter.question)
    with torch.no_grad():
        features = adapter.model.model.get_image_features(inputs["pixel_values"]).pooler_output
    torch.testing.assert_close(adapter.encode(probe_image(), [0]).states[0], features.flatten(0, 1))


def test_tiles_can_be_looked_at(adapter: InternVLAdapter) -> None:
    """The states are the same; the geometry is that of the chosen view."""
    tiles = InternVLAdapter(adapter.path, "x", "random", view="tiles", prompt="plain")
    assert tiles.facts.prefix == "<img>"
    image = probe_image()
    assert tiles.encode(image, [0]).geometry == adapter.layout(*image.size).view("tiles")
    assert adapter.encode(image, [0]).geometry == adapter.layout(*image.size).view("global")
