"""Masks against geometry by hand, against a point-in-polygon test, and against pycocotools."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.data.sources import masks

reference: Any = importlib.import_module("pycocotools.mask")

_SIZES = st.tuples(st.integers(1, 12), st.integers(1, 12))
_COORDINATES = st.floats(-3, 15, allow_nan=False).map(lambda value: round(value * 4) / 4)
_POLYGONS = st.lists(st.tuples(_COORDINATES, _COORDINATES), min_size=3, max_size=7)


def _inside(x: float, y: float, corners: list[tuple[float, float]]) -> bool:
    """Count the edges left of a point: odd means inside (left and upper edges belong to it)."""
    odd = False
    for (x0, y0), (x1, y1) in zip(corners, [*corners[1:], corners[0]], strict=True):
        if (y0 <= y) != (y1 <= y) and x0 + (y - y0) * (x1 - x0) / (y1 - y0) <= x:
            odd = not odd
    return odd


def test_a_box_covers_the_pixels_whose_centres_are_in_it() -> None:
    mask = masks.from_box((1, 0.5, 2, 2), (4, 3))
    assert mask.tolist() == [
        [False, True, True, False],
        [False, True, True, False],
        [False, False, False, False],
    ]
    assert masks.from_box((-5, -5, 50, 50), (4, 3)).all()
    assert not masks.from_box((1.6, 1, 0.8, 1), (4, 3)).any()


def test_two_boxes_share_no_pixel_and_leave_none_between_them() -> None:
    """Whatever the edge between them is."""
    for edge in np.arange(0, 6.01, 0.25).tolist():
        left = masks.from_box((0, 0, edge, 4), (6, 4))
        right = masks.from_box((edge, 0, 6 - edge, 4), (6, 4))
        assert (left ^ right).all()


@given(_POLYGONS, _SIZES)
def test_a_polygon_covers_the_pixels_whose_centres_are_in_it(
    corners: list[tuple[float, float]], size: tuple[int, int]
) -> None:
    """Also if it crosses itself or leaves the image."""
    flat = [number for corner in corners for number in corner]
    mask = masks.from_polygons([flat], size)
    width, height = size
    expected = [[_inside(x + 0.5, y + 0.5, corners) for x in range(width)] for y in range(height)]
    assert mask.tolist() == expected


def test_several_polygons_are_one_object() -> None:
    """A thing behind a lamp post is its two halves; where they overlap they are not holes."""
    left, right = [0, 0, 4, 0, 4, 6, 0, 6], [3, 0, 8, 0, 8, 6, 3, 6]
    assert masks.from_polygons([left, right], (8, 6)).all()


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_polygons_agree_with_the_reference_but_for_the_outline() -> None:
    """The reference rounds the outline to a fifth of a pixel and then counts part of it in."""
    angles = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    for radius, centre in ((30, (50, 40)), (12.3, (20.7, 60.2))):
        flat = np.stack(
            [centre[0] + radius * np.cos(angles), centre[1] + radius * np.sin(2 * angles) / 2], 1
        ).ravel()
        ours = masks.from_polygons([flat.tolist()], (100, 80))
        theirs = reference.decode(reference.frPyObjects([flat.tolist()], 80, 100))[..., 0] > 0
        assert (ours & theirs).sum() / (ours | theirs).sum() > 0.9
        inner = ours[1:-1, 1:-1] & ours[:-2, 1:-1] & ours[2:, 1:-1]
        inner &= ours[1:-1, :-2] & ours[1:-1, 2:]
        assert theirs[1:-1, 1:-1][inner].all()


@given(st.data(), _SIZES)
def test_run_lengths_are_read_as_the_reference_writes_them(
    data: st.DataObject, size: tuple[int, int]
) -> None:
    width, height = size
    bits = data.draw(st.lists(st.booleans(), min_size=width * height, max_size=width * height))
    mask = np.array(bits).reshape(height, width)
    code = reference.encode(np.asfortranarray(mask.astype(np.uint8)))["counts"].decode()
    assert np.array_equal(masks.from_runs(code, size), mask)


@given(st.integers(1, 400), st.integers(1, 300), st.integers(0, 2**32 - 1))
def test_long_runs_too(width: int, height: int, seed: int) -> None:
    """Where numbers take several characters and differences are negative; plain lengths alike."""
    edges = np.sort(np.random.default_rng(seed).integers(0, width * height + 1, 6))
    lengths = np.diff(np.concatenate([[0], edges, [width * height]])).tolist()
    mask = masks.from_runs(lengths, (width, height))
    flat = mask.T.ravel()
    for number, (start, length) in enumerate(zip([0, *edges.tolist()], lengths, strict=True)):
        assert (flat[start : start + length] == (number % 2 == 1)).all()
    code = reference.encode(np.asfortranarray(mask.astype(np.uint8)))["counts"].decode()
    assert np.array_equal(masks.from_runs(code, (width, height)), mask)


@pytest.mark.parametrize(
    "counts", [[], [3], [20, 3], [3, -1, 14], "", "0", "99999", "é", "P", "`" * 9]
)
def test_broken_run_lengths_are_refused(counts: list[int] | str) -> None:
    """Never read beyond what is there."""
    with pytest.raises(ValueError, match=r"run lengths"):
        masks.from_runs(counts, (4, 4))


@given(st.text(st.characters(min_codepoint=40, max_codepoint=120), max_size=12), _SIZES)
def test_any_text_is_read_or_refused(code: str, size: tuple[int, int]) -> None:
    try:
        assert masks.from_runs(code, size).shape == (size[1], size[0])
    except ValueError as error:
        assert "run lengths" in str(error)


@pytest.mark.parametrize("polygon", [[], [1, 2], [0, 0, 4, 0], [0, 0, 4, 0, 4, 4, 0]])
def test_polygons_without_three_corners_are_refused(polygon: list[float]) -> None:
    with pytest.raises(ValueError, match=f"a polygon of {len(polygon)} numbers"):
        masks.from_polygons([polygon], (4, 4))
