"""Checkpoints of the Hugging Face hub: found in the cache, or downloaded once."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Final

from harness.core.errors import DataError, UsageError
from harness.core.progress import announce

_ID: Final = re.compile(r"[\w.-]+/[\w.-]+(@[\w./-]+)?")
_WANTED: Final = ("*.json", "*.safetensors", "tokenizer*", "*.model", "*.txt", "*.jinja")
"""Weights without code, configuration, processor and tokenizer."""
_OLD_WEIGHTS: Final = "pytorch_model*.bin"
"""Weights of checkpoints that were published before safetensors; only tensors are read of them."""
_INDEX: Final = "model.safetensors.index.json"


def is_hub_id(text: str) -> bool:
    """Return whether ``text`` has the form ``owner/name`` or ``owner/name@revision``."""
    return _ID.fullmatch(text) is not None


def hub_path(source: str) -> Path:
    """Return the directory of a hub checkpoint, from the cache if all of it is there.

    Args:
        source: ``owner/name`` or ``owner/name@revision``.

    Raises:
        UsageError: There is no such checkpoint, access to it is not granted, or the hub cannot be
            reached; says how to give a local directory instead.
    """
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

    owner_name, _, revision = source.partition("@")
    pinned = revision or None
    cached = _cached(owner_name, pinned)
    if cached is not None:
        return cached
    announce(f"downloading {source} from the Hugging Face hub")
    try:
        path = Path(snapshot_download(owner_name, revision=pinned, allow_patterns=[*_WANTED]))
        if not any(path.glob("*.safetensors")):
            old = [_OLD_WEIGHTS]
            path = Path(snapshot_download(owner_name, revision=pinned, allow_patterns=old))
    except GatedRepoError as error:
        raise UsageError(
            f"{source}: its owner grants access on request; accept the terms on "
            f"https://huggingface.co/{owner_name} and run `hf auth login`, then the same again"
        ) from error
    except (HFValidationError, RepositoryNotFoundError, RevisionNotFoundError) as error:
        raise UsageError(
            f"{source}: the Hugging Face hub has no such checkpoint or revision, or it is private; "
            "expected owner/name[@revision], a directory, or a name from `list vlms`"
        ) from error
    except (LocalEntryNotFoundError, OfflineModeIsEnabled, HfHubHTTPError, OSError) as error:
        raise UsageError(
            f"{source} is not on this machine and the Hugging Face hub cannot be reached: where it "
            f"can, run `hf download {owner_name} --local-dir DIR`, then give DIR instead"
        ) from error
    # Without a network the hub's library returns what it has, however little that is.
    if not _whole(path):
        raise UsageError(
            f"{source}: {path} lacks some of its weights, and the rest could not be had; run "
            f"`hf download {owner_name}` where the hub can be reached"
        )
    return path


def _cached(name: str, revision: str | None) -> Path | None:
    """Return the cached snapshot of a checkpoint if it is whole."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import LocalEntryNotFoundError

    try:
        path = Path(snapshot_download(name, revision=revision, local_files_only=True))
    except (LocalEntryNotFoundError, ValueError):
        return None
    return path if _whole(path) else None


def _whole(path: Path) -> bool:
    """Return whether a snapshot has configuration and every weight file that it should."""
    if not (path / "config.json").is_file():
        return False
    index = path / _INDEX
    if not index.is_file():
        return any(path.glob("*.safetensors")) or any(path.glob(_OLD_WEIGHTS))
    try:
        files = set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values())
    except (OSError, ValueError, KeyError, AttributeError) as error:
        raise DataError(
            f"cannot read {index}: {error!r}; delete it to download it again"
        ) from error
    return all((path / file).is_file() for file in files)
