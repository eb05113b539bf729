"""Reading the published weights and giving them the names and shapes of transformers' Qwen2."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file

from harness.core.errors import DataError
from harness.vlms.molmo.config import TEXT, VISION, MolmoConfig

_LANGUAGE = "model.language_model."
_EMBEDDINGS = (TEXT + "wte.embedding", TEXT + "wte.new_embedding")
_OUTER = MappingProxyType(
    {TEXT + "ff_out.weight": "lm_head.weight", TEXT + "ln_f.weight": _LANGUAGE + "norm.weight"}
)
_RENAMED = MappingProxyType(
    {
        "attn_norm": "input_layernorm",
        "attn_out": "self_attn.o_proj",
        "ff_norm": "post_attention_layernorm",
        "ff_out": "mlp.down_proj",
    }
)


def read_weights(path: Path) -> dict[str, torch.Tensor]:
    """Return all weights of a directory by their published names, as views of the mapped files.

    Raises:
        DataError: No weights, or unreadable ones.
    """
    weights: dict[str, torch.Tensor] = {}
    for file in _shards(path):
        try:
            weights.update(load_file(file))
        except (OSError, SafetensorError) as error:
            raise DataError(f"cannot read the weights in {file}: {error}") from error
    return weights


def convert(weights: Mapping[str, torch.Tensor], config: MolmoConfig) -> dict[str, torch.Tensor]:
    """Return the weights under the names of :class:`harness.vlms.molmo.model`.

    Fused matrices become views of their parts. Query, key and value follow each other in
    ``att_proj``; in ``ff_proj`` the half that is multiplied comes first and the half that goes
    through the activation second.

    Raises:
        DataError: A weight that no Molmo on Qwen2 has.
    """
    state: dict[str, torch.Tensor] = {}
    text = config.get_text_config()
    width = text.hidden_size // text.num_attention_heads
    shared = text.num_key_value_heads * width
    fused = [text.hidden_size, shared, shared]
    for name, tensor in weights.items():
        if name.startswith(VISION):
            state[name] = tensor
        elif name.startswith(TEXT + "blocks."):
            number, part = name.removeprefix(TEXT + "blocks.").split(".", 1)
            for target, value in _block(part, tensor, fused):
                state[f"{_LANGUAGE}layers.{number}.{target}"] = value
        elif name in _OUTER:
            state[_OUTER[name]] = tensor
        elif name not in _EMBEDDINGS:
            raise DataError(f"weight {name}: not of a Molmo on Qwen2")
    state[_LANGUAGE + "embed_tokens.weight"] = torch.cat([weights[name] for name in _EMBEDDINGS])
    return state


def _block(part: str, tensor: torch.Tensor, fused: list[int]) -> Iterator[tuple[str, torch.Tensor]]:
    """Yield the weights of a Qwen2 block that one of a Molmo block becomes."""
    name, kind = part.rsplit(".", 1)
    if name == "att_proj":
        for letter, value in zip("qkv", torch.split(tensor, fused), strict=True):
            yield f"self_attn.{letter}_proj.{kind}", value
    elif name == "ff_proj":
        up, gate = tensor.chunk(2)
        yield f"mlp.up_proj.{kind}", up
        yield f"mlp.gate_proj.{kind}", gate
    elif name in _RENAMED:
        yield f"{_RENAMED[name]}.{kind}", tensor
    else:
        raise DataError(f"weight {part} of a block: not of a Molmo on Qwen2")


def _shards(path: Path) -> list[Path]:
    index = path / "model.safetensors.index.json"
    if not index.is_file():
        return [path / "model.safetensors"]
    try:
        names = set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values())
    except (OSError, ValueError, KeyError, AttributeError) as error:
        raise DataError(f"cannot read {index}: {error!r}") from error
    return [path / name for name in sorted(names)]
