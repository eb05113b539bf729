"""The nine models by name."""

from __future__ import annotations

import subprocess
import sys

from harness.vlms.controlled.catalogue import CATALOGUE, connector_folder
from harness.vlms.controlled.presets import ENCODERS, LANGUAGE_MODELS


def test_every_pair_is_there() -> None:
    """Three language models by three encoders."""
    assert set(CATALOGUE) == {
        f"{language}+{encoder}"
        for language in ("olmo-7b", "llama3-8b", "qwen2-7b")
        for encoder in ("clip-l", "dinov2-l", "siglip")
    }
    for name, entry in CATALOGUE.items():
        language, encoder = name.split("+")
        assert entry.name == name
        assert entry.family == "lensbench_controlled"
        assert (entry.layers, entry.hidden) == (
            LANGUAGE_MODELS[language].layers,
            LANGUAGE_MODELS[language].hidden,
        )
        settings, side = ENCODERS[encoder].image, ENCODERS[encoder].grid
        assert entry.grid == (side, side) == (settings.size // 14,) * 2
        assert callable(entry.source)


def test_published_folders() -> None:
    """As the authors named them."""
    assert connector_folder("olmo-7b", "clip-l") == "olmo-vit"
    assert connector_folder("llama3-8b", "dinov2-l") == "llama-dino"
    assert connector_folder("qwen2-7b", "siglip") == "qwen-siglip"


def test_sizes_count_the_projector() -> None:
    """OLMo with CLIP: 7.3 + 0.3 and 11008 x (2 x 2048 + 4096) = 0.09 billion."""
    assert CATALOGUE["olmo-7b+clip-l"].parameters == 7.7
    assert CATALOGUE["qwen2-7b+siglip"].parameters == 8.2


def test_listing_does_not_import_torch() -> None:
    """``list vlms`` must be quick."""
    code = (
        "import sys, harness.vlms.controlled.catalogue;"
        "sys.exit('torch' in sys.modules or 'transformers' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
