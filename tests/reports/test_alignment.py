from __future__ import annotations

from typing import Any

import pytest

from reports.alignment import alignment_matrix, lenses_with_sources

COLUMNS: dict[str, list[Any]] = {
    "lens": ["latent", "latent", "latent", "latent", "logit", "random-reference"],
    "layer": [0, 0, 0, 3, 0, 0],
    "source_layer": [4, 4, 8, 8, None, 1],
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
