"""Idefics3 and SmolVLM: tiles, then the whole image."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st

from harness.core.errors import DataError
from harness.vlms.families.idefics3 import Idefics3Adapter, SmolVLMAdapter
from harness.vlms.layout import TokenLayout
from harness.vlms.probes import probe_image
from tests.vlms.checkpoints import build
from tests.vlms.checkpoints.idefics3 import SIDE
from tests.vlms.checkpoints.idefics3 import build as build_idefics3
from tests.vlms.checkpoints.llava_next import DEPTH
from tests.vlms.families.edges import farthest_edge, patch_edges
from tests.vlms.families.packing import image, placeholders, resized, tiles, worst
from tests.vlms.families.painting import SIZES, astray, misplaced
from tests.vlms.families.ramp import RAW, sizes, with_settings

_KINDS = {"idefics3": Idefics3Adapter, "smolvlm": SmolVLMAdapter}


@pytest.fixture(scope="module", params=_KINDS)
def adapter(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Idefics3Adapter:
    """Return a tiny random model of either family, loaded by path."""
    family: str = request.param
    path = build(family, tmp_path_factory.mktemp("idefics3") / family)
    return _KINDS[family](path, family, "random")


def _of_size(
    adapter: Idefics3Adapter, side: int, patch: int, factor: int, longest: int, cut: bool = True
) -> Any:
    """Return an unloaded copy with other tiles."""
    other = resized(
        adapter,
        {"image_size": side, "patch_size": patch},
        {"scale_factor": factor},
        size={"longest_edge": longest},
        max_image_size={"longest_edge": side},
        do_image_splitting=cut,
    )
    other.processor.image_seq_len = (side // patch // factor) ** 2
    return other


def _found(adapter: Idefics3Adapter, size: tuple[int, int]) -> tuple[TokenLayout, float]:
    """Return the layout, and how far its cells are from what their tokens look at."""
    layout = adapter.layout(*size)
    assert layout.total == placeholders(adapter, size)
    assert layout.separators == ()
    config = adapter.model.config
    colours = tiles(adapter, size, config.vision_config.patch_size * config.scale_factor)
    return layout, worst(layout, colours.flatten(0, 1))


def test_facts_are_those_of_the_family(adapter: Idefics3Adapter) -> None:
    """Tiles are announced by tokens of their own, which are no visual tokens."""
    facts = adapter.facts
    assert (_KINDS[facts.family], facts.layers, facts.hidden) == (type(adapter), DEPTH, 32)
    assert (facts.image_attention, facts.feature_entry) == ("causal", "replace")
    assert facts.injection_layers == ()
    assert facts.prefix == "<s>user: <fake_token_around_image><row_1_col_1>"


@pytest.mark.parametrize("size", [*SIZES, (24, 24)])
def test_every_painted_cell_moves_its_own_token(
    adapter: Idefics3Adapter, size: tuple[int, int]
) -> None:
    """In the tiles and in the whole image."""
    assert misplaced(adapter, size) == []
    layout = adapter.layout(*size)
    whole, cut = layout.view("global"), layout.view("tiles")
    assert (cut.first_token, whole.first_token) == (0, cut.tokens)
    assert layout.total == cut.tokens + whole.tokens


def test_features_replace_the_placeholder(adapter: Idefics3Adapter) -> None:
    """H[0] is what the connector gives, tile by tile."""
    inputs = adapter._inputs(probe_image(), adapter.question)
    with torch.no_grad():
        output = adapter.model.model.get_image_features(
            inputs["pixel_values"], inputs["pixel_attention_mask"]
        )
    features = torch.cat(list(output.pooler_output))
    states = adapter.encode(probe_image(), [0]).states[0]
    torch.testing.assert_close(states, features.reshape(-1, 32))


@settings(max_examples=50, deadline=None)
@given(
    size=sizes,
    side=st.integers(2, 5).map(lambda cells: 8 * cells),
    longest=st.integers(40, 150),
    cut=st.booleans(),
)
@example(size=(1, 5000), side=24, longest=64, cut=True)
@example(size=(5000, 1), side=24, longest=64, cut=True)
@example(size=(1, 1), side=24, longest=64, cut=True)
@example(size=(99, 99), side=24, longest=49, cut=True)
@example(size=(31, 21), side=24, longest=64, cut=True)
@example(size=(21, 31), side=24, longest=64, cut=True)
@example(size=(150, 90), side=24, longest=64, cut=False)
def test_cells_are_where_the_processor_takes_their_pixels_from(
    adapter: Idefics3Adapter, size: tuple[int, int], side: int, longest: int, cut: bool
) -> None:
    """For any size and any settings of the checkpoint, cut or whole."""
    layout, off = _found(_of_size(adapter, side, 4, 2, longest, cut), size)
    # An image that is first shrunk to a line or two has no places left to compare.
    assert off < 0.2 or min(size) * longest < 8 * max(size)
    assert cut or layout.view("tiles") == layout.view("global")


@settings(max_examples=4, deadline=None)
@given(size=st.tuples(st.integers(1, 1000), st.integers(1, 1000)))
@example(size=(640, 480))
@pytest.mark.parametrize(
    ("side", "patch", "factor", "longest"),
    [(364, 14, 2, 1456), (512, 16, 4, 2048), (384, 14, 3, 1536)],
)
def test_cells_of_published_sizes(
    adapter: Idefics3Adapter,
    size: tuple[int, int],
    side: int,
    patch: int,
    factor: int,
    longest: int,
) -> None:
    """Also with the strips that patches of 14 leave out of 384."""
    strip = side % patch
    other = _of_size(adapter, side, patch, factor, longest)
    layout, off = _found(other, size)
    assert off < 0.2
    assert _worst_edge(other, size) < 1e-6
    whole = layout.view("global")
    assert whole.seams is None
    assert whole.canvas == (side - strip, side - strip)
    assert layout.view("tiles").tile == whole.grid


@settings(max_examples=40, deadline=None)
@given(size=sizes, patch=st.integers(2, 5), strip=st.integers(0, 4), longest=st.integers(40, 150))
@example(size=(150, 90), patch=4, strip=3, longest=64)
@example(size=(90, 200), patch=4, strip=1, longest=64)
def test_edges_of_cells_are_those_of_patches(
    adapter: Idefics3Adapter, size: tuple[int, int], patch: int, strip: int, longest: int
) -> None:
    """Exactly, whatever strip of a tile is left out."""
    side = 6 * patch + strip % patch
    assert _worst_edge(_of_size(adapter, side, patch, 2, longest), size) < 1e-6


def _worst_edge(adapter: Idefics3Adapter, size: tuple[int, int]) -> float:
    """Return how far an edge of a cell is from that of its patches, in canvas pixels."""
    config, images = adapter.model.config, adapter.processor.image_processor
    batch = images(images=[image(*size)], return_row_col_info=True, **RAW)
    # An image that is not cut has no rows and no columns of tiles.
    shape = (max(1, batch["rows"][0][0]), max(1, batch["cols"][0][0]))
    side = images.max_image_size["longest_edge"]
    token = config.vision_config.patch_size * config.scale_factor
    placed = (0.0, 0.0, float(shape[1] * side), float(shape[0] * side))
    edges = patch_edges(shape, side, token).flatten(0, 1)
    return farthest_edge(adapter.layout(*size).view("tiles"), edges, placed)


@pytest.mark.parametrize("strip", [1, 3])
def test_painted_cells_of_tiles_with_strips(tmp_path: Path, strip: int) -> None:
    """All cells; pixels between tiles move no token."""
    side = SIDE + strip
    path = build_idefics3(tmp_path / "x", side=side, longest=2 * side)
    strips = Idefics3Adapter(path, "x", "random")
    assert {size: misplaced(strips, size) for size in SIZES} == dict.fromkeys(SIZES, [])
    assert astray(strips, (2 * side, 2 * side)) == []


@pytest.mark.parametrize("size", [(300, 70), (70, 300)])
def test_no_edge_is_longer_than_the_library_allows(
    adapter: Idefics3Adapter, size: tuple[int, int]
) -> None:
    """Whatever the settings say."""
    layout, off = _found(_of_size(adapter, 256, 64, 2, 5000), size)
    assert off < 0.2
    assert max(layout.view("tiles").canvas) == 4096


def test_an_image_of_one_tile_is_not_cut(adapter: Idefics3Adapter) -> None:
    """The one view is both."""
    layout = _of_size(adapter, 24, 4, 2, 24).layout(30, 20)
    assert layout.total == 9
    assert layout.view("tiles") == layout.view("global")
    assert layout.view("global").first_token == 0


@pytest.mark.parametrize(
    "change",
    [
        {"do_resize": False},
        {"size": {"height": 64, "width": 64}},
        {"max_image_size": {"longest_edge": 20}},
    ],
)
def test_unknown_processor_settings_are_refused(
    adapter: Idefics3Adapter, change: dict[str, Any]
) -> None:
    """Rather than boxes in the wrong place."""
    with pytest.raises(DataError, match=f"no geometry for .*{next(iter(change))}="):
        with_settings(adapter, **change).layout(64, 64)


def test_a_processor_that_counts_other_tokens_is_refused(adapter: Idefics3Adapter) -> None:
    """Its number of placeholders would not be that of the features."""
    other = with_settings(adapter)
    other.processor.image_seq_len = 5
    with pytest.raises(DataError, match="no geometry.*image_seq_len=5"):
        other.layout(64, 64)


def test_patches_that_do_not_join_to_whole_tokens_are_refused(adapter: Idefics3Adapter) -> None:
    """The model could not shuffle them."""
    with pytest.raises(DataError, match="no geometry.*patch_size=4, scale_factor=4"):
        _of_size(adapter, 24, 4, 4, 64).layout(64, 64)


def test_tiles_can_be_looked_at(tmp_path: Path) -> None:
    """The states are the same; the geometry is that of the chosen view."""
    path = build("idefics3", tmp_path / "x")
    adapter = Idefics3Adapter(path, "x", "random", view="tiles", prompt="plain")
    assert adapter.facts.prefix == "<s><fake_token_around_image><row_1_col_1>"
    image = probe_image()
    tokens = adapter.encode(image, [0])
    assert tokens.geometry == adapter.layout(*image.size).view("tiles")
    assert len(tokens.states[0]) == adapter.layout(*image.size).total
