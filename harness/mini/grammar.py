"""What can be said about a scene: captions in one order, questions that need a look, notes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Final, NamedTuple

import numpy as np

from harness.mini.scenes import KINDS, Scene, SceneObject

SETTINGS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "meadow": "in the meadow",
        "beach": "on the beach",
        "sea": "on the sea",
        "snowfield": "in the snowfield",
        "desert": "in the desert",
        "forest": "in the forest",
        "street": "on the street",
        "city": "in the city",
        "kitchen": "in the kitchen",
        "bedroom": "in the bedroom",
        "library": "in the library",
        "garden": "in the garden",
        "mountain": "on the mountain",
        "yard": "in the yard",
    }
)
"""How a background is named in a sentence."""

TIMES: Final[Mapping[str, str]] = MappingProxyType(
    {"day": "by day", "evening": "in the evening", "night": "at night"}
)
"""How a light is named in a sentence."""

NUMBERS: Final = ("no", "one", "two", "three", "four", "five", "six")
_ROWS: Final = ("top", "middle", "bottom")
_COLUMNS: Final = ("left", "center", "right")
PROMPT: Final = "describe the picture:"
"""The question that asks for a caption."""


class Turn(NamedTuple):
    """A question and its answer."""

    question: str
    answer: str


def article(words: str) -> str:
    """Return ``words`` behind a or an."""
    return f"{'an' if words[0] in 'aeiou' else 'a'} {words}"


def look(thing: SceneObject) -> str:
    """Return colour, material (unless plain) and kind."""
    material = "" if thing.material == "plain" else f"{thing.material} "
    return f"{thing.colour} {material}{thing.kind}"


def in_order(scene: Scene) -> tuple[SceneObject, ...]:
    """Return the objects from left to right: the one order in which they are named."""
    return tuple(sorted(scene.objects, key=lambda thing: thing.centre))


def listed(names: Sequence[str]) -> str:
    """Join names by commas and a last ``and``."""
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def caption(scene: Scene) -> str:
    """Return the caption: every object from left to right, then the place and the time."""
    things = listed([article(look(thing)) for thing in in_order(scene)])
    return f"{things} {SETTINGS[scene.background]} {TIMES[scene.light]}."


def place(thing: SceneObject) -> str:
    """Name the third of the picture, both ways, in which an object's centre lies."""
    column, row = (min(2, int(share * 3)) for share in thing.centre)
    return f"{_ROWS[row]} {_COLUMNS[column]}"


def _ask_caption(scene: Scene, lot: np.random.Generator) -> Turn:
    return Turn(PROMPT, caption(scene))


def _ask_names(scene: Scene, lot: np.random.Generator) -> Turn:
    return Turn("name the objects:", f"{listed([thing.kind for thing in in_order(scene)])}.")


def _pick(scene: Scene, lot: np.random.Generator) -> SceneObject:
    return scene.objects[int(lot.integers(len(scene.objects)))]


def _ask_place(scene: Scene, lot: np.random.Generator) -> Turn:
    spot = place(_pick(scene, lot))
    found = [article(look(thing)) for thing in in_order(scene) if place(thing) == spot]
    return Turn(f"what is at the {spot}?", f"{listed(found)}.")


def _ask_empty(scene: Scene, lot: np.random.Generator) -> Turn:
    spot = f"{_ROWS[int(lot.integers(3))]} {_COLUMNS[int(lot.integers(3))]}"
    found = [article(look(thing)) for thing in in_order(scene) if place(thing) == spot]
    return Turn(f"what is at the {spot}?", f"{listed(found) if found else 'nothing'}.")


def _ask_where(scene: Scene, lot: np.random.Generator) -> Turn:
    thing = _pick(scene, lot)
    return Turn(f"where is the {thing.kind}?", f"at the {place(thing)}.")


def _ask_colour(scene: Scene, lot: np.random.Generator) -> Turn:
    thing = _pick(scene, lot)
    return Turn(f"what color is the {thing.kind}?", f"{thing.colour}.")


def _ask_material(scene: Scene, lot: np.random.Generator) -> Turn:
    thing = _pick(scene, lot)
    return Turn(f"what does the {thing.kind} look like?", f"{thing.material}.")


def _ask_beside(scene: Scene, lot: np.random.Generator) -> Turn:
    things, step = in_order(scene), (-1, 1)[int(lot.integers(2))]
    at = int(lot.integers(len(things)))
    side = "left" if step < 0 else "right"
    found = 0 <= at + step < len(things)
    answer = article(look(things[at + step])) if found else "nothing"
    return Turn(f"what is {side} of the {things[at].kind}?", f"{answer}.")


def _ask_end(scene: Scene, lot: np.random.Generator) -> Turn:
    things, end = in_order(scene), int(lot.integers(2))
    side = ("left", "right")[end]
    return Turn(f"what is the first object from the {side}?", f"{article(look(things[-end]))}.")


def _ask_count(scene: Scene, lot: np.random.Generator) -> Turn:
    return Turn("how many objects are there?", f"{NUMBERS[len(scene.objects)]}.")


def _ask_setting(scene: Scene, lot: np.random.Generator) -> Turn:
    return Turn("where is this?", f"{SETTINGS[scene.background]} {TIMES[scene.light]}.")


def _ask_family(scene: Scene, lot: np.random.Generator) -> Turn:
    thing = _pick(scene, lot)
    family = KINDS[thing.kind].family
    found = [other.kind for other in in_order(scene) if KINDS[other.kind].family == family]
    return Turn(f"which objects belong to {family}?", f"{listed(found)}.")


_QUESTIONS: Final[tuple[Callable[[Scene, np.random.Generator], Turn], ...]] = (
    _ask_names,
    _ask_place,
    _ask_place,
    _ask_empty,
    _ask_where,
    _ask_colour,
    _ask_material,
    _ask_beside,
    _ask_beside,
    _ask_end,
    _ask_count,
    _ask_setting,
    _ask_family,
)


def dialogue(scene: Scene, lot: np.random.Generator, questions: int = 4) -> list[Turn]:
    """Return the caption and some questions about a scene in random order, no question twice."""
    picks = lot.permutation(len(_QUESTIONS))[:questions]
    turns = [_QUESTIONS[int(pick)](scene, lot) for pick in picks]
    turns.insert(
        0 if lot.random() < 0.5 else int(lot.integers(len(turns) + 1)), _ask_caption(scene, lot)
    )
    return list({turn.question: turn for turn in turns}.values())


def notes(scene: Scene, lot: np.random.Generator) -> str:
    """Return the scene as notes, objects in random order: place, number from the left, look."""
    order = in_order(scene)
    lines = [f"{place(o)} {NUMBERS[order.index(o) + 1]}: {look(o)}." for o in scene.objects]
    shuffled = " ".join(lines[int(i)] for i in lot.permutation(len(lines)))
    return f"notes: {shuffled} {scene.background}. {scene.light}."
