"""Money set aside for batches under way, until their answers say what they cost."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from harness.core.errors import DataError
from judges.batch.ledger import Batch
from judges.budget import Budget


class CostLimitError(DataError):
    """The next question could cost more than may still be spent."""


class Deposits:
    """What is set aside in a budget, batch by batch; without a budget it takes everything.

    Args:
        budget: Money that may be spent; None for no limit.
    """

    def __init__(self, budget: Budget | None) -> None:
        self._budget = budget
        self._amounts: dict[str, tuple[float, ...]] = {}

    def affords(self, cost: float | None) -> bool:
        """Set aside what one question can cost at most; return whether there is room for it."""
        return self._budget is None or (cost is not None and self._budget.reserve(cost))

    def book(self, tag: str, costs: Sequence[float | None]) -> None:
        """Put what was set aside for questions down to the batch ``tag``."""
        # One by one, because the budget rounds each amount.
        self._amounts[tag] = tuple(cost for cost in costs if cost is not None)

    def take_up(self, batches: Iterable[Batch], left: int) -> None:
        """Set money aside for batches that an earlier command handed in.

        Raises:
            CostLimitError: They alone can cost more than may be spent; ``left`` questions are open.
        """
        for batch in batches:
            if batch.tag not in self._amounts:
                if not self.affords(batch.worst_usd):
                    raise self.exceeded(left)
                self.book(batch.tag, [batch.worst_usd])

    def settle(self, tag: str, costs: Iterable[float | None]) -> None:
        """Spend what a batch cost, and free what was set aside for it."""
        amounts = self._amounts.pop(tag, ())
        if self._budget is None:
            return
        for amount in amounts:
            self._budget.settle(amount, 0.0)
        self._budget.settle(0.0, math.fsum(cost for cost in costs if cost is not None))

    def exceeded(self, left: int) -> CostLimitError:
        """Return the error for ``left`` questions that there is no money for."""
        budget = self._budget
        assert budget is not None
        return CostLimitError(
            f"--max-cost {budget.limit_usd:g} would be exceeded: spent ${budget.spent_usd:.2f}, "
            f"${budget.reserved_usd:.2f} set aside for batches under way, {left} questions are "
            "left; raise it, or run the same command again when those batches have ended"
        )
