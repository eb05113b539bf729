from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from judges.batch.deposits import CostLimitError, Deposits
from judges.batch.ledger import Batch
from judges.budget import Budget

COSTS = st.lists(st.floats(0, 0.01, allow_nan=False), max_size=20)


def _batch(tag: str, worst: float | None) -> Batch:
    return Batch(tag, "gpt-5", "v", ("k",), 0.0, worst)


def test_without_a_budget_everything_is_affordable() -> None:
    deposits = Deposits(None)
    assert deposits.affords(None)
    assert deposits.affords(1e9)
    deposits.take_up([_batch("a", None)], 3)
    deposits.settle("a", [1.0, None])


@given(COSTS, COSTS)
def test_a_settled_batch_leaves_what_it_cost_and_nothing_set_aside(
    worst: list[float], actual: list[float]
) -> None:
    budget = Budget(1.0)
    deposits = Deposits(budget)
    assert all(deposits.affords(cost) for cost in worst)
    deposits.book("a", worst)
    deposits.settle("a", actual)
    assert budget.reserved_usd == 0.0
    assert budget.spent_usd == pytest.approx(sum(actual), abs=1e-9)


def test_earlier_batches_are_set_aside_once() -> None:
    budget = Budget(1.0)
    deposits = Deposits(budget)
    deposits.take_up([_batch("a", 0.4)], 1)
    deposits.take_up([_batch("a", 0.4), _batch("b", 0.5)], 1)
    assert budget.reserved_usd == pytest.approx(0.9)
    with pytest.raises(CostLimitError, match=r"\$0\.90 set aside for batches .* 7 questions"):
        deposits.take_up([_batch("c", 0.2)], 7)
    with pytest.raises(CostLimitError):
        deposits.take_up([_batch("d", None)], 1)


def test_a_batch_nothing_was_set_aside_for_is_booked_all_the_same() -> None:
    budget = Budget(1.0)
    Deposits(budget).settle("unknown", [0.25, None])
    assert budget.spent_usd == pytest.approx(0.25)
