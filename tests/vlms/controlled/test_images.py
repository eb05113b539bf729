"""Resizing, padding and normalising, against separate ways to do the same."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from transformers import image_utils

from harness.core.errors import DataError
from harness.vlms.controlled.config import ImageSettings
from harness.vlms.controlled.images import image_geometry, prepare
from harness.vlms.controlled.presets import ENCODERS

sides = st.integers(1, 900)


def picture(width: int, height: int) -> Image.Image:
    """Return noise without black or white, so that padding and clipping show."""
    lot = np.random.default_rng(width * 1000 + height)
    return Image.fromarray(lot.integers(40, 216, (height, width, 3), dtype=np.uint8))


def plain(name: str, **changes: object) -> ImageSettings:
    """Return an encoder's settings with pixels left in 0 to 1."""
    neutral = {"mean": (0.0, 0.0, 0.0), "std": (1.0, 1.0, 1.0), **changes}
    return ENCODERS[name].image.model_copy(update=neutral)


def test_clip_resizes_in_float_and_centres_on_black() -> None:
    """800x400 becomes 336x168 by torch's antialiased bilinear kernel, 84 black rows either side."""
    image = picture(800, 400)
    levels = torch.tensor(np.array(image)).permute(2, 0, 1)[None] / 255.0
    expected = torch.nn.functional.interpolate(
        levels, size=(168, 336), mode="bilinear", align_corners=False, antialias=True
    )[0]
    pixels = prepare(plain("clip-l"), 14, image).pixels
    assert torch.equal(pixels[:, 84:252], expected)
    assert not pixels[:, :84].any()
    assert not pixels[:, 252:].any()


@pytest.mark.parametrize(
    ("name", "side", "options"),
    [
        ("dinov2-l", 336, {"mode": "bicubic", "antialias": True}),
        ("siglip", 378, {"mode": "bilinear", "antialias": False}),
    ],
)
def test_squashed_images_are_rounded_to_whole_levels(
    name: str, side: int, options: dict[str, object]
) -> None:
    """As resizing an 8-bit tensor does: computed in float32, clamped, rounded."""
    image = picture(500, 300)
    levels = torch.tensor(np.array(image)).permute(2, 0, 1)[None].float()
    whole = torch.nn.functional.interpolate(levels, size=(side, side), **options)  # type: ignore[arg-type]
    expected = whole.clamp(0, 255).round()[0]
    pixels = prepare(plain(name), 14, image).pixels
    assert torch.equal((pixels * 255).round(), expected)
    assert torch.allclose(pixels * 255, expected, atol=1e-4)


@pytest.mark.parametrize(
    ("name", "resample"),
    [("clip-l", Image.Resampling.BILINEAR), ("dinov2-l", Image.Resampling.BICUBIC)],
)
def test_antialiased_kernels_are_those_of_pillow(name: str, resample: Image.Resampling) -> None:
    """Another implementation agrees to a level and a half, both when shrinking and growing."""
    for size in ((900, 700), (100, 90)):
        image = picture(*size)
        settings = plain(name, mode="squash")
        pixels = prepare(settings, 14, image).pixels * 255
        other = torch.tensor(np.array(image.resize((336, 336), resample))).permute(2, 0, 1)
        assert float((pixels - other).abs().max()) <= 1.5


def test_overshoot_of_the_bicubic_kernel_is_cut_off() -> None:
    """Beside an edge from black to white it would leave 0 to 1."""
    edge = np.zeros((64, 64, 3), dtype=np.uint8)
    edge[:, 32:] = 255
    for whole in (True, False):
        settings = plain("dinov2-l", whole_levels=whole)
        pixels = prepare(settings, 14, Image.fromarray(edge)).pixels
        assert (float(pixels.min()), float(pixels.max())) == (0.0, 1.0)


def test_siglip_skips_pixels_when_it_shrinks() -> None:
    """Without antialias single lines disappear; with it they fade."""
    lines = np.zeros((2000, 2000, 3), dtype=np.uint8)
    lines[::10] = 255
    image = Image.fromarray(lines)
    without = prepare(plain("siglip"), 14, image).pixels
    with_it = prepare(plain("siglip", antialias=True), 14, image).pixels
    assert float(without.std()) > 2 * float(with_it.std())


@pytest.mark.parametrize("name", list(ENCODERS))
def test_normalisation_is_the_encoders(name: str) -> None:
    """A gray image becomes (gray - mean) / std."""
    settings = ENCODERS[name].image
    image = Image.new("RGB", (settings.size, settings.size), (51, 102, 204))
    pixels = prepare(settings, 14, image).pixels
    for channel, level in enumerate((0.2, 0.4, 0.8)):
        expected = (level - settings.mean[channel]) / settings.std[channel]
        assert torch.allclose(pixels[channel], torch.tensor(expected), atol=1e-5)


def test_normalisation_is_the_published_one() -> None:
    """By transformers' constants; DINOv2's positions are shifted as in its own code."""
    published: Any = image_utils
    expected = {
        "clip-l": (published.OPENAI_CLIP_MEAN, published.OPENAI_CLIP_STD, 0.0),
        "dinov2-l": (published.IMAGENET_DEFAULT_MEAN, published.IMAGENET_DEFAULT_STD, 0.1),
        "siglip": (published.IMAGENET_STANDARD_MEAN, published.IMAGENET_STANDARD_STD, 0.0),
    }
    for name, (mean, std, offset) in expected.items():
        image = ENCODERS[name].image
        assert (image.mean, image.std) == (tuple(mean), tuple(std))
        assert image.position_offset == offset


@given(sides, sides)
def test_real_shares_are_those_of_the_geometry(width: int, height: int) -> None:
    """A patch is wholly image where the geometry says so, and empty where its box is."""
    settings = ENCODERS["clip-l"].image.model_copy(update={"size": 56})
    geometry = image_geometry(settings, 14, width, height)
    real = prepare(settings, 14, Image.new("RGB", (width, height))).real
    assert real.shape == (16,)
    for index, share in enumerate(real.tolist()):
        row, col = geometry.cell_of_token(index)
        assert (share == 1.0) == geometry.real(row, col)
        left, top, right, bottom = geometry.cell_box(row, col)
        assert (share == 0.0) == (right - left <= 1e-9 or bottom - top <= 1e-9)


@given(sides, sides)
def test_letterbox_keeps_the_shape_within_a_pixel(width: int, height: int) -> None:
    """Sizes are cut to whole pixels and the image lies in the middle of the square."""
    geometry = image_geometry(ENCODERS["clip-l"].image, 14, width, height)
    left, top, right, bottom = geometry.placed
    scale = 336 / max(width, height)
    assert width * scale - 1.01 <= right - left <= max(1.0, width * scale) + 1e-9
    assert height * scale - 1.01 <= bottom - top <= max(1.0, height * scale) + 1e-9
    assert 0 <= (336 - right) - left <= 1
    assert 0 <= (336 - bottom) - top <= 1


def test_letterbox_counts_in_single_precision() -> None:
    """In float32, 480 * (336 / 640) is just below 252: the authors' code makes 251 rows."""
    settings = ENCODERS["clip-l"].image
    assert image_geometry(settings, 14, 640, 480).placed == (0, 42, 336, 293)
    sides = [image_geometry(settings, 14, side, side).placed[2] for side in range(1, 400)]
    one = np.float32
    assert sides == [int(one(side) * (one(336) / one(side))) for side in range(1, 400)]
    assert 335 in sides


@pytest.mark.parametrize("name", list(ENCODERS))
@pytest.mark.parametrize("size", [(1, 5000), (5000, 1), (1, 1)])
def test_extreme_images_have_pixels(name: str, size: tuple[int, int]) -> None:
    """A strip keeps at least one pixel."""
    settings = ENCODERS[name].image
    prepared = prepare(settings, 14, Image.new("RGB", size, (255, 255, 255)))
    assert torch.isfinite(prepared.pixels).all()
    assert float(prepared.real.max()) > 0


@pytest.mark.parametrize("mode", ["L", "RGBA", "CMYK", "P", "1"])
def test_other_modes_are_taken_as_rgb(mode: str) -> None:
    """The same as converting beforehand."""
    image = picture(40, 30).convert(mode)
    settings = ENCODERS["clip-l"].image
    expected = prepare(settings, 14, image.convert("RGB")).pixels
    assert torch.equal(prepare(settings, 14, image).pixels, expected)


def test_crop_shows_the_middle() -> None:
    """A wide image loses its sides; what is left is not resized when the height fits."""
    settings = plain("clip-l", mode="crop", size=28)
    image = picture(60, 28)
    levels = torch.tensor(np.array(image)).permute(2, 0, 1) / 255.0
    assert torch.equal(prepare(settings, 14, image).pixels, levels[:, :, 16:44])
    with pytest.raises(DataError, match="1x5000"):
        prepare(settings, 14, Image.new("RGB", (1, 5000)))


def test_pixels_beyond_the_last_whole_patch_are_unseen() -> None:
    """A 30-pixel input of 14-pixel patches: two are never looked at."""
    settings = plain("dinov2-l", size=30)
    geometry = image_geometry(settings, 14, 30, 30)
    assert (geometry.grid, geometry.canvas) == ((2, 2), (28, 28))
    assert geometry.cell_at(29, 0) is None
    assert prepare(settings, 14, picture(30, 30)).real.shape == (4,)
