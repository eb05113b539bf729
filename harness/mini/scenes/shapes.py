"""Signed distance functions on local coordinates, and the pieces that drawings are made of.

Local coordinates run from -1 to 1 over an object's box, x to the right and y downwards.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

Grid: TypeAlias = npt.NDArray[np.floating[Any]]
Numbers: TypeAlias = tuple[float, ...]
Distance: TypeAlias = Callable[[Numbers, Grid, Grid], Grid]


@dataclass(frozen=True, slots=True)
class Piece:
    """One shape of a drawing: the part it belongs to, its paint and its outline."""

    part: str
    paint: str
    distance: Distance
    numbers: Numbers
    bounds: tuple[float, float, float, float]


def _oval_distance(numbers: Numbers, x: Grid, y: Grid) -> Grid:
    centre_x, centre_y, radius_x, radius_y, cosine, sine = numbers
    x, y = x - centre_x, y - centre_y
    if sine:
        x, y = cosine * x + sine * y, cosine * y - sine * x
    x, y = x / radius_x, y / radius_y
    across, along = x * x, y * y
    slope = np.sqrt(across / (radius_x * radius_x) + along / (radius_y * radius_y) + 1e-6)
    result: Grid = (across + along - 1.0) / (2.0 * slope)
    return result


def _box_distance(numbers: Numbers, x: Grid, y: Grid) -> Grid:
    centre_x, centre_y, half_x, half_y, corner, cosine, sine = numbers
    x, y = x - centre_x, y - centre_y
    if sine:
        x, y = cosine * x + sine * y, cosine * y - sine * x
    x, y = np.abs(x) - (half_x - corner), np.abs(y) - (half_y - corner)
    if not corner:
        return np.maximum(x, y)
    inside = np.minimum(np.maximum(x, y), 0.0)
    x, y = np.maximum(x, 0.0), np.maximum(y, 0.0)
    result: Grid = np.sqrt(x * x + y * y) + inside - corner
    return result


def _line_distance(numbers: Numbers, x: Grid, y: Grid) -> Grid:
    start_x, start_y, step_x, step_y, radius = numbers
    x, y = x - start_x, y - start_y
    share = (x * step_x + y * step_y) / (step_x * step_x + step_y * step_y + 1e-9)
    share = np.minimum(np.maximum(share, 0.0), 1.0)
    x, y = x - share * step_x, y - share * step_y
    result: Grid = np.sqrt(x * x + y * y) - radius
    return result


def _polygon_distance(numbers: Numbers, x: Grid, y: Grid) -> Grid:
    result: Grid = numbers[0] * x + numbers[1] * y - numbers[2]
    for i in range(3, len(numbers), 3):
        edge = numbers[i] * x + numbers[i + 1] * y - numbers[i + 2]
        result = np.maximum(result, edge)
    return result


def _ring_distance(numbers: Numbers, x: Grid, y: Grid) -> Grid:
    result: Grid = np.abs(_oval_distance(numbers[:6], x, y)) - numbers[6]
    return result


def _dome_distance(numbers: Numbers, x: Grid, y: Grid) -> Grid:
    result: Grid = np.maximum(_oval_distance(numbers, x, y), y - numbers[1])
    return result


def _bowl_distance(numbers: Numbers, x: Grid, y: Grid) -> Grid:
    result: Grid = np.maximum(_oval_distance(numbers, x, y), numbers[1] - y)
    return result


def _arch_distance(numbers: Numbers, x: Grid, y: Grid) -> Grid:
    result: Grid = np.maximum(_ring_distance(numbers, x, y), y - numbers[1])
    return result


def _moon_distance(numbers: Numbers, x: Grid, y: Grid) -> Grid:
    outer = _oval_distance(numbers[:6], x, y)
    return np.maximum(outer, -_oval_distance(numbers[6:], x, y))


def oval(
    part: str, paint: str, x: float, y: float, wide: float, high: float, turn: float = 0.0
) -> Piece:
    """Make an ellipse from its centre, its radii and a turn in degrees."""
    cosine, sine = math.cos(math.radians(turn)), math.sin(math.radians(turn))
    reach_x = math.hypot(wide * cosine, high * sine)
    reach_y = math.hypot(wide * sine, high * cosine)
    bounds = (x - reach_x, y - reach_y, x + reach_x, y + reach_y)
    return Piece(part, paint, _oval_distance, (x, y, wide, high, cosine, sine), bounds)


def box(
    part: str,
    paint: str,
    x: float,
    y: float,
    wide: float,
    high: float,
    corner: float = 0.0,
    turn: float = 0.0,
) -> Piece:
    """Make a rectangle from its centre and half sides, with round corners and a turn."""
    cosine, sine = math.cos(math.radians(turn)), math.sin(math.radians(turn))
    reach_x = wide * abs(cosine) + high * abs(sine)
    reach_y = wide * abs(sine) + high * abs(cosine)
    bounds = (x - reach_x, y - reach_y, x + reach_x, y + reach_y)
    return Piece(part, paint, _box_distance, (x, y, wide, high, corner, cosine, sine), bounds)


def line(
    part: str, paint: str, x: float, y: float, to_x: float, to_y: float, radius: float
) -> Piece:
    """Make a thick line with round ends."""
    bounds = (
        min(x, to_x) - radius,
        min(y, to_y) - radius,
        max(x, to_x) + radius,
        max(y, to_y) + radius,
    )
    return Piece(part, paint, _line_distance, (x, y, to_x - x, to_y - y, radius), bounds)


def polygon(part: str, paint: str, *corners: tuple[float, float]) -> Piece:
    """Make a convex polygon from its corners, given in either direction."""
    following = (*corners[1:], corners[0])
    pairs = list(zip(corners, following, strict=True))
    turn = math.copysign(1.0, sum(a[0] * b[1] - b[0] * a[1] for a, b in pairs))
    numbers: list[float] = []
    for (start_x, start_y), (end_x, end_y) in pairs:
        length = math.hypot(end_x - start_x, end_y - start_y)
        normal_x = turn * (end_y - start_y) / length
        normal_y = turn * (start_x - end_x) / length
        numbers += [normal_x, normal_y, normal_x * start_x + normal_y * start_y]
    across, along = [c[0] for c in corners], [c[1] for c in corners]
    bounds = (min(across), min(along), max(across), max(along))
    return Piece(part, paint, _polygon_distance, tuple(numbers), bounds)


def ring(
    part: str, paint: str, x: float, y: float, wide: float, high: float, thick: float
) -> Piece:
    """Make a ring whose middle line is an ellipse; thick is half its breadth."""
    bounds = (x - wide - thick, y - high - thick, x + wide + thick, y + high + thick)
    return Piece(part, paint, _ring_distance, (x, y, wide, high, 1.0, 0.0, thick), bounds)


def arch(
    part: str, paint: str, x: float, y: float, wide: float, high: float, thick: float
) -> Piece:
    """Make the upper half of a ring."""
    bounds = (x - wide - thick, y - high - thick, x + wide + thick, y)
    return Piece(part, paint, _arch_distance, (x, y, wide, high, 1.0, 0.0, thick), bounds)


def dome(part: str, paint: str, x: float, y: float, wide: float, high: float) -> Piece:
    """Make the upper half of an ellipse; y is its flat lower side."""
    bounds = (x - wide, y - high, x + wide, y)
    return Piece(part, paint, _dome_distance, (x, y, wide, high, 1.0, 0.0), bounds)


def bowl(part: str, paint: str, x: float, y: float, wide: float, high: float) -> Piece:
    """Make the lower half of an ellipse; y is its flat upper side."""
    bounds = (x - wide, y, x + wide, y + high)
    return Piece(part, paint, _bowl_distance, (x, y, wide, high, 1.0, 0.0), bounds)


def moon(
    part: str,
    paint: str,
    outer: tuple[float, float, float, float],
    bite: tuple[float, float, float, float],
) -> Piece:
    """Make an ellipse with another ellipse bitten out of it."""
    x, y, wide, high = outer
    bounds = (x - wide, y - high, x + wide, y + high)
    return Piece(part, paint, _moon_distance, (*outer, 1.0, 0.0, *bite, 1.0, 0.0), bounds)


def _joint_distance(members: tuple[Piece, ...], numbers: Numbers, x: Grid, y: Grid) -> Grid:
    result = members[0].distance(members[0].numbers, x, y)
    for member in members[1:]:
        result = np.minimum(result, member.distance(member.numbers, x, y))
    return result


def joint(*members: Piece) -> Piece:
    """Join pieces into one outline; part and paint are those of the first."""
    sides = list(zip(*(member.bounds for member in members), strict=True))
    bounds = (min(sides[0]), min(sides[1]), max(sides[2]), max(sides[3]))
    distance = partial(_joint_distance, members)
    return Piece(members[0].part, members[0].paint, distance, (), bounds)
