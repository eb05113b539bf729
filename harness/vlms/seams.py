"""Strips of pixels that an encoder leaves out between the tiles of a canvas, axis by axis.

An encoder of 14-pixel patches looks at 378 of the 384 pixels along a side of its tile. In a canvas
of such tiles side by side, 6 pixels behind every 378 belong to no visual token.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Self

from pydantic import model_validator

from harness.core.records import Record


class Seams(Record):
    """Tiles of equal size, each seen but for a strip at its right and at its bottom."""

    tile: tuple[int, int]
    """Width and height of a tile in canvas pixels."""
    seen: tuple[int, int]
    """Width and height of the part of a tile that is looked at, from its top left corner."""
    begin: tuple[int, int] = (0, 0)
    """Seen pixels of the first tile that lie left of and above the canvas."""

    @model_validator(mode="after")
    def _check_parts(self) -> Self:
        for tile, seen, begin in zip(self.tile, self.seen, self.begin, strict=True):
            if not 0 <= begin < seen <= tile:
                raise ValueError(
                    f"begin {self.begin}, seen {self.seen}, tile {self.tile}: expected "
                    "0 <= begin < seen <= tile both ways"
                )
        return self

    def axis(self, index: int) -> Axis:
        """Return the strips along the width (0) or the height (1)."""
        return Axis(self.tile[index], self.seen[index], self.begin[index])


@dataclass(frozen=True, slots=True)
class Axis:
    """Strips along one side of a canvas, and the map to a line of the seen pixels alone.

    Places are counted in pixels from the start of the canvas: ``x`` with the strips, ``place``
    without them. Where a place lies on a seam, it stands for both sides of the strip.
    """

    tile: int
    """Pixels of a tile."""
    seen: int
    """Pixels of a tile before its strip."""
    begin: int
    """Seen pixels of the first tile before the canvas."""

    @property
    def strip(self) -> int:
        """Pixels from the last seen pixel of a tile to the next tile."""
        return self.tile - self.seen

    def count(self, x: int) -> int:
        """Return the number of seen pixels from the start of the canvas to ``x``."""
        tiles, rest = divmod(x + self.begin, self.tile)
        return tiles * self.seen + min(rest, self.seen) - self.begin

    def place(self, x: float) -> float | None:
        """Return the place of a canvas position, None on a strip."""
        tiles = math.floor((x + self.begin) / self.tile)
        if x + self.begin - tiles * self.tile >= self.seen:
            return None
        return x - tiles * self.strip

    def after(self, share: int, whole: int) -> float:
        """Return the canvas position of the place ``share / whole``, behind the strip on a seam."""
        tiles = (share + self.begin * whole) // (self.seen * whole)
        return share / whole + tiles * self.strip

    def before(self, share: int, whole: int) -> float:
        """Return the canvas position of the place ``share / whole``, before the strip on a seam."""
        tiles = -(-(share + self.begin * whole) // (self.seen * whole)) - 1
        return share / whole + tiles * self.strip
