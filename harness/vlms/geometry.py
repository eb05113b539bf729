"""Where every visual token lies in the original image: one frozen object per encoded image.

Three frames are used. *Original*: pixels of the image as opened, x to the right, y down, pixel i
covering [i, i + 1). *Canvas*: pixels of what the encoder is given. *View*: a drawing of the canvas
in its own shape. The maps between them are affine and exact; nothing is rounded here.

Cells divide the canvas evenly, or, if it has seams, the pixels of it that are looked at.
"""

from __future__ import annotations

import math
from typing import Any, Literal, Self

from pydantic import SerializerFunctionWrapHandler, model_serializer, model_validator

from harness.core.errors import UsageError
from harness.core.ids import digest
from harness.core.records import Box, Record
from harness.vlms.seams import Axis, Seams

Mode = Literal["pad", "squash", "crop"]


class Geometry(Record):
    """The grid of visual tokens of one image and its affine map to original pixels."""

    image_size: tuple[int, int]
    """Width and height of the original image."""
    canvas: tuple[int, int]
    """Width and height of what the encoder sees."""
    mode: Mode
    """How the image was brought onto the canvas."""
    grid: tuple[int, int]
    """Rows and columns of visual tokens."""
    placed: Box
    """Where the whole resized image lies in canvas pixels; beyond the canvas it is cut off."""
    fill: tuple[int, int, int] = (0, 0, 0)
    """Colour of canvas pixels without image."""
    first_token: int = 0
    """Index of this grid's first token among the image's visual tokens."""
    row_stride: int | None = None
    """Tokens from the start of one row to the next: more than columns where separators end rows."""
    tile: tuple[int, int] | None = None
    """Rows and columns of tokens per tile if tokens come tile by tile; None if row by row."""
    seams: Seams | None = None
    """Strips of the canvas that no cell looks at; None if there are none."""

    @model_validator(mode="after")
    def _check_order(self) -> Self:
        if self.tile is not None:
            uneven = any(whole % part for whole, part in zip(self.grid, self.tile, strict=True))
            if uneven or self.row_stride is not None:
                raise ValueError(f"tile {self.tile}: expected parts of {self.grid}, no row_stride")
        if self.row_stride is not None and self.row_stride < self.grid[1]:
            raise ValueError(f"row_stride {self.row_stride}: expected at least {self.grid[1]}")
        return self

    @model_serializer(mode="wrap")
    def _without_absent_seams(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave the field out where it says nothing, so that fingerprints and tables stay."""
        fields: dict[str, Any] = handler(self)
        if self.seams is None:
            fields.pop("seams", None)
        return fields

    @classmethod
    def squash(
        cls, image_size: tuple[int, int], canvas: tuple[int, int], grid: tuple[int, int]
    ) -> Self:
        """Return the geometry of an image stretched to the canvas without regard to its shape."""
        _check_positive(image_size=image_size, canvas=canvas, grid=grid)
        placed = (0.0, 0.0, float(canvas[0]), float(canvas[1]))
        return cls(image_size=image_size, canvas=canvas, mode="squash", grid=grid, placed=placed)

    @classmethod
    def centre_crop(
        cls,
        image_size: tuple[int, int],
        canvas: tuple[int, int],
        grid: tuple[int, int],
        *,
        shortest: int | None = None,
    ) -> Self:
        """Return the geometry of "resize the shortest edge, then cut the centre out".

        Follows transformers' CLIPImageProcessor: the longest edge and the crop offset are rounded
        down. ``shortest`` is the length of the shortest edge after resizing, by default the longer
        side of the canvas; UsageError if it is less, because the crop would then need padding.
        """
        _check_positive(image_size=image_size, canvas=canvas, grid=grid)
        short = max(canvas) if shortest is None else shortest
        if short < max(canvas):
            raise UsageError(
                f"shortest edge {short} is less than the crop {canvas[0]}x{canvas[1]}: "
                f"expected at least {max(canvas)}"
            )
        width, height = image_size
        if width <= height:
            resized = (short, short * height // width)
        else:
            resized = (short * width // height, short)
        left, top = -((resized[0] - canvas[0]) // 2), -((resized[1] - canvas[1]) // 2)
        placed = (float(left), float(top), float(left + resized[0]), float(top + resized[1]))
        return cls(image_size=image_size, canvas=canvas, mode="crop", grid=grid, placed=placed)

    @classmethod
    def pad(
        cls,
        image_size: tuple[int, int],
        canvas: tuple[int, int],
        grid: tuple[int, int],
        *,
        square_first: bool = False,
        fill: tuple[int, int, int] = (0, 0, 0),
    ) -> Self:
        """Return the geometry of an image that keeps its shape and is padded to the canvas.

        By default the longest edge is resized to the canvas, the other one rounded down, and the
        result centred. With ``square_first`` the original is padded to a square (offset rounded
        down) and then resized, as transformers' LlavaImageProcessor does.
        """
        _check_positive(image_size=image_size, canvas=canvas, grid=grid)
        placed = (_square_first if square_first else _resize_first)(image_size, canvas)
        return cls(
            image_size=image_size, canvas=canvas, mode="pad", grid=grid, placed=placed, fill=fill
        )

    def trimmed(self, canvas: tuple[int, int]) -> Geometry:
        """Return the geometry when the encoder drops canvas pixels at the right and bottom edge."""
        _check_positive(canvas=canvas)
        if canvas[0] > self.canvas[0] or canvas[1] > self.canvas[1]:
            raise UsageError(f"canvas {canvas} does not fit into {self.canvas}")
        return self.model_copy(update={"canvas": canvas})

    @property
    def scale(self) -> tuple[float, float]:
        """Canvas pixels per original pixel, horizontally and vertically."""
        left, top, right, bottom = self.placed
        return (right - left) / self.image_size[0], (bottom - top) / self.image_size[1]

    @property
    def offset(self) -> tuple[float, float]:
        """Canvas position of the original's top left corner."""
        return self.placed[0], self.placed[1]

    @property
    def tokens(self) -> int:
        """Number of visual tokens of the grid."""
        return self.grid[0] * self.grid[1]

    def to_canvas(self, x: float, y: float) -> tuple[float, float]:
        """Map an original position to the canvas."""
        left, top, right, bottom = self.placed
        width, height = self.image_size
        return left + x * (right - left) / width, top + y * (bottom - top) / height

    def to_image(self, x: float, y: float) -> tuple[float, float]:
        """Map a canvas position to the original image, also where no image is."""
        left, top, right, bottom = self.placed
        width, height = self.image_size
        return (x - left) * width / (right - left), (y - top) * height / (bottom - top)

    def cell_box(self, row: int, col: int) -> Box:
        """Return a cell in original pixels, clipped to the image (empty if it is all padding)."""
        self._check_cell(row, col)
        return self._clipped(row, col, row + 1, col + 1)

    def region_box(self, row: int, col: int) -> Box:
        """Return the 3x3 cells around a centre in original pixels, clipped to grid and image."""
        self._check_cell(row, col)
        rows, cols = self.grid
        return self._clipped(
            max(0, row - 1), max(0, col - 1), min(rows, row + 2), min(cols, col + 2)
        )

    def token_index(self, row: int, col: int) -> int:
        """Return the index of a cell's token among the image's visual tokens."""
        self._check_cell(row, col)
        if self.tile is None:
            return self.first_token + row * self._stride + col
        tile_rows, tile_cols = self.tile
        tile = row // tile_rows * (self.grid[1] // tile_cols) + col // tile_cols
        inside = row % tile_rows * tile_cols + col % tile_cols
        return self.first_token + tile * tile_rows * tile_cols + inside

    def token_indices(self) -> tuple[int, ...]:
        """Return the token index of every cell, row by row."""
        rows, cols = self.grid
        return tuple(self.token_index(row, col) for row in range(rows) for col in range(cols))

    def cell_of_token(self, index: int) -> tuple[int, int]:
        """Return row and column of a token, the inverse of :meth:`token_index`.

        Raises:
            UsageError: The token is outside this grid, or a separator between its rows.
        """
        place = index - self.first_token
        rows, cols = self.grid
        last = self.token_index(rows - 1, cols - 1)
        if not 0 <= place <= last - self.first_token:
            raise UsageError(f"visual token {index} is outside {self.first_token}..{last}")
        if self.tile is None:
            row, col = divmod(place, self._stride)
            if col >= cols:
                raise UsageError(f"visual token {index} is a separator behind row {row}")
            return row, col
        tile_rows, tile_cols = self.tile
        tile, inside = divmod(place, tile_rows * tile_cols)
        tile_row, tile_col = divmod(tile, cols // tile_cols)
        row, col = divmod(inside, tile_cols)
        return tile_row * tile_rows + row, tile_col * tile_cols + col

    def cell_at(self, x: float, y: float) -> tuple[int, int] | None:
        """Return row and column of the cell at an original position; None where none looks."""
        if not (0 <= x < self.image_size[0] and 0 <= y < self.image_size[1]):
            return None
        canvas_x, canvas_y = self.to_canvas(x, y)
        row, col = self._cell_on_axis(1, canvas_y), self._cell_on_axis(0, canvas_x)
        return None if row is None or col is None else (row, col)

    def real(self, row: int, col: int) -> bool:
        """Return whether a cell is filled by image, without padding."""
        self._check_cell(row, col)
        left, top, right, bottom = self._canvas_box(row, col, row + 1, col + 1)
        return (
            left >= self.placed[0]
            and top >= self.placed[1]
            and right <= self.placed[2]
            and bottom <= self.placed[3]
        )

    def centres(self) -> tuple[tuple[int, int], ...]:
        """Return all (row, col) whose 3x3 cells exist and are filled by image, row by row."""
        rows, cols = self.grid
        real = [[self.real(row, col) for col in range(cols)] for row in range(rows)]
        return tuple(
            (row, col)
            for row in range(1, rows - 1)
            for col in range(1, cols - 1)
            if all(all(line[col - 1 : col + 2]) for line in real[row - 1 : row + 2])
        )

    def view_size(self, side: int) -> tuple[int, int]:
        """Return width and height of a view of the canvas whose longer edge is ``side`` pixels."""
        width, height = self.canvas
        longest = max(width, height)
        return max(1, round(width * side / longest)), max(1, round(height * side / longest))

    def render_box(self, box: Box, side: int) -> Box:
        """Map a box in original pixels to the view of :meth:`view_size`, unrounded."""
        width, height = self.view_size(side)
        left, top, right, bottom = self.fractions(box)
        return left * width, top * height, right * width, bottom * height

    def fractions(self, box: Box) -> Box:
        """Map a box in original pixels to shares of the canvas's width and height."""
        left, top = self.to_canvas(box[0], box[1])
        right, bottom = self.to_canvas(box[2], box[3])
        width, height = self.canvas
        return left / width, top / height, right / width, bottom / height

    def fingerprint(self) -> str:
        """Return the sha256 of all fields."""
        return digest(self)

    @property
    def _stride(self) -> int:
        return self.grid[1] if self.row_stride is None else self.row_stride

    def _axis(self, index: int) -> Axis:
        """Return the strips along the canvas's width (0) or height (1)."""
        if self.seams is None:
            return Axis(tile=self.canvas[index], seen=self.canvas[index], begin=0)
        return self.seams.axis(index)

    def _cell_on_axis(self, index: int, x: float) -> int | None:
        """Return the column (0) or row (1) at a position along the canvas, None if none looks."""
        axis, cells, length = self._axis(index), self.grid[1 - index], self.canvas[index]
        place = axis.place(x)
        if place is None:
            return None
        cell = math.floor(place * cells / axis.count(length))
        return cell if 0 <= cell < cells else None

    def _canvas_box(self, top: int, left: int, bottom: int, right: int) -> Box:
        """Return cells [top, bottom) x [left, right) in canvas pixels.

        An edge on a seam lies on the side of the strip that the cells are on; a strip between
        cells, or inside one, is part of the box.
        """
        (rows, cols), across, down = self.grid, self._axis(0), self._axis(1)
        width, height = across.count(self.canvas[0]), down.count(self.canvas[1])
        return (
            across.after(left * width, cols),
            down.after(top * height, rows),
            across.before(right * width, cols),
            down.before(bottom * height, rows),
        )

    def _clipped(self, top: int, left: int, bottom: int, right: int) -> Box:
        """Return cells [top, bottom) x [left, right) in original pixels, clipped to the image."""
        box = self._canvas_box(top, left, bottom, right)
        width, height = self.image_size
        (x0, y0), (x1, y1) = self.to_image(box[0], box[1]), self.to_image(box[2], box[3])
        return (
            min(max(x0, 0.0), width),
            min(max(y0, 0.0), height),
            min(max(x1, 0.0), width),
            min(max(y1, 0.0), height),
        )

    def _check_cell(self, row: int, col: int) -> None:
        rows, cols = self.grid
        if not (0 <= row < rows and 0 <= col < cols):
            raise UsageError(
                f"cell ({row}, {col}) is outside rows 0..{rows - 1}, columns 0..{cols - 1}"
            )


def _resize_first(image_size: tuple[int, int], canvas: tuple[int, int]) -> Box:
    """Return the placement of "longest edge to the canvas, other edge rounded down, centred"."""
    width, height = image_size
    if width * canvas[1] >= height * canvas[0]:
        resized = (canvas[0], max(1, height * canvas[0] // width))
    else:
        resized = (max(1, width * canvas[1] // height), canvas[1])
    left, top = (canvas[0] - resized[0]) // 2, (canvas[1] - resized[1]) // 2
    return float(left), float(top), float(left + resized[0]), float(top + resized[1])


def _square_first(image_size: tuple[int, int], canvas: tuple[int, int]) -> Box:
    """Return the placement of "pad the original to a square, then resize that"."""
    width, height = image_size
    side = max(width, height)
    left, top = (side - width) // 2, (side - height) // 2
    return (
        left * canvas[0] / side,
        top * canvas[1] / side,
        (left + width) * canvas[0] / side,
        (top + height) * canvas[1] / side,
    )


def _check_positive(**sizes: tuple[int, int]) -> None:
    for name, size in sizes.items():
        if min(size) < 1:
            raise UsageError(f"{name} {size[0]}x{size[1]}: both must be at least 1")
