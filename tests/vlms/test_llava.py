"""LLaVA's geometry follows the image processor's settings."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from harness.core.errors import DataError, MismatchError
from harness.vlms.families.llava import LlavaAdapter
from harness.vlms.geometry import Geometry
from harness.vlms.layout import TokenLayout
from harness.vlms.processing import load_processor
from tests.vlms.tiny import Checkpoint, Mode, load


def _changed(source: Path, target: Path, **settings: Any) -> Path:
    """Copy a checkpoint and change settings of its image processor."""
    path = Path(shutil.copytree(source, target))
    file = path / "processor_config.json"
    config = json.loads(file.read_text())
    config["image_processor"].update(settings)
    file.write_text(json.dumps(config))
    return path


@pytest.mark.parametrize("mode", ["crop", "squash", "pad"])
def test_geometry_is_that_of_the_encoded_image(checkpoint: Checkpoint, mode: Mode) -> None:
    """Known before the model runs, and the same afterwards."""
    adapter = load(checkpoint("rms", mode))
    for width, height in [(70, 40), (33, 91), (5, 3)]:
        geometry = adapter.geometry(width, height)
        assert (geometry.mode, geometry.grid, geometry.canvas) == (mode, (4, 4), (32, 32))
        assert adapter.encode(Image.new("RGB", (width, height)), [0]).geometry == geometry
    if mode == "pad":
        assert geometry.fill == (122, 116, 104)


def test_crop_smaller_than_the_resized_edge(checkpoint: Checkpoint, tmp_path: Path) -> None:
    """The shortest edge may be longer than the crop."""
    path = _changed(checkpoint("rms", "crop"), tmp_path / "x", size={"shortest_edge": 40})
    geometry = load(path).geometry(80, 60)
    assert geometry == Geometry.centre_crop((80, 60), (32, 32), (4, 4), shortest=40)


@pytest.mark.parametrize(
    ("mode", "settings"),
    [
        ("crop", {"do_resize": False}),
        ("crop", {"do_center_crop": False}),
        ("crop", {"size": {"shortest_edge": 20}}),
        ("squash", {"size": {"height": 48, "width": 48}}),
        ("crop", {"do_pad": True}),
        ("pad", {"size": {"shortest_edge": 40}}),
    ],
)
def test_unknown_settings_are_refused(
    checkpoint: Checkpoint, tmp_path: Path, mode: Mode, settings: dict[str, Any]
) -> None:
    """Rather than boxes in the wrong place."""
    adapter = LlavaAdapter.__new__(LlavaAdapter)
    adapter.__dict__.update(load(checkpoint("rms", mode)).__dict__)
    changed = _changed(checkpoint("rms", mode), tmp_path / "x", **settings)
    adapter.processor = load_processor(changed, LlavaAdapter.processor_options)
    with pytest.raises(DataError, match="no geometry for"):
        adapter.geometry(80, 60)


def test_a_canvas_that_is_no_multiple_of_the_patch_is_trimmed(checkpoint: Checkpoint) -> None:
    """The encoder never looks at the remaining pixels, so no cell covers them."""
    adapter = load(checkpoint("rms", "squash"))
    adapter.processor.image_processor.size = {"height": 36, "width": 36}
    adapter.processor.image_processor.crop_size = {"height": 36, "width": 36}
    adapter.processor.image_processor._set_attributes(
        size={"height": 36, "width": 36}, crop_size={"height": 36, "width": 36}
    )
    geometry = adapter.geometry(72, 72)
    assert (geometry.canvas, geometry.grid) == ((32, 32), (4, 4))
    assert geometry.cell_box(3, 3) == (48, 48, 64, 64)


def test_token_count_must_be_that_of_the_geometry(
    checkpoint: Checkpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wrong geometry is found at the first image."""
    adapter = load(checkpoint("rms", "crop"))
    wrong = TokenLayout.single(Geometry.squash((64, 48), (32, 32), (3, 5)))
    monkeypatch.setattr(adapter, "layout", lambda *_: wrong)
    with pytest.raises(MismatchError, match="16 visual tokens for a 64x48 image.* has 15"):
        adapter.encode(Image.new("RGB", (64, 48)), [0])


def test_class_token_shifts_the_grid(checkpoint: Checkpoint, tmp_path: Path) -> None:
    """With all encoder tokens selected, the first visual token belongs to no cell."""
    path = Path(shutil.copytree(checkpoint("rms", "crop"), tmp_path / "x"))
    for name in ("config.json", "processor_config.json"):
        config = json.loads((path / name).read_text())
        config["vision_feature_select_strategy"] = "full"
        (path / name).write_text(json.dumps(config))
    tokens = load(path).encode(Image.new("RGB", (64, 48)), [0])
    assert tokens.states[0].shape[0] == 17
    assert tokens.geometry.token_index(0, 0) == 1
