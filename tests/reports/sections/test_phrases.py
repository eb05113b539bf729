from __future__ import annotations

import pytest

from reports.sections.phrases import counted, listed, percent, points


@pytest.mark.parametrize(
    ("share", "text"), [(0.0, "0.0 %"), (1.0, "100.0 %"), (0.1234, "12.3 %"), (-1e-9, "0.0 %")]
)
def test_shares_are_per_cent_with_one_decimal(share: float, text: str) -> None:
    assert percent(share) == text


def test_differences_are_points() -> None:
    assert points(-0.0512) == "-5.1 points"


def test_lists_read_as_in_a_sentence() -> None:
    assert [listed(["a", "b", "c"][:n]) for n in range(4)] == ["", "a", "a and b", "a, b and c"]


def test_nouns_follow_their_number() -> None:
    assert (counted(1, "pair"), counted(0, "pair")) == ("1 pair", "0 pairs")
