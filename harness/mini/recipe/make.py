"""The whole recipes in order; every stage continues where it stopped."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final, cast

import torch
from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

from harness.core.errors import DataError
from harness.core.files import write_errors, write_json_atomic
from harness.core.progress import announce
from harness.mini.recipe import encoder, frozen, joint, language
from harness.mini.recipe.card import TRAINING, training_record, write_card
from harness.mini.recipe.evaluate import Evaluation, evaluate
from harness.mini.recipe.export import export
from harness.mini.recipe.loop import Schedule
from harness.mini.recipe.reading import FORMS, READING_GATE, notes_recall
from harness.mini.recipe.tokenizer import build_tokenizer
from harness.vlms.registry import load_vlm

ENCODER: Final = Schedule(steps=3000, peak=1.5e-3, warmup=60, every=100)
LANGUAGE: Final = Schedule(steps=1400, peak=1.5e-3, warmup=60, floor=0.1, every=50)
READER: Final = Schedule(steps=1200, peak=1e-3, warmup=50, every=50)
JOINT: Final = Schedule(steps=3000, peak=1e-3, warmup=100, every=50)
FROZEN: Final = Schedule(steps=1500, peak=2e-3, warmup=50, every=50)

_BEFORE: Final = (
    ("encoder", ENCODER, f"{encoder.BATCH} pictures"),
    ("language", LANGUAGE, f"{language.BATCH} texts"),
)
RECIPES: Final[Mapping[str, tuple[tuple[str, Schedule, str], ...]]] = MappingProxyType(
    {
        "mini": (*_BEFORE, ("joint", JOINT, f"{joint.PICTURES} pictures, {joint.TEXTS} texts")),
        "mini-frozen": (
            *_BEFORE,
            ("reader", READER, f"{language.BATCH} texts"),
            ("frozen", FROZEN, f"{joint.PICTURES} pictures"),
        ),
    }
)
"""Model to its stages: name, schedule and what one step sees."""

SUMMARIES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "mini": "The bundled miniature vision-language model, all parts trained together.",
        "mini-frozen": (
            "The bundled miniature by the paper's controlled recipe: encoder and language model "
            "trained apart and frozen, only the projector between them trained on pictures."
        ),
    }
)


def make(name: str, folder: Path, weights: Path) -> None:
    """Train a miniature with checkpoints and log in ``folder`` and export it to ``weights``.

    Raises:
        DataError: The language model of the frozen recipe does not read well enough, or a folder
            cannot be written.
    """
    with write_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
    for stage, schedule, batch in RECIPES[name]:
        announce(f"stage {stage}: {schedule.steps} steps of {batch}")
    tokenizer = _tokenizer(folder / "tokenizer")
    dense = encoder.pretrain_encoder(folder, ENCODER)
    model = language.pretrain_language(folder, tokenizer, LANGUAGE)
    if name == "mini":
        reading = _reading(model, tokenizer)
        student = joint.Student(tokenizer, dense, model)
        joint.train_jointly(folder, student, tokenizer, JOINT)
    else:
        language.train_reader(folder, tokenizer, model, READER)
        reading = _reading(model, tokenizer)
        if reading["notes"] < READING_GATE:
            raise DataError(
                f"{name}: the language model names {reading['notes']:.3f} of the objects it reads "
                f"about, and the frozen recipe asks for {READING_GATE}; nothing is exported"
            )
        student = joint.Student(tokenizer, dense, model)
        frozen.train_projector(folder, student, tokenizer, FROZEN)
    export(student.llava, tokenizer, weights)
    machine = f"{torch.get_num_threads()} threads of a {platform.machine()} processor"
    record = training_record(folder / "training.jsonl", RECIPES[name], machine, reading)
    write_json_atomic(weights / TRAINING, record, readable=True)


def measure(weights: Path, name: str) -> Evaluation:
    """Evaluate the weights in a folder, loaded as any other model, and renew their card."""
    evaluation = evaluate(load_vlm(str(weights)))
    write_card(weights, name, SUMMARIES[name], evaluation)
    return evaluation


def _reading(model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast) -> dict[str, float]:
    return {form: notes_recall(model, tokenizer, form) for form in FORMS}


def _tokenizer(path: Path) -> PreTrainedTokenizerFast:
    if not (path / "tokenizer.json").exists():
        build_tokenizer().save_pretrained(path)
    tokenizer = PreTrainedTokenizerFast.from_pretrained(path, local_files_only=True)
    return cast(PreTrainedTokenizerFast, tokenizer)
