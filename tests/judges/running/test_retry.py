"""Backoff: keyed, growing, capped, and spread over the whole of its range."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from judges.running.retry import Backoff


@given(key=st.text(max_size=10), failures=st.integers(1, 10_000))
def test_waits_are_repeatable_and_never_beyond_the_cap(key: str, failures: int) -> None:
    backoff = Backoff(base_s=2.0, cap_s=30.0)
    wait = backoff.wait(key, failures)
    assert wait == backoff.wait(key, failures)
    assert 0 <= wait <= min(30.0, 2.0 * 2.0 ** min(failures - 1, 20))


def test_jitter_is_full_and_the_range_doubles() -> None:
    backoff = Backoff(base_s=1.0, cap_s=1000.0)
    for failures in (1, 2, 5):
        longest = 2.0 ** (failures - 1)
        waits = [backoff.wait(f"k{number}", failures) for number in range(500)]
        assert min(waits) < 0.05 * longest
        assert 0.95 * longest < max(waits) <= longest
        assert abs(sum(waits) / len(waits) / longest - 0.5) < 0.05
