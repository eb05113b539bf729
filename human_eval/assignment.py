"""Who rates what, and in which order: loads and common items are even, orders tell nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import permutations

from harness.core.errors import UsageError
from harness.core.ids import digest
from harness.core.ratings import Item
from harness.core.rng import keyed_rng
from human_eval.pseudonyms import check_pseudonyms


def assign(
    items: Sequence[Item], annotators: Sequence[str], ratings: int, seed: int
) -> dict[str, tuple[str, ...]]:
    """Return for everyone the items to rate, in the order in which they are asked.

    Every item goes to ``ratings`` people, and nobody has more than one item more than another. Any
    two people share equally many items, to within one where ``ratings`` is 2 and within a few where
    it is more. Everyone has an own order, in which items of
    one image are apart from each other and all else is random, so that lenses and controls are
    mixed. The result depends on the order neither of the items nor of the people.

    Args:
        items: What is asked.
        annotators: Pseudonyms, each of 1 to 40 letters, digits, hyphens and underscores.
        ratings: People who rate each item.
        seed: Seed of the assignment and the orders.

    Raises:
        UsageError: Names that cannot be used, or fewer people than ratings of an item.
    """
    _check(annotators, ratings)
    people = sorted(annotators, key=lambda name: digest(["annotator", seed, name]))
    shuffled = sorted(items, key=lambda item: digest(["item", seed, item.item_id]))
    assigned: dict[str, list[Item]] = {name: [] for name in annotators}
    for item, group in zip(shuffled, _groups(len(items), len(people), ratings), strict=True):
        for person in group:
            assigned[people[person]].append(item)
    return {name: _order(name, mine, seed) for name, mine in assigned.items()}


def _check(annotators: Sequence[str], ratings: int) -> None:
    check_pseudonyms(annotators)
    if not 1 <= ratings <= len(annotators):
        raise UsageError(
            f"{ratings} ratings of each item by {len(annotators)} annotators: expected 1 to "
            f"{len(annotators)}"
        )


def _groups(items: int, people: int, ratings: int) -> list[tuple[int, ...]]:
    """Return for each item the people, 0 to ``people`` - 1, who rate it.

    Whoever has most items still to get is served until there are none, each time together with
    those who share the fewest items with the group so far and, among equals, have most still to
    get; who is needed for all items to come is in the group anyway. For groups of two this is Havel
    and Hakimi's construction of a graph with given degrees, edge by edge.
    Reference: Hakimi 1962, J. SIAM 10(3).
    """
    each, more = divmod(items * ratings, people)
    wanted = [each + (person < more) for person in range(people)]
    shared: Counter[tuple[int, int]] = Counter()
    served, found = 0, []
    for left in range(items, 0, -1):
        group = [person for person in range(people) if wanted[person] == left]
        if not group:
            if not wanted[served]:
                served = max(range(people), key=wanted.__getitem__)
            group = [served]
        while len(group) < ratings:
            group.append(_best(group, wanted, shared))
        for person in group:
            wanted[person] -= 1
        shared.update(permutations(group, 2))
        found.append(tuple(group))
    return found


def _best(
    group: Sequence[int], wanted: Sequence[int], shared: Mapping[tuple[int, int], int]
) -> int:
    """Return whom to add to a group: of those who still get items, one who shares least with it."""
    others = [person for person, left in enumerate(wanted) if left and person not in group]
    return min(
        others,
        key=lambda person: (sum(shared[person, other] for other in group), -wanted[person]),
    )


def _order(annotator: str, items: Sequence[Item], seed: int) -> tuple[str, ...]:
    """Return the ids in a random order in which each image is spread over the whole of it.

    The m items of an image get places about 1 / m of the way apart: from a random start, each
    moved on by up to half of that at random.
    """
    images: dict[str, list[str]] = {}
    for item in sorted(items, key=lambda item: digest([annotator, seed, item.item_id])):
        images.setdefault(item.image_id, []).append(item.item_id)
    places: dict[str, float] = {}
    for image, ids in images.items():
        rng = keyed_rng("order", annotator, seed, image)
        start = rng.random()
        for turn, (item_id, moved) in enumerate(zip(ids, rng.random(len(ids)), strict=True)):
            places[item_id] = (start + (turn + moved / 2) / len(ids)) % 1.0
    return tuple(sorted(places, key=lambda item_id: (places[item_id], item_id)))
