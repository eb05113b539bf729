"""The whole recipe in order; every stage continues where it stopped."""

from __future__ import annotations

import platform
from pathlib import Path
from types import MappingProxyType
from typing import Final, cast

import torch
from transformers import PreTrainedTokenizerFast

from harness.core.files import write_errors, write_json_atomic
from harness.core.progress import announce
from harness.mini.recipe import encoder, joint, language
from harness.mini.recipe.card import TRAINING, training_record, write_card
from harness.mini.recipe.evaluate import Evaluation, evaluate
from harness.mini.recipe.export import export
from harness.mini.recipe.loop import Schedule
from harness.mini.recipe.reading import FORMS, notes_recall
from harness.mini.recipe.tokenizer import build_tokenizer
from harness.vlms.registry import load_vlm

ENCODER: Final = Schedule(steps=3000, peak=1.5e-3, warmup=60, every=100)
LANGUAGE: Final = Schedule(steps=1400, peak=1.5e-3, warmup=60, floor=0.1, every=50)
JOINT: Final = Schedule(steps=3000, peak=1e-3, warmup=100, every=50)
STAGES: Final = MappingProxyType(
    {
        "encoder": (ENCODER, f"{encoder.BATCH} pictures"),
        "language": (LANGUAGE, f"{language.BATCH} texts"),
        "joint": (JOINT, f"{joint.PICTURES} pictures, {joint.TEXTS} texts"),
    }
)
"""Stage name to its schedule and what one step sees."""
SUMMARY: Final = "The bundled miniature vision-language model, all parts trained together."


def make_mini(folder: Path, weights: Path) -> None:
    """Train ``mini`` with checkpoints and log in ``folder`` and export it to ``weights``."""
    with write_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
    tokenizer = _tokenizer(folder / "tokenizer")
    announce(f"encoder, dense labels: {ENCODER.steps} steps")
    dense = encoder.pretrain_encoder(folder, ENCODER)
    announce(f"language model, texts: {LANGUAGE.steps} steps")
    model = language.pretrain_language(folder, tokenizer, LANGUAGE)
    reading: dict[str, float] = {form: notes_recall(model, tokenizer, form) for form in FORMS}
    announce(f"all parts together: {JOINT.steps} steps")
    student = joint.Student(tokenizer, dense, model)
    joint.train_jointly(folder, student, tokenizer, JOINT)
    export(student.llava, tokenizer, weights)
    machine = f"{torch.get_num_threads()} threads of a {platform.machine()} processor"
    record = training_record(folder / "training.jsonl", STAGES, machine, reading)
    write_json_atomic(weights / TRAINING, record, readable=True)


def measure(weights: Path, name: str) -> Evaluation:
    """Evaluate the weights in a folder, loaded as any other model, and renew their card."""
    evaluation = evaluate(load_vlm(str(weights)))
    write_card(weights, name, SUMMARY, evaluation)
    return evaluation


def _tokenizer(path: Path) -> PreTrainedTokenizerFast:
    if not (path / "tokenizer.json").exists():
        build_tokenizer().save_pretrained(path)
    tokenizer = PreTrainedTokenizerFast.from_pretrained(path, local_files_only=True)
    return cast(PreTrainedTokenizerFast, tokenizer)
