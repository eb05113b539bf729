"""The recipe of a projector: everything that decides its weights, as one record."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Literal

from pydantic import Field, ValidationError

from harness.core.errors import UsageError, unknown_name
from harness.core.records import Record
from harness.vlms.controlled.presets import PAPER_PROMPT

_BUNDLED: Final = Path(__file__).parent / "recipes"
_SHOWN: Final = 60


class ProjectorRecipe(Record):
    """How a projector is trained between a frozen encoder and a frozen language model.

    The defaults are those of the controlled models of LatentLens (Krojer et al. 2026,
    arXiv 2602.00462; training configurations of the authors' repository). Left out on purpose: the
    system prompt that states style and length of the caption (no pretrained language model knows
    it, and it is not there when the models are looked into), full sharding and activation
    checkpointing (they change memory, not results), padding to a fixed length, and attention in
    float32. Their caption data gave every image one caption here and below.
    """

    projector: Literal["gated", "mlp", "linear"] = "gated"
    """``gated`` w2(silu(w1 x) * w3 x) without biases, ``mlp`` of LLaVA 1.5, or one matrix."""
    hidden: int | None = Field(None, ge=1)
    """Width inside the projector; None takes the width inside the language model's own MLPs (the
    paper's 22016, 28672 and 37888 count both halves of 11008, 14336 and 18944)."""
    features: tuple[int, ...] | None = Field(None, min_length=1)
    """Encoder layers whose outputs are concatenated, in this order; -1 is the last block. None
    takes the paper's -2 and -9, which are -3 and -10 of CLIP, whose last block they leave out."""
    resize: Literal["auto", "pad", "squash", "crop"] = "auto"
    """How an image becomes square; ``auto`` pads for CLIP and stretches for others (the paper)."""
    side: int | None = Field(None, ge=1)
    """Side of the encoder's input in pixels; None takes what it was trained with, in whole
    patches, and 336 for DINOv2 (the paper)."""
    sequence: Literal["rows", "bare"] = "rows"
    """``rows`` puts learned markers around the image and after every row; ``bare`` none."""
    placeholder: bool = True
    """Whether the projector's output is added to a learned embedding (the paper's), or is alone."""
    pad_embed: bool = True
    """Whether learned vectors mark padded patches, where images are padded."""
    prompt: str = PAPER_PROMPT
    """What is asked between the image and the caption, word for word."""
    captions: Literal["whole", "first-sentence"] = "whole"
    """Whether a caption is cut after its first sentence."""
    end: bool = True
    """Whether the model must also predict that the text ends after the caption."""
    length: int = Field(1600, ge=8)
    """Most tokens of image, prompt and caption together; longer captions are cut."""
    steps: int = Field(12_000, ge=1)
    """Optimiser steps."""
    batch: int = Field(8, ge=1)
    """Captions per step, over all devices."""
    lr: float = Field(2e-4, gt=0)
    """Highest learning rate of AdamW."""
    betas: tuple[float, float] = (0.9, 0.95)
    """Decay of the running means of AdamW."""
    eps: float = Field(1e-6, gt=0)
    """Term that keeps AdamW's quotient finite."""
    weight_decay: float = Field(0.0, ge=0)
    """Decoupled weight decay of AdamW."""
    warmup: int = Field(200, ge=0)
    """Steps over which the learning rate rises linearly."""
    floor: float = Field(0.1, ge=0, le=1)
    """Share of the learning rate left at the end of the cosine."""
    clip: float = Field(1.0, gt=0)
    """Largest norm of the gradient of all trained weights together."""
    dropout: float = Field(0.1, ge=0, lt=1)
    """Dropout of what each attention and MLP adds to the stream where a caption token is
    predicted; image and prompt are untouched."""
    z_loss: float = Field(1e-4, ge=0)
    """Weight of the squared log of the softmax's denominator."""
    precision: Literal["bfloat16", "float32"] = "bfloat16"
    """Floating-point type of the forward pass; trained weights are float32."""
    frozen: Literal["bfloat16", "float32"] = "bfloat16"
    """Type in which the frozen parts are kept, 16 GB for 8 billion weights; the paper's float32
    takes twice that and adds up the residual stream more finely."""
    heldout: float = Field(0.003, gt=0, lt=1)
    """Share of the images, chosen by their hash, that are only measured (the paper: 0.0029)."""
    evaluate_every: int = Field(1000, ge=1)
    """Steps between two measurements of the held-out loss."""
    seed: int = Field(6198, ge=0)
    """Decides fresh weights, the order of the captions and the dropout."""


def load_recipe(source: str | None, changes: Mapping[str, object]) -> ProjectorRecipe:
    """Return the recipe of a file or a bundled name, with some fields changed.

    Args:
        source: TOML file of fields, a bundled name such as ``mini``, or None for the paper's.
        changes: Fields that replace those of the file.

    Raises:
        UsageError: No such file or name, not TOML, an unknown field, or a refused value.
    """
    fields: dict[str, object] = {} if source is None else _read(source)
    origin = dict.fromkeys(fields, f"recipe {source}")
    fields |= changes
    origin |= dict.fromkeys(changes, "command line")
    for name in fields:
        if name not in ProjectorRecipe.model_fields:
            raise UsageError(
                f"{origin[name]}: {unknown_name('field', name, ProjectorRecipe.model_fields)}"
            )
    try:
        recipe = ProjectorRecipe.model_validate(fields)
    except ValidationError as error:
        raise UsageError("; ".join(_problem(dict(e), origin) for e in error.errors())) from error
    if recipe.warmup >= recipe.steps:
        raise UsageError(
            f"warmup = {recipe.warmup}: expected fewer steps than the training has ({recipe.steps})"
        )
    return recipe


def bundled_recipes() -> tuple[str, ...]:
    """Return the names of the recipes that come with lensbench."""
    return tuple(sorted(file.stem for file in _BUNDLED.glob("*.toml")))


def _read(source: str) -> dict[str, object]:
    file = _BUNDLED / f"{source}.toml" if source in bundled_recipes() else Path(source)
    if not file.is_file():
        raise UsageError(
            f"recipe {source!r}: no such file; expected a TOML file of fields, or one of: "
            f"{', '.join(bundled_recipes())}"
        )
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError(f"cannot read recipe {file}: {error}; expected TOML") from error


def _problem(details: Mapping[str, object], origin: Mapping[str, str]) -> str:
    where = details["loc"]
    name = str(where[0]) if isinstance(where, tuple) and where else ""
    message = str(details["msg"])
    value = repr(details["input"])[:_SHOWN]
    return f"{name} = {value} ({origin.get(name, 'recipe')}): {message[:1].lower()}{message[1:]}"
