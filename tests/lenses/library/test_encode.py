from __future__ import annotations

from collections.abc import Sequence

import pytest
import torch

from harness.core.errors import DataError, UsageError
from lenses.library.encode import encode_rows
from lenses.library.plan import Plan, plan_rows
from lenses.library.tokenise import TokenisedCorpus, tokenise
from tests.lenses.fixtures import LAYERS, PHRASES, CausalStates, make_tokenizer


@pytest.fixture
def planned() -> tuple[TokenisedCorpus, Plan]:
    tokenised = tokenise(PHRASES, make_tokenizer())
    return tokenised, plan_rows(tokenised, "reservoir", 2, 0)


def alone(tokenised: TokenisedCorpus, plan: Plan, layer: int) -> torch.Tensor:
    """Encode every kept row by itself: one whole phrase, no batch, no padding."""
    rows = []
    for phrase, position in zip(plan.phrases.tolist(), plan.positions.tolist(), strict=True):
        ids = tokenised.ids[tokenised.starts[phrase] : tokenised.starts[phrase + 1]]
        rows.append(CausalStates()(torch.from_numpy(ids)[None], [layer])[layer][0, position])
    return torch.stack(rows)


@pytest.mark.parametrize("batch_tokens", [1, 40, 4096])
def test_rows_equal_those_of_whole_phrases_run_alone(
    planned: tuple[TokenisedCorpus, Plan], batch_tokens: int
) -> None:
    tokenised, plan = planned
    encoded = encode_rows(
        CausalStates(), tokenised, plan, LAYERS, dtype="float32", batch_tokens=batch_tokens
    )
    for layer in LAYERS:
        expected = alone(tokenised, plan, layer)
        norms = expected.norm(dim=1)
        assert torch.allclose(encoded[layer].norms, norms, rtol=1e-5)
        assert torch.allclose(encoded[layer].vectors, expected / norms[:, None], atol=1e-6)


def test_no_token_after_the_last_kept_one_is_run(planned: tuple[TokenisedCorpus, Plan]) -> None:
    tokenised, plan = planned
    encoder = CausalStates()
    encode_rows(encoder, tokenised, plan, LAYERS, batch_tokens=1)
    last = [int(plan.positions[plan.phrases == phrase].max()) for phrase in set(plan.phrases)]
    assert sorted(encoder.calls) == sorted((1, position + 1) for position in last)


def test_batches_stay_within_the_budget(planned: tuple[TokenisedCorpus, Plan]) -> None:
    tokenised, plan = planned
    encoder = CausalStates()
    encode_rows(encoder, tokenised, plan, LAYERS, batch_tokens=40)
    assert len(encoder.calls) < len(set(plan.phrases))
    assert all(rows == 1 or rows * length <= 40 for rows, length in encoder.calls)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32"])
def test_states_of_any_length_survive_narrow_types(
    planned: tuple[TokenisedCorpus, Plan], dtype: str
) -> None:
    def huge(ids: torch.Tensor, layers: Sequence[int]) -> dict[int, torch.Tensor]:
        return {layer: state * 1e7 for layer, state in CausalStates()(ids, layers).items()}

    tokenised, plan = planned
    encoded = encode_rows(huge, tokenised, plan, (1,), dtype=dtype)[1]
    assert str(encoded.vectors.dtype) == f"torch.{dtype}"
    expected = alone(tokenised, plan, 1)
    cosines = torch.cosine_similarity(encoded.vectors.float(), expected)
    assert float(cosines.min()) > 0.9999
    assert torch.allclose(encoded.norms, expected.norm(dim=1) * 1e7, rtol=1e-5)


def test_nan_names_layer_and_phrase(planned: tuple[TokenisedCorpus, Plan]) -> None:
    def broken(ids: torch.Tensor, layers: Sequence[int]) -> dict[int, torch.Tensor]:
        states = CausalStates()(ids, layers)
        states[2][:, -1] = float("nan")
        return states

    tokenised, plan = planned
    with pytest.raises(DataError, match="at layer 2 hold NaN or Inf, first at position .* of '"):
        encode_rows(broken, tokenised, plan, LAYERS)


def test_wrong_encoders_and_types_are_refused(planned: tuple[TokenisedCorpus, Plan]) -> None:
    tokenised, plan = planned
    with pytest.raises(DataError, match="expected \\[batch, length, d\\] for every layer"):
        encode_rows(lambda ids, layers: {1: torch.zeros(2, 2)}, tokenised, plan, (1,))
    with pytest.raises(DataError, match="for layer 3 of ids"):
        encode_rows(lambda ids, _: CausalStates()(ids, (1,)), tokenised, plan, (3,))
    with pytest.raises(UsageError, match="unknown library dtype 'float8'"):
        encode_rows(CausalStates(), tokenised, plan, (1,), dtype="float8")
