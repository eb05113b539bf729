"""One run as numbers, from which it is packed at any size."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from harness.core.errors import DataError
from reports.explorer.answers import Answers, distinct_answers
from reports.explorer.book import ExplorerSource
from reports.explorer.browse import browse_cells
from reports.explorer.cells import Cells
from reports.explorer.columns import Bytes, Floats, Ints, numbers, texts
from reports.explorer.judged import judged_cells, judges
from reports.explorer.ladder import Rung
from reports.explorer.pack import chunk

_LEVELS: Final = 255
_SHORT: Final = 16
_DIGITS: Final = 5


@dataclass(frozen=True, slots=True)
class PackedImage:
    """The chunks of one image; None for one that it has not or that was not asked for."""

    judged: str | None
    browse: str | None


@dataclass(frozen=True, slots=True)
class PackedBook:
    """All chunks of a run."""

    answers: str
    images: tuple[PackedImage, ...]

    def chunks(self) -> list[str]:
        """Return the answers, and image by image the sampled cells and the others."""
        cells = [data for image in self.images for data in (image.judged, image.browse)]
        return [self.answers, *(data for data in cells if data is not None)]


@dataclass(frozen=True, slots=True)
class PreparedBook:
    """A run with its words as numbers."""

    source: ExplorerSource
    lenses: tuple[str, ...]
    """Lenses under test, then controls."""
    layers: tuple[int, ...]
    scale: tuple[tuple[float, float], ...]
    """Lowest score and step of every lens."""
    answers: Answers
    reasons: tuple[str, ...]
    """Reasonings by their number in the verdicts less one."""
    judged: tuple[Cells | None, ...]
    """Sampled cells of every picture."""
    browse: tuple[Cells | None, ...]
    """Other cells of every picture."""

    def shown_browse(self, image: int, rung: Rung) -> Cells | None:
        """Return the other cells of an image as far as they are shown."""
        cells = self.browse[image] if image < rung.browse else None
        return None if cells is None else cells.first(rung.words)

    def packed(self, rung: Rung, only: Collection[int] | None = None) -> PackedBook:
        """Return the chunks of this run; of images, those in ``only`` are packed if it is given."""
        images = range(min(rung.images, len(self.source.pictures)))
        shown = {image: self.shown_browse(image, rung) for image in images}
        judged = [cells for cells in self.judged[: len(images)] if cells is not None]
        uses = np.zeros(len(self.answers.word), dtype=np.int64)
        for cells in [*judged, *(cells for cells in shown.values() if cells is not None)]:
            uses += np.bincount(cells.answer, minlength=len(uses))
        given = [each.reason.max(initial=0) for cells in judged for each in cells.verdicts]
        reasons = self.reasons[: max(given, default=0)]  # numbered image by image
        data, answers = self.answers.packed(uses, reasons)
        return PackedBook(
            answers=chunk(data),
            images=tuple(
                self._image(self.judged[image], shown[image], rung, answers)
                if only is None or image in only
                else PackedImage(None, None)
                for image in images
            ),
        )

    def _image(
        self, judged: Cells | None, browse: Cells | None, rung: Rung, answers: Ints
    ) -> PackedImage:
        layers = list(range(len(self.layers)))
        head = {"lenses": list(range(len(self.lenses))), "layers": layers, "k": self.source.k}
        tested = {
            "lenses": list(range(tested_lenses(self.source, self.lenses))),
            "layers": layers,
            "k": min(self.source.k, rung.words),
        }
        return PackedImage(
            judged=None if judged is None else chunk(judged.packed(head, answers, scores=True)),
            browse=None
            if browse is None
            else chunk(browse.packed(tested, answers, scores=rung.scores)),
        )

    def entry(self, packed: PackedBook, first: int, pictures: Mapping[str, int]) -> dict[str, Any]:
        """Return the book's part of the index.

        Args:
            packed: Its chunks, which stand in the page from ``first`` on: the answers, then image
                by image the sampled cells and the others, as far as there are any.
            first: Number of the answers' chunk.
            pictures: Number of every picture by its address.
        """
        following = first + 1
        images = []
        for number, image in enumerate(packed.images):
            places: list[int | None] = []
            for data in (image.judged, image.browse):
                places.append(None if data is None else following)
                following += data is not None
            images.append(self._image_entry(number, places, pictures))
        source = self.source
        return {
            "model": source.model,
            "run": source.run,
            "k": source.k,
            "judges": [board.judge for board in judges(source)],
            "lenses": [
                {
                    "name": name,
                    "kind": source.kinds[name],
                    "style": source.styles[name],
                    "score": source.units.get(name, ""),
                }
                for name in self.lenses
            ],
            "layers": list(self.layers),
            "same": list(source.same),
            "scale": [list(each) for each in self.scale],
            "answers": first,
            "images": images,
        }

    def _image_entry(
        self, number: int, places: Sequence[int | None], pictures: Mapping[str, int]
    ) -> dict[str, Any]:
        picture = self.source.pictures[number]
        judged, browse = self.judged[number], self.browse[number]
        return {
            "id": picture.image_id[:_SHORT],
            "source": picture.source,
            "width": picture.width,
            "height": picture.height,
            "picture": pictures[picture.data_uri],
            "rows": len(picture.ys),
            "cols": len(picture.xs),
            "xs": [_rounded(edges) for edges in picture.xs],
            "ys": [_rounded(edges) for edges in picture.ys],
            "patches": places[0],
            "browse": places[1],
            "judged": 0 if places[0] is None or judged is None else len(judged.row),
            "described": 0 if places[1] is None or browse is None else len(browse.row),
        }


def prepare(source: ExplorerSource, statuses: Mapping[str, int]) -> PreparedBook:
    """Return a run as numbers.

    Raises:
        MismatchError: words of whole images are not of this run.
        DataError: a score is not a number, or a cell has two words of one rank.
    """
    board = source.boards[0]
    lenses = tuple(sorted(board.lenses, key=lambda name: source.kinds[name] == "control"))
    tables = [source.descriptions] if source.grid is None else [source.descriptions, source.grid]
    answers, codes = distinct_answers(tables)
    lens = texts(table["lens"] for table in tables).places(lenses)
    scale, scores = _scaled(numbers(table["score"] for table in tables), lens, lenses)
    rows = len(source.descriptions["word"])
    reasons: dict[str, int] = {}
    judged = judged_cells(source, lenses, codes[:rows], scores[:rows], statuses, reasons)
    browse: list[Cells | None] = [None] * len(source.pictures)
    if source.grid is not None:
        browse = browse_cells(
            source.grid,
            source.pictures,
            lenses,
            tested_lenses(source, lenses),
            board.layers,
            codes[rows:],
            scores[rows:],
            judged,
        )
    return PreparedBook(
        source=source,
        lenses=lenses,
        layers=board.layers,
        scale=scale,
        answers=answers,
        reasons=tuple(reasons),
        judged=tuple(judged),
        browse=tuple(browse),
    )


def tested_lenses(source: ExplorerSource, lenses: Sequence[str]) -> int:
    """Return how many of ``lenses`` are no controls."""
    return sum(source.kinds[name] == "lens" for name in lenses)


def _scaled(
    scores: Floats, lens: Ints, lenses: Sequence[str]
) -> tuple[tuple[tuple[float, float], ...], Bytes]:
    """Return the scale of every lens, and [rows] each score as a multiple of the step of its lens.

    Multiples are rounded to the nearest, so that a score comes back within half a step.
    """
    multiples = np.zeros(len(scores), dtype=np.uint8)
    scale = []
    for number, name in enumerate(lenses):
        rows = lens == number
        values = scores[rows]
        if not np.isfinite(values).all():
            raise DataError(f"a score of lens {name!r} is not a finite number; describe again")
        low = float(values.min()) if len(values) else 0.0
        step = (float(values.max()) - low) / _LEVELS if len(values) else 0.0
        if step > 0:
            multiples[rows] = np.rint((values - low) / step).clip(0, _LEVELS).astype(np.uint8)
        scale.append((low, step))
    return tuple(scale), multiples


def _rounded(edges: tuple[float, float] | None) -> list[float] | None:
    return None if edges is None else [round(edge, _DIGITS) for edge in edges]
