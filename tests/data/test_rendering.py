"""The judge's pictures show exactly the encoder's region."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from harness.core.errors import MismatchError
from harness.core.records import Patch
from harness.data.manifest import make_patch
from harness.data.rendering import (
    canvas_view,
    crop_region,
    draw_region,
    picture_hash,
    png_bytes,
    region_pixels,
    shown_pictures,
)
from harness.vlms.geometry import Geometry
from tests.vlms.shapes import geometries

FILL = (122, 116, 104)


def _patch(geometry: Geometry, row: int, col: int) -> Patch:
    return make_patch("0" * 64, geometry, row, col)


def _array(image: Image.Image) -> np.ndarray:
    return np.asarray(image).astype(int)


def _ramp(size: tuple[int, int]) -> Image.Image:
    """Return an image whose red and green tell the position as 255 x / width, 255 y / height."""
    xs, ys = (np.arange(edge) + 0.5 for edge in size)
    red = np.broadcast_to(255 * xs / size[0], (size[1], size[0]))
    green = np.broadcast_to((255 * ys / size[1])[:, None], (size[1], size[0]))
    return Image.fromarray(np.stack([red, green, 0 * red], axis=-1).round().astype(np.uint8))


@given(geometries(), st.sampled_from([64, 100, 512]))
@settings(max_examples=60, deadline=None)
def test_every_view_pixel_shows_the_place_the_geometry_says(geometry: Geometry, side: int) -> None:
    """A ramp tells for each pixel of the view which original position it shows."""
    width, height = geometry.image_size
    blue = geometry.model_copy(update={"fill": (0, 0, 255)})
    view = _array(canvas_view(_ramp((width, height)), blue, side))
    view_width, view_height = geometry.view_size(side)
    assert view.shape == (view_height, view_width, 3)
    left, top, right, bottom = geometry.render_box((0, 0, width, height), side)
    if min(right - left, bottom - top) < 2:
        return
    xs = (np.arange(view_width) + 0.5 - left) / (right - left)
    ys = (np.arange(view_height) + 0.5 - top) / (bottom - top)
    # Bicubic resampling bends the ramp near the image's edge by up to a step of an original pixel.
    for axis, share, step in ((0, xs, 1 / width), (1, ys, 1 / height)):
        other_share = ys if axis == 0 else xs
        inside = np.flatnonzero((share > 0) & (share < 1))
        line = int(np.argmin(np.abs(other_share - 0.5)))
        shown = view[line, :, 0] if axis == 0 else view[:, line, 1]
        padded = view[line, :, 2] if axis == 0 else view[:, line, 2]
        kept = inside[padded[inside] == 0]
        assert len(kept) >= len(inside) - 2
        assert np.abs(shown[kept] - 255 * share[kept]).max() <= 255 * step + 2


def test_the_view_has_the_shape_of_the_canvas() -> None:
    """A wide canvas is not squeezed into a square: a judge sees what the encoder saw."""
    geometry = Geometry.squash((320, 170), (56, 28), (2, 4))
    assert canvas_view(Image.new("RGB", (320, 170)), geometry).size == (512, 256)
    thin = Geometry.squash((5000, 1), (5000, 1), (1, 50))
    assert canvas_view(Image.new("RGB", (5000, 1)), thin).size == (512, 1)


def test_padding_of_the_view_has_the_colour_the_encoder_saw() -> None:
    """A 2:1 image on a square canvas fills the middle half of the rows."""
    geometry = Geometry.pad((40, 20), (32, 32), (4, 4), square_first=True, fill=FILL)
    view = _array(canvas_view(Image.new("RGB", (40, 20), "white"), geometry))
    assert (view[:128] == FILL).all()
    assert (view[128:384] == 255).all()
    assert (view[384:] == FILL).all()


def test_a_view_of_a_crop_shows_the_centre_only() -> None:
    """The outer thirds of a 3:1 image are not seen by the encoder, so not shown."""
    image = Image.new("RGB", (90, 30), "red")
    image.paste((0, 255, 0), (30, 0, 60, 30))
    geometry = Geometry.centre_crop((90, 30), (24, 24), (3, 3))
    view = _array(canvas_view(image, geometry))[:, 10:-10]
    assert (view == (0, 255, 0)).all()


@pytest.mark.parametrize(
    ("geometry", "cell", "expected"),
    [
        (Geometry.squash((300, 200), (336, 336), (24, 24)), (5, 7), (128, 85, 192, 149)),
        (Geometry.squash((301, 77), (378, 378), (27, 27)), (1, 25), (455, 0, 512, 57)),
        (Geometry.centre_crop((640, 480), (144, 144), (9, 9)), (4, 4), (171, 171, 341, 341)),
        (Geometry.pad((400, 300), (336, 336), (12, 12)), (5, 1), (0, 171, 128, 299)),
    ],
)
def test_region_pixels_by_hand(
    geometry: Geometry, cell: tuple[int, int], expected: tuple[int, int, int, int]
) -> None:
    """Cells are 512 / grid pixels wide, as fractions; edges are rounded once, to the nearest."""
    assert region_pixels(geometry, _patch(geometry, *cell)) == expected


def test_drawn_box_has_exact_pixels() -> None:
    """Three pixels of red just inside the region, a light tint within, nothing outside."""
    geometry = Geometry.squash((300, 200), (336, 336), (24, 24))
    patch = _patch(geometry, 5, 7)
    image = Image.new("RGB", (300, 200), (200, 200, 200))
    drawn = _array(draw_region(image, geometry, patch))
    expected = np.full((512, 512, 3), 200)
    expected[85:149, 128:192] = (255, 0, 0)
    inner = [round(200 + (value - 200) * 30 / 255) for value in (255, 0, 0)]
    expected[88:146, 131:189] = inner
    assert np.abs(drawn - expected).max() <= 1
    assert (drawn[85:88, 128:192] == (255, 0, 0)).all()
    assert (drawn[:85] == 200).all()


@given(geometries())
@settings(max_examples=40, deadline=None)
def test_box_changes_the_region_only_and_the_crop_is_what_it_holds(geometry: Geometry) -> None:
    """For every kind of canvas and any centre."""
    image = _ramp(geometry.image_size)
    view = _array(canvas_view(image, geometry))
    for cell in geometry.centres()[:3]:
        patch = _patch(geometry, *cell)
        left, top, right, bottom = region_pixels(geometry, patch)
        changed = (_array(draw_region(image, geometry, patch)) != view).any(axis=-1)
        changed[top:bottom, left:right] = False
        assert not changed.any()
        crop = _array(crop_region(image, geometry, patch))
        assert np.array_equal(crop, view[top:bottom, left:right])


@pytest.mark.parametrize("size", [(150, 90), (61, 97), (64, 64)])
@pytest.mark.parametrize("mode", ["squash", "crop", "pad"])
def test_painted_region_fills_the_box_and_the_crop(mode: str, size: tuple[int, int]) -> None:
    """White paint on the region of the original image comes out white inside the drawn box."""
    canvas, grid = (48, 48), (6, 6)
    geometry = {
        "squash": Geometry.squash(size, canvas, grid),
        "crop": Geometry.centre_crop(size, canvas, grid),
        "pad": Geometry.pad(size, canvas, grid),
    }[mode]
    for cell in geometry.centres():
        patch = _patch(geometry, *cell)
        # Two original pixels of resampling reach, in view pixels.
        reach = int(np.ceil(2.5 * 512 / min(size))) + 1
        left, top, right, bottom = patch.region
        pixels = np.zeros((size[1], size[0], 3), np.uint8)
        pixels[round(top) : round(bottom), round(left) : round(right)] = 255
        crop = _array(crop_region(Image.fromarray(pixels), geometry, patch))
        assert (crop[reach:-reach, reach:-reach] == 255).all()
        view = _array(canvas_view(Image.fromarray(pixels), geometry))
        x0, y0, x1, y1 = region_pixels(geometry, patch)
        view[max(0, y0 - reach) : y1 + reach, max(0, x0 - reach) : x1 + reach] = 0
        assert not view.any()


def test_rendered_pngs_are_the_drawings_and_repeatable() -> None:
    """Boxed canvas first, crop second; crops are not enlarged."""
    geometry = Geometry.squash((300, 200), (336, 336), (24, 24))
    patch = _patch(geometry, 5, 7)
    other = _patch(geometry, 9, 3)
    shown = list(shown_pictures(_ramp((300, 200)), geometry, [patch, other]))
    boxed, crop = shown[0]
    assert png_bytes(boxed) == png_bytes(draw_region(_ramp((300, 200)), geometry, patch))
    assert png_bytes(crop) == png_bytes(crop_region(_ramp((300, 200)), geometry, patch))
    assert shown[1][0] == draw_region(_ramp((300, 200)), geometry, other)
    with Image.open(io.BytesIO(png_bytes(boxed))) as image:
        assert (image.format, image.size) == ("PNG", (512, 512))
        assert np.array_equal(_array(image), _array(boxed))
    assert crop.size == (64, 64)


def test_the_hash_of_pictures_is_of_their_pixels_and_shapes() -> None:
    """Equal pixels give equal hashes; another pixel, shape or order does not."""
    first, second = _ramp((30, 20)), _ramp((20, 30))
    changed = first.copy()
    changed.putpixel((29, 19), (1, 2, 3))
    hashes = {
        picture_hash(first, second),
        picture_hash(second, first),
        picture_hash(changed, second),
        picture_hash(first, _ramp((30, 20)).crop((0, 0, 20, 20))),
    }
    assert len(hashes) == 4
    assert picture_hash(first.copy(), second.copy()) == picture_hash(first, second)


def test_another_image_size_is_refused() -> None:
    """A box would land elsewhere without notice."""
    geometry = Geometry.squash((300, 200), (336, 336), (24, 24))
    with pytest.raises(MismatchError, match=r"\(200, 300\).*\(300, 200\)"):
        canvas_view(Image.new("RGB", (200, 300)), geometry)
