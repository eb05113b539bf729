"""The paper's controlled recipe: encoder and language model frozen, only the projector learns."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import torch
from transformers import PreTrainedTokenizerFast

from harness.mini.recipe.documents import PictureDocuments, Writer
from harness.mini.recipe.joint import PICTURES, Student
from harness.mini.recipe.language import weighted_loss
from harness.mini.recipe.loop import Losses, Schedule, checkpoint_step, train
from harness.mini.recipe.views import TRAINING_SEED, batches, normalise

_SEED: Final = TRAINING_SEED + 30_000_000


def train_projector(
    folder: Path, student: Student, tokenizer: PreTrainedTokenizerFast, schedule: Schedule
) -> None:
    """Train the projector alone on dialogues about pictures, resuming from ``folder``."""
    student.requires_grad_(False)
    student.llava.model.multi_modal_projector.requires_grad_(True)
    first = checkpoint_step(folder / "frozen.checkpoint.safetensors")
    stream = batches(PictureDocuments(Writer(tokenizer), _SEED), PICTURES, first, schedule.steps)

    def loss_of(step: int) -> Losses:
        pixels, _, ids, weights = next(stream)
        with torch.autocast("cpu", torch.bfloat16):
            logits, _ = student(normalise(pixels), ids)
        return {"picture": weighted_loss(logits, ids, weights)}

    train("frozen", student, loss_of, schedule, folder)
