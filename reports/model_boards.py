"""Boards of several models on the same images, as one sum per image."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from harness.core.bootstrap import Floats
from harness.core.errors import MismatchError
from harness.core.records import Definition
from reports.image_sums import Codes, ImageSums, Values, image_sums
from reports.outcomes import Outcomes

Missing: TypeAlias = Mapping[str, tuple[str, ...]]
"""Lens to the models that do not have it, or of which nothing was scored for it."""


@dataclass(frozen=True, slots=True)
class ModelBoards:
    """Boards of one judge, one per model, read by one definition."""

    boards: Mapping[str, Outcomes]
    """Model to its board."""
    codes: Mapping[str, Codes]
    """Model to the number of the image of each of its patches, alike in all models."""
    images: int
    """Images of all models together."""
    definition: Definition
    """What counts as a hit."""

    def values(self, model: str, lens: str) -> Values:
        """Return the hits of a lens on one model, [patches, layers]."""
        return self.boards[model].hits(lens, None, self.definition)

    def alone(self, model: str, lens: str) -> float:
        """Return the mean over layers of a lens on one model, which must be scored for it."""
        found = image_sums(self.values(model, lens), self.codes[model])
        if found is None:
            raise ValueError(f"lens {lens!r} is not scored for model {model!r}")
        return found.mean

    def mean(self, lens: str) -> ImageSums:
        """Return the mean over models of a lens that is scored for all of them."""
        return self._pooled({model: self.values(model, lens) for model in self.boards})

    def difference(self, first: str, second: str) -> ImageSums | None:
        """Return the mean over models of ``first - second``, on the cells scored for both.

        None if a model has no such cell.
        """
        values = {
            model: self.values(model, first) - self.values(model, second) for model in self.boards
        }
        if any(bool(np.isnan(each).all()) for each in values.values()):
            return None
        return self._pooled(values)

    def scored_lenses(self) -> tuple[tuple[str, ...], Missing]:
        """Return the lenses that are scored for every model, and what the others lack."""
        names = dict.fromkeys(lens for board in self.boards.values() for lens in board.lenses)
        lacks = {
            lens: tuple(model for model in self.boards if not self._scored(model, lens))
            for lens in names
        }
        missing = {lens: models for lens, models in lacks.items() if models}
        return tuple(lens for lens in names if lens not in missing), missing

    def _scored(self, model: str, lens: str) -> bool:
        known = lens in self.boards[model].lenses
        return known and not bool(np.isnan(self.values(model, lens)).all())

    def _pooled(self, values: Mapping[str, Values]) -> ImageSums:
        found = [image_sums(each, self.codes[model]) for model, each in values.items()]
        return pooled([each for each in found if each is not None], self.images)


def model_boards(boards: Mapping[str, Outcomes], definition: Definition) -> ModelBoards:
    """Number the images of all models alike, by their sorted names.

    Raises:
        MismatchError: no board, or boards of several judges.
    """
    judges = sorted({board.judge for board in boards.values()})
    if len(judges) != 1:
        raise MismatchError(f"boards of judges {judges}: expected one judge for all models")
    images = {model: board.image_ids() for model, board in boards.items()}
    order = {name: code for code, name in enumerate(sorted(set().union(*images.values())))}
    codes = {
        model: np.array([order[name] for name in names], dtype=np.intp)
        for model, names in images.items()
    }
    return ModelBoards(boards, codes, len(order), definition)


def pooled(sums: Sequence[ImageSums], images: int) -> ImageSums:
    """Return the mean of several means, each with one vote, on images that they share.

    What an image brings is the mean of what it brings to each of them, so that a draw of images is
    a draw for all of them together. Patches and cells are counted over all.

    Args:
        sums: At least one mean, with images numbered alike in all.
        images: Number of images.
    """

    def mean(parts: Sequence[Floats]) -> Floats:
        found = np.zeros(images)
        for part in parts:
            found[: len(part)] += part / len(parts)
        return found

    return ImageSums(
        mean=sum(each.mean for each in sums) / len(sums),
        shares=mean([each.shares for each in sums]),
        weights=mean([each.weights for each in sums]),
        changes=mean([each.changes for each in sums]),
        patches=sum(each.patches for each in sums),
        cells=sum(each.cells for each in sums),
    )
