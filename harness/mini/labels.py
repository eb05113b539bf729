"""Ground truth of a drawn scene, for any region of it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from harness.core.records import Box, Entity, RegionLabels
from harness.mini.scenes import KINDS, PARTS, REGIONS, Drawing, Scene

_LEAST_PART = 0.004
"""A part counts as visible from this share of the region on: about 9 of 48 x 48 pixels."""


def region_labels(
    scene: Scene, drawing: Drawing, region: Box, point: tuple[float, float]
) -> RegionLabels:
    """Return what is inside ``region`` and under ``point``, both in pixels of the drawing.

    A pixel belongs to the region if its centre does.
    """
    height, width = drawing.object_map.shape
    left, top, right, bottom = region
    columns = slice(max(0, round(left)), min(width, round(right)))
    rows = slice(max(0, round(top)), min(height, round(bottom)))
    x, y = min(width - 1, int(point[0])), min(height - 1, int(point[1]))
    owner = int(drawing.object_map[y, x])
    under = scene.objects[owner].kind if owner >= 0 else REGIONS[int(drawing.region_map[y, x])]
    return RegionLabels(
        inside=_entities(scene, drawing, (rows, columns)),
        everywhere=_entities(scene, drawing, (slice(None), slice(None))),
        centre=under,
    )


def _entities(scene: Scene, drawing: Drawing, window: tuple[slice, slice]) -> tuple[Entity, ...]:
    """Return objects, then background areas, then the light, with their shares of the window."""
    objects, parts = drawing.object_map[window], drawing.part_map[window]
    found = [
        Entity(
            kind=thing.kind,
            hypernyms=(KINDS[thing.kind].family,),
            parts=_visible(parts[objects == number], objects.size),
            colour=thing.colour,
            material="" if thing.material == "plain" else thing.material,
            coverage=float((objects == number).mean()),
        )
        for number, thing in enumerate(scene.objects)
        if (objects == number).any()
    ]
    open_ground = drawing.region_map[window][objects < 0]
    numbers, counts = np.unique(open_ground, return_counts=True)
    found += [
        Entity(
            kind=REGIONS[number],
            hypernyms=(scene.background,),
            background=True,
            coverage=count / objects.size,
        )
        for number, count in zip(numbers.tolist(), counts.tolist(), strict=True)
    ]
    light = Entity(kind=scene.light, background=True, coverage=1.0)
    return (*found, light)


def _visible(parts: npt.NDArray[np.int16], area: int) -> tuple[str, ...]:
    """Return the names of the parts among these pixels that are large enough to be seen."""
    numbers, counts = np.unique(parts[parts >= 0], return_counts=True)
    pairs = zip(numbers.tolist(), counts.tolist(), strict=True)
    return tuple(PARTS[number] for number, count in pairs if count >= _LEAST_PART * area)
