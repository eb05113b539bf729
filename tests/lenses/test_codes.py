from __future__ import annotations

from typing import get_args

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lenses.codes import Multiplier, ScanKind, code_bytes, joined, narrow

TILE = 32
every_kind = pytest.mark.parametrize("kind", get_args(ScanKind))


def vectors(seed: int, rows: int, width: int, *, outliers: bool) -> torch.Tensor:
    """Return rows of norm <= 1, if asked with two dimensions that outdo all others."""
    generator = torch.Generator().manual_seed(seed)
    found = torch.randn(rows, width, generator=generator)
    if outliers:
        found[:, [0, width // 2]] *= 60
    return found.div(float(torch.linalg.vector_norm(found, dim=1).max()))


def bounds(
    queries: torch.Tensor, rows: torch.Tensor, kind: ScanKind
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the errors of all scan scores against float64, and what they are promised to be."""
    left, right = narrow(queries, kind, 1, queries=True), narrow(rows, kind, TILE)
    scales = left.scales[:, None] * right.scales.repeat_interleave(TILE)
    scores = Multiplier()(left, right).double() * scales.double()
    promised = left.sizes[:, None] * right.losses + left.losses[:, None] * right.sizes
    errors = (scores - queries.double() @ rows.double().T).abs()
    return errors, promised.repeat_interleave(TILE, dim=1)


@every_kind
@given(
    seed=st.integers(0, 2**32 - 1),
    width=st.sampled_from([3, 64, 200, 1500]),
    outliers=st.booleans(),
)
@settings(max_examples=12, deadline=None)
def test_no_product_is_wrong_by_more_than_promised(
    kind: ScanKind, seed: int, width: int, outliers: bool
) -> None:
    queries = vectors(seed, 32, width, outliers=outliers)
    rows = vectors(seed + 1, 128, width, outliers=outliers)
    rows[5] = queries[3]
    rows[6] = 0
    errors, promised = bounds(queries, rows, kind)
    assert bool((errors <= promised).all())


@pytest.mark.parametrize(("kind", "largest"), [("int8", 8e-3), ("bfloat16", 8e-3)])
def test_the_promise_is_small_enough_to_be_of_use(kind: ScanKind, largest: float) -> None:
    queries = vectors(0, 32, 1024, outliers=True)
    rows = vectors(1, 128, 1024, outliers=True)
    assert float(bounds(queries, rows, kind)[1].max()) <= largest


def test_rounding_of_8_bits_is_unbiased_and_not_along_the_query() -> None:
    """With plain rounding the error of a row with itself as query would not average out."""
    rows = vectors(3, 512, 256, outliers=False)
    left, right = narrow(rows, "int8", 1, queries=True), narrow(rows, "int8", 1)
    scores = Multiplier()(left, right).double() * left.scales[:, None] * right.scales
    own = scores.diagonal() - (rows.double() ** 2).sum(dim=1)
    assert abs(float(own.mean())) <= 4 * float(own.std()) / len(own) ** 0.5


@every_kind
def test_codes_do_not_depend_on_what_stands_beside_a_tile(kind: ScanKind) -> None:
    rows = vectors(4, 96, 80, outliers=True)
    whole = narrow(rows, kind, TILE)
    pieces = joined([narrow(rows[:TILE], kind, TILE), narrow(rows[TILE:], kind, TILE)])
    assert torch.equal(whole.values, pieces.values)
    assert torch.equal(whole.scales, pieces.scales)


@every_kind
def test_memory_is_what_the_values_take(kind: ScanKind) -> None:
    for width in (3, 200, 1100):
        codes = narrow(vectors(0, 32, width, outliers=False), kind, TILE)
        taken = codes.values.numel() * codes.values.element_size()
        assert code_bytes(32, width, kind) == taken
