"""Features are transformers' own hidden states, whatever the encoder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import (
    AutoModel,
    CLIPConfig,
    CLIPModel,
    CLIPVisionConfig,
    SiglipConfig,
    SiglipModel,
)

from harness.core.errors import DataError, MismatchError
from harness.vlms.controlled.config import COMPONENTS, ImageSettings
from harness.vlms.controlled.encoders import Encoder, load_encoder
from harness.vlms.loading import parse_placement
from tests.vlms.checkpoints.controlled import DEPTH, GRID, PATCH, VISION, Variant
from tests.vlms.controlled.conftest import Directory

CPU = parse_placement("float32", "cpu")
KINDS = ("clip", "dinov2", "siglip")


def settings(grid: int = GRID, offset: float = 0.0) -> ImageSettings:
    """Return preprocessing of a grid; only the size matters here."""
    return ImageSettings(
        mode="squash",
        size=grid * PATCH,
        resample="bilinear",
        antialias=True,
        whole_levels=False,
        mean=(0.0, 0.0, 0.0),
        std=(1.0, 1.0, 1.0),
        position_offset=offset,
    )


def pixels(grid: int = GRID) -> torch.Tensor:
    return torch.randn(2, 3, grid * PATCH, grid * PATCH, generator=torch.Generator().manual_seed(3))


def part(directory: Directory, kind: Any) -> Path:
    return directory(Variant(encoder=kind)) / COMPONENTS / "encoder"


def oracle(path: Path, given: torch.Tensor, options: dict[str, Any]) -> tuple[torch.Tensor, ...]:
    """Return all hidden states of the whole model."""
    model = AutoModel.from_pretrained(path, local_files_only=True).eval()
    with torch.no_grad():
        states: tuple[torch.Tensor, ...] = model(
            pixel_values=given, output_hidden_states=True, **options
        ).hidden_states
    return states


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("layers", [(-2, 1), (1, -2), (-1,), (DEPTH, 1, 2)])
def test_features_are_hidden_states_joined_in_order(
    directory: Directory, kind: str, layers: tuple[int, ...]
) -> None:
    """Layer i is the output of i blocks before any last norm; no class token is among them."""
    path = part(directory, kind)
    states = oracle(path, pixels(), {})
    encoder = load_encoder(path, layers, settings(), CPU)
    expected = torch.cat([states[layer][:, -GRID * GRID :] for layer in layers], dim=-1)
    found = encoder(pixels())
    assert found.shape == (2, GRID * GRID, len(layers) * VISION)
    assert torch.allclose(found, expected, atol=1e-4 * float(expected.abs().max()))
    assert encoder.out_size == len(layers) * VISION
    assert len(encoder.blocks) == max(layer % (DEPTH + 1) for layer in layers)


@pytest.mark.parametrize("kind", ["clip", "siglip"])
def test_other_sizes_resize_the_positions(directory: Directory, kind: str) -> None:
    """As transformers does when asked to."""
    path = part(directory, kind)
    states = oracle(path, pixels(GRID + 2), {"interpolate_pos_encoding": True})
    found = load_encoder(path, (2,), settings(GRID + 2), CPU)(pixels(GRID + 2))
    assert torch.allclose(found, states[2][:, -((GRID + 2) ** 2) :], rtol=1e-4, atol=1e-3)


def test_dino_positions_move_with_the_offset(directory: Directory) -> None:
    """Sampled at native / (grid + 0.1) steps; each column checked against a bicubic by hand."""
    path = part(directory, "dinov2")
    native: Any = AutoModel.from_pretrained(path, local_files_only=True)
    table = native.embeddings.position_embeddings[0, 1:].detach().reshape(GRID + 1, GRID + 1, -1)
    encoder: Any = load_encoder(path, (1,), settings(offset=0.1), CPU)
    found = encoder.model.embeddings.position_embeddings[0, 1:].reshape(GRID, GRID, -1)
    weights = bicubic(GRID + 1, GRID, (GRID + 1) / (GRID + 0.1))
    expected = torch.einsum("ir,jc,rcd->ijd", weights, weights, table)
    assert torch.allclose(found, expected, atol=1e-4)
    unmoved: Any = load_encoder(path, (1,), settings(), CPU)
    assert not torch.allclose(
        unmoved.model.embeddings.position_embeddings[0, 1:].reshape(GRID, GRID, -1),
        expected,
        atol=1e-3,
    )


def bicubic(source: int, target: int, step: float) -> torch.Tensor:
    """Return [target, source] weights of Keys' kernel with a = -0.75, edges repeated."""

    def kernel(x: float) -> float:
        x = abs(x)
        if x <= 1:
            return 1.25 * x**3 - 2.25 * x**2 + 1
        return -0.75 * (x**3 - 5 * x**2 + 8 * x - 4) if x < 2 else 0.0

    weights = torch.zeros(target, source)
    for row in range(target):
        centre = (row + 0.5) * step - 0.5
        base = int(centre // 1)
        for tap in range(base - 1, base + 3):
            weights[row, min(max(tap, 0), source - 1)] += kernel(centre - tap)
    return weights


def test_vision_half_of_a_whole_model_is_taken(tmp_path: Path) -> None:
    """The hub's CLIP and SigLIP checkpoints hold a text model too."""
    sizes: dict[str, Any] = {
        "hidden_size": VISION,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "intermediate_size": 32,
    }
    image: dict[str, Any] = {"image_size": GRID * PATCH, "patch_size": PATCH}
    whole: list[Any] = [
        CLIPModel(CLIPConfig(text_config=sizes, vision_config={**sizes, **image})),
        SiglipModel(SiglipConfig(text_config=sizes, vision_config={**sizes, **image})),
    ]
    for number, model in enumerate(whole):
        path = tmp_path / str(number)
        model.save_pretrained(path)
        with torch.no_grad():
            states = model.vision_model(
                pixel_values=pixels(), output_hidden_states=True
            ).hidden_states
        found = load_encoder(path, (1,), settings(), CPU)(pixels())
        assert torch.allclose(found, states[1][:, -GRID * GRID :], atol=1e-4)


def test_encoder_is_frozen(directory: Directory) -> None:
    """No gradients, and never in training mode."""
    encoder = load_encoder(part(directory, "clip"), (1,), settings(), CPU)
    assert not any(parameter.requires_grad for parameter in encoder.parameters())
    assert not encoder.train().training
    assert not encoder(pixels()).requires_grad


@pytest.mark.parametrize("layer", [0, DEPTH + 1, -DEPTH - 1])
def test_a_layer_the_encoder_lacks_is_refused(directory: Directory, layer: int) -> None:
    """Never clamped."""
    with pytest.raises(MismatchError, match=rf"no layer {layer}: expected 1\.\.{DEPTH}"):
        load_encoder(part(directory, "clip"), (1, layer), settings(), CPU)


def test_unreadable_encoders_are_refused(tmp_path: Path) -> None:
    """One line, no traceback."""
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(DataError, match="cannot read the encoder"):
        load_encoder(tmp_path, (1,), settings(), CPU)


def test_a_model_without_a_stack_of_blocks_is_refused() -> None:
    """The message names the class."""

    class Odd(torch.nn.Module):
        config = CLIPVisionConfig(num_hidden_layers=2, patch_size=8, image_size=32)

    with pytest.raises(MismatchError, match="Odd has no stack of 2 blocks"):
        Encoder(Odd(), (1,), settings())
