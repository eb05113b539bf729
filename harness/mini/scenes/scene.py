"""What a scene holds, and how one is drawn by lot."""

from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np

from harness.mini.scenes.vocabulary import BACKGROUNDS, COLOURS, KINDS, LIGHTS, MATERIALS

Place: TypeAlias = tuple[float, float, float]

_KIND_NAMES: Final = tuple(KINDS)
_COLOUR_NAMES: Final = tuple(COLOURS)
_BACKGROUND_NAMES: Final = tuple(BACKGROUNDS)
_LIGHT_NAMES: Final = tuple(LIGHTS)
_SMALLEST: Final = 0.28
_LARGEST: Final = 0.46
_MOST_OVERLAP: Final = 0.12
_LEAST_STEP: Final = 0.1
_MOST_OBJECTS: Final = 6


@dataclass(frozen=True, slots=True)
class SceneObject:
    """One object: what it is, how it looks and where it stands, in shares of the image."""

    kind: str
    colour: str
    material: str
    centre: tuple[float, float]
    size: float
    flipped: bool


@dataclass(frozen=True, slots=True)
class Scene:
    """A whole picture: its background, its light and its objects."""

    seed: int
    background: str
    light: str
    horizon: float
    objects: tuple[SceneObject, ...]


def sample_scene(seed: int, *, objects: tuple[int, int] = (2, 4)) -> Scene:
    """Draw a scene by lot; the same seed and bounds always give the same scene."""
    fewest, most = objects
    if not 1 <= fewest <= most <= _MOST_OBJECTS:
        raise ValueError(f"objects must lie within 1 and {_MOST_OBJECTS}, not {objects}")
    lot = np.random.default_rng(seed)
    count = int(lot.integers(fewest, most + 1))
    kinds = [_KIND_NAMES[i] for i in lot.permutation(len(_KIND_NAMES))[:count]]
    background = _BACKGROUND_NAMES[int(lot.integers(len(_BACKGROUND_NAMES)))]
    light = _LIGHT_NAMES[int(lot.integers(len(_LIGHT_NAMES)))]
    horizon = 0.34 + 0.26 * float(lot.random())
    colours = lot.integers(len(_COLOUR_NAMES), size=count).tolist()
    materials = lot.integers(len(MATERIALS), size=count).tolist()
    flips = lot.integers(2, size=count).tolist()
    places = _find_places(lot, kinds, horizon)
    members = tuple(
        SceneObject(kind, _COLOUR_NAMES[colour], MATERIALS[material], (x, y), size, bool(flip))
        for kind, colour, material, flip, (x, y, size) in zip(
            kinds, colours, materials, flips, places, strict=True
        )
    )
    return Scene(seed, background, light, horizon, members)


def _find_places(lot: np.random.Generator, kinds: list[str], horizon: float) -> list[Place]:
    """Try at first to stand objects on the ground, then anywhere, then in fixed slots."""
    for attempt in range(40):
        largest = _LARGEST if attempt < 20 else _SMALLEST + 0.06
        places: list[Place] = []
        for kind in kinds:
            place = _find_place(lot, places, 1.0 if KINDS[kind].floats else horizon, largest)
            if place is None:
                break
            places.append(place)
        else:
            return places
    return _slots(lot, len(kinds))


def _find_place(
    lot: np.random.Generator, taken: list[Place], horizon: float, largest: float
) -> Place | None:
    numbers = lot.random(36).tolist()
    for i in range(0, 36, 3):
        size = _SMALLEST + (largest - _SMALLEST) * numbers[i]
        half = size / 2
        x = half + (1.0 - size) * numbers[i + 1]
        # A floating object may hang anywhere; the others stand below the horizon at first.
        lowest = size if horizon >= 1.0 or i >= 24 else max(size, horizon + 0.03)
        base = lowest + (0.99 - lowest) * numbers[i + 2]
        place = (x, base - half, size)
        if all(_apart(place, other) for other in taken):
            return place
    return None


def _apart(one: Place, other: Place) -> bool:
    if abs(one[0] - other[0]) < _LEAST_STEP:
        return False
    half = (one[2] + other[2]) / 2
    smaller = min(one[2], other[2])
    wide = min(smaller, half - abs(one[0] - other[0]))
    high = min(smaller, half - abs(one[1] - other[1]))
    if wide <= 0.0 or high <= 0.0:
        return True
    shared = wide * high
    return shared < _MOST_OVERLAP * (one[2] ** 2 + other[2] ** 2 - shared)


def _slots(lot: np.random.Generator, count: int) -> list[Place]:
    order = lot.permutation(count).tolist()
    step = 0.72 / max(count - 1, 1)
    return [(0.14 + step * i, 0.8 if i % 2 else 0.4, _SMALLEST) for i in order]
