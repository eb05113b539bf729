"""What a checkpoint directory says about itself without being loaded."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from harness.core.errors import DataError

CONFIG: Final = "config.json"
CONNECTOR: Final = "connector.pt"
"""A projector as the authors of LatentLens publish theirs, without a configuration of ours."""


def revision(path: Path) -> str:
    """Return the commit that a snapshot in the hub's cache is of; empty for other directories."""
    whole = path.resolve()
    return whole.name if whole.parent.name == "snapshots" else ""


def read_config(path: Path) -> dict[str, Any]:
    """Return the configuration of a checkpoint directory as it is written.

    Raises:
        DataError: It is missing, unreadable or no mapping.
    """
    file = path / CONFIG
    try:
        config = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(f"cannot read {file}: {error!r}") from error
    if not isinstance(config, dict):
        raise DataError(f"cannot read {file}: expected a mapping, found {type(config).__name__}")
    return config


def model_type(path: Path) -> str:
    """Return the ``model_type`` of a checkpoint directory; DataError if it says none."""
    found = read_config(path).get("model_type")
    if not isinstance(found, str):
        raise DataError(f"cannot read the model_type in {path / CONFIG}: it has {found!r}")
    return found


def depth(path: Path) -> int:
    """Return the number of decoder blocks, from the configuration alone.

    Raises:
        DataError: The configuration is unreadable or does not say.
    """
    return _stated(path, "num_hidden_layers")


def width(path: Path) -> int:
    """Return the width of the residual stream, from the configuration alone.

    Raises:
        DataError: The configuration is unreadable or does not say.
    """
    return _stated(path, "hidden_size")


def _stated(path: Path, name: str) -> int:
    """Return a number of the text model, which may stand below a key of its family."""
    stated = read_config(path).get(name)
    if isinstance(stated, int):
        return stated
    from transformers import AutoConfig

    try:
        config = AutoConfig.from_pretrained(path, local_files_only=True, trust_remote_code=False)
        return int(getattr(config.get_text_config(), name))
    except (OSError, ValueError, AttributeError) as error:
        raise DataError(f"cannot read {name} in {path / CONFIG}: {error}") from error
