"""What the probe says of each model, and that it is true of drawn texts it did not see."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
import torch

from harness.core.errors import DataError, UsageError
from lenses.library.encode import TextEncoder, encode_part
from lenses.library.packs import Packing
from lenses.library.plan import plan_rows
from lenses.library.sharing import measure_packing
from lenses.library.tokenise import tokenise
from tests.lenses.fixtures import PHRASES, CausalStates, make_tokenizer
from tests.lenses.library.test_encode import alone, both_ways
from tests.vlms.tiny_text import DEPTH, WINDOW, load_tiny_text

VOCABULARY = 330
LAYERS = tuple(range(1, DEPTH + 1))


def require_true(encoder: TextEncoder, packing: Packing, tolerance: float) -> None:
    """Check that a library packed like this holds the states of phrases run alone."""
    tokenised = tokenise(PHRASES, make_tokenizer())
    plan = plan_rows(tokenised, "reservoir", 20, 0, shared=packing != "whole")
    part = encode_part(encoder, tokenised, plan, 0, len(plan), LAYERS, packing)
    for layer in LAYERS:
        expected = alone(encoder, (tokenised, plan), layer, range(len(plan)))
        moved = (part[layer] - expected).norm(dim=1) / expected.norm(dim=1)
        assert float(moved.max()) < tolerance


@pytest.mark.parametrize(
    ("family", "dtype", "packing"),
    [
        ("llama", "float32", "tree"),
        ("llama", "bfloat16", "tree"),
        ("qwen2", "float32", "tree"),
        ("gpt2", "float32", "tree"),
        ("gpt2", "float16", "tree"),
        ("opt", "float32", "tree"),
        ("mistral", "float32", "prefix"),
        ("gemma3_text", "bfloat16", "prefix"),
        ("bloom", "float32", "prefix"),
        ("mamba", "float32", "prefix"),
    ],
)
def test_families(family: str, dtype: str, packing: Packing, tmp_path: Path) -> None:
    """Windows of attention, positions in a mask and recurrence rule a tree out."""
    model = load_tiny_text(tmp_path, family, dtype)
    for longest in (WINDOW + 1, 20, 100):
        found = measure_packing(model.text_states, VOCABULARY, LAYERS, longest=longest)
        assert found == packing
    require_true(model.text_states, packing, 1e-4 if dtype == "float32" else 0.06)


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
@pytest.mark.parametrize("family", ["llama", "gemma3_text"])
def test_real_models_that_look_ahead(family: str, dtype: str, tmp_path: Path) -> None:
    """Then a phrase is run whole, also where only short ones were proved."""
    model = load_tiny_text(tmp_path, family, dtype, is_causal=False)
    for longest in (2, 20, 100):
        found = measure_packing(model.text_states, VOCABULARY, LAYERS, longest=longest)
        assert found == "whole"
    require_true(model.text_states, "whole", 1e-4 if dtype == "float32" else 0.06)


def test_a_window_that_no_text_reaches_does_no_harm(tmp_path: Path) -> None:
    """The proof goes as far as the longest text; a window beyond it changes nothing."""
    model = load_tiny_text(tmp_path, "mistral", sliding_window=64)
    assert measure_packing(model.text_states, VOCABULARY, LAYERS, longest=64) == "tree"
    assert measure_packing(model.text_states, VOCABULARY, LAYERS, longest=65) == "prefix"
    require_true(model.text_states, "tree", 1e-4)


def test_encoders_that_ignore_what_a_tree_needs() -> None:
    """Mask and positions are each necessary, and padding must not be seen."""

    def without(*dropped: str) -> TextEncoder:
        def encode(
            ids: torch.Tensor,
            layers: Sequence[int],
            *,
            positions: torch.Tensor | None = None,
            attends: torch.Tensor | None = None,
            keep: torch.Tensor | None = None,
        ) -> dict[int, torch.Tensor]:
            if positions is not None and "positions" in dropped:
                positions = torch.arange(ids.shape[1]).expand(ids.shape)
            if "attends" in dropped:
                attends = None
            return CausalStates()(ids, layers, positions=positions, attends=attends, keep=keep)

        return encode

    assert measure_packing(CausalStates(), VOCABULARY, LAYERS) == "tree"
    assert measure_packing(CausalStates(), VOCABULARY, LAYERS, longest=1) == "tree"
    assert measure_packing(without("attends"), VOCABULARY, LAYERS, longest=30) == "prefix"
    assert measure_packing(without("positions"), VOCABULARY, LAYERS, longest=30) == "prefix"
    assert measure_packing(both_ways, VOCABULARY, LAYERS, longest=30) == "whole"


def test_a_model_that_sees_its_padding_is_not_padded() -> None:
    """It may be causal for what is text."""

    def counting(
        ids: torch.Tensor,
        layers: Sequence[int],
        *,
        positions: torch.Tensor | None = None,
        attends: torch.Tensor | None = None,
        keep: torch.Tensor | None = None,
    ) -> dict[int, torch.Tensor]:
        states = CausalStates()(ids, layers)
        states = {layer: tensor * ids.shape[1] for layer, tensor in states.items()}
        return states if keep is None else {layer: t[keep] for layer, t in states.items()}

    assert measure_packing(counting, VOCABULARY, LAYERS, longest=30) == "whole"


def test_only_the_tree_may_fail(tmp_path: Path) -> None:
    """A layer the model lacks or broken weights are errors, not a reason to share less."""
    model = load_tiny_text(tmp_path, "llama")
    with pytest.raises(UsageError, match=rf"layer 9 does not exist: expected 0\.\.{DEPTH}"):
        measure_packing(model.text_states, VOCABULARY, (9,))
    with torch.no_grad():
        model.decoder.layers[1].mlp.down_proj.weight[0, 0] = float("nan")
    with pytest.raises(DataError, match="on text: layer 2, token 0"):
        measure_packing(model.text_states, VOCABULARY, LAYERS)
