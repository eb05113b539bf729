"""How many calls and tokens a minute: a token bucket with a small burst, told the time by its user.

A provider counts what reached it in the last minute, so what must hold is "never more than N in
any 60 seconds". A bucket of size ``b`` that refills at ``r`` lets at most ``b + 60 r`` through in
that time; ``r`` is therefore chosen so that this is 99 % of N, and the last percent is left for
calls that take longer on their way than those after them. The bucket holds one call and a further
percent of N, which makes up for late timers. A steady stream so reaches 98 % of N.
"""

from __future__ import annotations

_MINUTE_S = 60.0
_BURST_SHARE = 100
_USED_SHARE = 0.99
_ROUNDING = 1e-6


class Allowance:
    """At most ``per_minute`` units in any 60 seconds, evenly spread; times are in seconds.

    An amount larger than the bucket passes when the bucket is full and leaves a debt behind, so
    that it is never refused for good; what passes in a minute may then be too much by that amount.
    """

    def __init__(self, per_minute: int) -> None:
        self._burst = 1.0 + per_minute // _BURST_SHARE
        self._rate = (_USED_SHARE * per_minute + 1.0 - self._burst) / _MINUTE_S
        self._level = self._burst
        self._filled_at: float | None = None

    def delay(self, amount: float, now: float) -> float:
        """Return the seconds until ``amount`` may pass; 0 if it may now."""
        self._refill(now)
        missing = min(amount, self._burst) - self._level
        return missing / self._rate if missing > _ROUNDING else 0.0

    def take(self, amount: float, now: float) -> None:
        """Let ``amount`` pass; the level may become negative."""
        self._refill(now)
        self._level -= amount

    def give_back(self, amount: float) -> None:
        """Return what was taken and not used; a negative ``amount`` takes what was used beyond."""
        self._level = min(self._burst, self._level + amount)

    def _refill(self, now: float) -> None:
        if self._filled_at is not None:
            passed = max(0.0, now - self._filled_at)
            self._level = min(self._burst, self._level + passed * self._rate)
        self._filled_at = now


class Rate:
    """The calls and the tokens that may be sent a minute.

    Tokens are reserved before a call and settled by what it used. What a call may use at worst says
    little of what it will use (replies are far shorter than their limit), so the reservation is the
    worst case times the share of it that the calls so far have used.
    """

    def __init__(self, requests_per_minute: int | None, tokens_per_minute: int | None) -> None:
        """Limit calls, tokens or both; None is no limit."""
        self._requests = Allowance(requests_per_minute) if requests_per_minute else None
        self._tokens = Allowance(tokens_per_minute) if tokens_per_minute else None
        self._foreseen = 0
        self._used = 0

    def expected(self, most_tokens: int) -> float:
        """Return the tokens a call is expected to use that uses ``most_tokens`` at worst."""
        share = self._used / self._foreseen if self._foreseen else 1.0
        return most_tokens * share

    def delay(self, most_tokens: int, now: float) -> float:
        """Return the seconds until a call may be sent; 0 if it may now."""
        calls = self._requests.delay(1.0, now) if self._requests else 0.0
        tokens = self._tokens.delay(self.expected(most_tokens), now) if self._tokens else 0.0
        return max(calls, tokens)

    def take(self, most_tokens: int, now: float) -> float:
        """Count a call as sent; return the tokens reserved for it."""
        reserved = self.expected(most_tokens)
        if self._requests:
            self._requests.take(1.0, now)
        if self._tokens:
            self._tokens.take(reserved, now)
        return reserved

    def settle(self, most_tokens: int, reserved: float, used: int) -> None:
        """Replace a reservation by the tokens ``used``; 0 if the call was not answered."""
        if self._tokens:
            self._tokens.give_back(reserved - used)
        if used:
            self._foreseen += most_tokens
            self._used += used
