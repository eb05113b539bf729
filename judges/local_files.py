"""Where the checkpoint of a local judge lies, and what is in it."""

from __future__ import annotations

import json
import re
from functools import lru_cache
from pathlib import Path
from typing import Final

from harness.core.errors import UsageError
from harness.core.ids import sha256_file, sha256_lines
from harness.core.progress import announce

_HUB_ID: Final = re.compile(r"[\w.-]+/[\w.-]+(@[\w./-]+)?")
_WANTED: Final = ("*.json", "*.safetensors", "tokenizer*", "*.model", "*.txt", "*.jinja")
"""Weights without code, configuration, processor and tokenizer."""
_HASHED: Final = ("*.safetensors", "*.json", "tokenizer*", "*.model", "merges.txt", "*.jinja")
_BLOB: Final = re.compile(r"[0-9a-f]{64}")
"""Name of a large file in the cache of the hub: the sha256 of its bytes."""


def locate(source: str) -> Path:
    """Return the directory of a checkpoint, from the hub's cache or downloaded if it is a hub id.

    Raises:
        UsageError: There is no such directory, no such checkpoint that can be had, or it is none
            that can be asked questions.
    """
    path = Path(source).expanduser()
    if not path.is_dir():
        if not _HUB_ID.fullmatch(source):
            raise UsageError(
                f"{source!r}: no such directory; expected a checkpoint directory or a hub id "
                "owner/name[@revision]"
            )
        path = _from_hub(source)
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
    """Return the sha256 over names and contents of all files that shape a model's replies.

    They are read once per process.
    """
    files = sorted({file for pattern in _HASHED for file in path.glob(pattern)})
    return sha256_lines(f"{file.name} {_sha256(file)}" for file in files)


def _has_template(path: Path) -> bool:
    """Return whether the processor of a checkpoint has a template (transformers, processors)."""
    if any((path / name).is_file() for name in ("chat_template.jinja", "chat_template.json")):
        return True
    settings = path / "processor_config.json"
    return settings.is_file() and '"chat_template"' in settings.read_text("utf-8", "replace")


def _sha256(file: Path) -> str:
    name = file.resolve().name
    return name if _BLOB.fullmatch(name) else sha256_file(file)


def _from_hub(source: str) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import (
        GatedRepoError,
        HfHubHTTPError,
        HFValidationError,
        LocalEntryNotFoundError,
        OfflineModeIsEnabled,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    name, _, revision = source.partition("@")
    try:
        path = Path(snapshot_download(name, revision=revision or None, local_files_only=True))
        if _whole(path):
            return path
    except (LocalEntryNotFoundError, ValueError):
        pass
    remedy = f"fetch it by `hf download {name} --local-dir DIR` and name local:DIR instead"
    announce(f"downloading {source} from the Hugging Face hub")
    try:
        path = Path(snapshot_download(name, revision=revision or None, allow_patterns=[*_WANTED]))
    except GatedRepoError as error:
        raise UsageError(
            f"{source}: its owner grants access on request; accept the terms on "
            f"https://huggingface.co/{name} and run `hf auth login`, then the same again"
        ) from error
    except (HFValidationError, RepositoryNotFoundError, RevisionNotFoundError) as error:
        raise UsageError(
            f"{source}: the Hugging Face hub has no such checkpoint or revision, or it is private; "
            "expected a checkpoint directory or a hub id owner/name[@revision]"
        ) from error
    except (LocalEntryNotFoundError, OfflineModeIsEnabled, HfHubHTTPError, OSError) as error:
        raise UsageError(
            f"{source} is not on this machine and the Hugging Face hub cannot be reached; {remedy}"
        ) from error
    if not _whole(path):
        raise UsageError(f"{source}: {path} lacks some of its weights in safetensors; {remedy}")
    return path


def _whole(path: Path) -> bool:
    """Return whether a snapshot has configuration and every weight file that its index names."""
    if not (path / "config.json").is_file():
        return False
    index = path / "model.safetensors.index.json"
    if not index.is_file():
        return any(path.glob("*.safetensors"))
    try:
        files = set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values())
    except (OSError, ValueError, KeyError, AttributeError):
        return False
    return all((path / file).is_file() for file in files)
