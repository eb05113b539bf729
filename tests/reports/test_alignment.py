from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.alignment import (
    alignment_matrix,
    dominant,
    lenses_with_sources,
    merged_alignment,
    published_alignment,
)
from reports.published.paper import PublishedAlignment

COLUMNS: dict[str, list[Any]] = {
    "lens": ["latent", "latent", "latent", "latent", "logit", "random-reference"],
    "layer": [0, 0, 0, 3, 0, 0],
    "source_layer": [4, 4, 8, 8, None, 1],
}

Row = tuple[str, int, str, int | None, float]


def table(*rows: Row) -> dict[str, list[Any]]:
    names = ("lens", "layer", "patch_id", "source_layer", "score")
    return {name: [row[place] for row in rows] for place, name in enumerate(names)}


def merged(*rows: Row, k: int = 2) -> dict[int, dict[int, int]]:
    """Return visual layer to source layer to count."""
    found = merged_alignment(table(*rows), "latent", "embedding", k)
    return {
        layer: {
            source: count for source, count in zip(found.source_layers, row, strict=True) if count
        }
        for layer, row in zip(found.visual_layers, found.counts, strict=True)
    }


def test_shares_are_of_the_neighbours_at_each_visual_layer() -> None:
    matrix = alignment_matrix(COLUMNS, "latent")
    assert (matrix.visual_layers, matrix.source_layers) == ((0, 3), (4, 8))
    assert matrix.counts == ((2, 1), (0, 1))
    assert matrix.shares[0] == pytest.approx((2 / 3, 1 / 3))
    assert matrix.shares[1] == (0.0, 1.0)


def test_only_lenses_with_contexts_have_sources() -> None:
    assert lenses_with_sources(COLUMNS) == ("latent", "random-reference")
    assert alignment_matrix(COLUMNS, "logit").shares == ()


def test_the_gap_that_a_data_frame_writes_is_no_layer() -> None:
    columns: dict[str, list[Any]] = {
        "lens": ["a", "a"],
        "layer": [0, 0],
        "source_layer": [float("nan"), 2.0],
    }
    assert alignment_matrix(columns, "a").source_layers == (2,)
    assert alignment_matrix(columns, "a").counts == ((1,),)


def test_the_input_embedding_is_merged_by_score_before_the_best_are_taken() -> None:
    rows: list[Row] = [
        ("latent", 0, "p", 4, 0.9),
        ("latent", 0, "p", 8, 0.3),
        ("embedding", 0, "p", None, 0.5),
        ("embedding", 0, "p", None, 0.4),
        ("latent", 2, "p", 4, 0.9),
        ("latent", 2, "p", 8, 0.8),
        ("embedding", 2, "p", None, 0.1),
        ("embedding", 2, "p", None, 0.0),
    ]
    assert merged(*rows) == {0: {0: 1, 4: 1}, 2: {4: 1, 8: 1}}
    assert merged(*rows[::-1]) == merged(*rows)
    assert merged(*rows, k=3)[0] == {0: 2, 4: 1}


def test_patches_are_merged_one_by_one() -> None:
    found = merged(
        ("latent", 0, "p", 4, 0.9),
        ("embedding", 0, "p", None, 0.8),
        ("latent", 0, "q", 4, 0.1),
        ("embedding", 0, "q", None, 0.2),
        k=1,
    )
    assert found == {0: {0: 1, 4: 1}}


def test_a_patch_that_one_lens_did_not_describe_is_left_out() -> None:
    found = merged(
        ("latent", 0, "p", 4, 0.9),
        ("embedding", 0, "p", None, 0.8),
        ("latent", 0, "q", 4, 0.1),
        ("embedding", 0, "r", None, 0.1),
        ("latent", 5, "p", 4, 0.1),
    )
    assert found == {0: {0: 1, 4: 1}}
    assert merged(("latent", 0, "p", 4, 0.9)) == {}


def test_a_neighbour_without_a_score_has_no_place_in_the_list() -> None:
    nan = float("nan")
    found = merged(
        ("latent", 0, "p", 4, nan),
        ("latent", 0, "p", 8, 0.2),
        ("embedding", 0, "p", None, 0.1),
        ("embedding", 0, "p", None, nan),
    )
    assert found == {0: {0: 1, 8: 1}}


def test_published_counts_are_those_of_one_model() -> None:
    rows = [
        PublishedAlignment(model="a", visual_layer=0, source_layer=8, neighbours=30),
        PublishedAlignment(model="a", visual_layer=0, source_layer=0, neighbours=10),
        PublishedAlignment(model="b", visual_layer=0, source_layer=1, neighbours=99),
    ]
    found = published_alignment(rows, "a")
    assert (found.source_layers, found.shares) == ((0, 8), ((0.25, 0.75),))
    assert published_alignment(rows, "c").visual_layers == ()


def test_the_dominant_layer_is_that_of_the_largest_share() -> None:
    matrix = alignment_matrix(COLUMNS, "latent")
    source, share = dominant(matrix, 0)
    assert (source, round(share, 6)) == (4, round(2 / 3, 6))
    assert dominant(matrix, 3) == (8, 1.0)


neighbours = st.lists(
    st.tuples(
        st.sampled_from(["latent", "embedding"]),
        st.integers(0, 2),
        st.sampled_from(["p", "q"]),
        st.sampled_from([1, 4, 8]),
        st.integers(0, 9),
    ),
    max_size=40,
)


@given(neighbours, st.integers(1, 5))
def test_at_most_k_neighbours_of_a_patch_count_and_shares_add_up(
    drawn: list[tuple[str, int, str, int, int]], k: int
) -> None:
    rows = [
        (lens, layer, patch, source if lens == "latent" else None, score / 10)
        for lens, layer, patch, source, score in drawn
    ]
    found = merged_alignment(table(*rows), "latent", "embedding", k)
    assert all(sum(row) <= 2 * k for row in found.counts)
    assert all(sum(row) == pytest.approx(1) for row in found.shares)
    again = merged_alignment(table(*rows[::-1]), "latent", "embedding", k)
    assert again == found
