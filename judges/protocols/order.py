"""The order in which words are shown: a keyed draw, the same wherever and whenever it is made."""

from __future__ import annotations

from collections.abc import Sequence

from harness.core.rng import keyed_rng


def shuffled(words: Sequence[str], *key: str | int) -> tuple[str, ...]:
    """Return ``words`` in an order drawn by ``key`` (see :func:`harness.core.rng.keyed_rng`)."""
    return tuple(words[place] for place in keyed_rng(*key).permutation(len(words)))


def reordered(words: Sequence[str], *key: str | int) -> tuple[str, ...]:
    """Return ``words`` in another order than they are given in, drawn by ``key``.

    Raises:
        ValueError: They have no other order, because no two of them differ.
    """
    drawn = list(shuffled(words, *key))
    if drawn != list(words):
        return tuple(drawn)
    for place, word in enumerate(drawn):
        if word != drawn[0]:
            drawn[0], drawn[place] = word, drawn[0]
            return tuple(drawn)
    raise ValueError("equal words have no other order")
