"""LLaVA 1.5 with a Llama backbone."""

from __future__ import annotations

import json
from pathlib import Path

from tests.vlms.checkpoints.weights import PROVENANCE
from tests.vlms.tiny import build_tiny_llava


def build(path: Path) -> Path:
    """Save a tiny random checkpoint in ``path``."""
    config = build_tiny_llava(path, zero_attention=False) / "config.json"
    stated = json.loads(config.read_text()) | {"provenance": PROVENANCE}
    config.write_text(json.dumps(stated, indent=2))
    return path
