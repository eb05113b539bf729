from __future__ import annotations

from collections.abc import Sequence
from math import hypot

import numpy as np
import pytest

from benchmarks.unseen_errors import SETTINGS, covered, drawn, without
from harness.core.agreement import Estimate
from harness.core.bootstrap import Floats
from human_eval.correction import correct
from human_eval.unseen_errors import with_unseen_errors
from tests.human_eval.simulate import Judge

NAN = float("nan")
FOUND = Estimate(estimate=0.5, interval=(0.47, 0.53), n=20, method="m")


def board(hits: Sequence[float], misses: Sequence[float], unlabelled: int) -> tuple[Floats, Floats]:
    """Return verdicts of judge and people: labels of its hits and misses, and as many more."""
    judged = [1.0] * len(hits) + [0.0] * len(misses) + [1.0, 0.0] * unlabelled
    return np.array(judged), np.array([*hits, *misses, *([NAN, NAN] * unlabelled)])


def widened(judged: Floats, labelled: Floats, per_image: int = 1) -> tuple[float, float]:
    images = [f"{cell // per_image:04d}" for cell in range(len(judged))]
    found = with_unseen_errors(FOUND, judged, labelled, images)
    assert found.interval is not None
    assert found.estimate == FOUND.estimate
    return found.interval


def test_errors_of_both_kinds_leave_the_interval_alone() -> None:
    assert widened(*board([1, 1, 0], [0, 0, 1], 50)) == FOUND.interval


def test_each_kind_that_was_not_met_moves_its_own_end() -> None:
    judged, labelled = board([1] * 10, [0] * 9 + [1], 40)
    share = 40 / 100 * (1 - 0.081**0.1)
    low, high = widened(judged, labelled)
    assert low == pytest.approx(0.5 - hypot(0.03, share))
    assert high == 0.53
    judged, labelled = board([1] * 9 + [0], [0] * 10, 40)
    low, high = widened(judged, labelled)
    assert low == 0.47
    assert high == pytest.approx(0.5 + hypot(0.03, share))


def test_labels_on_few_images_tell_less() -> None:
    judged, labelled = board([1] * 12, [0] * 12, 40)
    one, four = widened(judged, labelled), widened(judged, labelled, per_image=4)
    assert four[0] < one[0] < 0.47
    assert four[1] > one[1] > 0.53


def test_nothing_is_open_where_everything_is_labelled() -> None:
    assert widened(*board([1] * 10, [0] * 10, 0)) == FOUND.interval


def test_without_a_label_of_one_verdict_all_of_it_is_open() -> None:
    judged, labelled = board([], [0] * 9 + [1], 45)
    low, high = widened(judged, labelled)
    assert low == pytest.approx(0.5 - hypot(0.03, 0.45))
    assert high == 0.53


def test_ends_stay_rates_and_what_is_refused_stays_refused() -> None:
    judged, labelled = board([1], [0], 40)
    for estimate, interval in ((0.1, (0.08, 0.13)), (0.9, (0.86, 0.93))):
        near = FOUND.model_copy(update={"estimate": estimate, "interval": interval})
        found = with_unseen_errors(near, judged, labelled, [str(cell) for cell in range(82)])
        assert found.interval is not None
        assert (found.interval[0] == 0) is (estimate == 0.1)
        assert (found.interval[1] == 1) is (estimate == 0.9)
    refused = Estimate(estimate=None, reason="refused: too few")
    assert with_unseen_errors(refused, judged, labelled, ["a"] * len(judged)) is refused


@pytest.mark.slow
@pytest.mark.parametrize(("n", "judge"), SETTINGS[:3])
def test_few_labels_of_a_good_judge_on_a_large_board(n: int, judge: Judge) -> None:
    assert covered(300, n, judge) >= 0.94
    assert without(300, n, judge) < 0.92


def test_the_board_alone_does_not_decide_the_width() -> None:
    found = correct(drawn(3, 24, Judge(0.999, 0.999)))
    assert found.raw.interval is not None
    assert found.ppi.interval is not None
    widths = [high - low for low, high in (found.raw.interval, found.ppi.interval)]
    assert widths[1] > 3 * widths[0]
