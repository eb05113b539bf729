"""The words of the scenes: object kinds, colours, materials, backgrounds and lights."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, TypeAlias

from harness.mini.scenes.kinds import indoors, nature, outdoors
from harness.mini.scenes.shapes import Piece

Colour: TypeAlias = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of object: its name, its wider class and its drawing."""

    name: str
    family: str
    floats: bool
    pieces: tuple[Piece, ...]

    @property
    def parts(self) -> tuple[str, ...]:
        """Return the names of the parts in the order in which they are drawn."""
        return tuple(dict.fromkeys(piece.part for piece in self.pieces))


@dataclass(frozen=True, slots=True)
class Region:
    """One area of a background: its texture, its two tones and the form of its upper edge."""

    name: str
    texture: str
    upper: Colour
    lower: Colour
    edge: str = "flat"
    rise: float = 0.0


_FLOATING: Final = frozenset({"fish", "butterfly", "plane", "rocket", "kite", "balloon"})
_FAMILIES: Final = (
    ("animal", nature.ANIMALS),
    ("plant", nature.PLANTS),
    ("fruit", nature.FRUITS),
    ("vehicle", outdoors.VEHICLES),
    ("building", outdoors.BUILDINGS),
    ("toy", outdoors.TOYS),
    ("instrument", outdoors.INSTRUMENTS),
    ("furniture", indoors.FURNITURE),
    ("kitchenware", indoors.KITCHENWARE),
    ("tool", indoors.TOOLS),
    ("clothing", indoors.CLOTHING),
)

KINDS: Final[Mapping[str, Kind]] = MappingProxyType(
    {
        name: Kind(name, family, name in _FLOATING, pieces)
        for family, drawings in _FAMILIES
        for name, pieces in drawings
    }
)
"""Every kind by its name."""

PARTS: Final[tuple[str, ...]] = tuple(
    sorted({piece.part for kind in KINDS.values() for piece in kind.pieces})
)
"""All part names, sorted; part maps hold indices into it."""

COLOURS: Final[Mapping[str, Colour]] = MappingProxyType(
    {
        "red": (214, 36, 40),
        "orange": (245, 135, 25),
        "yellow": (248, 216, 40),
        "green": (52, 152, 52),
        "blue": (40, 88, 212),
        "purple": (132, 58, 172),
        "pink": (248, 142, 188),
        "brown": (124, 74, 38),
        "black": (40, 40, 46),
        "white": (244, 244, 240),
        "gray": (142, 144, 148),
        "turquoise": (42, 198, 192),
    }
)
"""The colours an object can have, as red, green and blue from 0 to 255."""

MATERIALS: Final[tuple[str, ...]] = (
    "plain",
    "wooden",
    "metal",
    "stone",
    "woolen",
    "striped",
    "dotted",
    "checkered",
)
"""The surface looks an object can have."""

PAINTS: Final[Mapping[str, Colour]] = MappingProxyType(
    {
        "black": (34, 32, 36),
        "white": (248, 248, 246),
        "gray": (158, 160, 166),
        "red": (206, 50, 48),
        "orange": (242, 150, 44),
        "yellow": (252, 222, 92),
        "pink": (244, 160, 178),
        "leaf": (70, 158, 66),
        "wood": (150, 98, 56),
        "clay": (190, 100, 66),
        "cream": (240, 218, 178),
        "glass": (176, 218, 240),
    }
)
"""The fixed paints of parts that do not take the object's own colour."""

_SKY: Final = Region("sky", "clouds", (112, 176, 236), (206, 230, 248))

BACKGROUNDS: Final[Mapping[str, tuple[Region, ...]]] = MappingProxyType(
    {
        "meadow": (_SKY, Region("grass", "grass", (138, 196, 92), (88, 158, 62), "wave")),
        "beach": (
            _SKY,
            Region("water", "waves", (66, 152, 206), (110, 196, 220), "flat", 0.12),
            Region("sand", "speckle", (238, 216, 162), (222, 190, 130), "wave"),
        ),
        "sea": (_SKY, Region("water", "waves", (52, 124, 190), (22, 74, 142))),
        "snowfield": (
            Region("sky", "clouds", (150, 176, 206), (214, 224, 236)),
            Region("snow", "speckle", (236, 242, 250), (208, 220, 238), "wave"),
        ),
        "desert": (
            Region("sky", "plain", (128, 190, 226), (250, 226, 180)),
            Region("dune", "speckle", (226, 168, 98), (204, 140, 76), "hills", 0.1),
            Region("sand", "ripples", (240, 196, 126), (220, 164, 92), "wave"),
        ),
        "forest": (
            Region("sky", "plain", (170, 208, 214), (196, 222, 206)),
            Region("trees", "trunks", (44, 96, 62), (32, 72, 48), "teeth", 0.24),
            Region("grass", "grass", (96, 140, 64), (66, 104, 46), "wave"),
        ),
        "street": (
            _SKY,
            Region("pavement", "tiles", (196, 192, 186), (178, 174, 170), "flat", 0.07),
            Region("road", "dashes", (112, 114, 120), (84, 86, 92)),
        ),
        "city": (
            Region("sky", "clouds", (146, 188, 226), (226, 220, 214)),
            Region("buildings", "windows", (128, 122, 140), (150, 142, 152), "blocks", 0.26),
            Region("pavement", "tiles", (186, 182, 178), (150, 148, 150)),
        ),
        "kitchen": (
            Region("tiles", "tiles", (226, 238, 238), (206, 224, 226)),
            Region("counter", "planks", (196, 148, 98), (168, 120, 76)),
        ),
        "bedroom": (
            Region("wallpaper", "paper", (230, 204, 214), (216, 186, 200)),
            Region("carpet", "knots", (150, 122, 150), (122, 96, 124)),
        ),
        "library": (
            Region("shelf", "books", (164, 108, 66), (140, 88, 52)),
            Region("floor", "planks", (192, 150, 104), (150, 108, 70)),
        ),
        "garden": (
            _SKY,
            Region("hedge", "leaves", (62, 132, 62), (44, 104, 48), "bumps", 0.14),
            Region("grass", "grass", (150, 204, 98), (108, 172, 70)),
        ),
        "mountain": (
            _SKY,
            Region("rock", "speckle", (150, 152, 168), (112, 114, 130), "peaks", 0.26),
            Region("grass", "grass", (132, 178, 98), (88, 140, 66), "wave"),
        ),
        "yard": (
            Region("wall", "bricks", (196, 122, 98), (176, 104, 84)),
            Region("ground", "speckle", (178, 158, 132), (150, 130, 104)),
        ),
    }
)
"""The regions of every background, from the farthest to the nearest."""

REGIONS: Final[tuple[str, ...]] = tuple(
    sorted({region.name for regions in BACKGROUNDS.values() for region in regions})
)
"""All region names, sorted; region maps hold indices into it."""

LIGHTS: Final[Mapping[str, tuple[Colour, Colour]]] = MappingProxyType(
    {
        "day": ((1.0, 1.0, 1.0), (1.0, 1.0, 1.0)),
        "evening": ((1.0, 0.78, 0.66), (1.04, 0.88, 0.74)),
        "night": ((0.44, 0.48, 0.72), (0.62, 0.64, 0.82)),
    }
)
"""The tint of every light at the top and at the bottom of the picture."""
