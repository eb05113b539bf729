"""Who rates what, and in which order."""

from __future__ import annotations

from collections import Counter
from itertools import combinations
from statistics import fmean

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.core.errors import UsageError
from harness.core.ratings import Item
from human_eval.assignment import assign
from human_eval.sampling import draw_items
from tests.human_eval.boards import board
from tests.human_eval.studies import item, shuffled

NAMES = ("ada", "ben", "cyd", "dee", "eva", "fin", "gus", "hal", "ida", "jon")


def made(number: int, images: int = 8) -> list[Item]:
    return [item(f"item-{row}", image=f"image-{row % images}") for row in range(number)]


def shared(assigned: dict[str, tuple[str, ...]]) -> list[int]:
    """Return how many items every two people have in common."""
    return [len({*assigned[one]} & {*assigned[two]}) for one, two in combinations(assigned, 2)]


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 10), st.data(), st.integers(0, 120), st.integers(0, 5))
def test_everything_is_rated_as_often_as_wanted_and_loads_are_even(
    people: int, data: st.DataObject, number: int, seed: int
) -> None:
    ratings = data.draw(st.integers(1, people))
    assigned = assign(made(number), NAMES[:people], ratings, seed)
    assert sorted(assigned) == sorted(NAMES[:people])
    counts = Counter(item_id for mine in assigned.values() for item_id in mine)
    assert counts == {each.item_id: ratings for each in made(number)}
    assert all(len({*mine}) == len(mine) for mine in assigned.values())
    loads = [len(mine) for mine in assigned.values()]
    assert max(loads) - min(loads) <= 1
    common = shared(assigned)
    if common and ratings == 2:
        assert max(common) - min(common) <= 1
    elif common:
        assert max(common) - min(common) <= 4


@pytest.mark.parametrize("people", [3, 4, 5, 6, 9, 10])
@pytest.mark.parametrize("number", [7, 30, 45, 361, 1000])
def test_all_pairs_share_as_many_items_with_two_ratings(people: int, number: int) -> None:
    common = shared(assign(made(number), NAMES[:people], 2, 0))
    assert sum(common) == number
    assert max(common) - min(common) <= 1


def test_the_order_of_items_and_people_does_not_matter() -> None:
    items, names = made(50), NAMES[:5]
    assigned = assign(items, names, 2, 3)
    for seed in range(3):
        assert assign(shuffled(items, seed), shuffled(names, seed), 2, 3) == assigned


def test_the_seed_decides_who_rates_what_together() -> None:
    def together(seed: int) -> set[frozenset[str]]:
        """Return which items go to the same people, whoever they are."""
        assigned = assign(made(60), NAMES[:4], 2, seed)
        groups: dict[frozenset[str], set[str]] = {}
        for each in made(60):
            raters = frozenset(name for name in NAMES[:4] if each.item_id in assigned[name])
            groups.setdefault(raters, set()).add(each.item_id)
        return {frozenset(group) for group in groups.values()}

    assert len({frozenset(together(seed)) for seed in range(5)}) == 5


def test_items_of_an_image_are_apart_and_turns_of_images_are_not_repeated() -> None:
    items = made(120, images=20)
    images = {each.item_id: each.image_id for each in items}
    turns = set()
    for seed in range(5):
        for mine in assign(items, ("ada", "ben"), 2, seed).values():
            order = [images[item_id] for item_id in mine]
            places: dict[str, list[int]] = {}
            for place, image in enumerate(order):
                places.setdefault(image, []).append(place)
            gaps = [
                b - a for found in places.values() for a, b in zip(found, found[1:], strict=False)
            ]
            assert min(gaps) >= 5
            # Each half has three of an image's six items, give or take one.
            assert all(2 <= sum(at < 60 for at in found) <= 4 for found in places.values())
            turns |= {tuple(order[start : start + 20]) for start in range(0, 120, 20)}
    assert len(turns) == 5 * 2 * 6


def test_people_have_orders_of_their_own_and_controls_are_mixed_in() -> None:
    items = draw_items(board(12, 5), 240, 0, 25).items
    kind = {each.item_id: each.cells[0].kind for each in items}
    assigned = assign(items, NAMES[:3], 3, 0)
    orders = list(assigned.values())
    for one, two in combinations(orders, 2):
        before = {item_id: place for place, item_id in enumerate(one)}
        other = [before[item_id] for item_id in two]
        agree = fmean(a < b for a, b in combinations(other, 2))
        assert 0.4 < agree < 0.6
    for order in orders:
        places = [place for place, item_id in enumerate(order) if kind[item_id] == "control"]
        assert len(places) == 60
        assert 0.4 < fmean(places) / len(order) < 0.6
        for quarter in range(4):
            assert 6 <= sum(quarter * 60 <= place < (quarter + 1) * 60 for place in places) <= 25
        runs = [kind[a] == kind[b] for a, b in zip(order, order[1:], strict=False)]
        assert abs(fmean(runs) - (0.25**2 + 0.75**2)) < 0.12


def test_lenses_are_shared_out_evenly() -> None:
    items = draw_items(board(12, 5), 300, 0, 10).items
    kinds = {each.item_id: each.cells[0].lens for each in items}
    counts = [
        Counter(kinds[item_id] for item_id in mine)["latent"]
        for mine in assign(items, NAMES[:5], 2, 0).values()
    ]
    assert all(20 <= count <= 52 for count in counts)  # 36 expected of 90 items rated twice


@pytest.mark.parametrize(
    ("names", "ratings", "said"),
    [
        (("ada",), 2, "2 ratings of each item by 1 annotators: expected 1 to 1"),
        (("ada", "ben"), 0, "0 ratings of each item"),
        ((), 1, "by 0 annotators"),
        (("ada", "ben", "ada"), 2, "annotators ada and ada have one name"),
        (("Ada", "ben", "ada"), 2, "annotators Ada and ada have one name"),
        (("ada", ""), 2, "annotator '': expected a pseudonym"),
        (("a/b", "ben"), 2, "annotator 'a/b'"),
        (("../x", "ben"), 2, r"annotator '\.\./x'"),
        (("ada\n", "ben"), 2, "annotator"),
        (("ädä", "ben"), 2, "annotator 'ädä'"),
        (("x" * 41, "ben"), 2, "annotator 'xxx"),
    ],
)
def test_bad_names_and_numbers_are_refused(names: tuple[str, ...], ratings: int, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        assign(made(3), names, ratings, 0)
    assert assign(made(3), ("x" * 40, "B_2-c"), 2, 0)
