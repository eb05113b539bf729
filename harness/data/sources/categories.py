"""The names of COCO categories as words that people say, for judges that compare single words."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

WIDER: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "hot dog": ("hotdog", "sausage", "sandwich"),
        "teddy bear": ("teddy", "toy", "bear"),
        "cell phone": ("cellphone", "phone"),
        "traffic light": ("light", "signal"),
        "sports ball": ("ball",),
        "dining table": ("table",),
        "couch": ("seat",),
        "chair": ("seat",),
        "bench": ("seat",),
        "tv": ("television", "screen"),
        "skis": ("ski",),
        "scissors": ("tool",),
        "clock": ("timepiece",),
        "vase": ("container",),
        "toothbrush": ("brush",),
        "motorcycle": ("motorbike",),
        "airplane": ("plane", "aircraft"),
    }
)
"""Other and wider names of categories whose last word does not say them, nearest first."""

# Groups of the annotation file that say where a thing is used, not what it is.
_NO_KIND: Final = frozenset(
    {"", "outdoor", "indoor", "kitchen", "sports", "electronic", "other", "solid", "textile"}
)


def hypernyms(category: str, supercategory: str) -> tuple[str, ...]:
    """Return other and wider names of a category, nearest first.

    Those of :data:`WIDER`, else the last word of a name of several words (a ``wine glass`` is a
    glass); then the supercategory, unless it only says where such things are used.

    Args:
        category: Name in the annotation file, such as ``dining table``.
        supercategory: Its group there, such as ``furniture``; empty if it has none.
    """
    last = category.rpartition(" ")[2]
    names = WIDER.get(category, () if last == category else (last,))
    group = supercategory.removesuffix("-stuff")
    if group in _NO_KIND or group in {category, *names}:
        return names
    return (*names, group)
