from __future__ import annotations

import numpy as np
import pytest

from harness.core.records import LensKind
from reports.holm import holm
from reports.image_sums import image_codes, image_sums
from reports.outcomes import join
from reports.power import detectable_difference
from reports.ranking import Ranking, rank_lenses, winner_statement
from reports.scoring import score_outcomes, select
from reports.sign_flip import sign_flip
from tests.reports.synthetic import JUDGE, Rate, Run, make_run

KINDS: dict[str, LensKind] = {
    "logit": "lens",
    "latent": "lens",
    "embedding": "lens",
    "shuffled-patch:latent": "control",
    "shuffled-patch:logit": "control",
    "random-vector": "control",
}


def run_with(rate: Rate, seed: int = 0, images: int = 40) -> Run:
    return make_run(seed, images=images, per_image=5, layers=(0, 2, 5), kinds=KINDS, rate=rate)


def ranking(run: Run, layer: int | None = None) -> Ranking:
    outcomes = join(run.columns, run.answers, run.patches, run.spec, JUDGE)
    return rank_lenses(outcomes, run.spec, run.kinds, "interpretable", layer)


def fixed(**rates: float) -> Rate:
    return lambda lens, layer: rates.get(lens.replace("-", "_").replace(":", "__"), 0.1)


CLEAR = fixed(latent=0.8, logit=0.5, embedding=0.5, shuffled_patch__latent=0.3)


@pytest.mark.parametrize("layer", [None, 2])
def test_a_clear_winner_has_its_own_tier_and_equals_share_one(layer: int | None) -> None:
    rows = {row.lens: row for row in ranking(run_with(CLEAR), layer).rows}
    assert rows["latent"].tier == 1
    assert (rows["latent"].best_rank, rows["latent"].worst_rank) == (1, 1)
    for lens in ("logit", "embedding"):
        assert (rows[lens].tier, rows[lens].best_rank, rows[lens].worst_rank) == (2, 2, 3)


def test_controls_come_last_and_have_no_tier() -> None:
    rows = ranking(run_with(CLEAR)).rows
    assert [row.kind for row in rows] == ["lens"] * 3 + ["control"] * 3
    assert all(row.tier is None and row.best_rank is None for row in rows[3:])
    estimates = [row.estimate or 0.0 for row in rows[3:]]
    assert estimates == sorted(estimates, reverse=True)


def test_excess_is_over_the_matched_control() -> None:
    rows = {row.lens: row for row in ranking(run_with(CLEAR, images=80)).rows}
    latent = rows["latent"]
    assert latent.control == "shuffled-patch:latent"
    assert latent.excess == pytest.approx(0.5, abs=0.06)
    assert latent.excess_low is not None
    assert latent.excess_high is not None
    assert latent.excess_low < latent.excess_high
    assert latent.excess_low < 0.5 < latent.excess_high
    assert (rows["embedding"].control, rows["embedding"].excess) == (None, None)


def test_the_statement_names_winner_margin_and_runner_up() -> None:
    board = ranking(run_with(CLEAR))
    text = winner_statement(board)
    pair = board.comparisons[0]
    assert text.startswith(
        f"latent leads by {pair.difference:.2f} [{pair.low:.2f}, {pair.high:.2f}] over "
        f"{pair.second}."
    )
    assert "Gain over the same lens's words of another image: latent " in text


def test_the_statement_names_no_winner_where_there_is_none() -> None:
    equal = fixed(latent=0.5, logit=0.5, embedding=0.5, shuffled_patch__latent=0.5)
    text = winner_statement(ranking(run_with(equal)))
    assert text.startswith("No lens leads: ")
    assert "cannot be told apart" in text
    assert "Not above chance: latent." in text


def test_a_layer_has_mcnemar_counts_that_add_up() -> None:
    run = run_with(CLEAR)
    for pair in ranking(run, 2).comparisons:
        assert pair.first_only is not None
        assert pair.second_only is not None
        assert pair.difference is not None
        assert pair.first_only - pair.second_only == round(pair.difference * pair.n)
        assert pair.mcnemar_p is not None
    assert {pair.mcnemar_p for pair in ranking(run).comparisons} == {None}


def test_ranking_is_the_same_every_time() -> None:
    assert ranking(run_with(CLEAR)) == ranking(run_with(CLEAR))


def test_nothing_scored_ranks_nobody() -> None:
    run = run_with(CLEAR, images=2)
    run.answers.clear()
    board = ranking(run)
    assert {row.tier for row in board.rows} == {None}
    assert board.comparisons == ()
    assert winner_statement(board) == "No lens was scored."


def test_a_lens_that_was_never_scored_stands_below_one_that_never_hit() -> None:
    run = run_with(fixed(latent=0.0, logit=0.6), images=10)
    keep = [row for row, lens in enumerate(run.columns["lens"]) if lens != "embedding"]
    for name, values in run.columns.items():
        run.columns[name] = [values[row] for row in keep]
    rows = [row for row in ranking(run).rows if row.kind == "lens"]
    assert [(row.lens, row.n > 0, row.estimate) for row in rows[1:]] == [
        ("latent", True, 0.0),
        ("embedding", False, None),
    ]
    assert (rows[2].tier, rows[2].best_rank) == (None, None)


def test_one_image_leaves_every_difference_open() -> None:
    board = ranking(run_with(CLEAR, images=1))
    assert {pair.winner for pair in board.comparisons} == {None}
    assert {row.tier for row in board.rows if row.kind == "lens"} == {1}
    assert "(no interval)" in winner_statement(board)


def test_the_winner_of_a_pair_follows_the_sign_and_the_corrected_test() -> None:
    base = ranking(run_with(CLEAR)).comparisons[0]
    turned = base.model_copy(update={"difference": -0.3, "low": -0.4, "high": -0.2})
    assert base.winner == base.first
    assert turned.winner == turned.second
    assert base.model_copy(update={"p_holm": 0.06}).winner is None
    assert base.model_copy(update={"p_holm": None}).winner is None


@pytest.mark.parametrize("layer", [None, 2])
def test_all_pairs_are_corrected_together(layer: int | None) -> None:
    pairs = ranking(run_with(CLEAR), layer).comparisons
    p_values = [pair.p_value for pair in pairs if pair.p_value is not None]
    assert len(p_values) == len(pairs) == 3
    assert tuple(pair.p_holm for pair in pairs) == holm(p_values)


def test_p_values_are_those_of_flipped_images() -> None:
    run = run_with(CLEAR)
    outcomes = join(run.columns, run.answers, run.patches, run.spec, JUDGE)
    codes = image_codes(outcomes.image_ids())
    for pair in ranking(run).comparisons:
        first, second = (
            outcomes.hits(lens, None, "interpretable") for lens in (pair.first, pair.second)
        )
        sums = image_sums(first - second, codes)
        assert sums is not None
        assert pair.difference == sums.mean
        assert pair.p_value == sign_flip(sums.shares[:, None], run.spec.seed)[0]


def test_borda_is_given_for_means_of_lenses_only() -> None:
    rows = {row.lens: row for row in ranking(run_with(CLEAR)).rows}
    assert rows["latent"].borda == 2.0
    assert (rows["logit"].borda or 0) + (rows["embedding"].borda or 0) == pytest.approx(1.0)
    assert rows["random-vector"].borda is None
    assert {row.borda for row in ranking(run_with(CLEAR), 2).rows} == {None}


def test_a_row_has_the_figures_of_its_score() -> None:
    run = run_with(CLEAR)
    outcomes = join(run.columns, run.answers, run.patches, run.spec, JUDGE)
    scores = score_outcomes(outcomes, run.spec, run.kinds, (2,))
    for layer in (None, 2):
        board = rank_lenses(outcomes, run.spec, run.kinds, "interpretable", layer, (2,))
        known = {score.lens: score for score in select(scores, JUDGE, "interpretable", layer)}
        for row in board.rows:
            score = known[row.lens]
            assert (row.estimate, row.effective_n) == (score.estimate, score.effective_n)
            assert row.distinct_layers == score.distinct_layers
            if layer is None:
                assert (row.low, row.high) == (score.low, score.high)


def test_the_detectable_difference_is_that_of_a_typical_pair() -> None:
    run = run_with(CLEAR, images=60)
    found = ranking(run, 2).detectable
    pairs = sorted(
        detectable_difference(
            pair.n, ((pair.first_only or 0) + (pair.second_only or 0)) / pair.n, alpha=0.05 / 3
        )
        or 0.0
        for pair in ranking(run, 2).comparisons
    )
    # Patches of these images are independent: the design effect takes little.
    assert found == pytest.approx(pairs[1], rel=0.12)
    assert found is not None
    assert found >= pairs[0]
    assert (ranking(run_with(CLEAR, images=15), 2).detectable or 0.0) > 1.6 * found


def test_one_lens_is_alone_in_its_tier() -> None:
    run = make_run(0, images=4, layers=(0,), kinds={"latent": "lens", "random-vector": "control"})
    board = ranking(run)
    (row, _) = board.rows
    assert (row.tier, row.best_rank, row.worst_rank, row.borda) == (1, 1, 1, 0.0)
    assert (board.comparisons, board.detectable) == ((), None)


def test_equal_lenses_share_tier_ranks_and_points_whatever_their_names() -> None:
    run = make_run(
        0,
        images=20,
        layers=(0, 2),
        kinds={"b": "lens", "a": "lens", "c": "lens"},
        rate=lambda lens, layer: 0.0 if lens == "c" else 0.6,
    )
    for name in ("word", "source_layer", "score"):
        cells = {}
        for row, value in enumerate(run.columns[name]):
            place = tuple(run.columns[key][row] for key in ("patch_id", "layer", "rank"))
            if run.columns["lens"][row] == "b":
                cells[place] = value
            elif run.columns["lens"][row] == "a":
                run.columns[name][row] = cells[place]
    rows = {row.lens: row for row in ranking(run).rows}
    one, other = rows["a"], rows["b"]
    assert one.model_copy(update={"lens": "b"}) == other
    assert (one.tier, one.best_rank, one.worst_rank, one.borda) == (1, 1, 2, 1.5)
    assert (rows["c"].tier, rows["c"].best_rank) == (2, 3)


def test_the_statement_compares_with_a_lens_of_the_tier() -> None:
    board = ranking(run_with(CLEAR))
    best, second, third = board.rows[:3]
    rows = (best, second.model_copy(update={"tier": 2}), third.model_copy(update={"tier": 1}))
    text = winner_statement(board.model_copy(update={"rows": rows}))
    assert f"{best.lens} and {third.lens} cannot be told apart" in text
    assert f"({best.lens} minus {third.lens}: " in text


def test_missing_cells_leave_pairs_with_what_both_have() -> None:
    run = run_with(CLEAR)
    for key in [key for index, key in enumerate(run.answers) if index % 7 == 0]:
        del run.answers[key]
    outcomes = join(run.columns, run.answers, run.patches, run.spec, JUDGE)
    for layer in (None, 2):
        for pair in ranking(run, layer).comparisons:
            hits = [
                outcomes.hits(lens, layer, "interpretable") for lens in (pair.first, pair.second)
            ]
            assert pair.difference == pytest.approx(np.nanmean(hits[0] - hits[1], axis=0).mean())
            assert 0 < pair.n <= len(run.patches)
            assert pair.p_value is not None
