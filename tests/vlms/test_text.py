"""Language models alone: facts, states, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from harness.core.errors import DataError, UsageError
from harness.core.model_files import model_hash
from harness.vlms.text import CausalTextModel
from tests.vlms.tiny import SENTENCES
from tests.vlms.tiny_text import DEPTH, FAMILIES, WINDOW, build_tiny_text, load_tiny_text

NORMS = ("norm", "ln_f", "final_layer_norm")
"""Names of the final norm in these families."""


# The list that the library returns for a Mamba begins after the first block, not before it.
@pytest.mark.parametrize("family", sorted(FAMILIES.keys() - {"mamba"}))
def test_states_are_those_of_the_library(family: str, tmp_path: Path) -> None:
    """Whatever the family calls its blocks; the last layer is before the final norm."""
    model = load_tiny_text(tmp_path, family)
    ids = torch.tensor([model.tokenizer.encode(SENTENCES[0])])
    with torch.no_grad():
        output = model.model(ids, output_hidden_states=True)
    states = model.text_states(ids, range(DEPTH + 1))
    for layer in range(1, DEPTH):
        torch.testing.assert_close(states[layer], output.hidden_states[layer])
    with torch.no_grad():
        norms = [getattr(model.decoder, name, None) for name in NORMS]
        (norm,) = [module for module in norms if module is not None]
        torch.testing.assert_close(norm(states[DEPTH]), output.hidden_states[DEPTH])
    facts = model.facts
    assert (facts.family, facts.layers, facts.hidden) == (family, DEPTH, 32)
    assert facts.vocabulary == min(len(model.tokenizer), 400)
    assert (facts.dtype, facts.name) == ("float32", tmp_path.name)
    assert facts.weights_hash == model_hash(tmp_path)


def test_a_text_longer_than_the_window_is_not_put_in_a_tree(tmp_path: Path) -> None:
    """The mask would replace the window; shorter texts never reach it."""
    model = load_tiny_text(tmp_path, "mistral")
    width = WINDOW + 1
    ids = torch.arange(width)[None] + 5
    attends = torch.ones(1, width, width, dtype=torch.bool).tril()
    with pytest.raises(UsageError, match=f"texts of {width} tokens: .* sees {WINDOW} tokens back"):
        model.text_states(ids, [1], attends=attends)
    positions = torch.arange(width)[None] % WINDOW
    model.text_states(ids, [1], attends=attends, positions=positions)
    windowed = model.text_states(ids, [DEPTH])[DEPTH][0, -1]
    cut = model.text_states(ids[:, :WINDOW], [DEPTH])[DEPTH][0, -1]
    assert not torch.allclose(windowed, cut)


def test_low_precision_states_come_back_as_float32(tmp_path: Path) -> None:
    """With the values of the narrow type."""
    model = load_tiny_text(tmp_path, "llama", "bfloat16")
    states = model.text_states(torch.tensor([[5, 6, 7]]), [2])[2]
    assert states.dtype == torch.float32
    assert torch.equal(states, states.bfloat16().float())


def test_what_cannot_be_loaded_is_one_clear_line(tmp_path: Path) -> None:
    """No checkpoint, no tokenizer, missing weights, no stack of blocks, unknown dtype or device."""
    with pytest.raises(DataError, match="cannot load the tokenizer in"):
        CausalTextModel(tmp_path / "nothing")
    path = build_tiny_text(tmp_path / "model", "llama")
    with pytest.raises(UsageError, match=r"'int8'.*float32, bfloat16, float16"):
        CausalTextModel(path, "int8")
    with pytest.raises(UsageError, match="'gpu'"):
        CausalTextModel(path, device="gpu")
    file = path / "model.safetensors"
    weights = load_file(file)
    lost = next(name for name in weights if name.endswith("model.norm.weight"))
    kept = {name: tensor for name, tensor in weights.items() if name != lost}
    save_file(kept, file, metadata={"format": "pt"})
    with pytest.raises(DataError, match="lacks 1 weights, the first is .*norm"):
        CausalTextModel(path)
    file.write_bytes(b"")
    with pytest.raises(DataError, match="cannot load the model in"):
        CausalTextModel(path)
