"""Captioned images: which train, which are held out, and which captions a step sees."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from harness.core.errors import UsageError
from harness.core.ids import canonical_json
from harness.core.progress import announce
from harness.core.records import ImageRecord
from harness.core.rng import keyed_rng
from harness.data.sources import ImageSource

_HASH_DIGITS: Final = 16


class Example(NamedTuple):
    """One caption of one image."""

    image: ImageRecord
    """The image."""
    number: int
    """Which of its captions."""


@dataclass(frozen=True, slots=True)
class CaptionSplit:
    """The captions of a source, divided by image."""

    train: tuple[Example, ...]
    """Captions to train on."""
    heldout: tuple[Example, ...]
    """Captions that are only measured; no image is on both sides."""
    data_hash: str
    """sha256 over image ids and captions, in the order of the source."""


def split_captions(source: ImageSource, share: float) -> CaptionSplit:
    """Divide the captions of ``source``; an image's side depends on its id and ``share`` alone.

    Images without a caption are counted, told and left out.

    Args:
        source: Images with captions.
        share: Share of the images to hold out: those whose id, read as a fraction, is below.

    Raises:
        UsageError: There are no captions, or one of the sides would be empty.
    """
    train: list[Example] = []
    heldout: list[Example] = []
    hasher, bare = hashlib.sha256(), 0
    for record in source.records():
        captions = tuple(text for text in source.captions(record) or () if text.strip())
        hasher.update(canonical_json([record.image_id, captions]).encode() + b"\n")
        bare += not captions
        side = heldout if is_held_out(record.image_id, share) else train
        side += [Example(record, number) for number in range(len(captions))]
    if not train and not heldout:
        raise UsageError(
            f"data {source.name!r}: no captions; expected scenes:SEED+COUNT or another source "
            "of images with captions"
        )
    if not train or not heldout:
        kept = "training" if not train else "measuring"
        raise UsageError(
            f"data {source.name!r}: none of its {len(train) + len(heldout)} captions is left for "
            f"{kept} with heldout = {share}; give more images or another share"
        )
    if bare:
        announce(f"{source.name}: {bare} images have no caption and are left out")
    return CaptionSplit(tuple(train), tuple(heldout), hasher.hexdigest())


def is_held_out(image_id: str, share: float) -> bool:
    """Tell whether the image of a sha256 is held out when ``share`` of all images are."""
    return int(image_id[:_HASH_DIGITS], 16) < share * 16**_HASH_DIGITS


def caption_of(source: ImageSource, example: Example) -> str:
    """Return the text of an example, stripped."""
    texts = tuple(text for text in source.captions(example.image) or () if text.strip())
    return texts[example.number].strip()


@dataclass(frozen=True)
class Order:
    """The order of training captions: every epoch a new permutation, batches run across epochs."""

    count: int
    """Number of training captions."""
    batch: int
    """Captions per step."""
    seed: int
    """Seed of the permutations."""

    def step(self, step: int) -> tuple[int, ...]:
        """Return the numbers of the captions of a step; they depend on nothing done before."""
        places = range(step * self.batch, (step + 1) * self.batch)
        return tuple(self._permutation(at // self.count)[at % self.count] for at in places)

    def steps(self, first: int, last: int) -> Iterator[tuple[int, ...]]:
        """Yield the captions of steps ``first`` to ``last``, exclusive."""
        yield from map(self.step, range(first, last))

    def _permutation(self, epoch: int) -> npt.NDArray[np.int64]:
        if epoch not in self._drawn:
            # A batch lies in at most a few neighbouring epochs; older ones are not needed again.
            for old in sorted(self._drawn)[:-1]:
                del self._drawn[old]
            lot = keyed_rng("projector", "order", self.seed, epoch)
            self._drawn[epoch] = lot.permutation(self.count)
        return self._drawn[epoch]

    @cached_property
    def _drawn(self) -> dict[int, npt.NDArray[np.int64]]:
        return {}


def share_of(numbers: Sequence[int], worker: int, workers: int) -> Sequence[int]:
    """Return the part of a step's captions that one of several processes takes."""
    return numbers[worker::workers]
