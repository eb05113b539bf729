"""The phrase grammar: short texts about things, parts, places and the world, without a picture."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Final

import numpy as np

from harness.core.rng import keyed_rng
from harness.mini.grammar import SETTINGS, TIMES, article, caption
from harness.mini.knowledge import FACTS
from harness.mini.scenes import BACKGROUNDS, COLOURS, KINDS, MATERIALS, sample_scene

Lot = np.random.Generator
_KINDS: Final = tuple(KINDS)
_COLOURS: Final = tuple(COLOURS)
_PLACES: Final = tuple(BACKGROUNDS)
_TIMES: Final = tuple(TIMES.values())
_BESIDE: Final = (
    "next to",
    "left of",
    "right of",
    "above",
    "below",
    "in front of",
    "behind",
    "near",
)
_CAPTION_SEED: Final = 500_000_000


def _pick(lot: Lot, names: tuple[str, ...]) -> str:
    return names[int(lot.integers(len(names)))]


def _looks(lot: Lot) -> str:
    kind, colour, material = _pick(lot, _KINDS), _pick(lot, _COLOURS), _pick(lot, MATERIALS)
    form = int(lot.integers(4))
    return (kind, f"{colour} {kind}", f"{material} {kind}", f"{colour} {material} {kind}")[form]


def _thing(lot: Lot) -> str:
    return article(_looks(lot))


def _things(lot: Lot) -> str:
    kind = _pick(lot, _KINDS)
    plural = (
        kind
        if kind == "fish"
        else kind[:-1] + "ies"
        if kind.endswith("rry")
        else (kind + "es" if kind.endswith(("s", "x", "ch", "sh")) else kind + "s")
    )
    return f"{_pick(lot, ('two', 'three', 'four', 'many', 'some'))} {_pick(lot, _COLOURS)} {plural}"


def _beside(lot: Lot) -> str:
    return f"{_thing(lot)} {_pick(lot, _BESIDE)} {_thing(lot)}"


def _setting(lot: Lot) -> str:
    return f"{_thing(lot)} {SETTINGS[_pick(lot, _PLACES)]}"


def _setting_time(lot: Lot) -> str:
    return f"{_setting(lot)} {_pick(lot, _TIMES)}"


def _part(lot: Lot) -> str:
    kind = _pick(lot, _KINDS)
    part = _pick(lot, KINDS[kind].parts)
    colour = _pick(lot, _COLOURS)
    form = int(lot.integers(4))
    return (
        f"the {part} of {article(kind)}",
        f"the {colour} {part} of the {kind}",
        f"the {kind} has {article(part)}",
        f"{part} of {article(f'{colour} {kind}')}",
    )[form]


def _parts(lot: Lot) -> str:
    kind = _pick(lot, _KINDS)
    first, second = (KINDS[kind].parts[int(i)] for i in lot.permutation(len(KINDS[kind].parts))[:2])
    return f"{article(kind)} has {article(first)} and {article(second)}"


def _ground(lot: Lot) -> str:
    place = _pick(lot, _PLACES)
    region = _pick(lot, tuple(region.name for region in BACKGROUNDS[place]))
    form = int(lot.integers(3))
    return (
        f"{_thing(lot)} in front of the {region}",
        f"the {region} {SETTINGS[place]} {_pick(lot, _TIMES)}",
        f"{_thing(lot)} on the {region}",
    )[form]


def _fact(lot: Lot) -> str:
    kind = _pick(lot, _KINDS)
    facts, family = FACTS[kind], KINDS[kind].family
    colour = _pick(lot, _COLOURS)
    quality = _pick(lot, facts.qualities)
    form = int(lot.integers(7))
    return (
        f"{article(kind)} is {article(family)}"
        if family not in _MASS
        else f"{article(kind)} is {family}",
        f"{article(f'{quality} {colour} {kind}')}",
        f"the {colour} {kind} {facts.action}",
        f"{article(f'{colour} {kind}')} {facts.home}",
        f"the {colour} {kind} is {facts.qualities[0]} and {facts.qualities[1]}",
        f"{article(f'{quality} {kind}')} {SETTINGS[_pick(lot, _PLACES)]}",
        f"the {kind} {facts.action} {_pick(lot, _TIMES)}",
    )[form]


def _caption(lot: Lot) -> str:
    return caption(sample_scene(_CAPTION_SEED + int(lot.integers(1 << 30)), objects=(1, 3)))


_MASS: Final = frozenset({"kitchenware", "furniture", "clothing"})
_TEMPLATES: Final[tuple[Callable[[Lot], str], ...]] = (
    _thing,
    _looks,
    _things,
    _beside,
    _beside,
    _setting,
    _setting_time,
    _part,
    _parts,
    _ground,
    _fact,
    _fact,
    _caption,
)


def phrase(lot: Lot) -> str:
    """Return one random phrase."""
    return _TEMPLATES[int(lot.integers(len(_TEMPLATES)))](lot)


def reference_corpus(count: int, without: Collection[str]) -> list[str]:
    """Return ``count`` distinct phrases, none of them in ``without``, the same ones every time."""
    lot = keyed_rng("mini", "reference corpus")
    chosen: dict[str, None] = {}
    while len(chosen) < count:
        text = phrase(lot)
        if text not in without:
            chosen[text] = None
    return list(chosen)
