"""What a step needs: patch features and caption ids, read ahead by threads."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import torch
from torch import Tensor, nn
from transformers import PreTrainedTokenizerBase

from harness.data.sources import ImageSource
from harness.training.captions import Example, caption_of
from harness.training.sentences import first_sentence
from harness.vlms.controlled.config import ImageSettings
from harness.vlms.controlled.images import Prepared, prepare

_AHEAD: Final = 2
"""Steps whose images are read while another one is computed."""
_THREADS: Final = 4


class Batch(NamedTuple):
    """Captioned images as a model takes them."""

    features: Tensor
    """[b, patches, in] of the frozen encoder."""
    real: Tensor
    """[b, patches] share of each patch that is image."""
    captions: tuple[tuple[int, ...], ...]
    """Ids of every caption, the end of the text last."""


@dataclass(frozen=True, slots=True)
class CaptionTokens:
    """Turns captions into ids."""

    tokenizer: PreTrainedTokenizerBase
    """Tokenizer of the language model."""
    end: int | None
    """Id that ends a text; None to leave captions open."""
    limit: int
    """Most ids of a caption, with its end."""
    first_only: bool
    """Whether only the first sentence is taken."""

    def __call__(self, text: str) -> tuple[int, ...]:
        """Return the ids of a caption behind a space, cut to the limit, with the end where whole.

        A caption that is cut does not end, so that no false end is learned.
        """
        wanted = first_sentence(text) if self.first_only else text
        ids: list[int] = self.tokenizer(" " + wanted, add_special_tokens=False)["input_ids"]
        closed = ids if self.end is None else [*ids, self.end]
        return tuple(closed[: self.limit])


@dataclass(frozen=True, slots=True)
class Feed:
    """Reads, prepares and encodes captioned images."""

    source: ImageSource
    """Where the images and captions are."""
    settings: ImageSettings
    """Preprocessing."""
    patch: int
    """Side of a patch in pixels."""
    tokens: CaptionTokens
    """Captions to ids."""
    encoder: nn.Module
    """The frozen encoder, [b, 3, size, size] to [b, patches, in]."""
    device: torch.device
    """Where batches go."""
    kept: dict[str, tuple[Tensor, Tensor]] | None = field(default_factory=dict)
    """Features and coverage by image id where all fit into memory; None keeps none.

    To keep them they are computed picture by picture, so that no bit depends on which pictures
    were met together.
    """

    def batches(self, steps: Iterable[Sequence[Example]]) -> Generator[Batch, None, None]:
        """Yield the batch of every step in turn; raises DataError for a broken image."""
        waiting: deque[tuple[Sequence[Example], list[Future[Prepared | None]]]] = deque()
        with ThreadPoolExecutor(_THREADS) as threads:
            try:
                for examples in steps:
                    reads = [threads.submit(self._read, example) for example in examples]
                    waiting.append((examples, reads))
                    if len(waiting) > _AHEAD:
                        yield self._batch(*waiting.popleft())
                while waiting:
                    yield self._batch(*waiting.popleft())
            finally:
                threads.shutdown(cancel_futures=True)

    def _read(self, example: Example) -> Prepared | None:
        """Return the pixels of an image, None if its features are there already."""
        if self.kept is not None and example.image.image_id in self.kept:
            return None
        return prepare(self.settings, self.patch, self.source.open(example.image))

    def _batch(
        self, examples: Sequence[Example], reads: Sequence[Future[Prepared | None]]
    ) -> Batch:
        captions = tuple(self.tokens(caption_of(self.source, example)) for example in examples)
        ready = [read.result() for read in reads]
        if self.kept is None:
            found = [one for one in ready if one is not None]
            pixels = torch.stack([one.pixels for one in found]).to(self.device)
            features = self.encoder(pixels)
            real = torch.stack([one.real for one in found])
        else:
            pairs = [
                self._keep(example.image.image_id, one)
                for example, one in zip(examples, ready, strict=True)
            ]
            features = torch.stack([pair[0] for pair in pairs])
            real = torch.stack([pair[1] for pair in pairs])
        return Batch(features.to(self.device), real.to(self.device), captions)

    def _keep(self, image_id: str, prepared: Prepared | None) -> tuple[Tensor, Tensor]:
        kept = self.kept if self.kept is not None else {}
        if image_id not in kept and prepared is not None:
            features = self.encoder(prepared.pixels[None].to(self.device))[0]
            kept[image_id] = (features.cpu(), prepared.real)
        return kept[image_id]
