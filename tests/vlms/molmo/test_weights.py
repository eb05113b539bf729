"""Published weights become those of transformers' Qwen2; other kinds of Molmo are refused."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from harness.core.errors import DataError, MismatchError
from harness.vlms.molmo.config import TEXT, read_config
from harness.vlms.molmo.weights import convert, read_weights
from harness.vlms.registry import load_vlm

Weights = dict[str, torch.Tensor]


def test_fused_matrices_are_split_in_order(molmo_path: Path, stored: Weights) -> None:
    """Query, key, value; then the linear half before the one with the activation."""
    state = convert(stored, read_config(molmo_path, stored))
    layer, block = "model.language_model.layers.1.", TEXT + "blocks.1."
    for kind in ("weight", "bias"):
        fused = stored[f"{block}att_proj.{kind}"]
        assert torch.equal(state[f"{layer}self_attn.q_proj.{kind}"], fused[:32])
        assert torch.equal(state[f"{layer}self_attn.k_proj.{kind}"], fused[32:48])
        assert torch.equal(state[f"{layer}self_attn.v_proj.{kind}"], fused[48:])
    gated = stored[block + "ff_proj.weight"]
    assert torch.equal(state[layer + "mlp.up_proj.weight"], gated[:48])
    assert torch.equal(state[layer + "mlp.gate_proj.weight"], gated[48:])


def test_added_tokens_follow_the_vocabulary(molmo_path: Path, stored: Weights) -> None:
    """In the input; the output has no rows for them."""
    config = read_config(molmo_path, stored)
    state = convert(stored, config)
    table = state["model.language_model.embed_tokens.weight"]
    words = len(stored[TEXT + "wte.embedding"])
    assert len(table) == words + 8 == config.get_text_config().vocab_size
    assert torch.equal(table[words:], stored[TEXT + "wte.new_embedding"])
    assert len(state["lm_head.weight"]) == words == config.output_size


def test_shards_and_one_file_are_the_same(
    molmo_path: Path, stored: Weights, tmp_path: Path
) -> None:
    """With and without an index."""
    save_file(stored, tmp_path / "model.safetensors")
    single, sharded = read_weights(tmp_path), read_weights(molmo_path)
    assert single.keys() == sharded.keys() == stored.keys()
    assert all(torch.equal(single[name], sharded[name]) for name in stored)


def _copied(source: Path, target: Path, **changes: Any) -> Path:
    path = Path(shutil.copytree(source, target / "copy"))
    stated = json.loads((path / "config.json").read_text()) | changes
    kept = {name: value for name, value in stated.items() if value is not ...}
    (path / "config.json").write_text(json.dumps(kept))
    return path


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"norm_after": True}, "norm_after is True, expected False"),
        ({"attention_layer_norm": True}, "attention_layer_norm is True, expected False"),
        ({"qkv_bias": False}, "qkv_bias is False, expected True"),
        ({"layer_norm_type": "default"}, "layer_norm_type is 'default', expected 'rms'"),
        ({"clip_qkv": 8.0}, "clip_qkv is 8.0, expected None"),
        ({"hidden_size": ...}, "config.json has no hidden_size"),
        ({"quantization_config": {}}, "its weights are quantised"),
    ],
)
def test_other_kinds_of_molmo_are_refused(
    molmo_path: Path, tmp_path: Path, changes: dict[str, Any], message: str
) -> None:
    """One line that says what is different and which models are meant."""
    path = _copied(molmo_path, tmp_path, **changes)
    with pytest.raises(DataError, match=message) as refused:
        load_vlm(str(path))
    assert "is not a Molmo on Qwen2 such as Molmo-7B-D-0924" in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("model.transformer.ln_f.weight", "lacks 1 weights, .*language_model.norm.weight"),
        ("model.transformer.wte.new_embedding", "it has no weight .*new_embedding"),
        ("model.vision_backbone.pad_embed", "lacks 1 weights, .*pad_embed"),
    ],
)
def test_a_missing_weight_is_an_error(
    molmo_path: Path, tmp_path: Path, name: str, message: str
) -> None:
    """Never a random one in its place."""
    path = _copied(molmo_path, tmp_path)
    for file in path.glob("*.safetensors"):
        weights = load_file(file)
        if weights.pop(name, None) is not None:
            save_file({name: tensor.clone() for name, tensor in weights.items()}, file)
    with pytest.raises(DataError, match=message):
        load_vlm(str(path))


@pytest.mark.parametrize(
    "name", ["model.transformer.blocks.0.q_norm.weight", "model.transformer.wpe.weight"]
)
def test_a_weight_that_means_nothing_here_is_an_error(
    molmo_path: Path, stored: Weights, name: str
) -> None:
    """The model would not compute what its authors mean."""
    config = read_config(molmo_path, stored)
    with pytest.raises(DataError, match="not of a Molmo on Qwen2"):
        convert(stored | {name: torch.ones(3)}, config)


def test_an_encoder_of_another_shape_is_refused(molmo_path: Path, stored: Weights) -> None:
    """Features are taken nine blocks before the end, from square grids of square patches."""
    vit = "model.vision_backbone.image_vit."
    short = {name: value for name, value in stored.items() if ".resblocks.7." not in name}
    short = {name: value for name, value in short.items() if ".resblocks.3." not in name}
    with pytest.raises(DataError, match="image encoder of 8 blocks"):
        read_config(molmo_path, short)
    with pytest.raises(DataError, match="image encoder of 60 positions"):
        table = {vit + "positional_embedding": torch.ones(60, 128)}
        read_config(molmo_path, stored | table)


def test_settings_of_another_model_are_refused(molmo_path: Path, tmp_path: Path) -> None:
    """The message says what each of the two takes."""
    path = _copied(molmo_path, tmp_path)
    file = path / "preprocessor_config.json"
    changes = {"image_token_length_h": 5, "image_token_length_w": 5}
    stated = json.loads(file.read_text()) | changes | {"base_image_input_size": [80, 80]}
    file.write_text(json.dumps(stated))
    with pytest.raises(MismatchError, match="takes 8 patches of 8 pixels a side, .* make 10 of 8"):
        load_vlm(str(path))


@pytest.mark.parametrize("spoilt", ["model-00001-of-00002.safetensors", "index"])
def test_unreadable_weights_are_an_error(molmo_path: Path, tmp_path: Path, spoilt: str) -> None:
    """The message names the file."""
    path = _copied(molmo_path, tmp_path)
    file = path / ("model.safetensors.index.json" if spoilt == "index" else spoilt)
    file.write_text("not this")
    with pytest.raises(DataError, match=f"cannot read .*{file.name}"):
        load_vlm(str(path))
    file.unlink()
    with pytest.raises(DataError, match="cannot read the weights in"):
        load_vlm(str(path))
