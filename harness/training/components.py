"""The frozen parts of a controlled model: a language model and an encoder, each a directory."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from transformers import AutoModelForCausalLM, AutoModelForImageTextToText
from transformers.models.auto.modeling_auto import MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES

from harness.core.errors import DataError, UsageError
from harness.core.files import TEMPORARY_SUFFIX, write_errors
from harness.core.hub import hub_path, is_hub_id
from harness.core.model_files import model_hash
from harness.core.progress import announce
from harness.vlms.checkpoint import CONFIG, model_type, read_config
from harness.vlms.controlled.config import COMPONENTS
from harness.vlms.loading import load_model, parse_placement, without_bars
from harness.vlms.processing import load_processor
from harness.vlms.registry import VLMS, vlm_path

LANGUAGE_MODEL: Final = "language_model"
ENCODER: Final = "encoder"


@dataclass(frozen=True, slots=True)
class Component:
    """A frozen part and where it is."""

    path: Path
    """Directory with its configuration and weights."""
    reference: str
    """How the trained directory refers to it: the given id or path, or a path inside it."""
    digest: str
    """sha256 over its weight, tokenizer and processor files."""


def find_component(given: str, part: str, folder: Path) -> Component:
    """Return the directory of a language model or encoder.

    Args:
        given: Registered model, directory or hub id; of a whole vision-language model the part is
            taken out and written below ``folder``.
        part: :data:`LANGUAGE_MODEL` or :data:`ENCODER`.
        folder: The trained directory.

    Raises:
        UsageError: Neither registered, nor a directory with a ``config.json``, nor on this machine
            as a downloaded hub model.
        DataError: The directory is unreadable or lacks the part.
    """
    path = _directory(given, part)
    if not is_whole(path):
        reference = str(path.resolve()) if Path(given).is_dir() else given
        return Component(path, reference, model_hash(path))
    target = folder / COMPONENTS / part
    if not target.is_dir():
        announce(f"taking the {part.replace('_', ' ')} out of {given}")
        draft = target.with_name(f"{target.name}{TEMPORARY_SUFFIX}")
        with write_errors(draft):
            shutil.rmtree(draft, ignore_errors=True)
            draft.mkdir(parents=True)
            with without_bars():
                _extract(path, part, draft)
            draft.rename(target)
    return Component(target, f"{COMPONENTS}/{part}", model_hash(target))


def is_whole(path: Path) -> bool:
    """Tell whether a directory holds a vision-language model; CLIP with its text half is none."""
    return model_type(path) in MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES


def _directory(given: str, part: str) -> Path:
    if given in VLMS.names():
        return vlm_path(given)
    path = Path(given)
    if (path / CONFIG).is_file():
        return path
    option = "--llm" if part == LANGUAGE_MODEL else "--encoder"
    if path.is_dir():
        raise UsageError(f"{option} {given}: a directory without a {CONFIG}")
    if not is_hub_id(given):
        raise UsageError(
            f"{option} {given}: expected a directory with a {CONFIG}, owner/name of the hub, or a "
            "registered model to take the part out of"
        )
    return hub_path(given)


def _extract(path: Path, part: str, target: Path) -> None:
    """Save one part of a whole model with the tokenizer or image processor that it needs."""
    stored = parse_placement(_stored_dtype(path), "cpu")
    whole = load_model(AutoModelForImageTextToText, path, stored)
    processor = load_processor(path, {"backend": "pil"})
    if part == LANGUAGE_MODEL:
        text = whole.config.get_text_config()
        causals: Any = AutoModelForCausalLM
        causal = causals.from_config(text, dtype=stored.dtype)
        causal.base_model.load_state_dict(whole.base_model.language_model.state_dict())
        causal.get_output_embeddings().load_state_dict(whole.get_output_embeddings().state_dict())
        processor.tokenizer.save_pretrained(target)
        causal.save_pretrained(target)
        return
    tower = getattr(whole.base_model, "vision_tower", None)
    if tower is None:
        raise DataError(f"{path}: no vision tower to take out; give an encoder by itself")
    processor.image_processor.save_pretrained(target)
    tower.save_pretrained(target)


def _stored_dtype(path: Path) -> str:
    """Return the type of the weights as the configuration states it, float32 if it does not."""
    config = read_config(path)
    return str(config.get("dtype") or config.get("torch_dtype") or "float32")
