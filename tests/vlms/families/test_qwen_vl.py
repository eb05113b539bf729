"""Qwen2-VL, Qwen2.5-VL and Qwen3-VL: one grid over the whole image."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import example, given
from hypothesis import strategies as st
from PIL import Image

from harness.core.errors import DataError, UsageError
from harness.vlms.families.qwen_vl import Qwen2VLAdapter, Qwen3VLAdapter, Qwen25VLAdapter
from harness.vlms.probes import probe_image
from harness.vlms.registry import load_vlm
from tests.vlms.checkpoints import build
from tests.vlms.checkpoints.qwen_vl import (
    DEPTH,
    HIDDEN,
    build_qwen2_5_vl,
    build_qwen2_vl,
    build_qwen3_vl,
)
from tests.vlms.families.painting import SIZES, misplaced
from tests.vlms.families.ramp import RAW, farthest, ramp, sizes, with_settings

_FAMILIES: dict[str, tuple[Callable[[Path], Path], type[Qwen2VLAdapter]]] = {
    "qwen2_vl": (build_qwen2_vl, Qwen2VLAdapter),
    "qwen2_5_vl": (build_qwen2_5_vl, Qwen25VLAdapter),
    "qwen3_vl": (build_qwen3_vl, Qwen3VLAdapter),
}


@pytest.fixture(scope="module", params=list(_FAMILIES))
def adapter(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Return a tiny random model of each family, loaded by path."""
    build, kind = _FAMILIES[request.param]
    return kind(build(tmp_path_factory.mktemp("qwen") / request.param), request.param, "random")


def test_facts_are_those_of_the_family(adapter: Qwen2VLAdapter) -> None:
    """Measured attention, declared entry of features, and the blocks they are added behind."""
    facts = adapter.facts
    assert (facts.family, facts.layers, facts.hidden) == (facts.name, DEPTH, HIDDEN)
    assert (facts.image_attention, facts.feature_entry) == ("causal", "replace")
    assert facts.injection_layers == ((0, 1) if facts.family == "qwen3_vl" else ())
    assert facts.prefix.endswith("<|vision_start|>")
    assert facts.vocabulary == len(adapter.tokenizer)


@pytest.mark.parametrize("size", SIZES)
def test_every_painted_cell_moves_its_own_token(
    adapter: Qwen2VLAdapter, size: tuple[int, int]
) -> None:
    """Through processor, encoder and merger; the grid has the image's shape."""
    assert misplaced(adapter, size) == []
    rows, cols = adapter.geometry(*size).grid
    assert (rows < cols, rows > cols) == (size[0] > size[1], size[0] < size[1])


@given(
    size=sizes,
    merge=st.integers(1, 3),
    least=st.integers(1, 5000),
    most=st.integers(5000, 60000),
)
@example(size=(1, 200), merge=2, least=576, most=4096)
@example(size=(200, 1), merge=2, least=576, most=4096)
@example(size=(3, 3), merge=2, least=576, most=4096)
def test_cells_are_where_the_processor_takes_their_pixels_from(
    adapter: Qwen2VLAdapter, size: tuple[int, int], merge: int, least: int, most: int
) -> None:
    """For any size and any limits, which are the checkpoint's and not the family's."""
    limits = {"shortest_edge": least, "longest_edge": most}
    other = with_settings(adapter, merge_size=merge, size=limits)
    if max(size) > 200 * min(size):
        with pytest.raises(DataError, match=f"not take a {size[0]}x{size[1]} image.*ratio"):
            other.layout(*size)
        return
    layout = other.layout(*size)
    images = other.processor.image_processor
    batch = images(images=[ramp(*size)], **RAW)
    rows, cols = batch["image_grid_thw"][0, 1:] // merge
    assert layout.view("global").grid == (rows, cols)
    assert layout.total == rows * cols
    assert (list(layout.views), layout.separators) == (["global"], ())
    patches = batch["pixel_values"].reshape(layout.total, merge**2, 3, 2, -1)
    assert farthest(layout.view("global"), patches.mean((1, 3, 4))[:, :2]) < 0.2


@pytest.mark.parametrize(("patch", "grid"), [(14, (16, 16)), (16, (14, 14))])
def test_released_settings_give_the_grids_that_are_known(
    adapter: Qwen2VLAdapter, patch: int, grid: tuple[int, int]
) -> None:
    """28 pixels a token, and 32 in the third generation."""
    limits = {"shortest_edge": 56 * 56, "longest_edge": 28 * 28 * 1280}
    other = with_settings(adapter, patch_size=patch, size=limits)
    assert other.layout(448, 448).view("global").grid == grid
    for size in [(640, 480), (333, 1500), (30, 20)]:
        batch = other.processor.image_processor(images=[ramp(*size)], **RAW)
        layout = other.layout(*size)
        patches = batch["pixel_values"].reshape(layout.total, 4, 3, 2, -1)
        assert farthest(layout.view("global"), patches.mean((1, 3, 4))[:, :2]) < 0.2


def test_limits_may_have_their_old_names(adapter: Qwen2VLAdapter) -> None:
    """As in checkpoints saved before sizes had one form."""
    other = with_settings(adapter, min_pixels=8 * 8, max_pixels=16 * 16)
    assert other.layout(640, 640).view("global").grid == (2, 2)
    batch = other.processor.image_processor(images=[ramp(640, 640)], **RAW)
    assert batch["image_grid_thw"].tolist() == [[1, 4, 4]]


@pytest.mark.parametrize("size", [(1, 5000), (5000, 1), (1, 201)])
def test_extreme_shapes_are_refused_in_one_line(
    adapter: Qwen2VLAdapter, size: tuple[int, int]
) -> None:
    """As the model itself does, and before it is run."""
    for act in (adapter.layout, lambda *_: adapter.encode(Image.new("RGB", size), [0])):
        with pytest.raises(DataError, match=rf"{size[0]}x{size[1]}.*200") as caught:
            act(*size)
        assert "\n" not in str(caught.value)


def test_images_may_come_in_their_final_size(adapter: Qwen2VLAdapter) -> None:
    """Without resizing only whole cells have a place."""
    other = with_settings(adapter, do_resize=False)
    assert other.layout(40, 24).view("global").grid == (3, 5)
    batch = other.processor.image_processor(images=[ramp(40, 24)], **RAW)
    assert batch["image_grid_thw"].tolist() == [[1, 6, 10]]
    with pytest.raises(DataError, match=r"41x24.*do_resize=False.*multiples of 8"):
        other.layout(41, 24)


def test_other_limits_than_pixels_are_refused(adapter: Qwen2VLAdapter) -> None:
    """Rather than boxes in the wrong place."""
    other = with_settings(adapter, size={"height": 56, "width": 56})
    with pytest.raises(DataError, match="no geometry for Qwen2VLImageProcessor with size="):
        other.layout(64, 64)


def test_features_replace_the_placeholder(adapter: Qwen2VLAdapter) -> None:
    """H[0] is what the merger gives."""
    inputs = adapter._inputs(probe_image(), adapter.question)
    with torch.no_grad():
        features = adapter.model.model.get_image_features(
            inputs["pixel_values"], inputs["image_grid_thw"]
        ).pooler_output[0]
    torch.testing.assert_close(adapter.encode(probe_image(), [0]).states[0], features)


def test_states_are_those_before_features_are_added_again(adapter: Qwen2VLAdapter) -> None:
    """The next block gets H[i] as it is, except behind the injection layers."""
    inputs = adapter._inputs(probe_image(), adapter.question)
    visual = adapter._visual(inputs)
    entered: dict[int, torch.Tensor] = {}
    handles = [
        block.register_forward_pre_hook(
            lambda _, args, kwargs, depth=depth: entered.update(
                {depth: (args[0] if args else kwargs["hidden_states"])[0, visual]}
            ),
            with_kwargs=True,
        )
        for depth, block in enumerate(adapter.blocks)
    ]
    states = adapter.encode(probe_image(), range(DEPTH + 1)).states
    for handle in handles:
        handle.remove()
    changed = [
        depth - 1 for depth in range(1, DEPTH) if not torch.equal(states[depth], entered[depth])
    ]
    assert tuple(changed) == adapter.facts.injection_layers


def test_the_plain_prompt_gives_the_same_grid(adapter: Qwen2VLAdapter) -> None:
    """Nothing but the image before it: no role, no start token."""
    plain = type(adapter)(adapter.path, "x", "random", prompt="plain")
    assert plain.facts.prefix == ""
    tokens = plain.encode(probe_image(), [0])
    torch.testing.assert_close(tokens.states[0], adapter.encode(probe_image(), [0]).states[0])


def test_there_are_no_tiles(adapter: Qwen2VLAdapter) -> None:
    """The message lists what there is."""
    with pytest.raises(UsageError, match="'tiles'.*global"):
        type(adapter)(adapter.path, "x", "random", view="tiles")


def test_a_ramp_is_an_oracle_that_can_say_no(adapter: Qwen2VLAdapter) -> None:
    """A transposed grid, and one shifted by a token, are farther off than is allowed."""
    images = adapter.processor.image_processor
    patches = images(images=[ramp(150, 90)], **RAW)["pixel_values"].reshape(60, 4, 3, 2, -1)
    colours: np.ndarray = patches.mean((1, 3, 4))[:, :2]
    geometry = adapter.geometry(150, 90)
    turned = geometry.model_copy(update={"grid": geometry.grid[::-1]})
    assert farthest(turned, colours) > 1
    assert farthest(geometry, np.roll(colours, 1, axis=0)) > 0.5


@pytest.mark.parametrize("size", [(150, 90), (64, 64), (30, 25)])
def test_a_limit_on_pixels_is_the_models_too(tmp_path: Path, size: tuple[int, int]) -> None:
    """Layout and processor follow it alike; an image below the limit is not enlarged to it."""
    path = build("qwen2_vl", tmp_path / "qwen2_vl")
    limited = load_vlm(str(path), max_pixels=1500)
    canvas = limited.geometry(*size).canvas
    assert canvas[0] * canvas[1] <= 1500
    tokens = limited.encode(Image.new("RGB", size), [0])
    assert len(tokens.states[0]) == limited.layout(*size).total
    assert limited.layout(*size).total <= load_vlm(str(path)).layout(*size).total


def test_limits_that_cannot_be_are_one_line(tmp_path: Path) -> None:
    """Less than a token, or a model that has one size of images."""
    with pytest.raises(UsageError, match="max_pixels 9: expected at least 64, one visual token"):
        load_vlm(str(build("qwen2_vl", tmp_path / "qwen2_vl")), max_pixels=9)
    with pytest.raises(UsageError, match="max_pixels 900: a llava model does not scale images"):
        load_vlm("mini", max_pixels=900)
