from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from harness.core.errors import MismatchError
from harness.core.records import LensKind, RunSpec
from reports.holm import holm
from reports.outcomes import Outcomes
from reports.over_models import OverModels, over_statement, rank_over_models
from reports.ranking import rank_lenses
from tests.reports.made_boards import KINDS, RATES, board_of, spec_of, verdicts_of

EQUAL = dict.fromkeys(KINDS, 0.4)


def made(spec: RunSpec, rates: dict[str, float] = RATES, lot: int = 0, **changes: Any) -> Outcomes:
    return board_of(spec, verdicts_of(spec, rates, lot=lot, **changes))


def ranked(boards: dict[str, Outcomes], **changes: Any) -> OverModels:
    return rank_over_models(boards, KINDS, "interpretable", 42, **changes)


def test_every_model_has_one_vote_whatever_its_layers() -> None:
    few, many = spec_of("few", layers=(0, 1)), spec_of("many", layers=tuple(range(9)))
    boards = {"few": made(few, {**RATES, "latent": 0.9}), "many": made(many)}
    over = ranked(boards)
    for row in over.ranking.rows:
        alone = [
            float(boards[model].hits(row.lens, None, "interpretable").mean()) for model in boards
        ]
        assert row.estimate == pytest.approx(sum(alone) / 2)
        assert row.low is not None
        assert row.high is not None
        assert row.low < sum(alone) / 2 < row.high
    assert over.models == ("few", "many")
    assert over.images == 12


def test_one_model_alone_is_its_own_board() -> None:
    spec = spec_of()
    board = made(spec, unscored=0.2)
    alone = rank_lenses(board, spec, KINDS, "interpretable", None, (1,))
    over = ranked({"mini": board}, same={"mini": (1,)})
    assert over.ranking.rows == alone.rows
    assert over.ranking.comparisons == alone.comparisons


def test_the_same_board_twice_gives_the_same_interval() -> None:
    """Images are shared: a second model with the same verdicts is no further evidence."""
    board = made(spec_of())
    once, twice = ranked({"a": board}), ranked({"a": board, "b": board})
    for one, two in zip(once.ranking.rows, twice.ranking.rows, strict=True):
        assert (two.estimate, two.low, two.high) == pytest.approx((one.estimate, one.low, one.high))
        assert two.tier == one.tier
    for pair, again in zip(once.ranking.comparisons, twice.ranking.comparisons, strict=True):
        assert again.p_value == pair.p_value


def test_models_that_agree_less_give_a_narrower_interval() -> None:
    spec = spec_of(images=60)
    one = made(spec)
    same = ranked({"a": one, "b": one}).ranking.rows[0]
    other = ranked({"a": one, "b": made(spec, lot=1)}).ranking.rows[0]
    assert same.high is not None
    assert same.low is not None
    assert other.high is not None
    assert other.low is not None
    assert other.high - other.low < 0.9 * (same.high - same.low)


def test_a_clear_leader_has_its_tier_and_wins_every_model() -> None:
    boards = {name: made(spec_of(name)) for name in ("a", "b", "c")}
    over = ranked(boards)
    rows = {row.lens: row for row in over.ranking.rows}
    assert rows["latent"].tier == 1
    assert (rows["latent"].best_rank, rows["latent"].worst_rank) == (1, 1)
    assert rows["latent"].borda == 2.0
    assert {rows["logit"].tier, rows["embedding"].tier} == {2}
    assert rows["shuffled-patch:latent"].tier is None
    assert over.wins["latent"] == 3
    assert sum(over.wins.values()) == 3
    pair = over.ranking.comparisons[0]
    assert pair.first == "latent"
    assert pair.p_holm is not None
    assert pair.p_value is not None
    assert pair.p_holm >= pair.p_value
    text = over_statement(over)
    assert text.startswith("Over 3 models (a, b, c), each with one vote: latent leads by ")
    assert "latent 3" in text


def test_the_gain_is_paired_on_every_model() -> None:
    boards = {name: made(spec_of(name)) for name in ("a", "b")}
    row = ranked(boards).ranking.rows[0]
    gains = [
        float(
            (
                board.hits("latent", None, "interpretable")
                - board.hits("shuffled-patch:latent", None, "interpretable")
            ).mean()
        )
        for board in boards.values()
    ]
    assert row.control == "shuffled-patch:latent"
    assert row.excess == pytest.approx(sum(gains) / 2)


def test_the_gain_is_on_cells_that_are_scored_for_both() -> None:
    spec = spec_of(images=4, per_image=1, layers=(0,))
    nan = float("nan")
    verdicts = verdicts_of(spec) | {
        ("latent", 0): [1.0, 1.0, 0.0, nan],
        ("shuffled-patch:latent", 0): [nan, 0.0, 0.0, 1.0],
    }
    row = ranked({"a": board_of(spec, verdicts)}).ranking.rows
    latent = next(each for each in row if each.lens == "latent")
    assert latent.estimate == pytest.approx(2 / 3)
    assert latent.excess == pytest.approx(0.5)


def test_all_pairs_are_one_family() -> None:
    rates = {**RATES, "logit": 0.45}
    over = ranked({name: made(spec_of(name, layers=(0,)), rates) for name in ("a", "b")})
    pairs = over.ranking.comparisons
    assert len(pairs) == 3
    p_values = [pair.p_value for pair in pairs if pair.p_value is not None]
    assert tuple(pair.p_holm for pair in pairs) == holm(p_values)
    assert holm(p_values) != tuple(p_values)


def test_equal_lenses_are_rarely_told_apart() -> None:
    apart = 0
    for lot in range(60):
        specs = [spec_of(name, images=20, layers=(0, 1)) for name in ("a", "b", "c")]
        boards = {spec.vlm: made(spec, EQUAL, lot) for spec in specs}
        over = ranked(boards)
        apart += any(row.tier == 2 for row in over.ranking.rows)
    # 5 % of 60 is 3; 8 or more has a chance of 1 %.
    assert apart < 8


def test_lenses_that_a_model_lacks_are_listed_not_averaged() -> None:
    full, less = spec_of("full"), spec_of("less", lenses=("latent", "logit"))
    silent = spec_of("silent")
    verdicts = verdicts_of(silent)
    for layer in silent.layers:
        verdicts["logit", layer] = [float("nan")] * len(verdicts["logit", layer])
    over = ranked({"full": made(full), "less": made(less), "silent": board_of(silent, verdicts)})
    assert [row.lens for row in over.ranking.rows] == ["latent"]
    assert {each.lens: each.models for each in over.missing} == {
        "logit": ("silent",),
        "embedding": ("less",),
        "shuffled-patch:latent": ("less",),
    }
    assert over.ranking.rows[0].control is None
    assert "Only one lens was scored" in over_statement(over)


def test_models_without_a_common_lens_have_no_rows() -> None:
    kinds: dict[str, LensKind] = {"latent": "lens", "logit": "lens"}
    boards = {lens: made(spec_of(lens, lenses=(lens,))) for lens in kinds}
    over = rank_over_models(boards, kinds, "interpretable", 42)
    assert over.ranking.rows == ()
    assert "no lens can be ranked" in over_statement(over)


def test_the_order_of_models_and_images_changes_nothing() -> None:
    specs = {name: spec_of(name) for name in ("a", "b")}
    boards = {name: made(spec, unscored=0.1) for name, spec in specs.items()}
    first = ranked(boards)
    turned = {
        name: Outcomes(
            board.judge,
            board.lenses,
            board.layers,
            board.patches[::-1],
            {place: cells[::-1] for place, cells in board.cells.items()},
        )
        for name, board in reversed(boards.items())
    }
    again = ranked(turned)
    for one, two in zip(first.ranking.rows, again.ranking.rows, strict=True):
        assert (two.lens, two.tier) == (one.lens, one.tier)
        assert (two.estimate, two.low, two.high) == pytest.approx((one.estimate, one.low, one.high))


def test_models_on_other_images_are_taken_together() -> None:
    """A model without a patch on some image still counts with the others."""
    full = spec_of("full")
    fewer = spec_of("fewer", image_ids=full.image_ids[:6])
    over = ranked({"full": made(full), "fewer": made(fewer)})
    assert over.images == 12
    assert all(row.low is not None for row in over.ranking.rows)


@pytest.mark.parametrize("rate", [0.0, 1.0])
def test_no_hits_and_all_hits_leave_an_interval_of_some_width(rate: float) -> None:
    boards = {name: made(spec_of(name), dict.fromkeys(KINDS, rate)) for name in ("a", "b")}
    over = ranked(boards)
    for row in over.ranking.rows:
        assert row.estimate == rate
        assert row.low is not None
        assert row.high is not None
        assert row.high - row.low > 0.1
    assert {row.tier for row in over.ranking.rows if row.kind == "lens"} == {1}
    assert set(over.wins.values()) == {2}


def test_one_image_has_no_interval() -> None:
    boards = {name: made(spec_of(name, images=1)) for name in ("a", "b")}
    over = ranked(boards)
    assert all(row.low is None and row.high is None for row in over.ranking.rows)
    assert np.isfinite([row.estimate for row in over.ranking.rows if row.estimate]).all()


def test_layers_of_one_vector_count_once_in_their_model() -> None:
    boards = {name: made(spec_of(name, layers=(0, 1, 2))) for name in ("a", "b")}
    over = ranked(boards, same={"a": (1, 2)})
    row = over.ranking.rows[0]
    one = float(boards["a"].hits("latent", None, "interpretable").mean())
    two = float(boards["b"].hits("latent", None, "interpretable").mean())
    assert row.distinct_layers == pytest.approx((one + two) / 2)
    over = ranked(boards, same={"a": (1,)})
    rates = boards["a"].hits("latent", None, "interpretable").mean(axis=0)
    distinct = ((rates[0] + rates[1]) / 2 + rates[2]) / 2
    assert over.ranking.rows[0].distinct_layers == pytest.approx((distinct + two) / 2)


def test_boards_of_several_judges_are_refused() -> None:
    spec = spec_of()
    other = board_of(spec, verdicts_of(spec), "gemini")
    with pytest.raises(MismatchError, match="gemini.*expected one judge"):
        ranked({"a": made(spec), "b": other})
    with pytest.raises(MismatchError, match="expected one judge"):
        ranked({})
