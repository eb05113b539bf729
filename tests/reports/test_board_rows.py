from __future__ import annotations

import pytest

from harness.core.errors import MismatchError
from harness.core.records import Score
from reports.board_rows import board_rows
from reports.outcomes import RANKED
from reports.ranking import Ranking, rank_lenses
from reports.scoring import score_outcomes
from tests.reports.made_boards import KINDS, board_of, spec_of, verdicts_of

SPEC = spec_of()
BOARD = board_of(SPEC, verdicts_of(SPEC, unscored=0.1))
SCORES = score_outcomes(BOARD, SPEC, KINDS, (1,))


def rankings() -> list[Ranking]:
    return [
        rank_lenses(BOARD, SPEC, KINDS, definition, layer, (1,))
        for definition in RANKED
        for layer in (None, *SPEC.layers)
    ]


def test_every_score_has_one_row_with_the_same_figures() -> None:
    rows = board_rows("mini", "mini 01", SCORES, rankings(), (1,))
    assert len(rows) == len(SCORES)
    shared = set(Score.model_fields) - {"vlm"}
    for row, score in zip(rows, SCORES, strict=True):
        assert (row.model, row.source) == ("mini", "mini 01")
        for name in shared:
            assert getattr(row, name) == getattr(score, name), name


def test_ranked_cells_have_their_place_and_the_others_none() -> None:
    ranked = {
        (row.definition, row.layer, row.lens): row for each in rankings() for row in each.rows
    }
    rows = board_rows("mini", "mini 01", SCORES, rankings())
    for row in rows:
        place = ranked.get((row.definition, row.layer, row.lens))
        if place is None:
            assert row.definition not in RANKED
            assert (row.tier, row.borda, row.gain, row.control) == (None, None, None, None)
            continue
        assert (row.tier, row.best_rank, row.worst_rank) == (
            place.tier,
            place.best_rank,
            place.worst_rank,
        )
        assert (row.gain, row.gain_low, row.gain_high) == (
            place.excess,
            place.excess_low,
            place.excess_high,
        )
        assert (row.control, row.borda) == (place.control, place.borda)
        assert row.estimate == pytest.approx(place.estimate)
    latent = next(row for row in rows if row.lens == "latent" and row.layer is None)
    assert latent.tier == 1
    assert latent.borda == 2.0
    assert latent.control == "shuffled-patch:latent"


def test_layers_of_the_vector_of_layer_0_are_marked() -> None:
    rows = board_rows("mini", "mini 01", SCORES, rankings(), (1, 4))
    assert {row.layer for row in rows if row.same_as_layer_0} == {1, 4}


def test_a_run_without_a_judge_has_rows_without_rates() -> None:
    verdicts = {place: [float("nan")] * 36 for place in verdicts_of(SPEC)}
    board = board_of(SPEC, verdicts, "none")
    rows = board_rows("mini", "mini 01", score_outcomes(board, SPEC, KINDS), ())
    assert {row.estimate for row in rows} == {None}
    assert {row.total for row in rows} == {36, 144}


def test_a_ranking_of_another_run_is_refused() -> None:
    with pytest.raises(MismatchError, match="mini 01.*ranked but not scored"):
        board_rows("mini", "mini 01", [score for score in SCORES if score.layer != 2], rankings())
    with pytest.raises(MismatchError, match="scored twice"):
        board_rows("mini", "mini 01", [*SCORES, SCORES[3]], rankings())
