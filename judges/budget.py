"""A hard limit on money: what may be spent is set aside before a call and booked after it."""

from __future__ import annotations

import math
import threading
from typing import Final

from harness.core.errors import UsageError

# Whole picodollars, so that sums are exact and ten times 0.1 fits into 1.
_PER_DOLLAR: Final = 10**12
# A sum of many reservations, settled as one amount, is off by as many roundings.
_ROUNDING: Final = 10**6


class Budget:
    """Money for judging, shared by all threads.

    Set aside the most that a call can cost before sending it, and settle it by what it did cost:
    nothing is set aside that would bring spent and set aside together above the limit. A call that
    costs more than was set aside for it is booked in full all the same, because the money is gone.
    """

    def __init__(self, limit_usd: float, spent_usd: float = 0.0) -> None:
        """Set the limit.

        Args:
            limit_usd: Most that may be spent, in US dollars.
            spent_usd: What was spent before and counts against the limit.

        Raises:
            UsageError: The limit is negative or not a finite number.
            ValueError: ``spent_usd`` is.
        """
        if not math.isfinite(limit_usd) or limit_usd < 0:
            raise UsageError(
                f"cost limit {limit_usd!r}: expected US dollars as a number of 0 or more"
            )
        self.limit_usd = limit_usd
        """Most that may be spent, in US dollars."""
        self._limit = _pico(limit_usd)
        self._spent = _pico(spent_usd)
        self._reserved = 0
        self._exhausted = False
        self._lock = threading.Lock()

    @property
    def spent_usd(self) -> float:
        """US dollars booked so far, earlier spending included."""
        return self._spent / _PER_DOLLAR

    @property
    def reserved_usd(self) -> float:
        """US dollars set aside for calls under way."""
        return self._reserved / _PER_DOLLAR

    @property
    def exhausted(self) -> bool:
        """Whether a reservation was refused that no settlement can make room for.

        While this is False, a refused reservation may succeed once calls under way are settled.
        """
        return self._exhausted

    def reserve(self, usd: float) -> bool:
        """Set ``usd`` aside if spent, set aside and this together stay within the limit.

        Raises:
            ValueError: ``usd`` is negative or not a finite number.
        """
        amount = _pico(usd)
        with self._lock:
            if self._spent + self._reserved + amount <= self._limit:
                self._reserved += amount
                return True
            self._exhausted = self._exhausted or self._spent + amount > self._limit
            return False

    def settle(self, reserved: float, actual: float | None) -> None:
        """Book the end of a call.

        Args:
            reserved: What was set aside for it; for many calls that end together, their sum.
            actual: What it cost, in US dollars; None if that is not known, which books what was
                set aside.

        Raises:
            ValueError: More is given back than is set aside, or an amount is not a finite number
                of 0 or more.
        """
        amount = _pico(reserved)
        booked = amount if actual is None else _pico(actual)
        with self._lock:
            if amount > self._reserved + _ROUNDING:
                raise ValueError(
                    f"settling {reserved} of {self.reserved_usd} US dollars set aside; "
                    "each reservation is settled once"
                )
            self._reserved = max(0, self._reserved - amount)
            self._spent += booked


def _pico(usd: float) -> int:
    if not math.isfinite(usd) or usd < 0:
        raise ValueError(f"{usd!r} US dollars; expected a finite number of 0 or more")
    return round(usd * _PER_DOLLAR)
