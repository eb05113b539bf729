"""The vocabulary readout: its arithmetic, its proof and its file."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn
from transformers.models.gemma.modeling_gemma import GemmaRMSNorm
from transformers.models.llama.modeling_llama import LlamaRMSNorm
from transformers.models.olmo.modeling_olmo import OlmoLayerNorm
from transformers.models.qwen2.modeling_qwen2 import Qwen2RMSNorm

from harness.core.errors import DataError, MismatchError, UsageError
from harness.vlms.readout import VocabularyReadout, logit_cap, logit_factor
from lenses.base import Readout

WIDTH = 24
ROWS = 50


class _Decoder(nn.Module):
    def __init__(self, norm: nn.Module) -> None:
        super().__init__()
        self.norm = norm


def _random(module: nn.Module) -> nn.Module:
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.copy_(1 + 0.5 * torch.randn_like(parameter))
    return module


def _model(norm: nn.Module, *, bias: bool = False) -> tuple[_Decoder, nn.Embedding, nn.Linear]:
    torch.manual_seed(1)
    return _Decoder(_random(norm)), nn.Embedding(ROWS, WIDTH), nn.Linear(WIDTH, ROWS, bias=bias)


NORMS: dict[str, tuple[Callable[[], Any], str, float]] = {
    "llama": (lambda: LlamaRMSNorm(WIDTH, eps=1e-3), "rms", 1e-3),
    "qwen2": (lambda: Qwen2RMSNorm(WIDTH, eps=1e-6), "rms", 1e-6),
    "gemma": (lambda: GemmaRMSNorm(WIDTH), "rms", 1e-6),
    "layer": (lambda: nn.LayerNorm(WIDTH, eps=1e-2), "layer", 1e-2),
    "layer without bias": (lambda: nn.LayerNorm(WIDTH, bias=False), "layer", 1e-5),
    "layer without parameters": (lambda: OlmoLayerNorm(WIDTH), "layer", 1e-5),
    "none": (nn.Identity, "none", 0.0),
}


@pytest.mark.parametrize("name", NORMS)
def test_logits_are_those_of_the_modules(name: str) -> None:
    """For every kind of final norm, with and without parameters."""
    build, kind, eps = NORMS[name]
    decoder, embed, head = _model(build(), bias=True)
    readout = VocabularyReadout.from_model(decoder, embed, head, ROWS - 3, logit_scale=0.5)
    assert (readout.kind, readout.eps) == (kind, eps)
    states = 3 * torch.randn(2, 5, WIDTH) + 1
    with torch.no_grad():
        torch.testing.assert_close(readout.normalise(states), decoder.norm(states))
        expected = head(decoder.norm(states))[..., : ROWS - 3] * 0.5
        torch.testing.assert_close(readout.logits(states), expected)
    assert readout.embed.shape == readout.unembed.shape == (ROWS - 3, WIDTH)
    assert torch.equal(readout.embed, embed.weight[: ROWS - 3])


def test_capped_logits_are_those_of_gemma_2(tmp_path: Path) -> None:
    """The cap bounds the logits, changes no order, and survives the file and the hash."""
    parts = _model(LlamaRMSNorm(WIDTH))
    capped = VocabularyReadout.from_model(*parts, ROWS, softcap=0.5)
    plain = VocabularyReadout.from_model(*parts, ROWS)
    states = 3 * torch.randn(6, WIDTH)
    expected = torch.tanh(plain.logits(states) / 0.5) * 0.5
    torch.testing.assert_close(capped.logits(states), expected)
    assert torch.equal(capped.uncapped(states), plain.logits(states))
    assert torch.equal(capped.logits(states).argsort(), plain.logits(states).argsort())
    assert capped.fingerprint() != plain.fingerprint()
    capped.save(tmp_path / "readout.safetensors")
    assert VocabularyReadout.load(tmp_path / "readout.safetensors").softcap == 0.5


def test_scale_and_cap_are_read_off_the_configuration() -> None:
    """By the names that Gemma 2, Cohere and Granite give them."""
    assert logit_cap(SimpleNamespace(final_logit_softcapping=30.0)) == 30.0
    assert logit_cap(SimpleNamespace(final_logit_softcapping=None)) is None
    assert logit_factor(SimpleNamespace(logit_scale=0.0625)) == 0.0625
    assert logit_factor(SimpleNamespace(logits_scaling=8.0)) == 0.125
    assert (logit_cap(SimpleNamespace()), logit_factor(SimpleNamespace())) == (None, 1.0)


def test_low_precision_models_are_read_in_float32() -> None:
    """Scoring is in float32 whatever the model runs in."""
    decoder, embed, head = (part.bfloat16() for part in _model(LlamaRMSNorm(WIDTH)))
    readout = VocabularyReadout.from_model(decoder, embed, head, ROWS)
    assert {t.dtype for t in (readout.embed, readout.unembed)} == {torch.float32}
    assert readout.logits(torch.randn(3, WIDTH).bfloat16()).dtype == torch.float32


def test_an_unknown_norm_is_refused() -> None:
    """A norm that only looks like one is found out by running it."""

    class Squared(LlamaRMSNorm):
        def forward(self, hidden_states: torch.Tensor) -> torch.Tensor:
            return super().forward(hidden_states).pow(2)

    with pytest.raises(MismatchError, match="Squared"):
        VocabularyReadout.from_model(*_model(Squared(WIDTH)), ROWS)


@pytest.mark.parametrize("vocabulary", [0, ROWS + 1])
def test_a_vocabulary_beyond_the_rows_is_refused(vocabulary: int) -> None:
    """Rows are never invented or clamped."""
    with pytest.raises(UsageError, match=rf"vocabulary {vocabulary}.*1\.\.{ROWS}"):
        VocabularyReadout.from_model(*_model(LlamaRMSNorm(WIDTH)), vocabulary)


@pytest.mark.parametrize("name", NORMS)
def test_save_and_load_give_the_same_readout(tmp_path: Path, name: str) -> None:
    """Scalars, tensors and hash survive, and the file is the same each time."""
    saved = VocabularyReadout.from_model(*_model(NORMS[name][0](), bias=name == "llama"), ROWS)
    path = tmp_path / "readout.safetensors"
    saved.save(path)
    first = path.read_bytes()
    saved.save(path)
    assert path.read_bytes() == first
    loaded = VocabularyReadout.load(path)
    assert loaded.fingerprint() == saved.fingerprint()
    assert (loaded.kind, loaded.eps, loaded.logit_scale) == (saved.kind, saved.eps, 1.0)
    states = torch.randn(4, WIDTH)
    assert torch.equal(loaded.logits(states), saved.logits(states))
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


def test_tied_matrices_are_stored_once(tmp_path: Path) -> None:
    """And come back as both."""
    decoder, embed, head = _model(LlamaRMSNorm(WIDTH))
    head.weight = nn.Parameter(embed.weight.detach())
    readout = VocabularyReadout.from_model(decoder, embed, head, ROWS)
    readout.save(tmp_path / "r")
    assert "unembed" not in load_file(tmp_path / "r")
    loaded = VocabularyReadout.load(tmp_path / "r")
    assert torch.equal(loaded.unembed, embed.weight)
    assert loaded.fingerprint() == readout.fingerprint()


def test_fingerprint_depends_on_every_part() -> None:
    """A change of any tensor or scalar changes it."""
    parts = _model(LlamaRMSNorm(WIDTH))
    prints = {VocabularyReadout.from_model(*parts, ROWS).fingerprint()}
    prints.add(VocabularyReadout.from_model(*parts, ROWS - 1).fingerprint())
    prints.add(VocabularyReadout.from_model(*parts, ROWS, logit_scale=2).fingerprint())
    for parameter in [p for part in parts for p in part.parameters()]:
        with torch.no_grad():
            parameter.view(-1)[0] += 1
        prints.add(VocabularyReadout.from_model(*parts, ROWS).fingerprint())
    assert len(prints) == 6


def test_a_changed_file_is_refused(tmp_path: Path) -> None:
    """One flipped byte of a tensor, or a changed constant, is a mismatch."""
    path = tmp_path / "readout.safetensors"
    VocabularyReadout.from_model(*_model(LlamaRMSNorm(WIDTH)), ROWS).save(path)
    original = path.read_bytes()
    path.write_bytes(original[:-1] + bytes([original[-1] ^ 1]))
    with pytest.raises(MismatchError, match="changed after it was saved"):
        VocabularyReadout.load(path)
    path.write_bytes(original.replace(rb"\"eps\": 1e-06", rb"\"eps\": 1e-05"))
    with pytest.raises(MismatchError, match="changed after it was saved"):
        VocabularyReadout.load(path)


def test_other_files_are_refused(tmp_path: Path) -> None:
    """Missing, broken and foreign files are one clear line each."""
    path = tmp_path / "readout.safetensors"
    with pytest.raises(DataError, match="cannot read readout"):
        VocabularyReadout.load(path)
    path.write_bytes(b"not a tensor file")
    with pytest.raises(DataError, match="cannot read readout"):
        VocabularyReadout.load(path)
    save_file({"embed": torch.zeros(2, 2)}, path)
    with pytest.raises(DataError, match="not a readout file"):
        VocabularyReadout.load(path)
    header = {"format": "lensbench-readout-1", "tied": False}
    save_file({"embed": torch.zeros(2, 2)}, path, metadata={"lensbench": json.dumps(header)})
    with pytest.raises(DataError, match="lacks a matrix"):
        VocabularyReadout.load(path)


def test_saving_into_a_missing_folder_of_a_file_is_one_clear_line(tmp_path: Path) -> None:
    """A file in the way of the folder is named."""
    (tmp_path / "file").write_text("")
    readout: Readout = VocabularyReadout.from_model(*_model(LlamaRMSNorm(WIDTH)), ROWS)
    assert isinstance(readout, VocabularyReadout)
    with pytest.raises(DataError, match="cannot write"):
        readout.save(tmp_path / "file" / "readout.safetensors")
