"""Where Molmo's visual tokens lie: the whole view, then the grid over all crops, row by row."""

from __future__ import annotations

from harness.vlms.geometry import Geometry
from harness.vlms.layout import TokenLayout
from harness.vlms.molmo.preprocessing import canvas_size, fitted, tiling
from harness.vlms.molmo.settings import CropSettings


def token_layout(width: int, height: int, settings: CropSettings) -> TokenLayout:
    """Return the layout of an image of this size.

    Raises:
        DataError: The image is too long and thin.
    """
    tiles = tiling(width, height, settings)
    side, tokens = settings.side, settings.tokens
    small = _letterbox((width, height), (side, side), (tokens, tokens), 0)
    large = _letterbox(
        (width, height), canvas_size(tiles, settings), settings.grid(tiles), small.tokens
    )
    return TokenLayout(total=small.tokens + large.tokens, views={"global": small, "tiles": large})


def _letterbox(
    image: tuple[int, int], canvas: tuple[int, int], grid: tuple[int, int], first: int
) -> Geometry:
    left, top, width, height = fitted(image, canvas)
    return Geometry(
        image_size=image,
        canvas=canvas,
        mode="pad",
        grid=grid,
        placed=(float(left), float(top), float(left + width), float(top + height)),
        first_token=first,
    )
