"""LLaVA-OneVision: as LLaVA-NeXT, with a grid that is shrunk where there are many tiles."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from transformers.models.llava_onevision.modeling_llava_onevision import LlavaOnevisionModel

from harness.core.errors import DataError
from harness.core.records import Box
from harness.vlms.families.llava_onevision import LlavaOnevisionAdapter
from harness.vlms.layout import TokenLayout
from harness.vlms.seams import Seams
from tests.vlms.checkpoints.llava_onevision import ASPECT_RATIO, PATCH, SIDE, build
from tests.vlms.families.edges import (
    farthest_edge,
    farthest_middle,
    image_box,
    packed_edges,
    tile_shape,
)
from tests.vlms.families.packing import packed, placeholders, resized, worst
from tests.vlms.families.painting import SIZES, astray, misplaced
from tests.vlms.families.ramp import sizes, with_settings


@pytest.fixture(scope="module")
def adapter(tmp_path_factory: pytest.TempPathFactory) -> LlavaOnevisionAdapter:
    """Return a tiny random model, loaded by path."""
    path = build(tmp_path_factory.mktemp("llava_onevision") / "x")
    return LlavaOnevisionAdapter(path, "x", "random")


def _of_size(
    adapter: LlavaOnevisionAdapter, side: int, patch: int, most: int, aspect_ratio: str
) -> Any:
    """Return an unloaded copy with other tiles, up to ``most`` along each side."""
    edges = [side * count for count in range(1, most + 1)]
    resolutions = [[high, wide] for high in edges for wide in edges]
    other = resized(
        adapter,
        {"image_size": side, "patch_size": patch},
        {"image_grid_pinpoints": resolutions, "vision_aspect_ratio": aspect_ratio},
        size={"height": side, "width": side},
        image_grid_pinpoints=resolutions,
    )
    other.processor.num_image_tokens = (side // patch) ** 2
    other.processor.vision_aspect_ratio = aspect_ratio
    return other


def _packed(adapter: LlavaOnevisionAdapter, size: tuple[int, int]) -> torch.Tensor:
    """Return [total, 3] colours of the visual tokens, as the model itself puts them in sequence."""
    ratio = adapter.model.config.vision_aspect_ratio
    return packed(
        adapter, size, partial(LlavaOnevisionModel.pack_image_features, vision_aspect_ratio=ratio)
    )


def _found(adapter: LlavaOnevisionAdapter, size: tuple[int, int]) -> tuple[TokenLayout, float]:
    """Return the layout, and how far its cells are from what their tokens look at."""
    layout = adapter.layout(*size)
    assert layout.total == placeholders(adapter, size)
    return layout, worst(layout, _packed(adapter, size))


def test_facts_are_those_of_the_family(adapter: LlavaOnevisionAdapter) -> None:
    """Features replace the placeholder, and no token sees a later one."""
    facts = adapter.facts
    assert facts.family == "llava_onevision"
    assert (facts.image_attention, facts.feature_entry) == ("causal", "replace")
    assert facts.injection_layers == ()


@pytest.mark.parametrize("size", SIZES)
def test_every_painted_cell_moves_its_own_token(
    adapter: LlavaOnevisionAdapter, size: tuple[int, int]
) -> None:
    """In both views, shrunk or not; newlines never move."""
    assert misplaced(adapter, size) == []
    layout = adapter.layout(*size)
    assert len(layout.separators) == layout.view("tiles").grid[0]


def test_a_grid_of_many_tiles_is_shrunk(adapter: LlavaOnevisionAdapter) -> None:
    """By both sides alike, when it has 1.21 times the tokens of the tiles that are kept whole."""
    view = adapter.layout(64, 64).view("tiles")
    assert (view.grid, view.canvas) == ((6, 6), (3 * SIDE, 3 * SIDE))
    whole = adapter.layout(90, 60).view("tiles")
    assert (whole.grid, whole.canvas) == ((4, 7), (3 * SIDE, 2 * SIDE))
    small = _of_size(adapter, SIDE, PATCH, 3, "anyres_max_9").layout(64, 64).view("tiles")
    assert (small.grid, small.canvas) == ((9, 9), (3 * SIDE, 3 * SIDE))


@settings(max_examples=60, deadline=None)
@given(size=sizes, most=st.integers(1, 4), keep=st.integers(1, 16))
@example(size=(1, 5000), most=3, keep=4)
@example(size=(5000, 1), most=3, keep=4)
@example(size=(1, 1), most=3, keep=4)
@example(size=(72, 72), most=4, keep=1)
def test_cells_are_where_the_model_takes_their_pixels_from(
    adapter: LlavaOnevisionAdapter, size: tuple[int, int], most: int, keep: int
) -> None:
    """For any size and any bound on tiles, which are the checkpoint's and not the family's."""
    other = _of_size(adapter, SIDE, PATCH, most, f"anyres_max_{keep}")
    try:
        assert _found(other, size)[1] < 0.3
    except DataError:
        with pytest.raises(RuntimeError, match="should be greater than 0"):
            _packed(other, size)


def test_an_image_shrunk_to_nothing_is_refused(adapter: LlavaOnevisionAdapter) -> None:
    """In one line, where the model would stop in the middle of its work."""
    other = _of_size(adapter, SIDE, PATCH, 4, "anyres_max_1")
    with pytest.raises(DataError, match="image this long.* 12x1 tokens .* to 10x0; crop"):
        other.layout(1, 73)


def _edges(adapter: LlavaOnevisionAdapter, size: tuple[int, int]) -> tuple[torch.Tensor, Box]:
    """Return [total, 4] edges of what the tokens look at on the canvas, and of the image there."""
    shape = tile_shape(adapter, size)
    ratio = adapter.model.config.vision_aspect_ratio
    pack = partial(LlavaOnevisionModel.pack_image_features, vision_aspect_ratio=ratio)
    return packed_edges(adapter, size, shape, pack), image_box(adapter, size, shape)


@settings(max_examples=40, deadline=None)
@given(size=sizes, patch=st.integers(3, 9), strip=st.integers(0, 8))
@example(size=(150, 90), patch=8, strip=3)
@example(size=(90, 150), patch=8, strip=7)
@example(size=(1, 1), patch=8, strip=7)
def test_edges_of_cells_are_those_of_patches(
    adapter: LlavaOnevisionAdapter, size: tuple[int, int], patch: int, strip: int
) -> None:
    """Exactly, whatever strip of a tile is left out and however many tokens are dropped."""
    side = 3 * patch + strip % patch
    other = _of_size(adapter, side, patch, 3, "anyres_max_9")
    view = other.layout(*size).view("tiles")
    assert farthest_edge(view, *_edges(other, size)) < 1e-6


@settings(max_examples=8, deadline=None)
@given(size=st.tuples(st.integers(1, 3000), st.integers(1, 3000)))
@example(size=(640, 480))
@example(size=(2304, 1500))
def test_cells_of_published_sizes(adapter: LlavaOnevisionAdapter, size: tuple[int, int]) -> None:
    """Patches of 14 pixels leave out 6 of each tile's 384.

    A token of a shrunk grid is a mixture of neighbours; where a seam is between them its middle may
    be half a strip from that of its cell.
    """
    whole = _of_size(adapter, 384, 14, 6, "anyres_max_36")
    view = whole.layout(*size).view("tiles")
    edges, placed = _edges(whole, size)
    assert farthest_edge(view, edges, placed) < 1e-6
    shrinking = _of_size(adapter, 384, 14, 6, "anyres_max_9")
    layout, off = _found(shrinking, size)
    assert off < 0.2
    assert farthest_middle(layout.view("tiles"), *_edges(shrinking, size)) <= 3 + 1e-6
    square = layout.view("global")
    assert (square.grid, square.canvas, square.seams) == ((27, 27), (378, 378), None)


def test_seams_of_published_sizes(adapter: LlavaOnevisionAdapter) -> None:
    """640x480 on two by two tiles: 566 of 576 rows are left, six of them in the strip."""
    view = _of_size(adapter, 384, 14, 6, "anyres_max_9").layout(640, 480).view("tiles")
    assert (view.grid, view.canvas) == ((40, 54), (762, 566))
    assert view.seams == Seams(tile=(384, 384), seen=(378, 378), begin=(0, 98))
    scale = 640 / 768
    assert view.cell_box(5, 26)[::2] == pytest.approx((364 * scale, 378 * scale))
    assert view.cell_box(5, 27)[::2] == pytest.approx((384 * scale, 398 * scale))
    assert view.cell_at(381 * scale, 100) is None


@pytest.mark.parametrize("strip", [3, 7])
@pytest.mark.parametrize(("most", "keep"), [(2, 9), (3, 4)])
def test_painted_cells_of_tiles_with_strips(
    tmp_path: Path, strip: int, most: int, keep: int
) -> None:
    """All cells, of grids as they are and of shrunk ones."""
    ratio = f"anyres_max_{keep}"
    path = build(tmp_path / "x", side=SIDE + strip, most=most, aspect_ratio=ratio)
    strips = LlavaOnevisionAdapter(path, "x", "random")
    assert {size: misplaced(strips, size) for size in SIZES} == dict.fromkeys(SIZES, [])
    shrunk = strips.layout(64, 64).view("tiles")
    assert (shrunk.grid, shrunk.tokens * PATCH**2 < SIDE**2 * most**2) == ((6, 6), most == 3)


def test_strips_of_pixels_move_no_token(tmp_path: Path) -> None:
    """And every other line of pixels moves the tokens that claim it and no others."""
    path = build(tmp_path / "x", side=SIDE + 3, most=2, aspect_ratio="anyres_max_9")
    strips = LlavaOnevisionAdapter(path, "x", "random")
    assert astray(strips, (2 * SIDE + 6, 2 * SIDE + 6)) == []


@pytest.mark.parametrize("ratio", ["anyres", "pad", "anyres_max_", "anyres_max_0", ""])
def test_unknown_aspect_ratios_are_refused(adapter: LlavaOnevisionAdapter, ratio: str) -> None:
    """The model itself would stop at them, or divide by zero."""
    with pytest.raises(DataError, match=f"no geometry.*vision_aspect_ratio='{ratio}'"):
        _of_size(adapter, SIDE, PATCH, 3, ratio).layout(64, 64)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("num_image_tokens", 10),
        ("vision_feature_select_strategy", "default"),
        ("vision_aspect_ratio", "anyres_max_9"),
    ],
)
def test_a_processor_that_counts_other_tokens_is_refused(
    adapter: LlavaOnevisionAdapter, name: str, value: int | str
) -> None:
    """Its number of placeholders would not be that of the features."""
    assert adapter.processor.vision_aspect_ratio == ASPECT_RATIO
    other = with_settings(adapter)
    setattr(other.processor, name, value)
    with pytest.raises(DataError, match=f"no geometry.*{name}='?{value}"):
        other.layout(64, 64)


def test_unknown_processor_settings_are_refused(adapter: LlavaOnevisionAdapter) -> None:
    """Rather than boxes in the wrong place."""
    with pytest.raises(DataError, match="no geometry for LlavaOnevision.*do_resize=False"):
        with_settings(adapter, do_resize=False).layout(64, 64)
