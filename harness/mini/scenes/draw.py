"""The drawer: turns a scene into an image with a label for every pixel."""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from harness.mini.scenes.scene import Scene, SceneObject
from harness.mini.scenes.shapes import Grid, Piece
from harness.mini.scenes.textures import GROUNDS, LOOKS, edge_heights
from harness.mini.scenes.vocabulary import (
    BACKGROUNDS,
    COLOURS,
    KINDS,
    LIGHTS,
    PAINTS,
    PARTS,
    REGIONS,
    Colour,
)

_PART_NUMBERS: Final = {name: number for number, name in enumerate(PARTS)}
_REGION_NUMBERS: Final = {name: number for number, name in enumerate(REGIONS)}
_NOISE: Final = 7.0
_OUTLINE: Final = 0.42


@dataclass(frozen=True, slots=True, eq=False)
class Drawing:
    """A drawn scene: the image and, per pixel, the object, the part and the region."""

    image: npt.NDArray[np.uint8]
    object_map: npt.NDArray[np.int8]
    part_map: npt.NDArray[np.int16]
    region_map: npt.NDArray[np.int8]


@dataclass(frozen=True, slots=True)
class _Frame:
    """How local coordinates lie in the image: a small turn, a stretch and a shift."""

    along: float
    skew_x: float
    skew_y: float
    down: float
    x: float
    y: float


def draw_scene(scene: Scene, size: int = 144) -> Drawing:
    """Draw a scene as a square image of the given side, with labels for every pixel."""
    lot = np.random.Generator(np.random.Philox(key=[scene.seed, 1]))
    picture = np.zeros((3, size, size), np.float32)
    region_map = np.empty((size, size), np.int8)
    object_map = np.full((size, size), -1, np.int8)
    part_map = np.full((size, size), -1, np.int16)
    _draw_background(scene, lot, picture, region_map)
    order = sorted(
        range(len(scene.objects)),
        key=lambda i: scene.objects[i].centre[1] + scene.objects[i].size / 2,
    )
    for number in order:
        _draw_object(scene.objects[number], number, lot, picture, object_map, part_map)
    upper, lower = LIGHTS[scene.light]
    share = np.linspace(0.0, 1.0, size, dtype=np.float32)[None, :, None]
    picture *= _column(upper) * (1.0 - share) + _column(lower) * share
    noise = np.frombuffer(lot.bytes(picture.size), np.uint8).reshape(picture.shape)
    picture += noise * np.float32(_NOISE / 255.0) - np.float32(_NOISE / 2.0 - 0.5)
    np.clip(picture, 0.0, 255.0, out=picture)
    image = np.ascontiguousarray(picture.transpose(1, 2, 0).astype(np.uint8))
    return Drawing(image, object_map, part_map, region_map)


def _column(colour: Colour) -> Grid:
    return np.array(colour, np.float32)[:, None, None]


def _draw_background(
    scene: Scene, lot: np.random.Generator, picture: Grid, region_map: npt.NDArray[np.int8]
) -> None:
    size = region_map.shape[0]
    line = (np.arange(size, dtype=np.float32) + np.float32(0.5)) / np.float32(size)
    across, along = np.broadcast_arrays(line[None, :], line[:, None])
    regions = BACKGROUNDS[scene.background]
    tint = 1.0 + 0.12 * (float(lot.random()) - 0.5)
    for i, region in enumerate(regions):
        if i == 0:
            edge = np.zeros_like(line)
        else:
            edge = np.float32(scene.horizon) - edge_heights(lot, region.edge, region.rise, line)
        first = max(int(float(edge.min()) * size) - 1, 0)
        # Nothing of a region shows below the horizon of the nearest one, but for its waves.
        last = size if i == len(regions) - 1 else min(int((scene.horizon + 0.06) * size), size)
        x, y = across[first:last], along[first:last]
        span = line[last - 1] - line[first] + np.float32(1e-6)
        share = ((line[first:last] - line[first]) / span)[None, :, None]
        upper, lower = _column(region.upper), _column(region.lower)
        paint = (upper + (lower - upper) * share) * np.float32(tint)
        filled = paint + GROUNDS[region.texture](lot, x, y)
        cover = (y - edge) * np.float32(size) + np.float32(0.5)
        if i == 0:
            picture[:, first:last] = filled
            region_map[:] = _REGION_NUMBERS[region.name]
            continue
        np.clip(cover, 0.0, 1.0, out=cover)
        target = picture[:, first:last]
        target += (filled - target) * cover
        region_map[first:last][cover > 0.5] = _REGION_NUMBERS[region.name]


def _frame(item: SceneObject, size: int, lot: np.random.Generator) -> _Frame:
    turn, stretch, _ = (lot.random(3) - 0.5).tolist()
    angle = math.radians(10.0 * turn)
    wide, high = 0.93 * (1.0 + min(0.12 * stretch, 0.0)), 0.93 * (1.0 - max(0.12 * stretch, 0.0))
    half = item.size * size / 2.0
    sign = -1.0 if item.flipped else 1.0
    return _Frame(
        sign * half * wide * math.cos(angle),
        -half * high * math.sin(angle),
        sign * half * wide * math.sin(angle),
        half * high * math.cos(angle),
        item.centre[0] * size,
        item.centre[1] * size,
    )


def _span(centre: float, reach: float, size: int) -> tuple[int, int]:
    return max(int(centre - reach - 1.0), 0), min(int(centre + reach + 2.0), size)


def _draw_shadow(item: SceneObject, picture: Grid) -> None:
    size = picture.shape[1]
    wide, high = 0.5 * item.size * size, 0.09 * item.size * size
    x, y = item.centre[0] * size, (item.centre[1] + 0.44 * item.size) * size
    left, right = _span(x, wide, size)
    top, bottom = _span(y, high, size)
    across = (np.arange(left, right, dtype=np.float32) + np.float32(0.5 - x)) / np.float32(wide)
    along = (np.arange(top, bottom, dtype=np.float32) + np.float32(0.5 - y)) / np.float32(high)
    depth = 1.0 - (across * across)[None, :] - (along * along)[:, None]
    picture[:, top:bottom, left:right] *= 1.0 - np.clip(depth * 0.7, 0.0, 0.36)


def _paints(item: SceneObject, lot: np.random.Generator, x: Grid, y: Grid) -> dict[str, Grid]:
    """Mix the object's own colour in its material, and a darker and a lighter tone of it."""
    base = np.array(COLOURS[item.colour], np.float32)
    base += (lot.random(3, dtype=np.float32) - np.float32(0.5)) * np.float32(8.0)
    base += np.float32(20.0 * float(lot.random()) - 10.0)
    bright = float(base @ np.array((0.3, 0.59, 0.11), np.float32))
    # A second tone that is lighter would be lost on the light colours.
    second = base * np.float32(0.58) if bright > 185.0 else base * 0.5 + np.float32(118.0)
    pattern = LOOKS[item.material](lot, x, y)
    main = pattern * (second - base)[:, None, None] + base[:, None, None]
    # Darkening a black object would leave nothing to see.
    deep = main + np.float32(26.0) if bright < 70.0 else main * np.float32(0.78)
    return {"main": main, "dark": deep, "light": main * np.float32(0.68) + np.float32(76.0)}


def _draw_object(
    item: SceneObject,
    number: int,
    lot: np.random.Generator,
    picture: Grid,
    object_map: npt.NDArray[np.int8],
    part_map: npt.NDArray[np.int16],
) -> None:
    kind = KINDS[item.kind]
    size = picture.shape[1]
    frame = _frame(item, size, lot)
    if not kind.floats:
        _draw_shadow(item, picture)
    reach = item.size * size / 2.0
    left, right = _span(frame.x, reach, size)
    top, bottom = _span(frame.y, reach, size)
    determinant = frame.along * frame.down - frame.skew_x * frame.skew_y
    columns = np.arange(left, right, dtype=np.float32) + np.float32(0.5 - frame.x)
    rows = (np.arange(top, bottom, dtype=np.float32) + np.float32(0.5 - frame.y))[:, None]
    x = columns * np.float32(frame.down / determinant) - rows * np.float32(
        frame.skew_x / determinant
    )
    y = rows * np.float32(frame.along / determinant) - columns * np.float32(
        frame.skew_y / determinant
    )
    paints = _paints(item, lot, x, y)
    scale = np.float32(math.sqrt(abs(determinant)))
    window = picture[:, top:bottom, left:right]
    objects = object_map[top:bottom, left:right]
    parts = part_map[top:bottom, left:right]
    for piece in kind.pieces:
        place = _place(piece, frame, (left, top), x.shape)
        cover, shade = _cover(piece, x[place], y[place], scale)
        target = window[:, place[0], place[1]]
        if piece.paint in paints:
            paint = paints[piece.paint][:, place[0], place[1]]
        else:
            paint = _column(PAINTS[piece.paint])
        target += (paint * shade - target) * cover
        inside = cover > 0.5
        objects[place][inside] = number
        parts[place][inside] = _PART_NUMBERS[piece.part]


def _place(
    piece: Piece, frame: _Frame, corner: tuple[int, int], shape: tuple[int, ...]
) -> tuple[slice, slice]:
    """Return the rows and columns of the object's window that a piece can touch."""
    low_x, low_y, high_x, high_y = piece.bounds
    middle_x, middle_y = (low_x + high_x) / 2.0, (low_y + high_y) / 2.0
    half_x, half_y = (high_x - low_x) / 2.0, (high_y - low_y) / 2.0
    x = frame.x - corner[0] + frame.along * middle_x + frame.skew_x * middle_y
    y = frame.y - corner[1] + frame.skew_y * middle_x + frame.down * middle_y
    wide = abs(frame.along) * half_x + abs(frame.skew_x) * half_y
    high = abs(frame.skew_y) * half_x + abs(frame.down) * half_y
    return slice(*_span(y, high, shape[0])), slice(*_span(x, wide, shape[1]))


def _cover(piece: Piece, x: Grid, y: Grid, scale: np.float32) -> tuple[Grid, Grid]:
    """Return how much of each pixel a piece covers, and the shade of its dark outline."""
    distance = piece.distance(piece.numbers, x, y) * scale
    cover = np.minimum(np.maximum(np.float32(0.5) - distance, 0.0), 1.0)
    edge = np.minimum(np.maximum(distance + np.float32(1.6), 0.0), 1.0)
    return cover, np.float32(1.0) - edge * np.float32(_OUTLINE)
