"""Reads the projector files that the LatentLens authors published, and files written like them.

A ``connector.pt`` holds the trained tensors under the names of Molmo's training code, the
``config.yaml`` beside it that code's settings. Both are read as data: nothing in them is run.

One known difference to the authors' runs remains: they gave Llama 3 a norm constant of 1e-6, here
it has its own, 1e-5, as in their text-only runs.
"""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import torch
import yaml
from safetensors.torch import save

from harness.core.errors import DataError, MismatchError
from harness.core.files import write_bytes_atomic
from harness.vlms.checkpoint import CONNECTOR
from harness.vlms.controlled.config import (
    MARKERS,
    PATCH,
    WEIGHTS,
    ControlledConfig,
    ImageSettings,
    ProjectorSettings,
    write_config,
)
from harness.vlms.controlled.presets import ENCODERS, LANGUAGE_MODELS, PAPER_PROMPT
from harness.vlms.loading import brief

SETTINGS: Final = "config.yaml"
_ENCODER_TYPES: Final = {"openai": "clip-l", "dino": "dinov2-l", "siglip": "siglip"}
"""``image_model_type`` to the encoder it stands for."""
_LANGUAGE_FILES: Final = {
    "olmo-1024-preview": "olmo-7b",
    "llama3-8b": "llama3-8b",
    "qwen2-7b": "qwen2-7b",
}
"""Name of the converted weights in ``llm_load_path`` to the language model."""
_REQUIRED: Final = {
    "crop_mode": ("resize",),
    "image_pooling_2d": ("none",),
    "image_projector": ("mlp", "linear"),
    "image_padding_embed": ("pad_and_partial_pad", None),
    "pad_tokenizer": (True,),
    "use_col_tokens": (True,),
    "vit_intermediate_layer": (None,),
}
"""What this reader understands."""


def convert(source: Path, target: Path) -> ControlledConfig:
    """Write a controlled directory from a folder with ``connector.pt`` and ``config.yaml``.

    Args:
        source: Folder with the two files.
        target: Directory to write; the language model and the encoder are named by hub id there.

    Raises:
        DataError: A file is missing or unreadable, or lacks a tensor or a setting.
        MismatchError: A setting is not supported, or a tensor's shape does not fit the settings.
    """
    config = read_settings(source / SETTINGS)
    tensors = read_tensors(source / CONNECTOR, config)
    write_bytes_atomic(target / WEIGHTS, save(tensors))
    write_config(target, config)
    return config


def read_settings(path: Path) -> ControlledConfig:
    """Return what a ``config.yaml`` describes; errors as :func:`convert`."""
    model = _model_settings(path)
    for name, accepted in _REQUIRED.items():
        if (found := model.get(name)) not in accepted:
            known = ", ".join(str(value) for value in accepted)
            raise MismatchError(f"{path}: {name} is {found!r}, this reader knows {known}")
    try:
        return _config(model, path)
    except KeyError as error:
        raise DataError(f"{path} lacks the setting {error.args[0]}") from error


def read_tensors(path: Path, config: ControlledConfig) -> dict[str, torch.Tensor]:
    """Return the trained tensors of a ``connector.pt`` under our names, in float32.

    Raises:
        DataError: The file is unreadable, or a tensor is missing; the first is named.
        MismatchError: A tensor has another shape than the settings say.
    """
    stored = _load(path)
    tensors = {}
    for name, (ending, shape) in _expected(config).items():
        found = [tensor for key, tensor in stored.items() if f".{key}".endswith(f".{ending}")]
        if len(found) != 1:
            raise DataError(f"{path} has {len(found)} tensors {ending}, expected 1")
        if tuple(found[0].shape) != shape:
            raise MismatchError(
                f"{path}: {ending} is {list(found[0].shape)}, expected {list(shape)} by {SETTINGS}"
            )
        tensors[name] = found[0].float().contiguous()
    if not config.marker_ids:
        tensors |= _markers(path, stored, config)
    return tensors


def _model_settings(path: Path) -> Mapping[str, Any]:
    try:
        settings = yaml.safe_load(path.read_text(encoding="utf-8"))
        model = settings["model"]
        vision = model["vision_backbone"]
    except (OSError, UnicodeDecodeError, yaml.YAMLError, KeyError, TypeError) as error:
        raise DataError(f"cannot read {path}: {brief(error)}") from error
    if not isinstance(model, dict) or not isinstance(vision, dict):
        raise DataError(f"cannot read {path}: model and vision_backbone should be mappings")
    return model


def _config(model: Mapping[str, Any], path: Path) -> ControlledConfig:
    vision = model["vision_backbone"]
    encoder = ENCODERS[_known(_ENCODER_TYPES, vision["image_model_type"], "image_model_type", path)]
    stem = Path(str(model["llm_load_path"])).stem
    language = LANGUAGE_MODELS[_known(_LANGUAGE_FILES, stem, "llm_load_path", path)]
    depth, width = int(vision["image_num_layers"]), int(vision["image_emb_dim"])
    features = tuple(_blocks_below(int(layer), depth, path) for layer in model["vit_layers"])
    hidden = int(model["d_model"])
    linear = model["image_projector"] == "linear"
    return ControlledConfig(
        language_model=language.hub,
        encoder=encoder.hub,
        num_hidden_layers=int(model["n_layers"]),
        hidden_size=hidden,
        features=features,
        image=_image(encoder.image, vision, path),
        projector=ProjectorSettings(
            kind="linear" if linear else "gated",
            in_size=width * len(features),
            hidden_size=0 if linear else int(model["mlp_hidden_size"]) // 2,
            out_size=hidden,
        ),
        sequence="rows",
        prompt=PAPER_PROMPT,
        placeholder=True,
        pad_embed=model["image_padding_embed"] is not None,
        marker_ids=_marker_ids(model, path),
        provenance=(
            f"A controlled model of LatentLens (Krojer et al. 2026): {encoder.hub} and "
            f"{language.hub}, both frozen, joined by the authors' projector, trained on captions."
        ),
    )


def _blocks_below(layer: int, depth: int, path: Path) -> int:
    """Return the number of blocks up to an index into the outputs of ``depth`` blocks."""
    if not -depth <= layer < depth:
        raise MismatchError(f"{path}: vit_layers has {layer}, but the encoder has {depth} blocks")
    return layer % depth + 1


def _known(table: Mapping[str, str], value: Any, field: str, path: Path) -> str:
    if value not in table:
        raise MismatchError(f"{path}: {field} is {value!r}, this reader knows {', '.join(table)}")
    return table[value]


def _image(preset: ImageSettings, vision: Mapping[str, Any], path: Path) -> ImageSettings:
    height, width = vision["image_default_input_size"]
    if height != width:
        raise MismatchError(f"{path}: image_default_input_size {height}x{width} is not a square")
    return preset.model_copy(update={"size": int(height)})


def _marker_ids(model: Mapping[str, Any], path: Path) -> tuple[int, ...]:
    """Return the frozen input rows that stood for the markers; empty if the trained rows did.

    Markers are numbered from the end of the vocabulary, and the trained extra rows follow the
    input matrix: a matrix longer than the vocabulary comes first.
    """
    first, rows = int(model["vocab_size"]), int(model["embedding_size"] or model["vocab_size"])
    if first == rows:
        return ()
    if rows - first < len(MARKERS):
        raise MismatchError(
            f"{path}: embedding_size {rows} leaves {rows - first} spare rows behind vocab_size "
            f"{first}, this reader knows 0 or at least {len(MARKERS)}"
        )
    return tuple(range(first, first + len(MARKERS)))


def _expected(config: ControlledConfig) -> dict[str, tuple[str, tuple[int, ...]]]:
    """Return, by our name, the end of the stored name and the shape of every tensor but markers."""
    sizes = config.projector
    expected: dict[str, tuple[str, tuple[int, ...]]]
    down, up = (sizes.hidden_size, sizes.in_size), (sizes.out_size, sizes.hidden_size)
    if sizes.kind == "linear":
        shape = (sizes.out_size, sizes.in_size)
        expected = {"projector.w1.weight": ("image_projector.weight", shape)}
    else:
        expected = {
            f"projector.{name}.weight": (f"image_projector.{name}.weight", shape)
            for name, shape in (("w1", down), ("w2", up), ("w3", down))
        }
    if config.pad_embed:
        expected["pad_embed"] = ("pad_embed", (2, sizes.in_size))
    return expected


def _markers(
    path: Path, stored: Mapping[str, torch.Tensor], config: ControlledConfig
) -> dict[str, torch.Tensor]:
    rows = [tensor for key, tensor in stored.items() if f".{key}".endswith(".wte.new_embedding")]
    if len(rows) != 1:
        raise DataError(f"{path} has {len(rows)} tensors wte.new_embedding, expected 1")
    table = rows[0]
    if table.ndim != 2 or table.shape[0] < len(MARKERS) or table.shape[1] != config.hidden_size:
        raise MismatchError(
            f"{path}: wte.new_embedding is {list(table.shape)}, expected {len(MARKERS)} rows or "
            f"more of {config.hidden_size}"
        )
    return {
        f"markers.{name}": table[row].float().contiguous()
        for row, name in enumerate(MARKERS)
        if name != PATCH or config.placeholder
    }


def _load(path: Path) -> dict[str, torch.Tensor]:
    try:
        stored = torch.load(path, map_location="cpu", weights_only=True, mmap=True)
    except (OSError, RuntimeError, EOFError, ValueError, pickle.UnpicklingError) as error:
        raise DataError(f"cannot read {path}: {brief(error)}") from error
    if not isinstance(stored, dict) or not all(torch.is_tensor(t) for t in stored.values()):
        raise DataError(f"{path} does not hold named tensors")
    return stored
