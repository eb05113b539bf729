from __future__ import annotations

from collections import Counter

from reports.published.board import published_rows, published_same_layers
from reports.published.load import load_paper

PAPER = load_paper()
ROWS = published_rows(PAPER)


def test_there_is_a_row_for_every_cell_and_every_mean() -> None:
    means = 15 * 3 + 4 + 9  # models by lens, TunedLens, LatentLens's ablations
    assert len(ROWS) == len(PAPER.cells) + means + 9
    keys = Counter((row.model, row.lens, row.layer) for row in ROWS)
    assert set(keys.values()) == {1}


def test_the_averages_are_rows() -> None:
    found = {
        row.lens: f"{100 * row.estimate:.1f}"
        for row in ROWS
        if row.model == "mean of all 15" and row.estimate is not None
    }
    assert found == {"latent": "67.9", "embedding": "32.0", "logit": "23.5"}


def test_intervals_hold_the_rate_and_are_missing_only_where_patches_are_unknown() -> None:
    for row in ROWS:
        assert row.estimate is not None
        if row.low is None or row.high is None:
            assert (row.n, row.interval, row.hits) == (None, "none", None)
            assert "does not tell" in row.problem
        else:
            assert row.low <= row.estimate <= row.high
            assert row.high - row.low > 0.04


def test_a_mean_is_not_more_certain_than_one_layer() -> None:
    row = next(r for r in ROWS if (r.model, r.lens, r.layer) == ("molmo-7b-d", "latent", None))
    assert (row.n, row.hits, row.effective_n) == (9 * 98, 758, 98)
    assert row.interval == "wilson-95, layers as one"
    assert row.low is not None
    assert row.high is not None
    assert row.high - row.low > 0.13


def test_rows_have_no_tiers_and_no_controls() -> None:
    for row in ROWS:
        assert (row.tier, row.best_rank, row.worst_rank, row.control) == (None, None, None, None)
        assert (row.source, row.judge, row.definition, row.kind) == (
            "published",
            "gpt-5",
            "interpretable",
            "lens",
        )


def test_layers_of_one_vector_are_marked() -> None:
    same = published_same_layers(PAPER)
    assert same["olmo-7b+clip-l-14-336"] == ()
    assert max(same["llama3-8b+clip-l-14-336"]) == 8
    marked = {row.model for row in ROWS if row.same_as_layer_0 and row.layer in (26, 27, 30, 31)}
    assert marked == {
        "llama3-8b+siglip-so400m",
        "llama3-8b+dinov2-large",
        "qwen2-7b+siglip-so400m",
    }


def test_a_mean_names_the_layers_that_a_problem_is_of() -> None:
    row = next(r for r in ROWS if (r.model, r.lens, r.layer) == ("llava-1.5-7b", "latent", None))
    assert "layer 16: 96 patches" in row.problem
    assert "layer 2, 4: 99 patches" in row.problem


def test_hits_never_exceed_patches() -> None:
    assert all(row.hits is None or 0 <= row.hits <= (row.n or 0) for row in ROWS)
