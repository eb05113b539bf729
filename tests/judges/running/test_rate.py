"""Rate: never more than the limit in any minute, and nearly all of it used."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from judges.running.rate import Allowance, Rate


def _busiest_minute(times: list[float], amounts: list[float]) -> float:
    """Return the largest sum in any half-open window of 60 s that begins at one of ``times``."""
    busiest = 0.0
    for first, start in enumerate(times):
        inside = [a for t, a in zip(times[first:], amounts[first:], strict=True) if t < start + 60]
        busiest = max(busiest, sum(inside))
    return busiest


@given(
    per_minute=st.integers(1, 400),
    gaps=st.lists(st.floats(0, 30), min_size=1, max_size=60),
    late=st.floats(0, 0.3),
)
def test_no_window_of_a_minute_holds_more_calls_than_allowed(
    per_minute: int, gaps: list[float], late: float
) -> None:
    allowance, now, times = Allowance(per_minute), 0.0, []
    for gap in gaps * 4:
        now += gap if gap > 25 else 0.0
        if (delay := allowance.delay(1, now)) > 0:
            now += delay + late
        assert allowance.delay(1, now) == 0
        allowance.take(1, now)
        times.append(now)
    assert _busiest_minute(times, [1.0] * len(times)) <= per_minute


@pytest.mark.parametrize("per_minute", [1, 7, 60, 500, 1200, 30_000])
@pytest.mark.parametrize("late", [0.0, 0.002])
def test_a_steady_stream_uses_nearly_the_whole_rate(per_minute: int, late: float) -> None:
    allowance, now, count = Allowance(per_minute), 0.0, 0
    while now < 600:
        if (delay := allowance.delay(1, now)) > 0:
            now += delay + late
        else:
            allowance.take(1, now)
            count += 1
    assert 0.96 * per_minute * 10 <= count <= 0.99 * per_minute * 10 + 1


def test_calls_are_spread_over_the_minute() -> None:
    allowance, now, times = Allowance(600), 0.0, []
    for _ in range(300):
        now += allowance.delay(1, now)
        allowance.take(1, now)
        times.append(now)
    for second in range(25):
        assert sum(second <= t < second + 1 for t in times) <= 10 + 7


def test_idle_time_is_not_saved_up() -> None:
    allowance = Allowance(600)
    allowance.take(1, 0.0)
    free = 0
    while allowance.delay(1, 3600.0) == 0:
        allowance.take(1, 3600.0)
        free += 1
    assert free == 7


def test_a_clock_that_steps_back_gives_nothing() -> None:
    allowance = Allowance(60)
    allowance.take(1, 100.0)
    assert allowance.delay(1, 50.0) == pytest.approx(1.0, rel=0.02)


def test_an_amount_beyond_the_bucket_passes_and_leaves_a_debt() -> None:
    allowance = Allowance(6000)
    assert allowance.delay(3000, 0.0) == 0
    allowance.take(3000, 0.0)
    wait = allowance.delay(3000, 0.0)
    assert wait == pytest.approx(30, rel=0.03)


def test_no_limit_never_waits() -> None:
    rate = Rate(None, None)
    for _ in range(100):
        assert rate.delay(10**9, 0.0) == 0
        rate.take(10**9, 0.0)


def test_both_limits_hold() -> None:
    rate = Rate(60, 60_000)
    rate.take(10_000, 0.0)
    assert rate.delay(1, 0.0) == pytest.approx(10, rel=0.1)
    assert Rate(60, None).delay(1, 0.0) == 0
    calls = Rate(60, 10**9)
    calls.take(1, 0.0)
    assert calls.delay(1, 0.0) == pytest.approx(1.0, rel=0.02)


@given(used=st.integers(100, 2000), worst=st.integers(2000, 8000))
def test_tokens_settle_to_what_was_used(used: int, worst: int) -> None:
    """Long-run rate is that of the tokens used, though far more are feared for every call."""
    rate, now, total = Rate(None, 60_000), 0.0, 0
    for _ in range(200):
        now += rate.delay(worst, now)
        reserved = rate.take(worst, now)
        rate.settle(worst, reserved, used)
        total += used
    assert 0.9 <= total / (now * 1000) <= 1.2


def test_an_unanswered_call_gives_its_tokens_back_and_teaches_nothing() -> None:
    rate = Rate(None, 60_000)
    rate.settle(5000, rate.take(5000, 0.0), 0)
    assert rate.delay(5000, 0.0) == 0
    assert rate.expected(5000) == 5000


def test_what_calls_used_is_what_is_expected() -> None:
    rate = Rate(None, 60_000)
    rate.settle(5000, rate.take(5000, 0.0), 1000)
    assert rate.expected(5000) == pytest.approx(1000)
    assert rate.expected(10_000) == pytest.approx(2000)
