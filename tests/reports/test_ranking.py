from __future__ import annotations

import pytest

from harness.core.records import LensKind
from reports.outcomes import join
from reports.ranking import Ranking, rank_lenses, winner_statement
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


def test_a_false_winner_is_rare() -> None:
    equal = fixed(latent=0.5, logit=0.5, embedding=0.5)
    pairs = [pair for seed in range(12) for pair in ranking(run_with(equal, seed, 20)).comparisons]
    assert sum(pair.winner is not None for pair in pairs) <= 5


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


def test_the_winner_of_a_pair_follows_the_sign() -> None:
    base = ranking(run_with(CLEAR)).comparisons[0]
    turned = base.model_copy(update={"difference": -0.3, "low": -0.4, "high": -0.2})
    assert base.winner == base.first
    assert turned.winner == turned.second
