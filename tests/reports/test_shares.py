from __future__ import annotations

from collections.abc import Callable

import pytest

from reports.shares import Share, plain_share, wilson_share
from reports.stats import Interval, wilson


def test_a_share_has_the_interval_of_its_kind() -> None:
    assert wilson_share(3, 40).model_dump() == {
        "count": 3,
        "n": 40,
        "share": pytest.approx(0.075),
        "low": wilson(3, 40).low,
        "high": wilson(3, 40).high,
    }
    plain = plain_share(3, 40)
    assert plain.share == pytest.approx(0.075)
    assert (plain.low, plain.high) == (None, None)
    given = plain_share(3, 40, Interval(0.01, 0.2))
    assert (given.low, given.high) == (0.01, 0.2)


@pytest.mark.parametrize("make", [wilson_share, plain_share])
def test_nothing_of_nothing_has_no_share(make: Callable[[int, int], Share]) -> None:
    found = make(0, 0)
    assert (found.count, found.n) == (0, 0)
    assert (found.share, found.low, found.high) == (None, None, None)
