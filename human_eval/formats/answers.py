"""What a person answered, from the pieces in which tools record it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final, get_args

from harness.core.ratings import Item, RatingState
from harness.core.records import Relation
from human_eval.formats.intake import EntryError
from human_eval.formats.reading import excerpt
from human_eval.formats.reasons import (
    CONTRADICTORY,
    UNKNOWN_RELATION,
    UNKNOWN_STATE,
    WRONG_NUMBER,
)

Answer = tuple[RatingState, tuple[Relation, ...]]
"""Kind of answer, and one relation per word if it has any."""

_RELATIONS: Final[tuple[Relation, ...]] = get_args(Relation)
_STATES: Final[tuple[RatingState, ...]] = get_args(RatingState)

RELATIONS: Final[Mapping[str, Relation]] = {name: name for name in _RELATIONS}
"""Relation by name."""

STATES: Final[Mapping[str, RatingState]] = {name: name for name in _STATES}
"""Kind of answer by name."""

VERDICT: Final = "verdict"
"""Name of the question about the whole item."""

_NONE: Final = frozenset({"none of them", "none"})
_CANT_TELL: Final = frozenset({"can't tell", "cannot tell", "cant tell"})
_WORD: Final = re.compile(r"word([1-9][0-9]{0,3})")


def word_number(name: str) -> int | None:
    """Return which word, from 1, the question ``name`` is about: 3 for ``word3``."""
    found = _WORD.fullmatch(name)
    return int(found[1]) if found else None


def stated(item: Item, state: str, relations: Sequence[str]) -> Answer:
    """Return an answer that names its kind, with ``none`` for every word if none fits.

    Raises:
        EntryError: It is unknown, contradicts itself, or has not one relation per word.
    """
    if state not in STATES:
        raise EntryError(UNKNOWN_STATE, f"state {excerpt(state)}: expected {', '.join(STATES)}")
    known = _known(relations)
    kind = STATES[state]
    fits = any(relation != "none" for relation in known)
    if (kind == "selected" and known and not fits) or (kind == "none" and fits):
        raise EntryError(CONTRADICTORY, f"state {kind} with the relations {', '.join(known)}")
    if kind in ("cant_tell", "blank"):
        if known:
            raise EntryError(CONTRADICTORY, f"state {kind} with the relations {', '.join(known)}")
        return kind, ()
    if kind == "none" and not known:
        return nothing_fits(item)
    if len(known) != len(item.words):
        raise EntryError(
            WRONG_NUMBER, f"{len(known)} relations for {len(item.words)} words: one each is needed"
        )
    return kind, known


def chosen(item: Item, choices: Mapping[str, Sequence[str]]) -> Answer:
    """Return the answer made of one question per word, and one about the whole item.

    Args:
        item: What was asked.
        choices: ``word1`` .. ``wordN`` to the relations chosen, and ``verdict`` to ``none of
            them`` or ``can't tell``; other questions are not looked at. Words without a choice
            count as ``none`` once another word has a relation.

    Raises:
        EntryError: An unknown relation or word, two choices for one word, a verdict against the
            words, or words without a choice where no word fits.
    """
    verdict = _verdict(_only(VERDICT, choices.get(VERDICT, ())))
    said = {
        number: _only(name, picked)
        for name, picked in choices.items()
        if (number := word_number(name)) and picked
    }
    beyond = [number for number in said if number > len(item.words)]
    if beyond:
        raise EntryError(
            WRONG_NUMBER, f"a relation for word {beyond[0]} of {len(item.words)} words"
        )
    known = dict(zip(said, _known(list(said.values())), strict=True))
    fits = any(relation != "none" for relation in known.values())
    if verdict and fits:
        raise EntryError(CONTRADICTORY, f"{verdict!r} was said, and a word was given a relation")
    if verdict == "can't tell":
        return "cant_tell", ()
    if verdict or (known and not fits and len(known) == len(item.words)):
        return nothing_fits(item)
    if not known:
        return "blank", ()
    if not fits:
        raise EntryError(
            WRONG_NUMBER,
            f"{len(known)} of {len(item.words)} words are said not to fit, and the others nothing",
        )
    return "selected", tuple(known.get(place + 1, "none") for place in range(len(item.words)))


def nothing_fits(item: Item) -> Answer:
    """Return the answer that none of the words fits."""
    nothing: Relation = "none"
    return "none", (nothing,) * len(item.words)


def _known(relations: Sequence[str]) -> tuple[Relation, ...]:
    names = [relation.strip().lower() for relation in relations]
    for name in names:
        if name not in RELATIONS:
            raise EntryError(
                UNKNOWN_RELATION, f"relation {excerpt(name)}: expected {', '.join(RELATIONS)}"
            )
    return tuple(RELATIONS[name] for name in names)


def _only(name: str, picked: Sequence[str]) -> str:
    if len(set(picked)) > 1:
        raise EntryError(CONTRADICTORY, f"{name} has {len(set(picked))} choices: expected one")
    return picked[0] if picked else ""


def _verdict(text: str) -> str:
    """Return ``none of them``, ``can't tell``, or nothing."""
    said = " ".join(text.replace("\u2019", "'").replace("_", " ").lower().split())
    if not said:
        return ""
    if said in _NONE:
        return "none of them"
    if said in _CANT_TELL:
        return "can't tell"
    raise EntryError(
        UNKNOWN_RELATION, f"verdict {excerpt(text)}: expected none of them, or can't tell"
    )
