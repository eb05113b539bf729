"""Text-only pretraining of the language model: phrases, and scenes given as notes."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional
from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

from harness.mini.recipe.architecture import text_config
from harness.mini.recipe.documents import TEXT_SEED, TextDocuments, Writer
from harness.mini.recipe.loop import Losses, Schedule, checkpoint_step, train
from harness.mini.recipe.views import batches

BATCH = 24


def weighted_loss(logits: Tensor, ids: Tensor, weights: Tensor) -> Tensor:
    """Return the weighted mean cross-entropy of predicting ids [b, t] from logits [b, t, v]."""
    wanted = weights[:, 1:].flatten()
    losses = functional.cross_entropy(
        logits[:, :-1].flatten(0, 1).float(), ids[:, 1:].flatten(), reduction="none"
    )
    return (losses * wanted).sum() / wanted.sum()


def pretrain_language(
    folder: Path, tokenizer: PreTrainedTokenizerFast, schedule: Schedule
) -> LlamaForCausalLM:
    """Train a fresh language model on text documents, resuming from ``folder``."""
    torch.manual_seed(2)
    model = LlamaForCausalLM(text_config(tokenizer))
    _train(folder, "language", model, TextDocuments(Writer(tokenizer), TEXT_SEED), schedule)
    return model


def train_reader(
    folder: Path,
    tokenizer: PreTrainedTokenizerFast,
    model: LlamaForCausalLM,
    schedule: Schedule,
) -> None:
    """Go on training a language model on new documents until it reads notes well.

    The frozen recipe needs this; in joint training the model learns to read from pictures.
    """
    documents = TextDocuments(Writer(tokenizer), TEXT_SEED + 20_000_000)
    _train(folder, "reader", model, documents, schedule)


def _train(
    folder: Path, name: str, model: LlamaForCausalLM, documents: TextDocuments, schedule: Schedule
) -> None:
    first = checkpoint_step(folder / f"{name}.checkpoint.safetensors")
    stream = batches(documents, BATCH, first, schedule.steps)

    def loss_of(step: int) -> Losses:
        ids, weights = next(stream)
        with torch.autocast("cpu", torch.bfloat16):
            logits = model(input_ids=ids, use_cache=False).logits
        return {"text": weighted_loss(logits, ids, weights)}

    train(name, model, loss_of, schedule, folder)
