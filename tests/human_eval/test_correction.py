from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.core.agreement import Estimate
from harness.core.bootstrap import Floats
from human_eval.correction import BoardLens, correct
from tests.human_eval import simulate
from tests.human_eval.simulate import Judge

NAN = float("nan")


def of(
    judged: Floats, labelled: Floats, weights: Floats | None = None, per_image: int = 1
) -> BoardLens:
    """Return a board of cells in order, ``per_image`` of them on each image."""
    images = [f"image{cell // per_image:05d}" for cell in range(len(judged))]
    weights = np.ones_like(judged) if weights is None else weights
    return BoardLens("judge", "lens", "lens", "", images, judged, labelled, weights)


def table(both: int, people_only: int, judge_only: int, neither: int) -> tuple[Floats, Floats]:
    """Return verdicts of judge and people with these counts."""
    counts = (both, people_only, judge_only, neither)
    return np.repeat([1.0, 0.0, 1.0, 0.0], counts), np.repeat([1.0, 1.0, 0.0, 0.0], counts)


def mixed(values: Floats) -> Floats:
    """Return ``values`` in an order that spreads them over the board; equal for equal lengths."""
    shuffled: Floats = values[np.random.default_rng(0).permutation(len(values))]
    return shuffled


def with_more(
    judged: Floats, labelled: Floats, hits: int, misses: int, per_image: int = 1
) -> BoardLens:
    """Return a board of labelled cells and of more that only the judge has scored."""
    more = np.repeat([1.0, 0.0], (hits, misses))
    return of(
        mixed(np.concatenate([judged, more])),
        mixed(np.concatenate([labelled, np.full(hits + misses, NAN)])),
        per_image=per_image,
    )


def interval_of(estimate: Estimate) -> tuple[float, float]:
    assert estimate.interval is not None, estimate.reason
    return estimate.interval


def width(estimate: Estimate) -> float:
    low, high = interval_of(estimate)
    return high - low


def simulated(
    seed: int,
    judge: Judge,
    prevalence: float,
    *,
    images: int = 120,
    cells: int = 20,
    n: int = 300,
    by_verdict: bool = True,
) -> BoardLens:
    """Return a board whose drawn cells are rated by people who never err."""
    lot = np.random.default_rng(seed)
    image = np.repeat(np.arange(images), cells)
    people = simulate.verdicts(lot, simulate.image_rates(lot, prevalence, images), image)
    judged = simulate.judged(lot, judge, people, image)
    if by_verdict:
        weights = simulate.drawn_by_verdict(lot, judged, 3, n)
    else:
        weights = np.where(lot.random(len(judged)) < n / len(judged), len(judged) / n, 0.0)
    return of(judged, np.where(weights > 0, people, NAN), weights, per_image=cells)


def test_both_formulas_by_hand() -> None:
    # 100 rated: sensitivity 32/40, specificity 54/60; 45 of 100 judged hits on the rest.
    board = with_more(*table(32, 8, 6, 54), hits=83, misses=117)
    found = correct(board)
    raw, se, sp = 121 / 300, 0.8, 0.9
    assert found.raw.estimate == pytest.approx(raw)
    assert found.rogan_gladen.estimate == pytest.approx((raw + sp - 1) / (se + sp - 1))
    tuning = (0.32 - 0.40 * 0.38) / (0.38 * 0.62)
    assert found.ppi.estimate == pytest.approx(tuning * raw + 0.40 - tuning * 0.38)
    # For two verdicts this is the rate weighted to the judge's verdicts.
    assert found.ppi.estimate == pytest.approx(raw * 32 / 38 + (1 - raw) * 8 / 62)
    assert (found.cells, found.labels) == (300, 100)
    assert (found.raw.n, found.rogan_gladen.n, found.ppi.n) == (300, 100, 100)


def test_weights_count_in_both() -> None:
    judged, people = table(20, 10, 10, 20)
    weights = np.where(people == 1, 2.0, 1.0) * np.where(judged == 1, 1.0, 1.5)
    found = correct(of(mixed(judged), mixed(people), mixed(weights)))
    both, people_only, judge_only, neither = 40.0, 30.0, 10.0, 30.0
    se, sp = both / (both + people_only), neither / (neither + judge_only)
    assert found.rogan_gladen.estimate == pytest.approx((0.5 + sp - 1) / (se + sp - 1))
    people_rate, judge_rate = 70 / 110, 50 / 110
    tuning = (40 / 110 - people_rate * judge_rate) / (judge_rate * (1 - judge_rate))
    assert found.ppi.estimate == pytest.approx(people_rate + tuning * (0.5 - judge_rate))


def test_where_people_rated_everything_their_rate_is_the_answer() -> None:
    judged, people = (mixed(values) for values in table(30, 10, 15, 45))
    found = correct(of(judged, people, per_image=4))
    assert found.rogan_gladen.estimate == pytest.approx(0.40)
    assert found.ppi.estimate == pytest.approx(0.40)
    assert found.raw.estimate == pytest.approx(0.45)


def test_a_judge_that_is_always_right_is_not_corrected() -> None:
    found = correct(with_more(*table(20, 0, 0, 30), hits=200, misses=100))
    for corrected in (found.rogan_gladen, found.ppi):
        assert corrected.estimate == pytest.approx(220 / 350)
        # Labels without an error do not prove that there is none among the 300 other cells.
        assert interval_of(corrected)[0] < interval_of(found.raw)[0] - 0.02
        assert interval_of(corrected)[1] > interval_of(found.raw)[1]


def test_a_rate_below_zero_is_cut() -> None:
    # The judge calls 20 % of misses hits and only 5 % of the board.
    found = correct(with_more(*table(28, 2, 12, 48), hits=0, misses=900))
    assert found.rogan_gladen.estimate == 0.0
    assert interval_of(found.rogan_gladen)[0] == 0.0


@pytest.mark.parametrize(
    ("counts", "per_image", "reason"),
    [
        ((5, 4, 5, 5), 1, "refused: 19 labelled cells; at least 20 are needed"),
        ((3, 1, 8, 30), 1, "refused: people call 4 of 42 labelled cells hits; at least 5 hits"),
        ((30, 8, 3, 1), 1, "refused: people call 38 of 42 labelled cells hits; at least 5 hits"),
        ((20, 2, 2, 30), 6, "refused: labels are on 9 images; at least 10 are needed"),
    ],
)
def test_too_few_labels_are_refused(
    counts: tuple[int, int, int, int], per_image: int, reason: str
) -> None:
    judged, people = (mixed(values) for values in table(*counts))
    found = correct(of(judged, people, per_image=per_image))
    assert found.raw.interval is not None
    for corrected in (found.rogan_gladen, found.ppi):
        assert corrected.estimate is None and corrected.interval is None
        assert corrected.reason.startswith(reason)
        assert corrected.n == found.labels == sum(counts)


def test_a_board_without_labels_still_has_its_raw_rate() -> None:
    found = correct(of(np.resize([1.0, 0.0], 60), np.full(60, NAN), np.full(60, NAN)))
    assert found.raw.estimate == pytest.approx(0.5)
    assert found.ppi.reason == "refused: 0 labelled cells; at least 20 are needed"
    unscored = correct(of(np.full(60, NAN), np.ones(60)))
    assert (unscored.cells, unscored.labels, unscored.raw.estimate) == (0, 0, None)


def test_a_judge_that_guesses_is_refused_by_one_and_ignored_by_the_other() -> None:
    board = with_more(*table(20, 20, 31, 29), hits=250, misses=250)
    found = correct(board)
    assert found.rogan_gladen.estimate is None
    assert found.rogan_gladen.reason.startswith(
        "refused: sensitivity 0.50 + specificity 0.48 - 1 = -0.02 ["
    )
    assert found.rogan_gladen.reason.endswith("] cannot be told from 0")
    assert found.ppi.estimate == pytest.approx(0.40)


def test_a_judge_little_better_than_guessing_is_refused() -> None:
    found = correct(with_more(*table(24, 16, 30, 30), hits=250, misses=250)).rogan_gladen
    assert found.estimate is None
    assert found.reason.startswith("refused: sensitivity 0.60 + specificity 0.50 - 1 = 0.10 [-0.")
    enough = correct(with_more(*table(112, 48, 120, 120), hits=250, misses=250)).rogan_gladen
    assert enough.estimate is not None


def test_cells_that_the_judge_left_unscored_are_in_no_figure() -> None:
    board = with_more(*table(32, 8, 6, 54), hits=83, misses=117)
    extra = of(np.full(50, NAN), np.ones(50))
    both = replace(
        board,
        images=[*board.images, *extra.images],
        judged=np.concatenate([board.judged, extra.judged]),
        labelled=np.concatenate([board.labelled, extra.labelled]),
        weights=np.concatenate([board.weights, extra.weights]),
    )
    assert correct(both) == correct(board)


@settings(max_examples=20, deadline=None)
@given(st.randoms(use_true_random=False))
def test_the_order_of_the_cells_does_not_matter(lot: object) -> None:
    board = simulated(1, Judge(0.8, 0.9), 0.3, images=30, cells=6, n=60)
    order = list(range(len(board.judged)))
    lot.shuffle(order)  # type: ignore[attr-defined]
    shuffled = replace(
        board,
        images=[board.images[cell] for cell in order],
        judged=board.judged[order],
        labelled=board.labelled[order],
        weights=board.weights[order],
    )
    expected, found = correct(board), correct(shuffled)
    for figure in ("raw", "rogan_gladen", "ppi"):
        one, other = getattr(expected, figure), getattr(found, figure)
        assert other.estimate == pytest.approx(one.estimate)
        assert other.interval == pytest.approx(one.interval)


def test_what_is_not_rated_has_any_weight() -> None:
    board = simulated(1, Judge(0.8, 0.9), 0.3)
    anything = np.where(np.isnan(board.labelled), NAN, board.weights)
    assert correct(replace(board, weights=anything)) == correct(board)


def test_a_biased_judge_is_set_right() -> None:
    judge, prevalence = Judge(0.95, 0.70), 0.3
    found = [correct(simulated(seed, judge, prevalence), seed=seed) for seed in range(40)]
    assert all(interval_of(one.raw)[0] > prevalence for one in found)

    def misses(figure: str) -> int:
        ends = [interval_of(getattr(one, figure)) for one in found]
        return sum(not low <= prevalence <= high for low, high in ends)

    # 2 of 40 are expected; 8 or more would happen once in 1500.
    assert misses("ppi") < 8 and misses("rogan_gladen") < 8
    means = [np.mean([getattr(one, name).estimate for one in found]) for name in CORRECTED]
    assert means == pytest.approx([prevalence, prevalence], abs=0.02)


CORRECTED = ("rogan_gladen", "ppi")


def test_both_agree_where_the_draw_is_stratified_by_verdict() -> None:
    found = [correct(simulated(seed, Judge(0.8, 0.85), 0.4)) for seed in range(10)]
    for one in found:
        assert one.rogan_gladen.estimate == pytest.approx(one.ppi.estimate, abs=2e-3)
        assert width(one.rogan_gladen) == pytest.approx(width(one.ppi), rel=0.02)


def test_rogan_gladen_is_wider_where_the_draw_is_not_stratified() -> None:
    def widths(figure: str) -> float:
        found = [
            correct(simulated(seed, Judge(0.8, 0.8), 0.4, by_verdict=False)) for seed in range(12)
        ]
        return float(np.mean([width(getattr(one, figure)) for one in found]))

    assert widths("rogan_gladen") > 1.15 * widths("ppi")


def test_rogan_gladen_stands_a_list_with_other_prevalence() -> None:
    # Half of the labelled cells are hits, 25 % of the board. Delta method for independent cells and
    # labels that are few beside the board: Rogan and Gladen 1978.
    judge, per, cells = Judge(0.85, 0.8), 150, 3000
    found = []
    for seed in range(40):
        lot = np.random.default_rng(seed)
        people = np.repeat([1.0, 0.0], per)
        right = lot.random(2 * per) < np.repeat([judge.sensitivity, judge.specificity], per)
        hits = int((lot.random(cells) < judge.rate(0.25)).sum())
        judged = np.where(right, people, 1 - people)
        found.append(correct(with_more(judged, people, hits=hits, misses=cells - hits)))
    true = (cells * 0.25 + per) / (cells + 2 * per)
    q = judge.rate(true)
    errors = (true**2 * 0.85 * 0.15 + (1 - true) ** 2 * 0.8 * 0.2) / per
    expected = 2 * 1.96 * np.sqrt(q * (1 - q) / cells + errors) / 0.65
    estimates = [one.rogan_gladen.estimate or 0.0 for one in found]
    assert np.mean(estimates) == pytest.approx(true, abs=0.02)
    widths = [width(one.rogan_gladen) for one in found]
    assert np.mean(widths) == pytest.approx(expected, rel=0.05)


def test_prediction_powered_width_is_that_of_its_variance() -> None:
    # Independent cells: tuning^2 var(judge) / N + var(people - tuning judge) / n.
    judge, n, cells = Judge(0.9, 0.9), 300, 3000
    found = [
        correct(simulated(seed, judge, 0.4, images=cells, cells=1, n=n, by_verdict=False))
        for seed in range(8)
    ]
    q = judge.rate(0.4)
    tuning = (0.4 * judge.sensitivity - 0.4 * q) / (q * (1 - q))
    rest = 0.4 * 0.6 - tuning**2 * q * (1 - q)
    expected = 2 * 1.96 * np.sqrt(tuning**2 * q * (1 - q) / cells + rest / n)
    assert np.mean([width(one.ppi) for one in found]) == pytest.approx(expected, rel=0.08)
    # People's labels alone would give sqrt(.24 / 300).
    assert expected < 0.7 * 2 * 1.96 * np.sqrt(0.24 / n)
