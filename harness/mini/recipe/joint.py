"""Joint training: encoder, projector and language model together, as off-the-shelf models are."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn
from transformers import (
    LlamaForCausalLM,
    LlavaForConditionalGeneration,
    PreTrainedTokenizerFast,
)

from harness.mini.recipe.architecture import llava_config
from harness.mini.recipe.documents import TEXT_SEED, PictureDocuments, TextDocuments, Writer
from harness.mini.recipe.encoder import DenseEncoder
from harness.mini.recipe.language import weighted_loss
from harness.mini.recipe.loop import Losses, Schedule, checkpoint_step, train
from harness.mini.recipe.views import TRAINING_SEED, batches, normalise

PICTURES: int = 24
TEXTS: int = 6
_DENSE_WEIGHT = 0.2
_JOINT_SEED = TRAINING_SEED + 10_000_000
_JOINT_TEXT_SEED = TEXT_SEED + 10_000_000


class Student(nn.Module):
    """A LLaVA model under training, with the encoder's dense heads beside it."""

    def __init__(
        self, tokenizer: PreTrainedTokenizerFast, dense: DenseEncoder, language: LlamaForCausalLM
    ) -> None:
        """Put pretrained parts into one transformers model; the projector starts fresh."""
        super().__init__()
        self.llava = LlavaForConditionalGeneration(llava_config(tokenizer))
        self.llava.model.vision_tower.load_state_dict(dense.vision.state_dict())
        self.llava.model.language_model.load_state_dict(language.model.state_dict())
        self.llava.lm_head.load_state_dict(language.lm_head.state_dict())
        self.dense = dense
        self.dense.vision = self.llava.model.vision_tower

    def forward(self, pixels: Tensor, ids: Tensor) -> tuple[Tensor, Tensor]:
        """Return logits [b, t, v] and encoder features [p, 81, 160].

        ``pixels`` are the first p rows' pictures, float [p, 3, 144, 144]; the other rows of ``ids``
        [b, t] are text only.
        """
        core = self.llava.model
        features = self.dense.features(pixels)
        projected = core.multi_modal_projector(features)
        embedded = core.get_input_embeddings()(ids)
        seen = len(pixels)
        first = 1  # the start token comes before the picture
        pictures = torch.cat(
            [
                embedded[:seen, :first],
                projected.to(embedded.dtype),
                embedded[:seen, first + projected.shape[1] :],
            ],
            dim=1,
        )
        states = core.language_model(
            inputs_embeds=torch.cat([pictures, embedded[seen:]]), use_cache=False
        ).last_hidden_state
        return self.llava.lm_head(states), features


def train_jointly(
    folder: Path, student: Student, tokenizer: PreTrainedTokenizerFast, schedule: Schedule
) -> None:
    """Train all parts on dialogues, dense labels and text documents, resuming from ``folder``."""
    first = checkpoint_step(folder / "joint.checkpoint.safetensors")
    writer = Writer(tokenizer)
    looks = batches(PictureDocuments(writer, _JOINT_SEED), PICTURES, first, schedule.steps)
    texts = batches(TextDocuments(writer, _JOINT_TEXT_SEED), TEXTS, first, schedule.steps)

    def loss_of(step: int) -> Losses:
        pixels, labels, ids, weights = next(looks)
        text_ids, text_weights = next(texts)
        with torch.autocast("cpu", torch.bfloat16):
            logits, features = student(normalise(pixels), torch.cat([ids, text_ids]))
            dense = student.dense.dense_losses(features, labels)
        seen = len(pixels)
        return {
            "picture": weighted_loss(logits[:seen], ids, weights),
            "text": weighted_loss(logits[seen:], text_ids, text_weights) * (TEXTS / PICTURES),
            "dense": torch.stack(list(dense.values())).sum() * _DENSE_WEIGHT,
        }

    train("joint", student, loss_of, schedule, folder)
