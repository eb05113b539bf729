"""Which vision-language models there are, and how a name becomes a loaded model.

Importing this module does not import torch; only :func:`load_vlm` does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from harness.core.errors import DataError, UsageError, unknown_name
from harness.core.hub import hub_path, is_hub_id
from harness.core.records import Record
from harness.core.registry import Registry
from harness.vlms import checkpoint
from harness.vlms.checkpoint import CONFIG, CONNECTOR

if TYPE_CHECKING:
    from harness.vlms.base import Adapter

__all__ = [
    "FAMILIES",
    "VLMS",
    "VlmEntry",
    "find_vlm",
    "load_vlm",
    "text_directory",
    "vlm_depth",
    "vlm_path",
]

_CONTROLLED_TYPE: Final = "lensbench_controlled"

FAMILIES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "gemma3": "harness.vlms.families.gemma3:Gemma3Adapter",
        "idefics3": "harness.vlms.families.idefics3:Idefics3Adapter",
        "internvl": "harness.vlms.families.internvl:InternVLAdapter",
        _CONTROLLED_TYPE: "harness.vlms.controlled.adapter:ControlledAdapter",
        "llava": "harness.vlms.families.llava:LlavaAdapter",
        "llava_next": "harness.vlms.families.llava_next:LlavaNextAdapter",
        "llava_onevision": "harness.vlms.families.llava_onevision:LlavaOnevisionAdapter",
        "molmo": "harness.vlms.families.molmo:MolmoAdapter",
        "molmo2": "harness.vlms.families.molmo2:Molmo2Adapter",
        "paligemma": "harness.vlms.families.paligemma:PaliGemmaAdapter",
        "qwen2_5_vl": "harness.vlms.families.qwen_vl:Qwen25VLAdapter",
        "qwen2_vl": "harness.vlms.families.qwen_vl:Qwen2VLAdapter",
        "qwen3_vl": "harness.vlms.families.qwen_vl:Qwen3VLAdapter",
        "smolvlm": "harness.vlms.families.idefics3:SmolVLMAdapter",
    }
)
"""``model_type`` of a checkpoint to the adapter that understands it."""


class VlmEntry(Record):
    """A registered model, as ``list vlms`` shows it without loading anything."""

    name: str
    """Registered name."""
    source: Callable[[], Path] | Path | str
    """Checkpoint directory, a callable that returns it, or a hub id ``owner/name[@revision]``."""
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
    hub: str = ""
    """Hub ids it is made of, for lists; empty if it is bundled."""
    parameters: float = 0.0
    """Number of parameters in billions."""
    verified: str = ""
    """What was checked, and how."""
    domain: str = ""
    """Start of the image sources it was trained for; empty if it takes any image."""
    outside: str = ""
    """What a report must say about images from other sources; empty if nothing."""


_PUBLISHED: Final = (
    "molmo-7b-d",
    "molmo-72b",
    "llava-1.5-7b",
    "llava-next-34b",
    "qwen2-vl-7b",
    "qwen2.5-vl-32b",
    "qwen2.5-vl-7b",
    "qwen3-vl-8b",
    "molmo2-8b",
    "llava-onevision-7b",
    "idefics3-8b",
    "smolvlm",
    "internvl3-8b",
    "paligemma",
    "gemma3-4b",
)
_CONTROLLED: Final = tuple(
    f"{model}+{encoder}"
    for model in ("olmo-7b", "llama3-8b", "qwen2-7b")
    for encoder in ("clip-l", "dinov2-l", "siglip")
)

VLMS: Registry[VlmEntry] = Registry(
    "VLM",
    {
        "mini": "harness.mini.entry:MINI",
        "mini-frozen": "harness.mini.entry:MINI_FROZEN",
        **{name: f"harness.vlms.catalogue:CATALOGUE[{name}]" for name in _PUBLISHED},
        **{name: f"harness.vlms.controlled.catalogue:CATALOGUE[{name}]" for name in _CONTROLLED},
    },
    "lensbench.vlms",
)
"""All registered models; third parties add entry points of the group ``lensbench.vlms``."""

_ADAPTERS: Registry[Callable[..., Adapter]] = Registry("VLM family", FAMILIES, "lensbench.families")


def load_vlm(
    name_or_path: str,
    dtype: str = "float32",
    device: str = "cpu",
    *,
    view: str = "global",
    prompt: str = "chat",
    max_pixels: int = 0,
) -> Adapter:
    """Load a registered model, a checkpoint directory or a hub checkpoint of a known family.

    Args:
        name_or_path: Registered name, directory with a ``config.json``, or ``owner/name`` of a
            checkpoint of the Hugging Face hub.
        dtype: Floating-point type of the forward pass: float32, bfloat16, float16, or 4bit.
        device: torch device, or auto for all GPUs together.
        view: Which view of an image to look at: global or tiles.
        prompt: chat for the model's own template, plain for image and question alone.
        max_pixels: Most pixels at which an image is shown to a model that scales images; 0 for
            its own limit.

    Raises:
        UsageError: No such model (near names are given), or a bad option.
        DataError: The checkpoint is unreadable.
        MismatchError: The model fails the proofs made at load.
    """
    path, entry = find_vlm(name_or_path)
    family = _family(path)
    if entry is not None:
        name, provenance = entry.name, entry.provenance
    else:
        name = name_or_path if is_hub_id(name_or_path) else path.resolve().name
        stated = checkpoint.read_config(path).get("provenance")
        provenance = str(
            stated or f"The {family} checkpoint {name}; what it was trained on is not stated."
        )
    adapter = _ADAPTERS.get(family)
    limits = {"max_pixels": max_pixels} if max_pixels else {}
    if limits and not getattr(adapter, "scales_images", False):
        raise UsageError(
            f"max_pixels {max_pixels}: a {family} model does not scale images by their size; leave "
            "it out"
        )
    return adapter(
        path,
        name=name,
        provenance=provenance,
        dtype=dtype,
        device=device,
        view=view,
        prompt=prompt,
        **limits,
    )


def find_vlm(name_or_path: str) -> tuple[Path, VlmEntry | None]:
    """Return the checkpoint directory of a name, path or hub id, and the entry of a name.

    A hub checkpoint is downloaded if it is not on this machine.

    Raises:
        UsageError: There is none; near names are given.
        DataError: A registered directory is lost.
    """
    if name_or_path in VLMS.names():
        entry = VLMS.get(name_or_path)
        return _resolve(entry), entry
    path = Path(name_or_path)
    if (path / CONFIG).is_file():
        return path, None
    if (path / CONNECTOR).is_file():
        from harness.vlms.controlled.fetch import local

        return local(path), None
    if path.is_dir():
        raise UsageError(f"VLM {name_or_path!r} is a directory without a config.json")
    if is_hub_id(name_or_path):
        return hub_path(name_or_path), None
    raise unknown_name("VLM", name_or_path, VLMS.names())


def vlm_path(name_or_path: str) -> Path:
    """Return the checkpoint directory of a name, path or hub id; errors as :func:`find_vlm`."""
    return find_vlm(name_or_path)[0]


def text_directory(path: Path) -> Path:
    """Return where the tokenizer of a checkpoint directory lies: a controlled one refers to it.

    Raises:
        UsageError: The language model of a controlled directory is not on this machine.
        DataError: The configuration is unreadable.
    """
    if checkpoint.model_type(path) != _CONTROLLED_TYPE:
        return path
    from harness.vlms.controlled.components import locate
    from harness.vlms.controlled.config import read_config

    return locate(read_config(path).language_model, "language_model", path)


def vlm_depth(name_or_path: str) -> int:
    """Return the number of decoder blocks, from the configuration alone.

    Raises:
        UsageError: As :func:`find_vlm`.
        DataError: The configuration is unreadable or has no text model.
    """
    return checkpoint.depth(vlm_path(name_or_path))


def _resolve(entry: VlmEntry) -> Path:
    source = entry.source() if callable(entry.source) else entry.source
    if isinstance(source, str) and not Path(source).is_dir():
        return hub_path(source)
    path = Path(source)
    if not (path / CONFIG).is_file():
        raise DataError(f"VLM {entry.name!r}: no checkpoint in {path}")
    return path


def _family(path: Path) -> str:
    """Return the model_type of a checkpoint directory, refusing families without an adapter."""
    family = checkpoint.model_type(path)
    if family not in _ADAPTERS.names():
        raise UsageError(
            f"{path} is a {family!r} model: known families: {', '.join(sorted(_ADAPTERS.names()))}"
        )
    return family
