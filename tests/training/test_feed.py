from __future__ import annotations

import pytest
import torch
from PIL import Image
from torch import nn

from harness.core.errors import DataError
from harness.core.records import ImageRecord
from harness.training.captions import Example
from harness.training.feed import CaptionTokens, Feed
from harness.vlms.controlled.config import ImageSettings
from tests.training.parts import Pictures
from tests.vlms.checkpoints.tokenizer import build_tokenizer

SETTINGS = ImageSettings(
    mode="pad",
    size=16,
    resample="bilinear",
    antialias=True,
    whole_levels=False,
    mean=(0.5, 0.5, 0.5),
    std=(0.5, 0.5, 0.5),
)


class Means(nn.Module):
    """Counts its calls and returns each patch's mean colour, [b, 4, 3]."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[int] = []

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        self.calls.append(len(pixels))
        return nn.functional.avg_pool2d(pixels, 8).flatten(2).transpose(1, 2)


def make(source: Pictures, *, keep: bool) -> tuple[Feed, Means]:
    encoder = Means()
    tokenizer = build_tokenizer({})
    tokens = CaptionTokens(tokenizer, tokenizer.eos_token_id, 50, first_only=True)
    kept: dict[str, tuple[torch.Tensor, torch.Tensor]] | None = {} if keep else None
    feed = Feed(source, SETTINGS, 8, tokens, encoder, torch.device("cpu"), kept)
    return feed, encoder


def steps(source: Pictures, *numbers: list[int]) -> list[list[Example]]:
    return [[Example(source.records()[number], 0) for number in step] for step in numbers]


def test_batches_come_in_order_with_or_without_memory() -> None:
    """Both ways give the same features, coverage and captions, step by step."""
    source = Pictures(9)
    wanted = steps(source, [3, 1], [0], [8, 3], [1, 1], [2])
    kept, plain = (list(make(source, keep=keep)[0].batches(wanted)) for keep in (True, False))
    assert [len(batch.captions) for batch in plain] == [2, 1, 2, 2, 1]
    for one, other in zip(kept, plain, strict=True):
        assert torch.allclose(one.features, other.features)
        assert torch.equal(one.real, other.real)
        assert one.captions == other.captions
    # Picture 3 is white on black padding: a patch is as bright as its share of image.
    shares = plain[0].real[0]
    assert 0 < float(shares.min()) < 1
    assert torch.allclose(plain[0].features[0], (2 * shares - 1)[:, None].expand(4, 3), atol=1e-5)


def test_kept_pictures_are_read_and_encoded_once() -> None:
    """One by one, so that their features do not depend on company."""
    source = Pictures(4)
    wanted = steps(source, [0, 1], [2], [1, 0], [2], [0], [1], [2])
    feed, encoder = make(source, keep=True)
    list(feed.batches(wanted))
    assert encoder.calls == [1, 1, 1]
    feed, encoder = make(source, keep=False)
    list(feed.batches(wanted))
    assert encoder.calls == [2, 1, 2, 1, 1, 1, 1]


def test_captions_follow_a_space_and_end() -> None:
    """The first sentence where asked for; a cut caption has no end."""
    tokenizer = build_tokenizer({})
    end = tokenizer.eos_token_id
    whole = CaptionTokens(tokenizer, end, 50, first_only=False)("a red ball. The end.")
    first = CaptionTokens(tokenizer, end, 50, first_only=True)("a red ball. The end.")
    assert tokenizer.decode(list(whole)) == " a red ball. The end.</s>"
    assert tokenizer.decode(list(first)) == " a red ball.</s>"
    assert CaptionTokens(tokenizer, end, 3, first_only=False)("a red ball") == whole[:3]
    assert CaptionTokens(tokenizer, None, 50, first_only=True)("a red ball. Two.") == first[:-1]


def test_a_broken_picture_stops_the_feed() -> None:
    """The source's own error comes through the threads, where it belongs in the order."""

    class Broken(Pictures):
        def open(self, record: ImageRecord) -> Image.Image:
            if record.source == "2":
                raise DataError("cannot read image 2")
            return super().open(record)

    source = Broken(4)
    batches = make(source, keep=True)[0].batches(steps(source, [0], [2], [1]))
    assert len(next(batches).captions) == 1
    with pytest.raises(DataError, match="cannot read image 2"):
        next(batches)
