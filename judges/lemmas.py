"""Candidate dictionary forms of an English word, by a short table of endings and its exceptions.

A word often has several readings (``leaves``: leaf or leave), so matching compares *sets*: a shown
word fits a label if any of its candidates is a dictionary form of that label. A candidate that is
no English word does no harm, because it is compared with real words only.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

LEMMA_VERSION: Final = 1
"""Version of the table below; part of the version of every judge that uses it."""

_WORD: Final = re.compile(r"[a-z]{2,}(?:-[a-z]+)*")
_VOWEL: Final = re.compile(r"[aeiouy]")
_SHORT: Final = re.compile(r"[^aeiou]*[aeiouy][^aeiouwxy]")
_DOUBLED: Final = re.compile(r"([bdgklmnprtvz])\1")
_PLURALS: Final[tuple[tuple[str, tuple[str, ...]], ...]] = (
    ("ies", ("y", "ie")),
    ("ves", ("f", "fe", "ve")),
    ("sses", ("ss",)),
    ("shes", ("sh",)),
    ("ches", ("ch", "che")),
    ("xes", ("x", "xe")),
    ("zes", ("z", "ze")),
    ("oes", ("o", "oe")),
    ("s", ("",)),
)
_INFLECTIONS: Final = ("ing", "ed", "er", "est")
_SHORTEST_STEM: Final = 3


def normalise(word: str) -> str:
    """Return ``word`` in lower case without outer spaces, closing punctuation and possessive 's.

    Anything that is then not a whole word of at least two English letters (a digit, a bare sign, a
    byte fragment such as ``##ing``, another script) becomes the empty string, which fits nothing.
    """
    text = word.strip().casefold().replace("\u2019", "'").rstrip(".,;:!?")
    text = text.removesuffix("'s").removesuffix("'")
    return text if _WORD.fullmatch(text) else ""


def noun_forms(word: str) -> frozenset[str]:
    """Return a label's own form and its singular, the dictionary forms a shown word is held to."""
    text = normalise(word)
    return frozenset({text, *_singulars(text)} - {""})


def lemmas(word: str, irregular: Mapping[str, Sequence[str]]) -> frozenset[str]:
    """Return every dictionary form that ``word`` may be an inflected form of, itself included.

    A word listed in ``irregular`` has the readings given there and no others. The result is empty
    for anything that is not a whole English word.
    """
    text = normalise(word)
    if not text:
        return frozenset()
    if text in irregular:
        return frozenset({text, *irregular[text]})
    found = {text, *_singulars(text)}
    for ending in _INFLECTIONS:
        if text.endswith(ending):
            found.update(_uninflected(text.removesuffix(ending)))
    return frozenset(found)


def _singulars(text: str) -> set[str]:
    if text.endswith(("ss", "us", "is")):
        return set()
    for ending, replacements in _PLURALS:
        stem = text.removesuffix(ending)
        if stem != text:
            return {stem + new for new in replacements} if len(stem) >= 2 else set()
    return set()


def _uninflected(stem: str) -> set[str]:
    """Return the verbs or adjectives whose -ing, -ed, -er or -est form leaves ``stem``."""
    if len(stem) < _SHORTEST_STEM or not _VOWEL.search(stem):
        return set()
    if _DOUBLED.fullmatch(stem[-2:]):
        return {stem, stem[:-1]}
    if stem.endswith("i"):
        return {stem[:-1] + "y"}
    # "caring" belongs to "care": English doubles the consonant of a short verb ("starring").
    if _SHORT.fullmatch(stem):
        return {stem + "e"}
    return {stem, stem + "e"}
