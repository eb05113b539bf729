"""The recipe in the small: labels, documents, loop and export do what training relies on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn
from transformers import PreTrainedTokenizerFast

from harness.core.rng import keyed_rng
from harness.mini.entry import WEIGHTS
from harness.mini.grammar import caption
from harness.mini.recipe.documents import (
    LENGTH,
    TEXT_SEED,
    PictureDocuments,
    TextDocuments,
    Writer,
    word_grid,
)
from harness.mini.recipe.encoder import DenseEncoder, whiten_patches
from harness.mini.recipe.language import weighted_loss
from harness.mini.recipe.loop import Losses, Schedule, checkpoint_step, train
from harness.mini.recipe.views import (
    IGNORED,
    KIND_NAMES,
    TRAINING_SEED,
    Views,
    normalise,
    patch_labels,
    patch_owners,
)
from harness.mini.scenes import PARTS, draw_scene, sample_scene


@pytest.fixture(scope="module")
def writer() -> Writer:
    """Return a writer with the shipped tokenizer."""
    return Writer(PreTrainedTokenizerFast.from_pretrained(WEIGHTS / "mini"))


def test_patch_labels_follow_the_pixels() -> None:
    """The labelled object covers a fifth of its patch and more than any other does."""
    scene = sample_scene(11)
    drawing = draw_scene(scene)
    owners = patch_owners(drawing, len(scene.objects))
    labels = patch_labels(scene, drawing)
    assert (owners >= 0).any()
    for patch, owner in enumerate(owners.tolist()):
        row, col = divmod(patch, 9)
        cell = drawing.object_map[row * 16 : row * 16 + 16, col * 16 : col * 16 + 16]
        shares = [float((cell == i).mean()) for i in range(len(scene.objects))]
        if owner < 0:
            assert max(shares) < 0.2
            assert labels[patch, 0] == len(KIND_NAMES)
            assert labels[patch, 1] == labels[patch, 2] == IGNORED
        else:
            assert shares[owner] == max(shares) >= 0.2
            assert KIND_NAMES[labels[patch, 0]] == scene.objects[owner].kind
            assert labels[patch, 3] == IGNORED
    assert labels.shape == (81, 4 + len(PARTS))


def test_training_pixels_are_the_processors(writer: Writer) -> None:
    """What the encoder is trained on is what the shipped image processor gives it."""
    from PIL import Image
    from transformers import CLIPImageProcessorPil

    scene = sample_scene(4)
    processor = CLIPImageProcessorPil.from_pretrained(WEIGHTS / "mini")
    pixels, _ = Views(4)[0]
    given = processor(Image.fromarray(draw_scene(scene).image), return_tensors="pt")["pixel_values"]
    torch.testing.assert_close(normalise(pixels[None]), given, atol=1e-5, rtol=0)


def test_picture_document_is_start_picture_and_weighted_answers(writer: Writer) -> None:
    """81 image places behind the start token without weight; answers weigh most."""
    _, _, ids, weights = PictureDocuments(writer, TRAINING_SEED)[7]
    assert ids.shape == weights.shape == (LENGTH,)
    assert ids[0] == writer.bos
    assert (ids[1:82] == writer.image).all()
    assert (weights[:82] == 0).all()
    assert (weights[ids == writer.pad] == 0).all()
    text = writer.tokenizer.decode(ids[weights >= 1].tolist(), skip_special_tokens=True)
    whole = caption(sample_scene(TRAINING_SEED + 7))
    assert whole.rstrip(".") in text
    assert "describe" not in text


def test_word_grid_is_true_of_every_patch(writer: Writer) -> None:
    """Each word names the object or the background of its own patch."""
    scene = sample_scene(21)
    drawing = draw_scene(scene)
    ids = word_grid(writer, scene, drawing, keyed_rng("test", 1))
    owners = patch_owners(drawing, len(scene.objects))
    for number, owner in zip(ids, owners.tolist(), strict=True):
        if owner >= 0:
            thing = scene.objects[owner]
            names = (thing.kind, thing.colour, thing.material)
            assert number in {writer.first_id(name) for name in names}


def test_documents_depend_on_their_number_alone(writer: Writer) -> None:
    """Two readers see the same documents; neighbours differ."""
    first, second = TextDocuments(writer, TEXT_SEED), TextDocuments(writer, TEXT_SEED)
    for number in range(4):
        assert torch.equal(first[number].ids, second[number].ids)
    assert not torch.equal(first[0].ids, first[4].ids)


def test_weighted_loss_predicts_the_next_token() -> None:
    """Position t is scored by the weight of token t + 1; weight 0 is ignored."""
    ids = torch.tensor([[0, 1, 2]])
    logits = torch.full((1, 3, 3), -50.0)
    logits[0, 0, 1] = 50.0
    assert float(weighted_loss(logits, ids, torch.tensor([[9.0, 1.0, 0.0]]))) == pytest.approx(0)
    assert float(weighted_loss(logits, ids, torch.tensor([[0.0, 0.0, 1.0]]))) > 1


def test_whitened_filters_give_components_of_like_size() -> None:
    """Patch embeddings of drawn patches have no dominant direction, unlike fresh filters'."""
    torch.manual_seed(0)
    model = DenseEncoder()
    pixels = torch.stack([Views(TRAINING_SEED)[i][0] for i in range(40)])

    def dominance() -> float:
        embedded = model.vision.embeddings.patch_embedding(normalise(pixels)).flatten(2)
        rows = embedded.transpose(1, 2).flatten(0, 1).detach()
        values = torch.linalg.eigvalsh(torch.cov(rows.T))
        return float(values[-1] / values.sum())

    fresh = dominance()
    whiten_patches(model, TRAINING_SEED)
    assert fresh > 0.3
    assert dominance() < 0.05


class Toy(nn.Module):
    """A module with a matrix inside ``layers``, as Muon looks for, and a vector."""

    def __init__(self) -> None:
        """Start from fixed weights."""
        super().__init__()
        torch.manual_seed(3)
        self.layers = nn.ModuleList([nn.Linear(4, 4)])
        self.scale = nn.Parameter(torch.ones(4))


def toy_loss(model: Toy) -> object:
    """Return a loss function whose batch depends on the step alone."""

    def loss_of(step: int) -> Losses:
        batch = torch.from_numpy(np.random.default_rng(step).standard_normal((8, 4))).float()
        return {"square": (model.layers[0](batch) * model.scale - batch).pow(2).mean()}

    return loss_of


def test_interrupted_training_ends_with_the_same_weights(tmp_path: Path) -> None:
    """Six steps, or three and three more from the checkpoint: equal to the last bit."""
    schedule = Schedule(steps=6, peak=1e-2, warmup=2, every=3)
    whole, halves = Toy(), Toy()
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    train("toy", whole, toy_loss(whole), schedule, tmp_path / "a")  # type: ignore[arg-type]

    def stop_at_4(step: int) -> Losses:
        if step == 4:
            raise KeyboardInterrupt
        return toy_loss(halves)(step)  # type: ignore[operator,no-any-return]

    with pytest.raises(KeyboardInterrupt):
        train("toy", halves, stop_at_4, schedule, tmp_path / "b")
    assert checkpoint_step(tmp_path / "b" / "toy.checkpoint.safetensors") == 3
    resumed = Toy()
    train("toy", resumed, toy_loss(resumed), schedule, tmp_path / "b")  # type: ignore[arg-type]
    for name, value in whole.state_dict().items():
        assert torch.equal(value, resumed.state_dict()[name]), name
