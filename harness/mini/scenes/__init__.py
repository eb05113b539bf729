"""Procedural picture-book scenes with a label for every pixel."""

from harness.mini.scenes.draw import Drawing, draw_scene
from harness.mini.scenes.scene import Scene, SceneObject, sample_scene
from harness.mini.scenes.vocabulary import (
    BACKGROUNDS,
    COLOURS,
    KINDS,
    LIGHTS,
    MATERIALS,
    PARTS,
    REGIONS,
    Kind,
    Region,
)

__all__ = [
    "BACKGROUNDS",
    "COLOURS",
    "KINDS",
    "LIGHTS",
    "MATERIALS",
    "PARTS",
    "REGIONS",
    "Drawing",
    "Kind",
    "Region",
    "Scene",
    "SceneObject",
    "draw_scene",
    "sample_scene",
]
