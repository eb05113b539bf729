"""Which vision-language models there are, and how a name becomes a loaded model.

Importing this module does not import torch; only :func:`load_vlm` does.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, cast

from harness.core.errors import DataError, UsageError, unknown_name
from harness.core.ids import sha256_file, sha256_lines
from harness.core.records import Record
from harness.core.registry import Registry

if TYPE_CHECKING:
    from harness.vlms.base import Adapter

FAMILIES: Mapping[str, str] = {"llava": "harness.vlms.llava:LlavaAdapter"}
"""``model_type`` of a checkpoint to the adapter that understands it."""

_HASHED = (
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


class VlmEntry(Record):
    """A registered model, as ``list vlms`` shows it without loading anything."""

    name: str
    """Registered name."""
    source: Callable[[], Path] | Path | str
    """Checkpoint directory, a callable that returns it, or the id of a downloaded hub model."""
    family: str
    """``model_type`` of its configuration, a key of :data:`FAMILIES`."""
    summary: str
    """One line for lists."""
    provenance: str
    """One sentence on what it is and was trained on, shown in report headers."""
    layers: int
    """Number of decoder blocks."""
    hidden: int
    """Width of the residual stream."""
    grid: tuple[int, int]
    """Rows and columns of visual tokens of a typical image."""
    domain: str = ""
    """Start of the image sources it was trained for; empty if it takes any image."""
    outside: str = ""
    """What a report must say about images from other sources; empty if nothing."""


VLMS: Registry[VlmEntry] = Registry(
    "VLM",
    {"mini": "harness.mini.entry:MINI", "mini-frozen": "harness.mini.entry:MINI_FROZEN"},
    "lensbench.vlms",
)
"""All registered models; third parties add entry points of the group ``lensbench.vlms``."""

_ADAPTERS: Registry[Callable[..., Adapter]] = Registry("VLM family", FAMILIES, "lensbench.families")


def load_vlm(name_or_path: str, dtype: str = "float32", device: str = "cpu") -> Adapter:
    """Load a registered model, or a checkpoint directory of a known family.

    Args:
        name_or_path: Registered name, or a directory with a ``config.json``.
        dtype: Floating-point type of the forward pass: float32, bfloat16 or float16.
        device: torch device.

    Raises:
        UsageError: Neither a registered name nor such a directory; near names are given.
        DataError: The checkpoint is unreadable.
        MismatchError: The model fails the proofs made at load.
    """
    path, entry = _find(name_or_path)
    if entry is not None:
        family, name, provenance = entry.family, entry.name, entry.provenance
    else:
        family, name = _family(path), path.resolve().name
        provenance = f"Local {family} checkpoint {name}; what it was trained on is not stated."
    adapter = _ADAPTERS.get(family)
    return adapter(path, name=name, provenance=provenance, dtype=dtype, device=device)


def vlm_path(name_or_path: str) -> Path:
    """Return the checkpoint directory of a registered name or path; UsageError as load_vlm."""
    return _find(name_or_path)[0]


def vlm_depth(name_or_path: str) -> int:
    """Return the number of decoder blocks, from the configuration alone.

    Raises:
        UsageError: As :func:`load_vlm`.
        DataError: The configuration is unreadable or has no text model.
    """
    from transformers import AutoConfig

    path = _find(name_or_path)[0]
    try:
        text = AutoConfig.from_pretrained(path, local_files_only=True).get_text_config()
        return int(text.num_hidden_layers)
    except (OSError, ValueError, AttributeError) as error:
        raise DataError(f"cannot read the depth in {path / 'config.json'}: {error}") from error


def vlm_hash(path: Path) -> str:
    """Return the sha256 over the names and contents of weight, processor and tokenizer files."""
    files = sorted({file for pattern in _HASHED for file in path.glob(pattern)})
    if not files:
        raise DataError(f"{path} holds no model files")
    return sha256_lines(f"{file.name} {sha256_file(file)}" for file in files)


def _find(name_or_path: str) -> tuple[Path, VlmEntry | None]:
    if name_or_path in VLMS.names():
        entry = VLMS.get(name_or_path)
        return _resolve(entry), entry
    path = Path(name_or_path)
    if (path / "config.json").is_file():
        return path, None
    if path.is_dir():
        raise UsageError(f"VLM {name_or_path!r} is a directory without a config.json")
    raise unknown_name("VLM", name_or_path, VLMS.names())


def _resolve(entry: VlmEntry) -> Path:
    """Return the directory of an entry; UsageError if a hub model was not downloaded."""
    source = entry.source() if callable(entry.source) else entry.source
    if isinstance(source, Path) or Path(source).is_dir():
        path = Path(source)
        if not (path / "config.json").is_file():
            raise DataError(f"VLM {entry.name!r}: no checkpoint in {path}")
        return path
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import LocalEntryNotFoundError

    try:
        return Path(snapshot_download(source, local_files_only=True))
    except LocalEntryNotFoundError as error:
        raise UsageError(
            f"VLM {entry.name!r}: {source} is not on this machine, get it by: hf download {source}"
        ) from error


def _family(path: Path) -> str:
    """Return the model_type of a checkpoint directory, refusing families without an adapter."""
    config = path / "config.json"
    try:
        family = json.loads(config.read_text(encoding="utf-8"))["model_type"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"cannot read the model_type in {config}: {error!r}") from error
    if family not in _ADAPTERS.names():
        raise UsageError(
            f"{path} is a {family!r} model: known families: {', '.join(sorted(_ADAPTERS.names()))}"
        )
    return cast(str, family)
