from __future__ import annotations

import base64

import pytest

from judges.providers.capabilities import Capabilities
from judges.providers.pictures import base64_text, data_url, picture_problem
from tests.judges.providers.pictures import png

ABLE = Capabilities(max_image_side=100, max_image_bytes=400)


def test_a_picture_keeps_its_bytes() -> None:
    picture = png(5, 7)
    assert base64.b64decode(base64_text(picture)) == picture
    assert data_url(picture) == f"data:image/png;base64,{base64_text(picture)}"


@pytest.mark.parametrize(("width", "height"), [(100, 100), (1, 100), (100, 1)])
def test_a_picture_of_the_largest_size_is_sent(width: int, height: int) -> None:
    assert picture_problem(png(width, height), "m", ABLE) == ""


@pytest.mark.parametrize(("width", "height"), [(101, 1), (1, 101)])
def test_a_larger_picture_is_told(width: int, height: int) -> None:
    problem = picture_problem(png(width, height), "m", ABLE)
    assert (
        problem == f"image {width}x{height} is larger than m accepts unscaled (100 pixels a side)"
    )


def test_a_heavier_picture_is_told() -> None:
    heavy = png(90, 90) + bytes(400)
    assert "bytes is larger than m accepts (400 bytes)" in picture_problem(heavy, "m", ABLE)


def test_where_nothing_is_known_nothing_is_checked() -> None:
    assert picture_problem(png(6000, 4), "m", Capabilities()) == ""


@pytest.mark.parametrize("data", [b"", b"\x89PNG", b"\xff\xd8\xff" + bytes(40)])
def test_what_is_no_png_is_told(data: bytes) -> None:
    assert picture_problem(data, "m", ABLE) == "the image is not a PNG"
