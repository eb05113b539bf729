"""The files of a model: what they hash to, however they came here."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from harness.core.errors import DataError
from harness.core.ids import sha256_file, sha256_lines

_HASHED: Final = (
    "*.safetensors",
    "*.bin",
    "*.index.json",
    "config.json",
    "*processor_config.json",
    "tokenizer*",
    "*.model",
    "vocab.*",
    "merges.txt",
    "added_tokens.json",
    "special_tokens_map.json",
    "chat_template*",
)
_BLOB: Final = re.compile(r"[0-9a-f]{64}")
"""Name of a large file in the cache of the hub: the sha256 of its bytes."""


def model_hash(path: Path) -> str:
    """Return the sha256 over the names and contents of weight, processor and tokenizer files.

    Raises:
        DataError: There are no such files.
    """
    files = sorted({file for pattern in _HASHED for file in path.glob(pattern)})
    if not files:
        raise DataError(f"{path} holds no model files")
    return sha256_lines(f"{file.name} {_sha256(file)}" for file in files)


def _sha256(file: Path) -> str:
    """Return the sha256 of a file, read off its name in the hub's cache where it has one."""
    blob = file.resolve()
    if file.is_symlink() and blob.parent.name == "blobs" and _BLOB.fullmatch(blob.name):
        return blob.name
    return sha256_file(file)
