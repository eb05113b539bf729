"""LLaVA-NeXT: the square view, then the stitched tiles with newlines."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from transformers.models.llava_next.modeling_llava_next import LlavaNextModel

from harness.core.errors import DataError
from harness.vlms.families.llava_next import LlavaNextAdapter
from harness.vlms.layout import TokenLayout
from harness.vlms.probes import probe_image
from tests.vlms.checkpoints.llava_next import DEPTH, SIDE, build
from tests.vlms.families.edges import farthest_edge, image_box, packed_edges, tile_shape
from tests.vlms.families.packing import packed, placeholders, resized, worst
from tests.vlms.families.painting import SIZES, astray, misplaced
from tests.vlms.families.ramp import sizes, with_settings

_PUBLISHED: Final = [[336, 672], [672, 336], [672, 672], [1008, 336], [336, 1008]]


@pytest.fixture(scope="module")
def adapter(tmp_path_factory: pytest.TempPathFactory) -> LlavaNextAdapter:
    """Return a tiny random model, loaded by path."""
    return LlavaNextAdapter(build(tmp_path_factory.mktemp("llava_next") / "x"), "x", "random")


def _of_size(adapter: LlavaNextAdapter, side: int, patch: int, resolutions: Any) -> Any:
    """Return an unloaded copy with other tiles."""
    square = {"height": side, "width": side}
    other = resized(
        adapter,
        {"image_size": side, "patch_size": patch},
        {"image_grid_pinpoints": resolutions},
        size={"shortest_edge": side},
        crop_size=square,
        image_grid_pinpoints=resolutions,
    )
    other.processor.patch_size = patch
    return other


def _found(adapter: LlavaNextAdapter, size: tuple[int, int]) -> tuple[TokenLayout, float]:
    """Return the layout, and how far its cells are from what their tokens look at."""
    layout = adapter.layout(*size)
    assert layout.total == placeholders(adapter, size)
    return layout, worst(
        layout, packed(adapter, size, LlavaNextModel.pack_image_features, "default")
    )


def test_facts_are_those_of_the_family(adapter: LlavaNextAdapter) -> None:
    """Features replace the placeholder, and no token sees a later one."""
    facts = adapter.facts
    assert (facts.family, facts.layers, facts.hidden) == ("llava_next", DEPTH, 32)
    assert (facts.image_attention, facts.feature_entry) == ("causal", "replace")
    assert facts.injection_layers == ()
    assert facts.prefix == "<s>user: "


@pytest.mark.parametrize("size", SIZES)
def test_every_painted_cell_moves_its_own_token(
    adapter: LlavaNextAdapter, size: tuple[int, int]
) -> None:
    """In both views; newlines never move."""
    assert misplaced(adapter, size) == []
    layout = adapter.layout(*size)
    rows, cols = layout.view("tiles").grid
    first = layout.view("tiles").first_token
    ends = tuple(first + row * (cols + 1) + cols for row in range(rows))
    assert layout.separators == ends


def test_newlines_are_the_learned_vector(adapter: LlavaNextAdapter) -> None:
    """And all other visual tokens are the projector's."""
    inputs = adapter._inputs(probe_image(), adapter.question)
    with torch.no_grad():
        features = adapter.model.model.get_image_features(
            inputs["pixel_values"], inputs["image_sizes"]
        ).pooler_output[0]
    states = adapter.encode(probe_image(), [0]).states[0]
    torch.testing.assert_close(states, features)
    newlines = states[list(adapter.layout(*probe_image().size).separators)]
    torch.testing.assert_close(newlines, adapter.model.model.image_newline.expand_as(newlines))


@settings(max_examples=60, deadline=None)
@given(size=sizes)
@example(size=(1, 5000))
@example(size=(5000, 1))
@example(size=(1, 1))
@example(size=(72, 24))
def test_cells_are_where_the_model_takes_their_pixels_from(
    adapter: LlavaNextAdapter, size: tuple[int, int]
) -> None:
    """For any size, with outer cells that are part padding or cut off."""
    assert _found(adapter, size)[1] < 0.2


@settings(max_examples=12, deadline=None)
@given(size=st.tuples(st.integers(1, 1500), st.integers(1, 1500)))
@example(size=(640, 480))
@example(size=(333, 500))
@example(size=(1, 5000))
def test_cells_of_published_sizes(adapter: LlavaNextAdapter, size: tuple[int, int]) -> None:
    """With 24x24 tokens per tile of 336 pixels."""
    other = _of_size(adapter, 336, 14, _PUBLISHED)
    layout, off = _found(other, size)
    assert off < 0.2
    assert layout.view("global").grid == (24, 24)
    assert layout.view("tiles").first_token in (0, 576)


@settings(max_examples=40, deadline=None)
@given(size=sizes, patch=st.integers(3, 9), strip=st.integers(0, 8))
@example(size=(150, 90), patch=8, strip=3)
@example(size=(90, 150), patch=8, strip=7)
@example(size=(150, 150), patch=8, strip=7)
def test_edges_of_cells_are_those_of_patches(
    adapter: LlavaNextAdapter, size: tuple[int, int], patch: int, strip: int
) -> None:
    """Exactly, whatever strip of a tile is left out, also if whole tiles see padding only."""
    side = 3 * patch + strip % patch
    other = _of_size(adapter, side, patch, [[side, 5 * side], [5 * side, 2 * side]])
    shape = tile_shape(other, size)
    edges = packed_edges(other, size, shape, LlavaNextModel.pack_image_features, "default")
    view = other.layout(*size).view("tiles")
    if view.first_token:
        assert farthest_edge(view, edges, image_box(other, size, shape)) < 1e-6


def test_painted_cells_of_tiles_with_strips(tmp_path: Path) -> None:
    """All cells; pixels between tiles move no token."""
    path = build(tmp_path / "x", side=SIDE + 7)
    strips = LlavaNextAdapter(path, "x", "random")
    assert {size: misplaced(strips, size) for size in SIZES} == dict.fromkeys(SIZES, [])
    assert astray(strips, (62, 62)) == []
    assert astray(strips, (62, 41)) == []


def test_an_image_of_no_columns_has_only_newlines_behind_the_square(
    adapter: LlavaNextAdapter,
) -> None:
    """Then the square is the only view of it."""
    other = _of_size(adapter, 16, 8, [[32, 16], [16, 32]])
    layout = other.layout(1, 5000)
    assert layout.total == placeholders(other, (1, 5000)) == 4 + len(layout.separators)
    assert layout.separators
    assert layout.view("tiles") == layout.view("global")


def test_outer_cells_hold_padding_or_are_cut_off(adapter: LlavaNextAdapter) -> None:
    """The grid is rounded to whole tokens; the image on the canvas is not."""
    padded = adapter.layout(100, 90).view("tiles")
    assert padded.grid == (6, 6)
    assert [padded.real(row, 2) for row in range(6)] == [False, True, True, True, True, False]
    cut = adapter.layout(100, 80).view("tiles")
    assert (cut.grid, cut.canvas, cut.placed) == ((4, 6), (48, 32), (0, -4, 48, 35))
    assert cut.real(0, 0)


@pytest.mark.parametrize(
    "change",
    [
        {"do_resize": False},
        {"size": {"shortest_edge": 32}},
        {"size": {"height": 24, "width": 48}},
        {"crop_size": {"height": 16, "width": 16}},
        {"image_grid_pinpoints": [[24, 48]]},
        {"image_grid_pinpoints": []},
    ],
)
def test_unknown_processor_settings_are_refused(
    adapter: LlavaNextAdapter, change: dict[str, Any]
) -> None:
    """Rather than boxes in the wrong place."""
    with pytest.raises(DataError, match=f"no geometry for LlavaNext.*{next(iter(change))}="):
        with_settings(adapter, **change).layout(64, 64)


def test_resolutions_must_be_whole_tiles(adapter: LlavaNextAdapter) -> None:
    """The model would cut the last tile short."""
    uneven = [[24, 60], [60, 24]]
    with pytest.raises(DataError, match=r"no geometry.*\(24, 60\)"):
        _of_size(adapter, 24, 8, uneven).layout(64, 64)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("patch_size", 4),
        ("num_additional_image_tokens", 0),
        ("vision_feature_select_strategy", "full"),
    ],
)
def test_a_processor_that_counts_other_tokens_is_refused(
    adapter: LlavaNextAdapter, name: str, value: int | str
) -> None:
    """Its number of placeholders would not be that of the features."""
    other = with_settings(adapter)
    setattr(other.processor, name, value)
    with pytest.raises(DataError, match=f"no geometry.*{name}='?{value}"):
        other.layout(64, 64)


def test_tiles_can_be_looked_at(adapter: LlavaNextAdapter) -> None:
    """The states are the same; the geometry is that of the chosen view."""
    tiles = LlavaNextAdapter(adapter.path, "x", "random", view="tiles", prompt="plain")
    assert tiles.facts.prefix == "<s>"
    image = probe_image()
    assert tiles.encode(image, [0]).geometry == adapter.layout(*image.size).view("tiles")
    assert adapter.encode(image, [0]).geometry == adapter.layout(*image.size).view("global")
