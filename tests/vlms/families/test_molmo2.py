"""Molmo2: the whole image small, then large, pooled; separators under ids of their own."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import example, given
from hypothesis import strategies as st

from harness.core.errors import DataError
from harness.vlms.families.molmo2 import Molmo2Adapter
from harness.vlms.probes import probe_image
from tests.vlms.checkpoints.molmo2 import DEPTH, PATCH, build
from tests.vlms.families.painting import SIZES, misplaced
from tests.vlms.families.ramp import RAW, farthest, ramp, sizes, with_settings


@pytest.fixture(scope="module")
def adapter(tmp_path_factory: pytest.TempPathFactory) -> Molmo2Adapter:
    """Return a tiny random model, loaded by path."""
    return Molmo2Adapter(build(tmp_path_factory.mktemp("molmo2") / "x"), "molmo2", "random")


def test_facts_are_those_of_the_family(adapter: Molmo2Adapter) -> None:
    """Image tokens see each other both ways, and have no row in the output matrix."""
    facts = adapter.facts
    assert (facts.family, facts.layers, facts.hidden) == ("molmo2", DEPTH, 32)
    assert (facts.image_attention, facts.feature_entry) == ("bidirectional", "add")
    assert facts.injection_layers == ()
    assert facts.vocabulary == adapter.model.config.text_config.vocab_size
    assert facts.vocabulary < len(adapter.tokenizer)


@pytest.mark.parametrize("size", SIZES)
def test_every_painted_cell_moves_its_own_token(
    adapter: Molmo2Adapter, size: tuple[int, int]
) -> None:
    """In both views, outer cells of half the size among them."""
    assert misplaced(adapter, size) == []


def test_separators_are_no_visual_tokens(adapter: Molmo2Adapter) -> None:
    """Row ends, starts and ends of views have ids of their own."""
    image = probe_image()
    ids = adapter._inputs(image, adapter.question)["input_ids"][0].tolist()
    layout = adapter.layout(*image.size)
    small, large = layout.view("global"), layout.view("tiles")
    assert ids.count(adapter.tokenizer.convert_tokens_to_ids("<im_patch>")) == layout.total
    column = adapter.tokenizer.convert_tokens_to_ids("<im_col>")
    assert ids.count(column) == small.grid[0] + large.grid[0]
    assert (small.first_token, large.first_token) == (0, small.tokens)
    assert layout.separators == ()


def test_outer_cells_that_pool_fewer_patches_are_smaller(adapter: Molmo2Adapter) -> None:
    """Seven patches pooled by two: the last row and column are half as wide."""
    view = adapter.layout(70, 70).view("global")
    assert (view.grid, view.canvas) == ((4, 4), (32, 32))
    assert view.cell_box(0, 0) == pytest.approx((0, 0, 20, 20))
    assert view.cell_box(3, 3) == pytest.approx((60, 60, 70, 70))


def _colours(batch: Any) -> np.ndarray:
    """Return [tokens, 2] mean colours of the patches that each token pools."""
    crops = batch["pixel_values"]
    patches = crops.reshape(crops.shape[0] * crops.shape[1], -1, 3).mean(1)
    pooled = batch["image_token_pooling"]
    used = (pooled >= 0)[..., None]
    colours: np.ndarray = (patches[pooled] * used).sum(1) / used.sum(1)
    return colours[:, :2]


@given(
    size=sizes,
    crops=st.integers(1, 6),
    margins=st.tuples(st.integers(0, 2), st.integers(0, 2)),
    pooling=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    patches=st.integers(5, 8),
)
@example(size=(1, 5000), crops=4, margins=(1, 1), pooling=(2, 2), patches=7)
@example(size=(5000, 1), crops=4, margins=(1, 1), pooling=(2, 2), patches=7)
@example(size=(1, 1), crops=4, margins=(1, 1), pooling=(2, 2), patches=7)
@example(size=(8, 60), crops=4, margins=(1, 1), pooling=(2, 2), patches=7)
def test_cells_are_where_the_processor_takes_their_pixels_from(
    adapter: Molmo2Adapter,
    size: tuple[int, int],
    crops: int,
    margins: tuple[int, int],
    pooling: tuple[int, int],
    patches: int,
) -> None:
    """For any size, margins and pooling, which are the checkpoint's and not the family's."""
    other = with_settings(
        adapter,
        max_crops=crops,
        overlap_margins=list(margins),
        pooling_size=list(pooling),
        size={"height": patches * PATCH, "width": patches * PATCH},
    )
    layout = other.layout(*size)
    batch = other.processor.image_processor(images=[ramp(*size)], **RAW)
    small, large = layout.view("global"), layout.view("tiles")
    assert batch["image_grids"][0].tolist() == [*small.grid, *large.grid]
    assert len(batch["image_token_pooling"]) == layout.total
    colours = _colours(batch)
    assert farthest(small, colours) < 0.2
    assert farthest(large, colours) < 0.2


@pytest.mark.parametrize("size", [(378, 378), (640, 480), (333, 1500)])
def test_released_settings_give_the_grids_that_are_known(
    adapter: Molmo2Adapter, size: tuple[int, int]
) -> None:
    """27 x 27 patches a crop, pooled to 14 x 14 tokens, and eight crops at most."""
    released = {"patch_size": 14, "overlap_margins": [4, 4], "max_crops": 8}
    other = with_settings(adapter, size={"height": 378, "width": 378}, **released)
    layout = other.layout(*size)
    assert layout.view("global").grid == (14, 14)
    colours = _colours(other.processor.image_processor(images=[ramp(*size)], **RAW))
    for view in layout.views.values():
        assert farthest(view, colours) < 0.2


@pytest.mark.parametrize(
    "settings",
    [
        {"size": {"height": 28, "width": 56}},
        {"size": {"height": 30, "width": 30}},
        {"overlap_margins": [4, 3]},
    ],
)
def test_unknown_settings_are_refused(adapter: Molmo2Adapter, settings: dict[str, Any]) -> None:
    """Rather than boxes in the wrong place."""
    with pytest.raises(DataError, match=f"no geometry for Molmo2.*{next(iter(settings))}="):
        with_settings(adapter, **settings).layout(64, 64)


def test_features_are_added_to_the_placeholder(adapter: Molmo2Adapter) -> None:
    """H[0] is the embedding of the placeholder plus what the projector gives."""
    inputs = adapter._inputs(probe_image(), adapter.question)
    with torch.no_grad():
        features = adapter.model.model.get_image_features(
            inputs["pixel_values"], inputs["image_token_pooling"], inputs["image_grids"]
        ).pooler_output[0]
        placeholder = adapter.model.get_input_embeddings().weight[
            adapter.model.config.image_token_id
        ]
    assert placeholder.norm() > 0
    torch.testing.assert_close(adapter.encode(probe_image(), [0]).states[0], features + placeholder)


def test_tiles_can_be_looked_at(adapter: Molmo2Adapter) -> None:
    """The states are the same; the geometry is that of the chosen view."""
    tiles = Molmo2Adapter(adapter.path, "x", "random", view="tiles", prompt="plain")
    image = probe_image()
    assert tiles.encode(image, [0]).geometry == adapter.layout(*image.size).view("tiles")
    assert adapter.encode(image, [0]).geometry == adapter.layout(*image.size).view("global")
