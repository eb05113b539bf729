"""From an image and a question to a model's input, by the model's own processor."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import torch
from transformers import AutoProcessor

from harness.core.errors import DataError, UsageError
from harness.vlms.loading import brief
from harness.vlms.prompts import CHAT, PROMPTS

if TYPE_CHECKING:
    from PIL import Image

_PACKAGES: Final = ("torchvision", "num2words")
"""Optional packages that processors ask for."""
_LABELS: Final = "labels"
"""Training targets, which PaliGemma's processor adds unasked."""


def parse_prompt(name: str) -> str:
    """Return the style of a prompt; UsageError for any other than chat and plain."""
    if name not in PROMPTS:
        raise UsageError(f"prompt {name!r}: expected {' or '.join(PROMPTS)}")
    return name


def load_processor(path: Path, options: Mapping[str, Any]) -> Any:
    """Return the processor of a checkpoint directory; nothing is fetched from a network.

    Raises:
        DataError: There is none, it is unreadable, or it needs a package that is not installed.
    """
    processors: Any = AutoProcessor
    try:
        processor = processors.from_pretrained(
            path, local_files_only=True, trust_remote_code=False, **options
        )
    except (OSError, ValueError, ImportError) as error:
        raise DataError(f"cannot load the processor in {path}: {_reason(error)}") from error
    # Where no processor is saved, a bare tokenizer is returned.
    if getattr(processor, "image_processor", None) is None:
        raise DataError(
            f"{path} has no image processor, only {type(processor).__name__}: save the processor "
            "of the model there too"
        )
    return processor


def _reason(error: Exception) -> str:
    """Return what is wrong and what to do about it."""
    for package in _PACKAGES:
        if package in str(error).lower() and find_spec(package) is None:
            return f"it needs the package {package}: pip install 'lensbench[models]'"
    if isinstance(error, ImportError):
        return f"{brief(error)}; try pip install 'lensbench[models]'"
    return f"{brief(error)}; processor and tokenizer files must lie beside the weights"


def model_inputs(
    processor: Any, style: str, image: Image.Image, prompt: str
) -> dict[str, torch.Tensor]:
    """Return all that the processor makes of one image and a prompt; nothing may be left out.

    Args:
        processor: The model's processor.
        style: chat for its template, where it has one; plain for image, line break, prompt.
        image: RGB image.
        prompt: Text after the image; one that contains the placeholder is taken as it is.

    Raises:
        DataError: The processor refuses the image.
    """
    token = processor.image_token
    chat = style == CHAT and token not in prompt and getattr(processor, "chat_template", None)
    try:
        if chat:
            question = [{"type": "text", "text": prompt}] if prompt else []
            content = [{"type": "image", "image": image}, *question]
            batch = processor.apply_chat_template(
                [{"role": "user", "content": content}],
                add_generation_prompt=True,
                tokenize=True,
                return_dict=True,
                return_tensors="pt",
            )
        else:
            text = prompt if token in prompt else f"{token}\n{prompt}" if prompt else token
            batch = processor(images=[image], text=[text], return_tensors="pt")
    except ValueError as error:
        raise DataError(
            f"{type(processor).__name__} refuses the {image.width}x{image.height} image: "
            f"{brief(error)}"
        ) from error
    return {name: value for name, value in batch.items() if name != _LABELS}
