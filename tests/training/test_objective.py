"""The loss of a controlled model is that of the whole model whose parts and projector it has."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from transformers import AutoProcessor, LlavaForConditionalGeneration

from harness.data.sources import open_source
from harness.mini.entry import WEIGHTS
from harness.training.assembly import assemble
from harness.training.captions import Example, caption_of
from harness.training.components import ENCODER, LANGUAGE_MODEL, find_component
from harness.training.feed import CaptionTokens, Feed
from harness.training.heldout import measure
from harness.training.objective import CaptionObjective
from harness.training.recipe import load_recipe
from harness.training.workers import Alone
from harness.vlms.controlled.model import ControlledModel, build

SCENES = 12


@pytest.fixture(scope="module")
def whole() -> Any:
    """Return the bundled miniature as transformers loads it."""
    models: Any = LlavaForConditionalGeneration
    return models.from_pretrained(WEIGHTS / "mini-frozen", dtype=torch.float32).eval()


@pytest.fixture(scope="module")
def model(whole: Any, tmp_path_factory: pytest.TempPathFactory) -> ControlledModel:
    """Return its parts joined anew, with the projector that it has."""
    folder = tmp_path_factory.mktemp("joined")
    parts = [find_component("mini-frozen", part, folder) for part in (LANGUAGE_MODEL, ENCODER)]
    model = build(assemble(load_recipe("mini", {}), *parts), folder)
    shipped = whole.model.multi_modal_projector
    with torch.no_grad():
        for own, theirs in (
            (model.projector.w1, shipped.linear_1),
            (model.projector.w2, shipped.linear_2),
        ):
            own.weight.copy_(theirs.weight)
            own.bias.copy_(theirs.bias)
    return model


@pytest.mark.parametrize("end", [True, False])
def test_the_loss_is_that_of_the_whole_model(whole: Any, model: ControlledModel, end: bool) -> None:
    """Same pictures, same words, same mean: start, picture, question and caption are in place."""
    source = open_source(f"scenes:{SCENES}+{SCENES}")
    examples = [Example(record, 0) for record in source.records()]
    processors: Any = AutoProcessor
    processor = processors.from_pretrained(WEIGHTS / "mini-frozen", backend="pil")
    stop = model.tokenizer.eos_token_id if end else None
    assert stop is None or isinstance(stop, int)
    total, count = 0.0, 0
    for example in examples:
        question = f"<image>{model.config.prompt}"
        told = f" {caption_of(source, example)}" + ("</s>" if end else "")
        image = source.open(example.image)
        asked = processor(images=[image], text=[question], return_tensors="pt")
        given = processor(images=[image], text=[question + told], return_tensors="pt")
        labels = given["input_ids"].clone()
        labels[:, : asked["input_ids"].shape[1]] = -100
        with torch.no_grad():
            loss = float(whole(**given, labels=labels).loss)
        total += loss * int((labels != -100).sum())
        count += int((labels != -100).sum())
    tokens = CaptionTokens(model.tokenizer, stop, 90, first_only=False)
    cpu = torch.device("cpu")
    feed = Feed(source, model.config.image, model.encoder.patch, tokens, model.encoder, cpu)
    objective = CaptionObjective(model, dropout=0.5, precision=torch.float32)
    found = measure(objective, feed, examples, 5, Alone("cpu"), 7)
    assert (found.step, found.tokens, found.captions) == (7, count, SCENES)
    assert found.loss == pytest.approx(total / count, rel=1e-4)
    if not end:
        assert found.loss < 0.6  # it was trained to say these captions


def test_dropout_is_only_where_captions_are_said(model: ControlledModel) -> None:
    """A key adds noise, the same key the same; without one the loss is exact."""
    source = open_source("scenes:3+2")
    examples = [Example(record, 0) for record in source.records()]
    tokens = CaptionTokens(model.tokenizer, None, 90, first_only=False)
    cpu = torch.device("cpu")
    feed = Feed(source, model.config.image, model.encoder.patch, tokens, model.encoder, cpu)
    batch = next(feed.batches([examples]))
    objective = CaptionObjective(model, dropout=0.3, precision=torch.float32)
    quiet = CaptionObjective(model, dropout=0.0, precision=torch.float32)
    with torch.no_grad():
        plain, noisy, again, other = (
            float(objective(batch, key).entropy) for key in (None, 1, 1, 2)
        )
        assert float(quiet(batch, 1).entropy) == plain
    assert noisy == again
    assert len({plain, noisy, other}) == 3
