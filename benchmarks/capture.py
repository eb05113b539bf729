"""Capture of visual tokens: hooks that keep what is asked for, against ``output_hidden_states``.

``python -m benchmarks.capture``. The model is random and has the proportions of LLaVA 1.5 7B: its
blocks, output matrix, hidden states and cache of keys and values stand to each other in size as
there. Two peers: ``plain`` is the call as it is usually written, ``lean`` leaves out the output
head and the cache. Both then take the same rows of the same layers, which are compared bit by bit.

Extra memory is the most that tensors take during a call above what they took before it: every
allocation and release that PyTorch's profiler reports, added up in order.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch.profiler import ProfilerActivity, profile

from benchmarks.alternate import Ratios, alternate
from harness.pipeline.spec import paper_layers
from harness.vlms.families.llava import LlavaAdapter
from tests.vlms.tiny import build_image_processor, build_tokenizer

_PATCH = 14
_HEAD = 128
"""Width of an attention head of a 7B model."""
_SEVEN = {"hidden": 4096, "blocks": 32, "inner": 11008, "vocabulary": 32064}
"""Sizes of LLaVA 1.5 7B."""

States = dict[int, torch.Tensor]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Capture of visual tokens.")
    parser.add_argument("--hidden", type=int, default=512, help=f"a multiple of {_HEAD}")
    parser.add_argument("--blocks", type=int, default=_SEVEN["blocks"])
    parser.add_argument("--side", type=int, default=25, help="rows and columns of visual tokens")
    parser.add_argument("--dtype", default="float32")
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    layers = paper_layers(given.blocks)
    with tempfile.TemporaryDirectory() as folder:
        path = save_llava(Path(folder) / "model", given.hidden, given.blocks, given.side)
        adapter = LlavaAdapter(path, "random", "Random numbers.", given.dtype)
    print(
        f"{given.side**2} visual tokens, {given.blocks} blocks of width {given.hidden}, "
        f"{given.dtype}, layers {', '.join(map(str, layers))}, "
        f"{torch.get_num_threads()} threads"
    )
    image = noise(given.side * _PATCH)
    ours = partial(hooked_states, adapter, image, layers)
    for name, lean in (("plain", False), ("lean", True)):
        peer = partial(all_states, adapter, image, layers, lean=lean)
        print(f"{name}: {compare(peer, ours, given.rounds)}")


def compare(peer: Callable[[], States], ours: Callable[[], States], rounds: int) -> str:
    """Return one line on time and memory of two ways to the same states."""
    expected, found = peer(), ours()
    different = [layer for layer in expected if not torch.equal(found[layer], expected[layer])]
    if different:
        raise SystemExit(f"layers {different} differ")
    del expected, found
    most = extra_memory(peer), extra_memory(ours)
    ratios: Ratios = alternate(peer, ours, rounds)
    return (
        f"{ratios}; extra memory peer {most[0] / 1e6:.0f} MB, ours {most[1] / 1e6:.0f} MB, "
        f"1/{most[0] / most[1]:.1f}"
    )


def hooked_states(adapter: LlavaAdapter, image: Image.Image, layers: Sequence[int]) -> States:
    """Return the states of the visual tokens as the harness takes them."""
    return adapter.encode(image, layers).states


@torch.no_grad()
def all_states(
    adapter: LlavaAdapter, image: Image.Image, layers: Sequence[int], *, lean: bool
) -> States:
    """Return the same states, picked out of those of all layers and positions."""
    inputs: Any = adapter._inputs(image, adapter.question)
    visual = adapter._visual(inputs)
    if lean:
        states = adapter.model.base_model(
            **inputs, output_hidden_states=True, use_cache=False
        ).hidden_states
    else:
        states = adapter.model(**inputs, output_hidden_states=True).hidden_states
    return {layer: states[layer][0, visual].float().cpu() for layer in layers}


def extra_memory(call: Callable[[], object]) -> int:
    """Return the most bytes that tensors on the CPU take during a call, above those before it."""
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as recorded:
        kept = call()
    held = most = 0
    for event in recorded.profiler.kineto_results.events():
        if event.name() == "[memory]":
            held += event.nbytes()
            most = max(most, held)
    del kept
    return most


def noise(side: int) -> Image.Image:
    """Return random pixels, always the same."""
    pixels = np.random.default_rng(0).integers(0, 255, (side, side, 3), dtype=np.uint8)
    return Image.fromarray(pixels)


def save_llava(path: Path, hidden: int, blocks: int, side: int) -> Path:
    """Save a random LLaVA with the proportions of a 7B model in ``path`` and return ``path``.

    The output matrix has that share of the blocks' weights which it has there.
    """
    from transformers import (
        CLIPVisionConfig,
        LlamaConfig,
        LlavaConfig,
        LlavaForConditionalGeneration,
        LlavaProcessor,
    )

    tokenizer = build_tokenizer()
    scale = hidden / _SEVEN["hidden"]
    rows = int(_SEVEN["vocabulary"] * scale * blocks / _SEVEN["blocks"])
    text = LlamaConfig(
        vocab_size=max(rows, len(tokenizer)),
        hidden_size=hidden,
        intermediate_size=int(_SEVEN["inner"] * scale),
        num_hidden_layers=blocks,
        num_attention_heads=hidden // _HEAD,
        num_key_value_heads=hidden // _HEAD,
    )
    vision = CLIPVisionConfig(
        hidden_size=hidden // 4,
        intermediate_size=hidden,
        num_hidden_layers=blocks * 3 // 4,
        num_attention_heads=max(1, hidden // 256),
        image_size=side * _PATCH,
        patch_size=_PATCH,
    )
    torch.manual_seed(3)
    config = LlavaConfig(
        vision_config=vision,
        text_config=text,
        image_token_index=tokenizer.encode("<image>", add_special_tokens=False)[0],
        vision_feature_layer=-2,
    )
    LlavaForConditionalGeneration(config).save_pretrained(path)
    processor: Any = LlavaProcessor
    processor(
        image_processor=build_image_processor("crop", side * _PATCH),
        tokenizer=tokenizer,
        patch_size=_PATCH,
        vision_feature_select_strategy="default",
        num_additional_image_tokens=1,
    ).save_pretrained(path)
    return path


if __name__ == "__main__":
    main()
