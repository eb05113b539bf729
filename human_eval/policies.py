"""Rules that turn what people said into verdicts: what a hit is, who counts, how many it takes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from harness.core.agreement import HumanDefinition, Policy
from harness.core.ratings import Rating
from harness.core.records import Relation

_HITS: Final[dict[HumanDefinition, frozenset[Relation]]] = {
    "any": frozenset({"concrete", "abstract", "global"}),
    "concrete+abstract": frozenset({"concrete", "abstract"}),
    "concrete": frozenset({"concrete"}),
}


def is_hit(relations: Sequence[Relation], definition: HumanDefinition) -> bool:
    """Return whether a word is related as ``definition`` wants it; False if there are no words."""
    return not _HITS[definition].isdisjoint(relations)


def counted(rating: Rating, policy: Policy) -> Sequence[Relation] | None:
    """Return the relations a rating stands for, or None if it does not count.

    ``cant_tell`` never counts. A blank one stands for no related word (an empty sequence) where
    the policy reads blank as none, and does not count otherwise.
    """
    match rating.state:
        case "cant_tell":
            return None
        case "blank":
            return None if policy.blank == "missing" else ()
    return rating.relations


def answer(rating: Rating, policy: Policy) -> bool | None:
    """Return whether one person calls an item a hit; None if the rating does not count."""
    relations = counted(rating, policy)
    return None if relations is None else is_hit(relations, policy.definition)


def pooled(answers: Sequence[bool | None], policy: Policy) -> bool | None:
    """Return the verdict of several answers; None if none of them counts.

    Definition: ``any`` and ``all`` take one hit, or every one. ``majority`` takes more than half
    of the answers that count, and exactly half too where ties are ``half``. Under ``any`` and
    ``all`` ties do nothing.
    """
    counting = [given for given in answers if given is not None]
    if not counting:
        return None
    hits = sum(counting)
    match policy.pooling:
        case "any":
            return hits > 0
        case "all":
            return hits == len(counting)
    return 2 * hits > len(counting) or (policy.ties == "half" and 2 * hits == len(counting))


def verdict(ratings: Sequence[Rating], policy: Policy) -> bool | None:
    """Return whether people call an item a hit; None if no rating of it counts."""
    return pooled([answer(rating, policy) for rating in ratings], policy)


def other_policies(policy: Policy, *, blanks: bool) -> tuple[Policy, ...]:
    """Return every policy that can give another result than ``policy``, and ``policy`` itself.

    Rules that can change nothing stay as they are in ``policy``: how blank ratings are read where
    there are none, and ties where the pooling is not ``majority``.

    Args:
        policy: The policy in use.
        blanks: Whether there are blank ratings.
    """
    found = [
        policy.model_copy(
            update={"definition": definition, "pooling": pooling, "ties": ties, "blank": blank}
        )
        for definition in _HITS
        for blank in (("missing", "none") if blanks else (policy.blank,))
        for pooling in ("majority", "any", "all")
        for ties in (("half", "strict") if pooling == "majority" else (policy.ties,))
    ]
    return tuple(found)
