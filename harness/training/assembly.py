"""The configuration of a controlled model before its projector is trained."""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from transformers import AutoConfig

from harness.core.errors import DataError, UsageError
from harness.training.components import Component
from harness.training.recipe import ProjectorRecipe
from harness.vlms.controlled.config import ControlledConfig, ImageSettings, ProjectorSettings
from harness.vlms.controlled.presets import ENCODERS

_PRESETS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "clip": "clip-l",
        "clip_vision_model": "clip-l",
        "dinov2": "dinov2-l",
        "siglip": "siglip",
        "siglip_vision_model": "siglip",
    }
)
"""``model_type`` of an encoder to the paper's preprocessing of its kind."""
_OTHER: Final = "dinov2-l"
_PAPER_LAYERS: Final = (-2, -9)
_PAPER_CLIP_LAYERS: Final = (-3, -10)
_SETTINGS: Final = ("preprocessor_config.json", "processor_config.json")


def assemble(
    recipe: ProjectorRecipe, language_model: Component, encoder: Component
) -> ControlledConfig:
    """Return the configuration that recipe and parts decide; its provenance is still empty.

    Raises:
        DataError: A configuration is unreadable or lacks a size.
        UsageError: The image does not leave room for a caption.
    """
    text: Any = _config(language_model).get_text_config()
    whole: Any = _config(encoder)
    vision: Any = getattr(whole, "vision_config", whole)
    try:
        width, inner = int(text.hidden_size), recipe.hidden or int(text.intermediate_size)
        features = recipe.features or _paper_layers(whole.model_type)
        blocks, joined = int(text.num_hidden_layers), int(vision.hidden_size) * len(features)
        image = _image_settings(recipe, encoder, whole.model_type, vision)
    except AttributeError as error:
        raise DataError(f"cannot read the sizes of a part: {error}") from error
    return ControlledConfig(
        language_model=language_model.reference,
        encoder=encoder.reference,
        language_model_hash=language_model.digest,
        encoder_hash=encoder.digest,
        num_hidden_layers=blocks,
        hidden_size=width,
        features=features,
        image=image,
        projector=ProjectorSettings(
            kind=recipe.projector,
            in_size=joined,
            hidden_size=0 if recipe.projector == "linear" else inner,
            out_size=width,
            bias=recipe.projector == "mlp",
        ),
        sequence=recipe.sequence,
        prompt=recipe.prompt,
        placeholder=recipe.placeholder,
        pad_embed=recipe.pad_embed and image.mode == "pad",
        provenance="",
    )


def caption_room(length: int, patches: int, markers: int, prompt: int) -> int:
    """Return how many ids a caption may have, its end among them.

    Args:
        length: Most ids of a sequence.
        patches: Visual tokens of an image.
        markers: Markers around them.
        prompt: Ids of the prompt.

    Raises:
        UsageError: There is room for less than one id.
    """
    room = length - 1 - patches - markers - prompt
    if room < 1:
        raise UsageError(
            f"length = {length}: expected more than {length - room}, which start, image "
            f"({patches} patches, {markers} markers) and prompt ({prompt}) take"
        )
    return room


def _paper_layers(kind: str) -> tuple[int, ...]:
    """Return the paper's layers; its -2 and -9 count CLIP without the last block, left unbuilt."""
    return _PAPER_CLIP_LAYERS if _PRESETS.get(kind) == "clip-l" else _PAPER_LAYERS


def _image_settings(
    recipe: ProjectorRecipe, encoder: Component, kind: str, vision: Any
) -> ImageSettings:
    """Return the paper's preprocessing of the encoder's kind, at the encoder's own size.

    The paper runs DINOv2 below its own size; encoders it does not have are treated alike, but
    not made smaller.
    """
    paper = ENCODERS[_PRESETS.get(kind, _OTHER)].image
    native, patch = int(vision.image_size), int(vision.patch_size)
    if kind == "dinov2":
        native = min(native, paper.size)
    mean, std = _normalisation(encoder)
    changes: dict[str, Any] = {"size": recipe.side or native // patch * patch}
    if recipe.resize != "auto":
        changes["mode"] = recipe.resize
    if kind not in _PRESETS:
        changes["position_offset"] = 0.0
    return paper.model_copy(update={**changes, "mean": mean, "std": std})


def _normalisation(encoder: Component) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return mean and deviation of the colours, as the encoder's image processor states them."""
    for name in _SETTINGS:
        file = encoder.path / name
        if not file.is_file():
            continue
        try:
            stated = json.loads(file.read_text(encoding="utf-8"))
            stated = stated.get("image_processor", stated)
            return tuple(map(float, stated["image_mean"])), tuple(map(float, stated["image_std"]))
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise DataError(f"cannot read image_mean and image_std in {file}: {error!r}") from error
    raise DataError(
        f"{encoder.path}: no {' or '.join(_SETTINGS)}, expected the encoder's image processor "
        "beside its weights"
    )


def _config(component: Component) -> Any:
    try:
        return AutoConfig.from_pretrained(component.path, local_files_only=True)
    except (OSError, ValueError) as error:
        raise DataError(f"cannot read the configuration in {component.path}: {error}") from error
