from __future__ import annotations

import pytest

from harness.core.errors import UsageError
from judges.registry import JUDGES, judge_summary, make_judge, parse_judges


def test_none_is_no_judge() -> None:
    assert make_judge("none") is None


def test_a_judge_is_made_by_name() -> None:
    judge = make_judge("ground-truth")
    assert judge is not None
    assert (judge.name, judge.needs_labels) == ("ground-truth", True)


def test_an_unknown_name_lists_near_names() -> None:
    with pytest.raises(UsageError, match="did you mean ground-truth"):
        make_judge("groundtruth")


def test_a_list_is_parsed_in_order_without_repeats() -> None:
    assert parse_judges(" ground-truth, ground-truth ,") == ("ground-truth",)
    assert parse_judges("none") == ("none",)


@pytest.mark.parametrize("text", ["", " , ", "ground-truth,none", "ground-truth,gpt"])
def test_a_bad_list_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        parse_judges(text)


def test_every_judge_says_what_it_is() -> None:
    for name in JUDGES.names():
        assert judge_summary(name).endswith(".")
    assert "no model" in judge_summary("ground-truth")
