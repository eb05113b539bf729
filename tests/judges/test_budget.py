from __future__ import annotations

import math
import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.core.errors import UsageError
from judges.budget import Budget

MONEY = st.floats(0, 10, allow_nan=False)
ROUNDING = 1e-9


def test_a_reservation_that_fits_is_set_aside_and_settled_by_what_was_paid() -> None:
    budget = Budget(1.0, spent_usd=0.25)
    assert budget.reserve(0.5)
    assert (budget.spent_usd, budget.reserved_usd) == (0.25, 0.5)
    budget.settle(0.5, 0.125)
    assert (budget.spent_usd, budget.reserved_usd) == (0.375, 0.0)


def test_the_limit_may_be_reached_and_not_passed() -> None:
    budget = Budget(1.0)
    assert all(budget.reserve(0.1) for _ in range(10))
    assert not budget.reserve(1e-9)


def test_money_set_aside_for_others_refuses_but_does_not_exhaust() -> None:
    budget = Budget(1.0)
    assert budget.reserve(0.75)
    assert not budget.reserve(0.5)
    assert not budget.exhausted
    budget.settle(0.75, 0.125)
    assert budget.reserve(0.5)


def test_money_already_spent_exhausts() -> None:
    budget = Budget(1.0, spent_usd=0.75)
    assert not budget.reserve(0.5)
    assert budget.exhausted


def test_a_limit_of_nothing_allows_free_calls_only() -> None:
    budget = Budget(0.0)
    assert budget.reserve(0.0)
    assert not budget.reserve(0.001)
    assert budget.exhausted


def test_a_cost_above_its_reservation_is_booked_in_full() -> None:
    budget = Budget(1.0)
    assert budget.reserve(0.25)
    budget.settle(0.25, 2.0)
    assert (budget.spent_usd, budget.reserved_usd) == (2.0, 0.0)
    assert not budget.reserve(0.0)


def test_an_unknown_cost_books_what_was_set_aside() -> None:
    budget = Budget(1.0)
    assert budget.reserve(0.25)
    budget.settle(0.25, None)
    assert budget.spent_usd == 0.25


def test_what_was_not_set_aside_cannot_be_settled() -> None:
    budget = Budget(1.0)
    assert budget.reserve(0.25)
    budget.settle(0.25, 0.25)
    with pytest.raises(ValueError, match="settled once"):
        budget.settle(0.25, 0.25)
    assert budget.spent_usd == 0.25


@given(st.lists(st.floats(0, 1e-3), min_size=1, max_size=300))
def test_many_reservations_settle_as_one_sum(amounts: list[float]) -> None:
    budget = Budget(1.0)
    assert all(budget.reserve(amount) for amount in amounts)
    budget.settle(math.fsum(amounts), 0.0)
    assert budget.reserved_usd == pytest.approx(0.0, abs=ROUNDING)


@pytest.mark.parametrize("limit", [-1.0, math.nan, math.inf])
def test_a_limit_that_is_no_amount_is_refused(limit: float) -> None:
    with pytest.raises(UsageError, match="expected US dollars"):
        Budget(limit)


@pytest.mark.parametrize("amount", [-0.1, math.nan, math.inf])
def test_amounts_that_are_none_are_refused_and_change_nothing(amount: float) -> None:
    budget = Budget(1.0)
    assert budget.reserve(0.5)
    with pytest.raises(ValueError, match="finite number"):
        budget.reserve(amount)
    with pytest.raises(ValueError, match="finite number"):
        budget.settle(0.5, amount)
    assert (budget.spent_usd, budget.reserved_usd) == (0.0, 0.5)


@given(
    MONEY,
    st.lists(st.tuples(st.floats(0, 3), st.booleans(), st.one_of(st.none(), st.floats(0, 1)))),
)
def test_spent_and_set_aside_stay_within_the_limit(
    limit: float, steps: list[tuple[float, bool, float | None]]
) -> None:
    """Whatever order calls begin and end in, as long as none costs more than was set aside."""
    budget = Budget(limit)
    open_calls: list[float] = []
    booked = 0.0
    for amount, end_one, share in steps:
        fits = booked + math.fsum(open_calls) + amount <= limit
        near = abs(booked + math.fsum(open_calls) + amount - limit) < ROUNDING
        granted = budget.reserve(amount)
        assert granted == fits or near
        if granted:
            open_calls.append(amount)
        if end_one and open_calls:
            reserved = open_calls.pop(0)
            actual = None if share is None else share * reserved
            budget.settle(reserved, actual)
            booked += reserved if actual is None else actual
        assert budget.spent_usd + budget.reserved_usd <= limit + ROUNDING
        assert budget.spent_usd == pytest.approx(booked, abs=ROUNDING)
        assert budget.reserved_usd == pytest.approx(math.fsum(open_calls), abs=ROUNDING)


@given(MONEY, st.lists(st.tuples(st.floats(0, 3), st.floats(0, 30))))
def test_overruns_never_let_a_new_reservation_pass_the_limit(
    limit: float, calls: list[tuple[float, float]]
) -> None:
    budget = Budget(limit)
    for amount, actual in calls:
        if budget.reserve(amount):
            assert budget.spent_usd + budget.reserved_usd <= limit + ROUNDING
            budget.settle(amount, actual)
        else:
            assert budget.exhausted


class _Yielding(int):
    """An amount that lets other threads run between reading a total and writing it."""

    def __radd__(self, other: int) -> int:
        time.sleep(0)
        return int(other) + int(self)


def test_threads_share_one_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a lock two threads both see the room that is left for one of them."""
    monkeypatch.setattr("judges.budget._pico", lambda usd: _Yielding(round(usd * 10**12)))
    budget = Budget(50.0)
    granted: list[int] = []
    start = threading.Barrier(8)

    def work() -> None:
        start.wait()
        count = 0
        for _ in range(100):
            if budget.reserve(0.5):
                count += 1
                budget.settle(0.5, 0.25)
        granted.append(count)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert budget.spent_usd == sum(granted) * 0.25
    assert budget.reserved_usd == 0.0
    # 50 dollars in quarters; the last may be kept back by what seven others have set aside.
    assert 184 <= sum(granted) <= 200
