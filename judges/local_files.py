"""Where the checkpoint of a local judge lies, and what is in it."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Final

from harness.core.errors import UsageError
from harness.core.hub import hub_path, is_hub_id
from harness.core.ids import digest, sha256_file
from harness.core.model_files import model_hash

_GENERATION: Final = "generation_config.json"


def locate(source: str) -> Path:
    """Return the directory of a checkpoint, from the hub's cache or downloaded if it is a hub id.

    Raises:
        UsageError: There is no such directory, no such checkpoint that can be had, or it is none
            that can be asked questions.
    """
    path = Path(source).expanduser()
    if not path.is_dir():
        if not is_hub_id(source):
            raise UsageError(
                f"{source!r}: no such directory; expected a checkpoint directory or a hub id "
                "owner/name[@revision]"
            )
        path = hub_path(source)
    if not (path / "config.json").is_file():
        raise UsageError(f"{source} is no checkpoint of transformers: it has no config.json")
    if not _has_template(path):
        raise UsageError(
            f"{source} has no chat template, so it cannot be asked questions; name a model that is "
            "tuned to follow instructions"
        )
    return path


@lru_cache
def checkpoint_hash(path: Path) -> str:
    """Return the hash of all files that shape a model's replies; they are read once per process."""
    generation = path / _GENERATION
    own = sha256_file(generation) if generation.is_file() else ""
    return digest([model_hash(path), own])


def _has_template(path: Path) -> bool:
    """Return whether the processor of a checkpoint has a template (transformers, processors)."""
    if any((path / name).is_file() for name in ("chat_template.jinja", "chat_template.json")):
        return True
    settings = path / "processor_config.json"
    return settings.is_file() and '"chat_template"' in settings.read_text("utf-8", "replace")
