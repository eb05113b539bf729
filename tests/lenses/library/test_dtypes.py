from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from harness.core.errors import DataError, UsageError
from lenses.library.dtypes import (
    LARGEST_ERROR,
    SCALED,
    STORED_TYPES,
    TORCH_TYPES,
    StoredRows,
    StoredType,
    restore,
    store_states,
    store_units,
    stored_type,
    unit_sums,
)

FLOATS: tuple[StoredType, ...] = ("float32", "float16", "bfloat16")
RELATIVE: dict[StoredType, float] = {
    "float32": 2.0**-24,
    "float16": 2.0**-11,
    "bfloat16": 2.0**-8,
    "float8": 2.0**-4,
}
"""Half a unit in the last place, relative to the value."""
SMALLEST: dict[StoredType, float] = {
    "float32": 1e-38,
    "float16": 2.0**-25,
    "bfloat16": 1e-38,
    "float8": 2.0**-10,
}
"""Half of the smallest step, before the scale of the row."""


@st.composite
def states(draw: st.DrawFn, *, largest: float = 1e4) -> torch.Tensor:
    """States with outlying dimensions and lengths of very different size."""
    rows, width = draw(st.integers(1, 9)), draw(st.integers(1, 40))
    generator = torch.Generator().manual_seed(draw(st.integers(0, 2**20)))
    found = torch.randn(rows, width, generator=generator)
    found[:, draw(st.integers(0, width - 1))] *= draw(st.sampled_from([1.0, 30.0, 1000.0]))
    return found * draw(st.sampled_from([1e-3, 1.0, largest]))


def held(rows: StoredRows, mean: torch.Tensor | None = None) -> torch.Tensor:
    return restore(rows.vectors, rows.scales, mean)


@given(states(), st.sampled_from([*FLOATS, "float8"]))
def test_components_round_to_the_nearest_of_the_type(
    found: torch.Tensor, dtype: StoredType
) -> None:
    rows = store_states(found, dtype)
    units = torch.nn.functional.normalize(found.double())
    scales = torch.ones(len(found)) if rows.scales is None else rows.scales
    bound = RELATIVE[dtype] * units.abs() + SMALLEST[dtype] * scales.double()[:, None]
    error = (held(rows).double() - units).abs()
    assert rows.vectors.dtype == TORCH_TYPES[dtype]
    assert (error <= bound * (1 + 1e-6) + 1e-12).all()
    assert torch.allclose(rows.norms.double(), found.double().norm(dim=1), rtol=1e-6)


@given(states())
def test_int8_is_within_half_a_step_of_the_row(found: torch.Tensor) -> None:
    units = torch.nn.functional.normalize(found)
    mean = units.mean(dim=0)
    rows = store_units(units, found.norm(dim=1), "int8", mean)
    assert rows.scales is not None
    residual = (units.double() - mean.double()).abs()
    assert torch.allclose(rows.scales.double(), residual.amax(dim=1) / 127, rtol=1e-6)
    error = (held(rows, mean).double() - units.double()).abs()
    assert (error <= 0.5 * rows.scales.double()[:, None] + 1e-6).all()
    assert int(rows.vectors.abs().max()) <= 127


@given(states(), st.sampled_from([*FLOATS, "float8"]))
def test_measured_errors_are_the_distances(found: torch.Tensor, dtype: StoredType) -> None:
    rows = store_states(found, dtype)
    lost = held(rows).double() - torch.nn.functional.normalize(found.double())
    assert rows.errors is not None
    assert torch.allclose(rows.errors.double(), lost.norm(dim=1), rtol=1e-3, atol=1e-9)
    assert float(rows.errors.max()) <= LARGEST_ERROR[dtype]


@given(states(), st.sampled_from([*FLOATS, "float8"]))
def test_a_row_is_stored_alike_whatever_stands_beside_it(
    found: torch.Tensor, dtype: StoredType
) -> None:
    together, alone = store_states(found, dtype), store_states(found[-1:], dtype)
    for name, tensor in together.tensors().items():
        assert torch.equal(tensor[-1:].view(torch.uint8), alone.tensors()[name].view(torch.uint8))


@given(states())
def test_scales_of_float8_are_powers_of_two_that_use_the_range(found: torch.Tensor) -> None:
    rows = store_states(found, "float8")
    assert rows.scales is not None
    assert (torch.frexp(rows.scales).mantissa == 0.5).all()
    peaks = rows.vectors.float().abs().amax(dim=1)
    assert ((peaks > 200) & (peaks <= 448)).all()


@pytest.mark.parametrize("dtype", STORED_TYPES)
def test_zero_states_stay_zero(dtype: StoredType) -> None:
    found = torch.tensor([[0.0, 0.0], [3.0, 4.0]])
    if dtype == "int8":
        rows = store_units(found / 5, found.norm(dim=1), dtype, torch.zeros(2))
    else:
        rows = store_states(found, dtype)
    assert (rows.scales is not None) == (dtype in SCALED)
    mean = torch.zeros(2) if dtype == "int8" else None
    assert held(rows, mean)[0].tolist() == [0.0, 0.0]
    assert rows.norms.tolist() == [0.0, 5.0]
    assert float((held(rows, mean)[1] - torch.tensor([0.6, 0.8])).norm()) <= LARGEST_ERROR[dtype]


@pytest.mark.parametrize("dtype", ["float16", "float8"])
def test_sums_are_of_the_stored_vectors(dtype: StoredType) -> None:
    rows = store_states(torch.randn(50, 7, generator=torch.Generator().manual_seed(0)), dtype)
    expected = held(rows).double().sum(dim=0)
    assert torch.allclose(torch.from_numpy(unit_sums(rows.vectors, rows.scales)), expected)


@pytest.mark.parametrize("bad", [torch.nan, torch.inf])
def test_states_that_are_no_numbers_are_counted_and_refused(bad: float) -> None:
    found = torch.ones(6, 3)
    found[2, 1] = found[5, 0] = bad
    with pytest.raises(DataError, match="2 of 6 states hold NaN or Inf, first: row 2"):
        store_states(found, "float16")


def test_nothing_is_stored_as_nothing() -> None:
    assert store_states(torch.empty(0, 5), "float8").vectors.shape == (0, 5)


def test_unknown_types_are_refused() -> None:
    assert [stored_type(name) for name in STORED_TYPES] == list(STORED_TYPES)
    with pytest.raises(UsageError, match=r"unknown library dtype 'int9': did you mean int8"):
        stored_type("int9")
