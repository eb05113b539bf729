"""Where a published library lies: a folder, or a Hugging Face repository at a pinned commit."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from harness.core.errors import DataError, UsageError

CACHE = "embeddings_cache.pt"
"""File of one layer, in the folder ``layer_<i>``."""
METADATA = "metadata.json"

_HUB_ID = re.compile(r"[\w.-]+/[\w.-]+")
_COMMIT = re.compile(r"[0-9a-f]{40}")


def locate(source: str | Path, revision: str | None, layers: Sequence[int] | None) -> Path:
    """Return the folder of ``source``, downloading what is not in the Hugging Face cache.

    Args:
        source: A folder, or a repository such as ``owner/name``.
        revision: Full commit of a repository: branches and tags move, and with them the content.
        layers: Layers to download; all by default.

    Raises:
        UsageError: Neither a folder nor a repository's name, a repository without a full commit,
            or a folder with one.
        DataError: The repository cannot be reached and is not in the cache, or has no such commit.
    """
    path = Path(source)
    if path.is_dir():
        if revision is not None:
            raise UsageError(f"revision={revision}: {path} is a folder and has no revisions")
        return path
    if not _HUB_ID.fullmatch(str(source)):
        raise UsageError(
            f"published library {str(source)!r}: no such folder, and not a Hugging Face id such as "
            "owner/name"
        )
    if revision is None or not _COMMIT.fullmatch(revision):
        raise UsageError(
            f"published library {source}: revision={revision}: expected the full commit, 40 "
            "hexadecimal digits, as shown under 'Files and versions' of the repository"
        )
    return _downloaded(str(source), revision, layers)


def layer_cache(folder: Path, layer: int) -> Path:
    """Return the path of the file of one layer."""
    return folder / f"layer_{layer}" / CACHE


def _downloaded(repository: str, revision: str, layers: Sequence[int] | None) -> Path:
    from huggingface_hub import snapshot_download

    names = ["layer_*"] if layers is None else [f"layer_{layer}" for layer in layers]
    patterns = [METADATA, *(f"{name}/{CACHE}" for name in names)]
    try:
        # Without a connection this returns the snapshot in the cache, if it is complete.
        found = snapshot_download(repository, revision=revision, allow_patterns=patterns)
    except OSError as error:
        reason = next(iter(str(error).strip().splitlines()), type(error).__name__)
        raise DataError(f"cannot download {repository} at {revision[:12]}: {reason}") from error
    return Path(found)
