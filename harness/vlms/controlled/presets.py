"""The encoders and language models of the nine controlled models of LatentLens.

Values are those of the authors' configurations and code (Krojer et al. 2026, arXiv 2602.00462).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from harness.vlms.controlled.config import ImageSettings

PAPER_PROMPT: Final = "Describe this image in detail."
"""Text after the image, without system prompt or chat format."""


@dataclass(frozen=True, slots=True)
class EncoderPreset:
    """A vision model as the controlled models use it."""

    hub: str
    """Hub id."""
    features: tuple[int, ...]
    """Blocks after which features are taken, in the order in which they are joined."""
    width: int
    """Width of one block."""
    grid: int
    """Rows and columns of patches."""
    parameters: float
    """Parameters in billions."""
    image: ImageSettings
    """Preprocessing."""


@dataclass(frozen=True, slots=True)
class LanguagePreset:
    """A language model as the controlled models use it."""

    hub: str
    """Hub id."""
    layers: int
    """Blocks."""
    hidden: int
    """Width of the residual stream."""
    projector_hidden: int
    """Rows of the projector's first matrix."""
    parameters: float
    """Parameters in billions."""


ENCODERS: Final[Mapping[str, EncoderPreset]] = MappingProxyType(
    {
        "clip-l": EncoderPreset(
            hub="openai/clip-vit-large-patch14-336",
            # The authors build 23 of 24 blocks; their -2 and -9 count from there.
            features=(22, 15),
            width=1024,
            grid=24,
            parameters=0.30,
            image=ImageSettings(
                mode="pad",
                size=336,
                resample="bilinear",
                antialias=True,
                whole_levels=False,
                mean=(0.48145466, 0.4578275, 0.40821073),
                std=(0.26862954, 0.26130258, 0.27577711),
            ),
        ),
        "dinov2-l": EncoderPreset(
            hub="facebook/dinov2-large",
            features=(23, 16),
            width=1024,
            grid=24,
            parameters=0.30,
            image=ImageSettings(
                mode="squash",
                size=336,
                resample="bicubic",
                antialias=True,
                whole_levels=True,
                mean=(0.485, 0.456, 0.406),
                std=(0.229, 0.224, 0.225),
                position_offset=0.1,
            ),
        ),
        "siglip": EncoderPreset(
            hub="google/siglip-so400m-patch14-384",
            features=(26, 19),
            width=1152,
            grid=27,
            parameters=0.43,
            image=ImageSettings(
                mode="squash",
                size=378,
                resample="bilinear",
                antialias=False,
                whole_levels=True,
                mean=(0.5, 0.5, 0.5),
                std=(0.5, 0.5, 0.5),
            ),
        ),
    }
)
"""Short name to encoder."""

LANGUAGE_MODELS: Final[Mapping[str, LanguagePreset]] = MappingProxyType(
    {
        "olmo-7b": LanguagePreset(
            hub="allenai/OLMo-7B-1024-preview",
            layers=32,
            hidden=4096,
            projector_hidden=11008,
            parameters=7.3,
        ),
        "llama3-8b": LanguagePreset(
            hub="meta-llama/Meta-Llama-3-8B",
            layers=32,
            hidden=4096,
            projector_hidden=14336,
            parameters=8.0,
        ),
        "qwen2-7b": LanguagePreset(
            hub="Qwen/Qwen2-7B",
            layers=28,
            hidden=3584,
            projector_hidden=18944,
            parameters=7.6,
        ),
    }
)
"""Short name to language model."""
