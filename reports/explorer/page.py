"""All runs of a page, packed at one rung of the ladder after the other."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Final

import numpy as np

from reports.explorer.book import Explorer
from reports.explorer.cells import RELATIONS, Cells
from reports.explorer.judged import judges
from reports.explorer.ladder import Rung, note, rungs
from reports.explorer.prepared import PackedBook, PreparedBook

VERSION: Final = 1
"""Version of the layout of index and chunks."""

_SAMPLE: Final = 6


class Page:
    """Runs of a page and what they take."""

    def __init__(self, books: Sequence[PreparedBook], statuses: Sequence[str]) -> None:
        self.books = books
        self.statuses = statuses
        self.rungs = rungs(
            max((book.source.k for book in books), default=0),
            max((_filled(book.browse) for book in books), default=0),
            max((len(book.judged) for book in books), default=0),
        )
        """What can be shown, from everything down."""
        self._predicted: dict[Rung, float] = {}

    def made(self, rung: Rung) -> Explorer:
        """Return the explorer at ``rung``."""
        return self._explorer(rung, [book.packed(rung) for book in self.books])

    def predicted(self, rung: Rung) -> float:
        """Return about how many bytes the explorer takes at ``rung``.

        Answers are packed as they would be; of the cells a few images, and their bytes per word
        are taken for all.
        """
        if rung not in self._predicted:
            samples = [_sample(book, rung) for book in self.books]
            pairs = list(zip(self.books, samples, strict=True))
            packed = [book.packed(rung, sample) for book, sample in pairs]
            rest = sum(
                _unpacked(book, each, rung) for book, each in zip(self.books, packed, strict=True)
            )
            self._predicted[rung] = size(self._explorer(rung, packed)) + rest
        return self._predicted[rung]

    def _explorer(self, rung: Rung, packed: Sequence[PackedBook]) -> Explorer:
        pictures: dict[str, int] = {}
        chunks: list[str] = []
        entries = []
        for book, each in zip(self.books, packed, strict=True):
            for picture in book.source.pictures[: len(each.images)]:
                pictures.setdefault(picture.data_uri, len(pictures))
            entries.append(book.entry(each, len(chunks), pictures))
            chunks += each.chunks()
        left_out = note(
            rung,
            self.rungs[0],
            judged=any(judges(book.source) for book in self.books),
            runs=len(self.books),
        )
        index = {
            "version": VERSION,
            "note": left_out,
            "relations": RELATIONS,
            "statuses": self.statuses,
            "books": entries,
        }
        return Explorer(
            index=json.dumps(index, separators=(",", ":"), allow_nan=False),
            chunks=tuple(chunks),
            pictures=tuple(pictures),
            note=left_out,
            shown=len(
                {
                    picture.image_id
                    for book in self.books
                    for picture in book.source.pictures[: rung.images]
                }
            ),
            of=len({image for book in self.books for image in _images(book)}),
        )


def size(made: Explorer) -> int:
    """Return the bytes of everything that the page embeds."""
    return sum(len(text.encode()) for text in (made.index, *made.chunks, *made.pictures))


def _filled(cells: Sequence[Cells | None]) -> int:
    """Return the number of images up to the last one that has any."""
    return max((number + 1 for number, each in enumerate(cells) if each is not None), default=0)


def _sample(book: PreparedBook, rung: Rung) -> set[int]:
    """Return a few of the images shown, spread evenly over those with cells of either kind."""
    sample: set[int] = set()
    for cells, shown in ((book.judged, rung.images), (book.browse, rung.browse)):
        filled = [number for number, each in enumerate(cells[:shown]) if each is not None]
        places = np.linspace(0, len(filled) - 1, min(_SAMPLE, len(filled))).round()
        sample |= {filled[int(place)] for place in places}
    return sample


def _unpacked(book: PreparedBook, packed: PackedBook, rung: Rung) -> float:
    """Return about how many bytes the images take that are shown and were not packed."""
    judged = _rest(book.judged[: rung.images], [image.judged for image in packed.images])
    return judged + _rest(book.browse[: rung.browse], [image.browse for image in packed.images])


def _rest(cells: Sequence[Cells | None], chunks: Sequence[str | None]) -> float:
    """Return the bytes of ``cells`` without a chunk, at the bytes per word of the others."""
    words = done = used = 0
    for each, packed in zip(cells, chunks, strict=False):  # chunks end with the images shown
        words += 0 if each is None else len(each.answer)
        done += 0 if each is None or packed is None else len(each.answer)
        used += len(packed or "")
    return used * (words - done) / max(done, 1)


def _images(book: PreparedBook) -> set[str]:
    """Return the images that a run sampled or has a picture of."""
    sampled = {patch.image_id for patch in book.source.boards[0].patches}
    return sampled | {picture.image_id for picture in book.source.pictures}
