"""The nine controlled models of LatentLens by name; no import of torch."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Final

from harness.vlms.controlled.config import MODEL_TYPE
from harness.vlms.controlled.presets import ENCODERS, LANGUAGE_MODELS
from harness.vlms.registry import VlmEntry

CONNECTORS: Final = "McGill-NLP/latentlens-connectors"
"""Hub id of the authors' trained projectors."""
_LANGUAGE_FOLDERS: Final = {"olmo-7b": "olmo", "llama3-8b": "llama", "qwen2-7b": "qwen"}
_ENCODER_FOLDERS: Final = {"clip-l": "vit", "dinov2-l": "dino", "siglip": "siglip"}


def connector_folder(language: str, encoder: str) -> str:
    """Return the folder of a pair in the authors' repository."""
    return f"{_LANGUAGE_FOLDERS[language]}-{_ENCODER_FOLDERS[encoder]}"


def _directory(language: str, encoder: str) -> Path:
    from harness.vlms.controlled.fetch import published

    return published(CONNECTORS, connector_folder(language, encoder))


def _entry(language: str, encoder: str) -> VlmEntry:
    model, vision = LANGUAGE_MODELS[language], ENCODERS[encoder]
    name = f"{language}+{encoder}"
    joined = vision.width * len(vision.features)
    projector = (2 * joined + model.hidden) * model.projector_hidden / 1e9
    return VlmEntry(
        name=name,
        source=partial(_directory, language, encoder),
        family=MODEL_TYPE,
        summary=f"controlled model: frozen {model.hub} and {vision.hub}, trained projector",
        provenance=(
            f"A controlled model of LatentLens (Krojer et al. 2026): {vision.hub} and {model.hub}, "
            "both frozen, joined by the authors' gated projector, which they trained for 12,000 "
            "steps on PixMo-Cap captions."
        ),
        layers=model.layers,
        hidden=model.hidden,
        grid=(vision.grid, vision.grid),
        hub=f"{model.hub} + {vision.hub} + {CONNECTORS}/{connector_folder(language, encoder)}",
        parameters=round(model.parameters + vision.parameters + projector, 1),
        verified="layout and reader on tiny random copies; the published weights were not run",
    )


CATALOGUE: Final[Mapping[str, VlmEntry]] = MappingProxyType(
    {
        f"{language}+{encoder}": _entry(language, encoder)
        for language in LANGUAGE_MODELS
        for encoder in ENCODERS
    }
)
"""Name to entry, such as ``olmo-7b+clip-l``."""
