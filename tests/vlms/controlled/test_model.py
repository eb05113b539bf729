"""Sequences, trained parts and what is refused when parts do not belong together."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from harness.core.errors import DataError, MismatchError, UsageError
from harness.vlms.controlled.components import with_hashes
from harness.vlms.controlled.config import (
    COMPONENTS,
    WEIGHTS,
    ControlledConfig,
    read_config,
    write_config,
)
from harness.vlms.controlled.model import IGNORED, ControlledModel, build
from tests.vlms.checkpoints.controlled import GRID, HIDDEN, VISION, Variant
from tests.vlms.controlled.conftest import Directory

PATCHES = GRID * GRID
ROWS = Variant()
BARE = Variant(sequence="bare", placeholder=False, mode="squash", projector="mlp")


def fresh(directory: Directory, variant: Variant = ROWS) -> ControlledModel:
    """Return a model of a variant with its stored parts."""
    path = directory(variant)
    model = build(read_config(path), path)
    model.load(path)
    return model


def features(batch: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(5)
    return torch.randn(batch, PATCHES, 2 * VISION, generator=generator)


def copy(directory: Directory, target: Path, **changes: Any) -> Path:
    """Copy a directory and change its configuration without checking it."""
    path = Path(shutil.copytree(directory(ROWS), target))
    file = path / "config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | changes))
    return path


def test_rows_are_framed_and_closed(directory: Directory) -> None:
    """Start, image start, four times four patches and a column marker, image end, prompt."""
    model = fresh(directory)
    prompt = model.encode_prompt(model.config.prompt)
    given = model.embed(features(1), torch.ones(1, PATCHES), prompt, [[]])
    table = model.language_model.get_input_embeddings().weight
    marks = {name: model.markers[name] for name in model.config.markers}
    projected = model.projector(features(1))[0] + marks["im_patch"]
    expected = [table[model.tokenizer.convert_tokens_to_ids("<s>")], marks["im_start"]]
    for row in range(GRID):
        expected += [*projected[row * GRID : (row + 1) * GRID], marks["im_col"]]
    expected += [marks["im_end"], *(table[token] for token in prompt)]
    assert torch.allclose(given.inputs_embeds[0], torch.stack(expected), atol=1e-5)
    assert torch.allclose(given.inputs_embeds[0, given.visual], projected, atol=1e-5)
    assert len(prompt) > 1


def test_bare_patches_stand_between_start_and_prompt(directory: Directory) -> None:
    """Nothing is added to them."""
    model = fresh(directory, BARE)
    given = model.embed(features(2), torch.ones(2, PATCHES), [5, 6], [[], []])
    table = model.language_model.get_input_embeddings().weight
    assert given.inputs_embeds.shape == (2, 1 + PATCHES + 2, HIDDEN)
    assert torch.allclose(given.inputs_embeds[:, 1 : 1 + PATCHES], model.projector(features(2)))
    assert torch.equal(given.inputs_embeds[1, -2:], table[torch.tensor([5, 6])])
    assert given.visual.tolist() == list(range(1, 1 + PATCHES))


def test_placeholder_alone_distinguishes_added_from_replaced(directory: Directory) -> None:
    """Bare with a placeholder: projected features plus one vector."""
    model = fresh(directory, Variant(sequence="bare"))
    given = model.embed(features(1), torch.ones(1, PATCHES), [], [[]])
    projected = model.projector(features(1)) + model.markers["im_patch"]
    assert torch.allclose(given.inputs_embeds[:, 1:], projected, atol=1e-5)


def test_pad_vectors_are_added_to_empty_and_partial_patches(directory: Directory) -> None:
    """The first where no pixel is image, the second where some are."""
    model = fresh(directory)
    real = torch.ones(1, PATCHES)
    real[0, 3], real[0, 7] = 0.0, 0.25
    changed = features(1)
    changed[0, 3] += model.pad_embed.detach()[0]
    changed[0, 7] += model.pad_embed.detach()[1]
    found = model.project(features(1), real)
    assert torch.allclose(found, model.project(changed, torch.ones(1, PATCHES)), atol=1e-5)
    assert not torch.allclose(found, model.project(features(1), torch.ones(1, PATCHES)), atol=1e-3)


def test_labels_are_the_caption_and_nothing_else(directory: Directory) -> None:
    """Shorter captions are padded on the right, masked and without labels."""
    model = fresh(directory)
    captions = [[9, 8, 7, 2], [6, 2]]
    given = model.embed(features(2), torch.ones(2, PATCHES), [5, 6], captions)
    head = given.labels.shape[1] - 4
    assert given.labels[0].tolist() == [IGNORED] * head + captions[0]
    assert given.labels[1].tolist() == [IGNORED] * head + [6, 2, IGNORED, IGNORED]
    assert given.attention_mask.sum(1).tolist() == [head + 4, head + 2]
    table = model.language_model.get_input_embeddings().weight
    assert torch.equal(given.inputs_embeds[0, head:], table[torch.tensor(captions[0])])


def test_loss_of_a_batch_is_that_of_its_members(directory: Directory) -> None:
    """Padding leaks nowhere: weighted by their tokens, single losses give the batch's."""
    model = fresh(directory)
    captions = [[9, 8, 7, 2], [6, 2]]
    real = torch.ones(2, PATCHES)
    with torch.no_grad():
        both = float(model(features(2), real, [5], captions).loss)
        single = [
            float(model(features(2)[row : row + 1], real[:1], [5], captions[row : row + 1]).loss)
            for row in range(2)
        ]
    assert both == pytest.approx((4 * single[0] + 2 * single[1]) / 6, rel=1e-5)


@pytest.mark.parametrize(
    ("variant", "names"),
    [
        (
            ROWS,
            {"projector.w1.weight", "projector.w2.weight", "projector.w3.weight", "pad_embed"}
            | {f"markers.{name}" for name in ("im_start", "im_end", "im_patch", "im_col")},
        ),
        (
            BARE,
            {f"projector.{w}.{kind}" for w in ("w1", "w2") for kind in ("weight", "bias")},
        ),
        (
            Variant(projector="linear", mode="squash", marker_ids=(1, 2, 3, 4)),
            {"projector.w1.weight"},
        ),
    ],
)
def test_gradients_reach_the_trained_parts_alone(
    directory: Directory, variant: Variant, names: set[str]
) -> None:
    """Every trained part moves the loss; the frozen ones have no gradient."""
    model = fresh(directory, variant).train()
    assert set(model.trainable()) == names
    real = torch.tensor([[0.0, 0.5, *[1.0] * (PATCHES - 2)]])
    model(features(1), real, [5], [[9, 2]]).loss.backward()
    for name, parameter in model.trainable().items():
        assert parameter.grad is not None, name
        assert parameter.grad.any(), name
    frozen = set(dict(model.named_parameters())) - names
    assert frozen
    assert all(dict(model.named_parameters())[name].grad is None for name in frozen)
    assert not model.language_model.training
    assert not model.encoder.training


def test_saved_parts_load_to_the_bit(directory: Directory, tmp_path: Path) -> None:
    """Into a model with other first values."""
    model = fresh(directory)
    model.save(tmp_path)
    torch.manual_seed(99)
    path = directory(ROWS)
    other = build(read_config(path), path)
    before = other.projector.w1.weight.clone()
    other.load(tmp_path)
    assert not torch.equal(before, other.projector.w1.weight)
    for name, parameter in model.trainable().items():
        assert torch.equal(parameter, other.trainable()[name])
    assert read_config(tmp_path) == model.config


def test_borrowed_markers_are_rows_of_the_language_model(directory: Directory) -> None:
    """They are neither trained nor stored."""
    ids = (360, 361, 362, 363)
    model = fresh(directory, Variant(marker_ids=ids))
    table = model.language_model.get_input_embeddings().weight
    given = model.embed(features(1), torch.ones(1, PATCHES), [], [[]]).inputs_embeds[0]
    assert torch.equal(given[1], table[360])
    assert torch.equal(given[2 + GRID], table[363])
    assert torch.equal(given[-1], table[361])
    projected = model.projector(features(1))[0, 0]
    assert torch.allclose(given[2], projected + table[362], atol=1e-5)
    assert not any(
        "marker" in name for name in load_file(directory(Variant(marker_ids=ids)) / WEIGHTS)
    )


def test_start_token_is_the_end_token_where_there_is_no_other(directory: Directory) -> None:
    """As for OLMo and Qwen2."""
    with_start = fresh(directory)
    without = fresh(directory, Variant(bos=False))
    assert with_start.start_id == with_start.tokenizer.bos_token_id
    assert without.tokenizer.bos_token_id is None
    assert without.start_id == without.tokenizer.eos_token_id


def test_trained_parts_stay_float32_beside_16_bits(directory: Directory) -> None:
    """Projected features may exceed what float16 holds; only the input is rounded."""
    path = directory(ROWS)
    model = build(read_config(path), path, "bfloat16")
    assert {p.dtype for p in model.trainable().values()} == {torch.float32}
    given = model.embed(features(1), torch.ones(1, PATCHES), [5], [[9]])
    assert given.inputs_embeds.dtype == torch.bfloat16


@pytest.mark.parametrize("part", ["language_model", "encoder"])
def test_a_missing_part_is_named_with_the_remedy(
    directory: Directory, tmp_path: Path, part: str
) -> None:
    """A path that is not there, and a hub id that cannot be reached."""
    for number, value in enumerate(("components/nowhere/at/all", "owner/absent-model")):
        path = copy(directory, tmp_path / str(number), **{part: value})
        with pytest.raises(
            UsageError, match=rf"{part}.*{value}.*written as '{part}' into"
        ) as caught:
            build(read_config(path), path)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("part", ["language_model", "encoder"])
def test_a_changed_part_is_refused(directory: Directory, tmp_path: Path, part: str) -> None:
    """One changed byte of a weight, after the hashes were recorded."""
    path = copy(directory, tmp_path / "m")
    config = with_hashes(read_config(path), path)
    write_config(path, config)
    build(config, path)
    file = path / COMPONENTS / part / "model.safetensors"
    tensors = load_file(file)
    next(iter(tensors.values())).add_(1)
    save_file(tensors, file, metadata={"format": "pt"})
    with pytest.raises(MismatchError, match=rf"{part} .* is not the one the projector was trained"):
        build(config, path)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"num_hidden_layers": 9}, "number of blocks is 3, but the configuration says 9"),
        ({"features": [1]}, "joined features is 24, but the configuration says 48"),
        ({"marker_ids": [1, 2, 3, 10_000]}, "has 368 rows"),
    ],
)
def test_parts_that_do_not_fit_are_refused(
    directory: Directory, tmp_path: Path, changes: dict[str, Any], message: str
) -> None:
    """Before anything is computed."""
    path = copy(directory, tmp_path / "m", **changes)
    with pytest.raises(MismatchError, match=message):
        build(read_config(path), path)


def test_another_width_is_refused(directory: Directory, tmp_path: Path) -> None:
    """The language model's width is not the configuration's."""
    path = directory(ROWS)
    config = read_config(path)
    sizes = config.projector.model_copy(update={"out_size": 64})
    wide = ControlledConfig(**{**config.model_dump(), "hidden_size": 64, "projector": sizes})
    with pytest.raises(MismatchError, match="width is 32, but the configuration says 64"):
        build(wide, path)


def test_missing_and_misshapen_tensors_are_named(directory: Directory, tmp_path: Path) -> None:
    """A projector file of another model."""
    model = fresh(directory)
    tensors = load_file(directory(ROWS) / WEIGHTS)
    for name, changed, error, message in (
        ("a", {"projector.w3.weight": None}, DataError, "lacks 1 tensors.*w3"),
        ("c", {"markers.extra": torch.zeros(1)}, MismatchError, "has 1 tensors.*markers.extra"),
        ("b", {"pad_embed": torch.zeros(2, 5)}, MismatchError, r"pad_embed is \[2, 5\]"),
    ):
        (tmp_path / name).mkdir()
        kept = {key: value for key, value in (tensors | changed).items() if value is not None}
        save_file(kept, tmp_path / name / WEIGHTS)
        with pytest.raises(error, match=message):
            model.load(tmp_path / name)
    with pytest.raises(DataError, match=WEIGHTS):
        model.load(tmp_path / "nowhere")
    (tmp_path / WEIGHTS).write_bytes(b"not safetensors")
    with pytest.raises(DataError, match=WEIGHTS):
        model.load(tmp_path)
