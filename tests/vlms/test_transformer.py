"""The common adapter on tiny random checkpoints: states, layers, proofs, captions."""

from __future__ import annotations

import inspect
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from harness.core.errors import DataError, MismatchError, UsageError
from harness.vlms import transformer
from harness.vlms.base import Adapter
from harness.vlms.families.llava import LlavaAdapter
from harness.vlms.probes import measure_attention, probe_image, prove_readout
from harness.vlms.readout import VocabularyReadout
from tests.vlms.tiny import SENTENCES, Checkpoint, Norm, load

NORMS: list[Norm] = ["rms", "qwen", "layer", "layer-bare"]
DEPTH = 3
TOKENS = 16


def _reference(adapter: LlavaAdapter) -> Any:
    """Run the model's own forward with everything it can return."""
    inputs = adapter._inputs(probe_image(), adapter.prompt)
    with torch.no_grad():
        output = adapter.model(**inputs, output_hidden_states=True)
    visual = inputs["input_ids"][0] == adapter.model.config.image_token_id
    return output, visual


def test_facts_are_those_of_the_checkpoint(adapter: LlavaAdapter) -> None:
    """And the loaded object satisfies the protocol."""
    typed: Adapter = adapter
    facts = typed.facts
    assert (facts.family, facts.layers, facts.hidden) == ("llava", DEPTH, 32)
    assert facts.vocabulary == len(adapter.tokenizer) == len(adapter.vocabulary())
    assert adapter.model.get_output_embeddings().weight.shape[0] > facts.vocabulary
    assert (facts.image_attention, facts.feature_entry) == ("causal", "replace")
    assert facts.injection_layers == ()


@pytest.mark.parametrize("norm", NORMS)
def test_states_are_the_residual_stream_before_the_final_norm(
    checkpoint: Checkpoint, norm: Norm
) -> None:
    """Also at the last layer, where the library itself returns normed states."""
    adapter = load(checkpoint(norm, "crop"))
    states = adapter.encode(probe_image(), range(DEPTH + 1)).states
    output, visual = _reference(adapter)
    library = [layer[0, visual] for layer in output.hidden_states]
    for layer in range(DEPTH):
        torch.testing.assert_close(states[layer], library[layer])
    assert not torch.allclose(states[DEPTH], library[DEPTH], rtol=0.05)
    with torch.no_grad():
        torch.testing.assert_close(adapter.decoder.norm(states[DEPTH]), library[DEPTH])
    logits = adapter.readout().logits(states[DEPTH])
    torch.testing.assert_close(logits, output.logits[0, visual, : adapter.facts.vocabulary])


def test_image_features_enter_at_layer_0(adapter: LlavaAdapter) -> None:
    """H[0] is what the projector gives, since features replace the placeholder."""
    inputs = adapter._inputs(probe_image(), adapter.prompt)
    with torch.no_grad():
        features = adapter.model.get_image_features(inputs["pixel_values"]).pooler_output[0]
    torch.testing.assert_close(adapter.encode(probe_image(), [0]).states[0], features)


def test_only_the_layers_asked_for_are_kept(adapter: LlavaAdapter) -> None:
    """Any order, doubles once, and no hook stays behind."""
    tokens = adapter.encode(probe_image(), [2, 0, 2])
    assert {layer: tuple(t.shape) for layer, t in tokens.states.items()} == {
        0: (TOKENS, 32),
        2: (TOKENS, 32),
    }
    assert all(t.dtype == torch.float32 and not t.requires_grad for t in tokens.states.values())
    assert not any(b._forward_hooks or b._forward_pre_hooks for b in adapter.blocks)


def test_visual_states_do_not_depend_on_the_prompt(adapter: LlavaAdapter) -> None:
    """The image comes first, and attention is causal."""
    inputs = adapter._inputs(probe_image(), "quite another question")
    visual = adapter._visual(inputs)
    assert int(visual.nonzero()[0]) == 1
    with torch.no_grad():
        other = adapter.model(**inputs, output_hidden_states=True).hidden_states[2][0, visual]
    torch.testing.assert_close(adapter.encode(probe_image(), [2]).states[2], other)


@pytest.mark.parametrize("layers", [[-1], [DEPTH + 1], [0, 99], []])
def test_layers_out_of_range_are_refused(adapter: LlavaAdapter, layers: list[int]) -> None:
    """Never clamped, for images and text alike."""
    with pytest.raises(UsageError, match=rf"0\.\.{DEPTH}"):
        adapter.encode(probe_image(), layers)
    with pytest.raises(UsageError, match=rf"0\.\.{DEPTH}"):
        adapter.text_states(torch.zeros(1, 2, dtype=torch.long), layers)


@pytest.mark.parametrize("norm", NORMS)
def test_padded_text_has_the_states_of_unpadded_text(checkpoint: Checkpoint, norm: Norm) -> None:
    """Right padding is invisible to what stands before it."""
    adapter = load(checkpoint(norm, "crop"))
    rows = [adapter.tokenizer.encode(text) for text in SENTENCES]
    width = max(map(len, rows))
    (pad,) = adapter.tokenizer.encode("<pad>", add_special_tokens=False)
    padded = torch.tensor([row + [pad] * (width - len(row)) for row in rows])
    states = adapter.text_states(padded, [0, 2, DEPTH])
    assert len({len(row) for row in rows}) > 1
    for index, row in enumerate(rows):
        alone = adapter.text_states(torch.tensor([row]), [0, 2, DEPTH])
        for layer, tensor in alone.items():
            torch.testing.assert_close(
                states[layer][index, : len(row)], tensor[0], rtol=1e-4, atol=1e-4
            )
    with pytest.raises(UsageError, match=r"\[batch, length\]"):
        adapter.text_states(padded[0], [0])


def test_chosen_text_states_come_in_row_major_order(adapter: LlavaAdapter) -> None:
    """Those of all tokens, at the same layers, and nothing else."""
    ids = torch.arange(24).reshape(3, 8)
    keep = torch.rand(3, 8, generator=torch.Generator().manual_seed(2)) < 0.4
    whole = adapter.text_states(ids, [0, 1, DEPTH])
    kept = adapter.text_states(ids, [0, 1, DEPTH], keep=keep)
    assert whole.keys() == kept.keys()
    for layer, states in kept.items():
        assert (states.dtype, states.requires_grad) == (torch.float32, False)
        torch.testing.assert_close(states, whole[layer][keep])
    nothing = adapter.text_states(ids, [1], keep=torch.zeros(3, 8, dtype=torch.bool))
    assert tuple(nothing[1].shape) == (0, 32)


@pytest.mark.parametrize("norm", NORMS)
def test_text_in_a_tree_has_the_states_of_text_alone(checkpoint: Checkpoint, norm: Norm) -> None:
    """Two texts with their beginning in common, in one line of tokens."""
    adapter = load(checkpoint(norm, "crop"))
    ids = torch.tensor([[5, 30, 40, 50, 60, 70]])
    parents = [-1, 0, 1, 2, 1, 4]
    attends = torch.eye(6, dtype=torch.bool)
    for column, parent in enumerate(parents):
        if parent >= 0:
            attends[column] |= attends[parent]
    positions = torch.tensor([[0, 1, 2, 3, 2, 3]])
    layers = [1, DEPTH]
    tree = adapter.text_states(ids, layers, positions=positions, attends=attends[None])
    for columns in ([0, 1, 2, 3], [0, 1, 4, 5]):
        alone = adapter.text_states(ids[:, columns], layers)
        for layer in layers:
            torch.testing.assert_close(tree[layer][:, columns], alone[layer], rtol=1e-4, atol=1e-4)


def _hooks(adapter: LlavaAdapter) -> list[int]:
    """Count the hooks of each block; the library itself sets some that stay."""
    return [len(block._forward_hooks) + len(block._forward_pre_hooks) for block in adapter.blocks]


def test_nothing_above_the_highest_layer_is_run(adapter: LlavaAdapter) -> None:
    """Neither blocks nor final norm nor output head, and no hook stays behind."""
    before = _hooks(adapter)
    ran: list[str] = []
    watched = {
        **{f"block {index}": block for index, block in enumerate(adapter.blocks)},
        "norm": adapter.decoder.norm,
        "head": adapter.model.get_output_embeddings(),
    }
    handles = [
        module.register_forward_hook(lambda *_, name=name: ran.append(name))
        for name, module in watched.items()
    ]
    ids = torch.tensor([[5, 7, 9]])
    try:
        for layers, expected in (
            ([0], []),
            ([2, 0], ["block 0", "block 1"]),
            ([DEPTH], [f"block {index}" for index in range(DEPTH)]),
        ):
            ran.clear()
            adapter.text_states(ids, layers)
            assert ran == expected
    finally:
        for handle in handles:
            handle.remove()
    assert _hooks(adapter) == before


def test_a_failing_pass_leaves_no_hook(adapter: LlavaAdapter) -> None:
    """An id outside the embedding is the library's own error, and passes through."""
    before = _hooks(adapter)
    with pytest.raises(IndexError):
        adapter.text_states(torch.tensor([[10**6]]), [1])
    assert _hooks(adapter) == before


@pytest.mark.parametrize("name", ["positions", "attends", "keep"])
def test_wrong_shapes_of_text_are_named(adapter: LlavaAdapter, name: str) -> None:
    """With the shape that would do."""
    ids = torch.zeros(2, 3, dtype=torch.long)
    wrong: dict[str, torch.Tensor] = {name: torch.ones(2, 4, dtype=torch.bool)}
    with pytest.raises(UsageError, match=rf"{name} of shape \(2, 4\): expected \(2, 3.*\(2, 3\)"):
        adapter.text_states(ids, [1], **wrong)


def test_nan_states_name_layer_and_token(checkpoint: Checkpoint) -> None:
    """A weight poisoned in block 1 shows from layer 2 on, and not before."""
    adapter = load(checkpoint("rms", "crop"))
    with torch.no_grad():
        adapter.decoder.layers[1].mlp.down_proj.weight[3, 3] = float("nan")
    adapter.encode(probe_image(), [0, 1])
    with pytest.raises(DataError, match=r"an image: layer 2, token 0 \(16 tokens"):
        adapter.encode(probe_image(), [1, 2, 3])
    with pytest.raises(DataError, match="on text: layer 2, token 0"):
        adapter.text_states(torch.zeros(1, 4, dtype=torch.long), [2])
    keep = torch.ones(1, 4, dtype=torch.bool)
    chosen = adapter.text_states(torch.zeros(1, 4, dtype=torch.long), [1, 2], keep=keep)
    assert bool(chosen[1].isfinite().all()) and bool(chosen[2].isnan().any(1).all())


def test_one_bad_token_is_named(adapter: LlavaAdapter) -> None:
    """Infinity counts too, and the position is the token's."""
    embedding = adapter.model.get_input_embeddings()
    kept = embedding.weight.detach().clone()
    try:
        with torch.no_grad():
            embedding.weight[9] = float("inf")
        with pytest.raises(DataError, match=r"layer 0, token 2 \(1 tokens"):
            adapter.text_states(torch.tensor([[5, 7, 9]]), [0])
    finally:
        with torch.no_grad():
            embedding.weight.copy_(kept)


def test_a_broken_checkpoint_is_one_clear_line(checkpoint: Checkpoint, tmp_path: Path) -> None:
    """Poisoned, incomplete, truncated: each fails at load."""
    path = Path(shutil.copytree(checkpoint("rms", "crop"), tmp_path / "copy"))
    file = path / "model.safetensors"
    original = file.read_bytes()
    weights = load_file(file)
    norm = next(name for name in weights if name.endswith("model.norm.weight"))
    embedding = norm.replace("norm", "embed_tokens")
    nan = torch.full_like(weights[embedding], torch.nan)
    save_file({**weights, embedding: nan}, file, metadata={"format": "pt"})
    with pytest.raises(DataError, match="drawn image: layer 3"):
        load(path)
    save_file({k: v for k, v in weights.items() if k != norm}, file, metadata={"format": "pt"})
    with pytest.raises(DataError, match="lacks 1 weights, the first is .*norm"):
        load(path)
    file.write_bytes(original[: len(original) // 2])
    with pytest.raises(DataError, match="cannot load the model"):
        load(path)


def test_a_readout_applied_to_normed_states_is_found_out(adapter: LlavaAdapter) -> None:
    """The identity fails if the last layer were taken after the final norm, or a matrix changed."""
    output, visual = _reference(adapter)
    states = adapter.encode(probe_image(), [DEPTH]).states[DEPTH]
    logits = output.logits[0, visual]
    readout = adapter.readout()
    prove_readout(readout, states, logits, torch.float32)
    for dtype in (torch.float32, torch.bfloat16):
        with pytest.raises(MismatchError, match="own logits"):
            prove_readout(readout, readout.normalise(states), logits, dtype)
    other = VocabularyReadout(
        readout.kind, readout.eps, readout.weight, None, readout.embed, readout.unembed.flip(0)
    )
    with pytest.raises(MismatchError, match="own logits"):
        prove_readout(other, states, logits, torch.bfloat16)


@pytest.mark.parametrize("back", [True, False])
def test_attention_is_measured_not_declared(back: bool) -> None:
    """A block that mixes all positions is bidirectional, one that looks back is causal."""

    class Mixer(torch.nn.Module):
        def forward(self, hidden_states: torch.Tensor) -> torch.Tensor:
            if back:
                return hidden_states + hidden_states.cumsum(1)
            return hidden_states + 0.01 * hidden_states.mean(1, keepdim=True)

    block = Mixer()
    states = torch.randn(1, 12, 8, generator=torch.Generator().manual_seed(0))
    expected = "causal" if back else "bidirectional"
    assert measure_attention(lambda: block(states)[0], block, 7) == expected
    assert measure_attention(lambda: block(hidden_states=states)[0], block, 7) == expected
    assert not block._forward_pre_hooks


def test_captions_are_greedy_continuations(adapter: LlavaAdapter) -> None:
    """The first word is the best next token after image and prompt."""
    inputs = adapter._inputs(probe_image(), "a red")
    with torch.no_grad():
        best = int(adapter.model(**inputs).logits[0, -1].argmax())
    one = adapter.caption(probe_image(), "a red", 1)
    assert one == str(adapter.tokenizer.decode([best], skip_special_tokens=True)).strip()
    longer = adapter.caption(probe_image(), "<image>\na red", 6)
    assert longer == adapter.caption(probe_image(), "a red", 6)
    assert longer.startswith(one)
    assert adapter._inputs(probe_image(), "")["input_ids"].shape == (1, 1 + TOKENS)


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_low_precision_models_prove_themselves_too(checkpoint: Checkpoint, dtype: str) -> None:
    """States come back as float32, near those of the full model."""
    adapter = load(checkpoint("rms", "crop"), dtype)
    assert adapter.facts.dtype == dtype
    states = adapter.encode(probe_image(), [DEPTH]).states[DEPTH]
    full = load(checkpoint("rms", "crop")).encode(probe_image(), [DEPTH]).states[DEPTH]
    assert states.dtype == torch.float32
    assert torch.nn.functional.cosine_similarity(states, full).min() > 0.99


def test_bad_dtype_and_device_are_refused(checkpoint: Checkpoint) -> None:
    """Before anything is loaded."""
    path = checkpoint("rms", "crop")
    with pytest.raises(UsageError, match=r"'int8'.*float32, bfloat16, float16"):
        load(path, "int8")
    with pytest.raises(UsageError, match="'gpu'"):
        LlavaAdapter(path, "x", "x", device="gpu")


def test_hidden_states_of_the_library_are_not_asked_for() -> None:
    """That option keeps all layers of all positions and norms the last."""
    assert "output_hidden_states=" not in inspect.getsource(transformer)
