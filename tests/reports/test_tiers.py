from __future__ import annotations

from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from reports.tiers import Place, places

LENSES = "abcdef"


@st.composite
def decisions(draw: st.DrawFn) -> tuple[dict[str, float], set[tuple[str, str]]]:
    """Return estimates, with ties, and some pairs decided in favour of the higher one."""
    lenses = draw(st.lists(st.sampled_from(LENSES), unique=True, min_size=1))
    estimates = {lens: draw(st.sampled_from([0.1, 0.2, 0.3, 0.4])) for lens in lenses}
    decided = set()
    for first, second in combinations(lenses, 2):
        if estimates[first] != estimates[second] and draw(st.booleans()):
            decided.add(
                (first, second) if estimates[first] > estimates[second] else (second, first)
            )
    return estimates, decided


def test_a_chain_of_small_steps_does_not_make_one_tier() -> None:
    estimates = {lens: 0.9 - 0.1 * step for step, lens in enumerate(LENSES)}
    steps = range(len(LENSES))
    ahead = {(LENSES[i], LENSES[j]) for i in steps for j in steps if j >= i + 2}
    found = places(estimates, ahead)
    assert [found[lens].tier for lens in LENSES] == [1, 1, 2, 2, 3, 3]
    assert found["c"] == Place(2, 2, 4)


def test_without_any_difference_all_share_one_tier_and_every_rank() -> None:
    found = places({"a": 0.5, "b": 0.4, "c": 0.1}, set())
    assert set(found.values()) == {Place(1, 1, 3)}
    assert places({"a": 0.5}, set()) == {"a": Place(1, 1, 1)}
    assert places({}, set()) == {}


def test_a_lens_that_was_not_told_from_the_best_stays_with_it() -> None:
    found = places({"a": 0.9, "b": 0.5, "c": 0.4}, {("a", "b")})
    assert (found["a"].tier, found["b"].tier, found["c"].tier) == (1, 2, 1)
    assert (found["b"], found["c"]) == (Place(2, 2, 3), Place(1, 1, 3))


def test_of_equal_best_lenses_all_must_be_ahead() -> None:
    estimates = {"a": 0.9, "b": 0.9, "c": 0.5}
    assert places(estimates, {("a", "c")})["c"].tier == 1
    assert places(estimates, {("b", "c")})["c"].tier == 1
    assert places(estimates, {("a", "c"), ("b", "c")})["c"].tier == 2


@given(decisions())
def test_a_later_tier_is_behind_the_best_of_every_earlier_one(
    board: tuple[dict[str, float], set[tuple[str, str]]],
) -> None:
    estimates, ahead = board
    found = places(estimates, ahead)
    assert found.keys() == estimates.keys()
    tiers = sorted({place.tier for place in found.values()})
    assert tiers == list(range(1, len(tiers) + 1))
    for tier in tiers:
        members = [lens for lens in found if found[lens].tier == tier]
        top = max(estimates[lens] for lens in members)
        best = [lens for lens in members if estimates[lens] == top]
        for lens in found:
            behind = all((leader, lens) in ahead for leader in best)
            if found[lens].tier > tier:
                assert behind
            elif found[lens].tier == tier and lens not in best:
                assert not behind


@given(decisions(), st.permutations(LENSES))
def test_names_do_not_matter(
    board: tuple[dict[str, float], set[tuple[str, str]]], names: list[str]
) -> None:
    estimates, ahead = board
    new = dict(zip(LENSES, names, strict=True))
    renamed = places(
        {new[lens]: rate for lens, rate in sorted(estimates.items(), key=lambda i: new[i[0]])},
        {(new[first], new[second]) for first, second in ahead},
    )
    assert {new[lens]: place for lens, place in places(estimates, ahead).items()} == renamed


@given(decisions())
def test_ranks_hold_the_place_by_estimate(
    board: tuple[dict[str, float], set[tuple[str, str]]],
) -> None:
    estimates, ahead = board
    for lens, place in places(estimates, ahead).items():
        higher = sum(rate > estimates[lens] for rate in estimates.values())
        assert 1 <= place.best_rank <= 1 + higher <= place.worst_rank <= len(estimates)
