"""Off-the-shelf models by short name: those of the LatentLens paper and those asked for since.

Depths, widths and grids are those of the published configurations, which a loaded model's own
facts replace. Sizes are what the publishers state.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from harness.vlms.registry import VlmEntry

_VERIFIED: Final = (
    "its family on tiny random checkpoints: all checks of `doctor`, every cell; the published "
    "weights were not run: try `doctor`"
)


def _entry(
    name: str,
    hub: str,
    family: str,
    parameters: float,
    layers: int,
    hidden: int,
    grid: tuple[int, int],
    summary: str,
) -> VlmEntry:
    return VlmEntry(
        name=name,
        source=hub,
        family=family,
        summary=summary,
        provenance=f"{hub} from the Hugging Face hub, {summary}; weights as published.",
        layers=layers,
        hidden=hidden,
        grid=grid,
        hub=hub,
        parameters=parameters,
        verified=_VERIFIED,
    )


_PAPER: Final = (
    _entry(
        "molmo-7b-d",
        "allenai/Molmo-7B-D-0924",
        "molmo",
        8.02,
        28,
        3584,
        (12, 12),
        "Qwen2-7B with CLIP, tiles and global view",
    ),
    _entry(
        "molmo-72b",
        "allenai/Molmo-72B-0924",
        "molmo",
        73.3,
        80,
        8192,
        (12, 12),
        "Qwen2-72B with CLIP, tiles and global view",
    ),
    _entry(
        "llava-1.5-7b",
        "llava-hf/llava-1.5-7b-hf",
        "llava",
        7.06,
        32,
        4096,
        (24, 24),
        "Vicuna-7B with CLIP, one centre crop",
    ),
    _entry(
        "llava-next-34b",
        "llava-hf/llava-v1.6-34b-hf",
        "llava_next",
        34.75,
        60,
        7168,
        (24, 24),
        "Yi-34B with CLIP, tiles and global view",
    ),
    _entry(
        "qwen2-vl-7b",
        "Qwen/Qwen2-VL-7B-Instruct",
        "qwen2_vl",
        8.29,
        28,
        3584,
        (16, 16),
        "Qwen2-7B, images in their own resolution",
    ),
    _entry(
        "qwen2.5-vl-32b",
        "Qwen/Qwen2.5-VL-32B-Instruct",
        "qwen2_5_vl",
        33.45,
        64,
        5120,
        (16, 16),
        "Qwen2.5-32B, images in their own resolution",
    ),
)

_LATER: Final = (
    _entry(
        "qwen2.5-vl-7b",
        "Qwen/Qwen2.5-VL-7B-Instruct",
        "qwen2_5_vl",
        8.29,
        28,
        3584,
        (16, 16),
        "Qwen2.5-7B, images in their own resolution",
    ),
    _entry(
        "qwen3-vl-8b",
        "Qwen/Qwen3-VL-8B-Instruct",
        "qwen3_vl",
        8.77,
        36,
        4096,
        (14, 14),
        "Qwen3-8B with DeepStack, images in their own resolution",
    ),
    _entry(
        "molmo2-8b",
        "allenai/Molmo2-8B",
        "molmo2",
        8.66,
        36,
        4096,
        (14, 14),
        "Qwen3-8B with SigLIP 2, tiles and global view",
    ),
    _entry(
        "llava-onevision-7b",
        "llava-hf/llava-onevision-qwen2-7b-ov-hf",
        "llava_onevision",
        8.03,
        28,
        3584,
        (27, 27),
        "Qwen2-7B with SigLIP, tiles and global view",
    ),
    _entry(
        "idefics3-8b",
        "HuggingFaceM4/Idefics3-8B-Llama3",
        "idefics3",
        8.46,
        32,
        4096,
        (13, 13),
        "Llama 3.1 8B with SigLIP, tiles and global view",
    ),
    _entry(
        "smolvlm",
        "HuggingFaceTB/SmolVLM2-2.2B-Instruct",
        "smolvlm",
        2.25,
        24,
        2048,
        (9, 9),
        "SmolLM2-1.7B with SigLIP, tiles and global view",
    ),
    _entry(
        "internvl3-8b",
        "OpenGVLab/InternVL3-8B-hf",
        "internvl",
        7.94,
        28,
        3584,
        (16, 16),
        "Qwen2.5-7B with InternViT, tiles and thumbnail",
    ),
    _entry(
        "paligemma",
        "google/paligemma-3b-mix-224",
        "paligemma",
        2.92,
        18,
        2048,
        (16, 16),
        "Gemma-2B with SigLIP, bidirectional over image and question",
    ),
    _entry(
        "gemma3-4b",
        "google/gemma-3-4b-it",
        "gemma3",
        4.3,
        34,
        2560,
        (16, 16),
        "Gemma 3 with SigLIP, image tokens see each other",
    ),
)

CATALOGUE: Final[Mapping[str, VlmEntry]] = MappingProxyType(
    {entry.name: entry for entry in (*_PAPER, *_LATER)}
)
"""Short name to entry; the six models of the paper first."""
