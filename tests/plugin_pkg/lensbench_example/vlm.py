"""A model: a LLaVA 1.5 checkpoint of the hub, downloaded on first use."""

from harness.vlms.registry import VlmEntry

LLAVA = VlmEntry(
    name="llava-7b",
    source="llava-hf/llava-1.5-7b-hf",
    family="llava",
    summary="LLaVA 1.5 on Vicuna 7B",
    provenance="LLaVA 1.5 7B, trained on web captions and visual instructions (LLaVA-Instruct).",
    layers=32,
    hidden=4096,
    grid=(24, 24),
)
