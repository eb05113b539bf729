from __future__ import annotations

import pytest

from harness.core.errors import UsageError
from lenses.library.estimate import Estimate, estimate_library
from lenses.library.packs import PACKINGS, pack_rows
from lenses.library.plan import part_bounds, plan_rows
from lenses.library.tokenise import tokenise
from tests.lenses.fixtures import PHRASES, make_tokenizer


@pytest.mark.parametrize("packing", PACKINGS)
def test_forward_tokens_are_those_of_the_batches_part_by_part(packing: str) -> None:
    tokenised = tokenise(PHRASES, make_tokenizer())
    plan = plan_rows(tokenised, cap=3)
    found = estimate_library(
        tokenised, plan, packing, (1, 2), 24, "float16", 50.0, part_rows=20, width=64, batch=2
    )
    expected = sum(
        batch.ids.size
        for start, stop in part_bounds(plan, 20)
        for batch in pack_rows(tokenised, plan, start, stop, packing, width=64, batch=2)
    )
    assert found.forward_tokens == expected
    assert found.seconds == expected / 50
    assert (found.rows, found.phrases, found.layers) == (len(plan), len(set(plan.phrases)), 2)


@pytest.mark.parametrize(
    ("dtype", "row_bytes"),
    [("float32", 100), ("float16", 52), ("bfloat16", 52), ("float8", 32), ("int8", 32)],
)
def test_bytes_count_vectors_norms_and_scales(dtype: str, row_bytes: int) -> None:
    tokenised = tokenise(PHRASES, make_tokenizer())
    plan = plan_rows(tokenised)
    found = estimate_library(tokenised, plan, "prefix", (1, 2, 4), 24, dtype)
    assert found.bytes == 3 * len(plan) * row_bytes
    assert found.seconds is None


@pytest.mark.parametrize(
    ("bytes_", "seconds", "line"),
    [
        (312_000_000, 125.0, "41 230 rows x 8 layers, 68 k forward tokens, 312 MB, about 2 min"),
        (2_500_000_000, 30.2, "41 230 rows x 8 layers, 68 k forward tokens, 2.5 GB, about 30 s"),
        (999, 9000.0, "41 230 rows x 8 layers, 68 k forward tokens, 999 B, about 2.5 h"),
        (52, None, "41 230 rows x 8 layers, 68 k forward tokens, 52 B"),
    ],
)
def test_summary_is_one_line_with_units(bytes_: int, seconds: float | None, line: str) -> None:
    found = Estimate(
        rows=41_230, phrases=9, layers=8, forward_tokens=68_100, bytes=bytes_, seconds=seconds
    )
    assert found.summary() == line


def test_bad_input() -> None:
    tokenised = tokenise(["a cat"], make_tokenizer())
    plan = plan_rows(tokenised)
    with pytest.raises(UsageError, match="unknown library dtype 'float4'"):
        estimate_library(tokenised, plan, "tree", (1,), 8, "float4")
    with pytest.raises(UsageError, match="rate=0"):
        estimate_library(tokenised, plan, "tree", (1,), 8, "int8", 0)
