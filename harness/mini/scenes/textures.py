"""Surface looks of objects, textures of backgrounds, and the light."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final, TypeAlias

import numpy as np

from harness.mini.scenes.shapes import Grid

Look: TypeAlias = Callable[[np.random.Generator, Grid, Grid], Grid]


def _plain(lot: np.random.Generator, x: Grid, y: Grid) -> Grid:
    result: Grid = (x + y) * np.float32(-0.1)
    return result


def _wooden(lot: np.random.Generator, x: Grid, y: Grid) -> Grid:
    wave = np.sin(y * 21.0 + np.sin(x * (2.0 + 2.0 * float(lot.random()))) * 4.0)
    result: Grid = wave * 0.42 - 0.1
    return result


def _metal(lot: np.random.Generator, x: Grid, y: Grid) -> Grid:
    slant = x + y * 0.45 - np.float32(0.3 * float(lot.random()))
    bright = np.exp(slant * slant * -22.0) * 1.15
    dark = np.exp((slant - 0.55) ** 2 * -14.0) + np.exp((slant + 0.6) ** 2 * -9.0)
    result: Grid = bright - dark * 0.6
    return result


def _stone(lot: np.random.Generator, x: Grid, y: Grid) -> Grid:
    high, wide = x.shape
    speckle = lot.random((high // 2 + 1, wide // 2 + 1), dtype=np.float32)
    coarse = (speckle - 0.5) * np.abs(speckle - 0.5) * 4.4
    return np.repeat(np.repeat(coarse, 2, axis=0), 2, axis=1)[:high, :wide]


def _woolen(lot: np.random.Generator, x: Grid, y: Grid) -> Grid:
    column = x * 3.2
    column = np.abs(column - np.floor(column) - 0.5)
    stitch = np.sin((y + column * 0.36) * 27.0) * 0.36
    result: Grid = stitch + (column < 0.1) * np.float32(-0.5)
    return result


def _striped(lot: np.random.Generator, x: Grid, y: Grid) -> Grid:
    shift = float(lot.random()) * 6.0
    wave = np.sin(x * 13.5 + shift) * 4.0
    result: Grid = np.minimum(np.maximum(wave, 0.0), 1.0)
    return result


def _dotted(lot: np.random.Generator, x: Grid, y: Grid) -> Grid:
    shift = float(lot.random())
    column, row = x * 2.6 + shift, y * 2.6 + shift
    column, row = column - np.floor(column) - 0.5, row - np.floor(row) - 0.5
    result: Grid = np.minimum(np.maximum((0.105 - column * column - row * row) * 14.0, 0.0), 1.0)
    return result


def _checkered(lot: np.random.Generator, x: Grid, y: Grid) -> Grid:
    shift = float(lot.random()) * 3.0
    wave = np.sin(x * 9.0 + shift) * np.sin(y * 9.0 + shift) * 9.0
    result: Grid = np.minimum(np.maximum(wave, 0.0), 1.0)
    return result


LOOKS: Final[Mapping[str, Look]] = MappingProxyType(
    {
        "plain": _plain,
        "wooden": _wooden,
        "metal": _metal,
        "stone": _stone,
        "woolen": _woolen,
        "striped": _striped,
        "dotted": _dotted,
        "checkered": _checkered,
    }
)
"""The pattern of every material: 0 is the object's colour, 1 its second tone."""


def _no_ground(lot: np.random.Generator, x: Grid, y: Grid) -> Grid:
    return np.zeros_like(x)


def _clouds(lot: np.random.Generator, x: Grid, y: Grid) -> Grid:
    shift = float(lot.random()) * 9.0
    field = np.sin(x * 7.0 + shift) + np.sin(y * 21.0 + shift * 2.0 + np.sin(x * 13.0))
    result: Grid = np.minimum(np.maximum(field - 0.8, 0.0), 0.6) * 46.0
    return result


def _grass(lot: np.random.Generator, x: Grid, y: Grid) -> Grid:
    blades = lot.random((x.shape[0] // 4 + 1, x.shape[1]), dtype=np.float32)
    return (np.repeat(blades, 4, axis=0)[: x.shape[0]] - 0.5) * 44.0


def _waves(lot: np.random.Generator, x: Grid, y: Grid) -> Grid:
    shift = float(lot.random()) * 6.0
    result: Grid = np.maximum(np.sin(y * 90.0 + np.sin(x * 24.0 + shift) * 1.7), 0.2) * 30.0
    return result


def _speckle(lot: np.random.Generator, x: Grid, y: Grid) -> Grid:
    return (lot.random(x.shape, dtype=np.float32) - 0.5) * 32.0


def _ripples(lot: np.random.Generator, x: Grid, y: Grid) -> Grid:
    result: Grid = np.sin(y * 70.0 + np.sin(x * 9.0 + float(lot.random()) * 6.0) * 3.0) * 11.0
    return result


def _trunks(lot: np.random.Generator, x: Grid, y: Grid) -> Grid:
    result: Grid = np.sin(x * 46.0 + np.sin(x * 19.0) * 2.0 + float(lot.random()) * 6.0) * 15.0
    return result


def _tiles(lot: np.random.Generator, x: Grid, y: Grid) -> Grid:
    shift = float(lot.random())
    column, row = x[:1] * 7.5 + shift, y[:, :1] * 7.5
    gap = (column - np.floor(column) < 0.09) | (row - np.floor(row) < 0.09)
    result: Grid = gap * np.float32(-34.0)
    return result


def _bricks(lot: np.random.Generator, x: Grid, y: Grid) -> Grid:
    row = y[:, :1] * 13.0
    layer = np.floor(row)
    column = x[:1] * 6.0 + layer * 0.5
    gap = (column - np.floor(column) < 0.08) | (row - layer < 0.16)
    result: Grid = gap * np.float32(38.0)
    return result


def _dashes(lot: np.random.Generator, x: Grid, y: Grid) -> Grid:
    column = x[:1] * 4.0 + float(lot.random())
    middle = float(y[:, 0].mean())
    dash = (column - np.floor(column) < 0.55) & (np.abs(y[:, :1] - middle) < 0.02)
    result: Grid = dash * np.float32(120.0) + (lot.random(x.shape, dtype=np.float32) - 0.5) * 14.0
    return result


def _windows(lot: np.random.Generator, x: Grid, y: Grid) -> Grid:
    column, row = x[:1] * 18.0, y[:, :1] * 16.0
    pane = (column - np.floor(column) < 0.45) & (row - np.floor(row) < 0.5)
    result: Grid = pane * np.float32(46.0)
    return result


def _planks(lot: np.random.Generator, x: Grid, y: Grid) -> Grid:
    row = y[:, :1] * 11.0
    grain = np.sin(x * 9.0 + np.floor(row) * 4.0 + y * 60.0) * 6.0
    result: Grid = grain - (row - np.floor(row) < 0.12) * np.float32(38.0)
    return result


def _paper(lot: np.random.Generator, x: Grid, y: Grid) -> Grid:
    band = np.sin(x[:1] * 50.0 + float(lot.random()) * 6.0) > 0.0
    return np.broadcast_to(band * np.float32(20.0) - 10.0, x.shape)


def _knots(lot: np.random.Generator, x: Grid, y: Grid) -> Grid:
    result: Grid = np.sin(x[:1] * 100.0) * np.sin(y[:, :1] * 100.0) * 16.0
    return result


def _books(lot: np.random.Generator, x: Grid, y: Grid) -> Grid:
    column, row = (x[:1] * 26.0), y[:, :1] * 5.5
    shades = lot.random((8, 27), dtype=np.float32)
    layer = np.floor(row)
    tone = shades[layer.astype(np.intp) % 8, column.astype(np.intp) % 27] * 110.0 - 70.0
    board = row - layer < 0.16
    return np.where(board, np.float32(36.0), tone)


def _leaves(lot: np.random.Generator, x: Grid, y: Grid) -> Grid:
    spots = lot.random((x.shape[0] // 3 + 1, x.shape[1] // 3 + 1), dtype=np.float32)
    wide = np.repeat(np.repeat(spots, 3, axis=0), 3, axis=1)
    return (wide[: x.shape[0], : x.shape[1]] - 0.5) * 46.0


GROUNDS: Final[Mapping[str, Look]] = MappingProxyType(
    {
        "plain": _no_ground,
        "clouds": _clouds,
        "grass": _grass,
        "waves": _waves,
        "speckle": _speckle,
        "ripples": _ripples,
        "trunks": _trunks,
        "tiles": _tiles,
        "bricks": _bricks,
        "dashes": _dashes,
        "windows": _windows,
        "planks": _planks,
        "paper": _paper,
        "knots": _knots,
        "books": _books,
        "leaves": _leaves,
    }
)
"""The brightness that a background texture adds, over image coordinates from 0 to 1."""


def edge_heights(lot: np.random.Generator, edge: str, rise: float, x: Grid) -> Grid:
    """Return how far a region's upper edge stands above the horizon in every column."""
    shift = float(lot.random()) * 6.0
    heights: Grid = np.full_like(x, rise)
    if edge == "wave":
        heights = heights + np.sin(x * 7.0 + shift) * 0.018
    elif edge == "hills":
        heights = np.abs(np.sin(x * 4.0 + shift)) * rise + 0.02
    elif edge == "bumps":
        heights = heights + np.abs(np.sin(x * 22.0 + shift)) * 0.04
    elif edge in ("teeth", "peaks"):
        many, depth = (9.0, 0.5) if edge == "teeth" else (2.2, 0.8)
        column = x * many + shift
        heights = (1.0 - np.abs(column - np.floor(column) - 0.5) * (2.0 * depth)) * rise
    elif edge == "blocks":
        steps = lot.random(9, dtype=np.float32) * 0.7 + 0.3
        heights = steps[(x * 8.99).astype(np.intp)] * rise
    return heights
