"""The model's own template where it has one, and every output of its processor."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from PIL import Image
from transformers import AutoProcessor

from harness.core.errors import DataError, UsageError
from harness.vlms import processing
from harness.vlms.processing import model_inputs, parse_prompt

IMAGE = Image.new("RGB", (8, 8))


class Recorder:
    """A processor that tells how it was called."""

    image_token = "<image>"

    def __init__(self, template: str | None) -> None:
        self.chat_template = template
        self.asked: list[Any] = []

    def apply_chat_template(self, messages: Any, **_: object) -> dict[str, torch.Tensor]:
        self.asked.append(messages)
        return {"input_ids": torch.zeros(1, 3), "labels": torch.zeros(1, 3), "extra": torch.ones(1)}

    def __call__(self, images: Any, text: list[str], return_tensors: str) -> Any:
        self.asked.append(text)
        return {"input_ids": torch.zeros(1, 3)}


def test_a_template_is_used_unless_told_otherwise() -> None:
    """Nothing of what it returns is dropped but training targets."""
    processor = Recorder("{{ messages }}")
    assert set(model_inputs(processor, "chat", IMAGE, "What?")) == {"input_ids", "extra"}
    ((message,),) = processor.asked
    assert [part["type"] for part in message["content"]] == ["image", "text"]
    model_inputs(processor, "plain", IMAGE, "What?")
    assert processor.asked[-1] == ["<image>\nWhat?"]


@pytest.mark.parametrize(
    ("prompt", "text"),
    [("What?", "<image>\nWhat?"), ("", "<image>"), ("A <image> B", "A <image> B")],
)
def test_without_a_template_the_image_comes_first(prompt: str, text: str) -> None:
    processor = Recorder(None)
    model_inputs(processor, "chat", IMAGE, prompt)
    assert processor.asked == [[text]]


def test_a_refused_image_is_one_line() -> None:
    def refuse(**_: object) -> None:
        raise ValueError("aspect ratio must be below 200\nsecond line")

    processor = SimpleNamespace(image_token="<image>", chat_template="x")
    processor.apply_chat_template = lambda *_, **__: refuse()
    with pytest.raises(DataError, match="refuses the 8x8 image: aspect ratio must be below 200$"):
        model_inputs(processor, "chat", IMAGE, "What?")


def test_prompts_by_name() -> None:
    assert parse_prompt("plain") == "plain"
    with pytest.raises(UsageError, match="prompt 'templat': expected chat or plain"):
        parse_prompt("templat")


@pytest.mark.parametrize(
    ("error", "installed", "message"),
    [
        (ImportError("X requires the Torchvision library"), False, "needs the package torchvision"),
        (ValueError("Could not load any image processor: torchvision"), False, "lensbench.models"),
        (ImportError("X requires the Torchvision library"), True, "try pip install"),
        (OSError("no such file\n\nhints"), True, "no such file; processor and tokenizer files"),
    ],
)
def test_a_missing_package_or_file_is_named(
    error: Exception, installed: bool, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In one line, whatever kind of error the library makes of it."""

    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(processing, "find_spec", lambda name: name if installed else None)
    monkeypatch.setattr(AutoProcessor, "from_pretrained", fail)
    with pytest.raises(DataError, match=message) as raised:
        processing.load_processor(Path("somewhere"), {})
    assert "\n" not in str(raised.value)
