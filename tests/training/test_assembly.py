from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from transformers import CLIPVisionConfig, Dinov2Config, LlamaConfig, SiglipVisionConfig

from harness.core.errors import DataError, UsageError
from harness.training.assembly import assemble, caption_room
from harness.training.components import Component
from harness.training.recipe import ProjectorRecipe
from harness.vlms.controlled.presets import ENCODERS

MEAN, STD = [0.48145466, 0.4578275, 0.40821073], [0.26862954, 0.26130258, 0.27577711]
SIZES: dict[str, Any] = {
    "hidden_size": 1024,
    "num_hidden_layers": 24,
    "patch_size": 14,
    "num_attention_heads": 16,
}


@pytest.fixture
def text(tmp_path: Path) -> Component:
    """Return a language model's configuration at the paper's size."""
    config = LlamaConfig(hidden_size=4096, intermediate_size=14336, num_hidden_layers=32)
    config.save_pretrained(tmp_path / "llm")
    return Component(tmp_path / "llm", "some/llm", "1" * 64)


def encoder(folder: Path, config: object, mean: list[float], std: list[float]) -> Component:
    config.save_pretrained(folder)  # type: ignore[attr-defined]
    settings = {"image_mean": mean, "image_std": std}
    (folder / "preprocessor_config.json").write_text(json.dumps(settings))
    return Component(folder, "some/encoder", "2" * 64)


def test_clip_is_used_as_in_the_paper(text: Component, tmp_path: Path) -> None:
    """Padded at its own size, and the paper's layers counted without the last block."""
    vision = encoder(tmp_path / "v", CLIPVisionConfig(image_size=336, **SIZES), MEAN, STD)
    config = assemble(ProjectorRecipe(), text, vision)
    paper = ENCODERS["clip-l"]
    assert config.image == paper.image
    assert tuple(25 + layer for layer in config.features) == paper.features
    assert (config.projector.in_size, config.projector.hidden_size) == (2048, 14336)
    assert (config.projector.kind, config.projector.bias) == ("gated", False)
    assert (config.pad_embed, config.sequence, config.placeholder) == (True, "rows", True)
    assert (config.num_hidden_layers, config.hidden_size) == (32, 4096)
    assert (config.language_model, config.encoder_hash) == ("some/llm", "2" * 64)


def test_dinov2_and_siglip_are_used_as_in_the_paper(text: Component, tmp_path: Path) -> None:
    """Stretched, DINOv2 to 336 pixels and SigLIP to whole patches; nothing to mark as padded."""
    for name, given in (
        ("dinov2-l", Dinov2Config(image_size=518, **SIZES)),
        ("siglip", SiglipVisionConfig(image_size=384, **{**SIZES, "num_hidden_layers": 27})),
    ):
        paper = ENCODERS[name]
        mean, std = list(paper.image.mean), list(paper.image.std)
        config = assemble(ProjectorRecipe(), text, encoder(tmp_path / name, given, mean, std))
        assert config.image == paper.image
        depth = given.num_hidden_layers
        assert tuple(depth + 1 + layer for layer in config.features) == paper.features
        assert not config.pad_embed


def test_the_recipe_wins(text: Component, tmp_path: Path) -> None:
    """Layers, sizes and the way to square are the recipe's where it names them."""
    vision = encoder(tmp_path / "v", CLIPVisionConfig(image_size=336, **SIZES), MEAN, STD)
    recipe = ProjectorRecipe(
        projector="mlp", hidden=77, features=(-1,), resize="crop", side=224, placeholder=False
    )
    config = assemble(recipe, text, vision)
    assert (config.image.mode, config.image.size) == ("crop", 224)
    assert (config.projector.in_size, config.projector.hidden_size) == (1024, 77)
    assert config.projector.bias
    assert config.features == (-1,)
    assert not config.pad_embed
    linear = assemble(ProjectorRecipe(projector="linear"), text, vision)
    assert (linear.projector.hidden_size, linear.projector.bias) == (0, False)


def test_an_encoder_without_its_processor_is_one_line(text: Component, tmp_path: Path) -> None:
    """Mean and deviation are never guessed."""
    vision = encoder(tmp_path / "v", CLIPVisionConfig(**SIZES), MEAN, STD)
    settings = tmp_path / "v" / "preprocessor_config.json"
    settings.write_text("{}")
    with pytest.raises(DataError, match="cannot read image_mean"):
        assemble(ProjectorRecipe(), text, vision)
    settings.unlink()
    with pytest.raises(DataError, match="expected the encoder's image processor"):
        assemble(ProjectorRecipe(), text, vision)


def test_a_sequence_must_leave_room_for_the_caption() -> None:
    """The message says how much the rest takes."""
    assert caption_room(100, 81, 0, 6) == 12
    with pytest.raises(UsageError, match=r"length = 88: expected more than 88"):
        caption_room(88, 81, 0, 6)
