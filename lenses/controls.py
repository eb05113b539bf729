"""Controls: what a board row looks like when the patch's own state has no part in it.

All draws are keyed by seed, patch and layer, so neither row order nor batching changes an answer.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
import torch

from harness.core.errors import UsageError
from harness.core.ids import digest
from harness.core.rng import keyed_rng
from lenses.base import Lens, LensCard, LensContext, Neighbour, Queries
from lenses.exact import exact_cosine
from lenses.latent import LatentLens, neighbours
from lenses.registry import SHUFFLED_PATCH
from lenses.retrieval import check_queries
from lenses.topk import GroupedTopK


class RandomReference(LatentLens):
    """Library rows drawn at random: how often any words of the corpus fit any patch.

    ``k`` distinct (contextual layer, row) pairs per patch and layer, uniformly. The score is the
    honest cosine of the drawn row with the state, and rows are listed by it as those of any lens.
    """

    card = LensCard(
        name="random-reference",
        kind="control",
        summary="Random rows of the reference library, whatever the state.",
        source="chance level of the library's words",
        needs=("library",),
        unit="word",
        similarity="cosine",
    )

    def describe(self, queries: Queries, k: int) -> list[list[Neighbour]]:
        """Return ``k`` random rows per patch; raises as ``RetrievalLens.describe``."""
        library = self.library
        rows, layers = len(library), library.layers
        check_queries(queries)
        if k < 1:
            raise UsageError(f"k={k}: expected at least 1")
        drawn = self._draws(queries, min(k, rows * len(layers)))
        numbers, indices = drawn // rows, drawn % rows
        vectors = torch.zeros(*drawn.shape, library.hidden)
        for number, layer in enumerate(layers):
            chosen = numbers == number
            distinct, place = torch.unique(indices[chosen], return_inverse=True)
            vectors[chosen] = library.layer(layer).gather(distinct)[place]
        scores = exact_cosine(queries.states[:, None, :], vectors)
        scores, order = scores.sort(dim=1, descending=True, stable=True)
        found = GroupedTopK(scores, numbers.gather(1, order), indices.gather(1, order))
        return neighbours(library, found)

    def _draws(self, queries: Queries, count: int) -> torch.Tensor:
        """Return ``count`` distinct numbers of (layer, row) pairs per patch, ascending."""
        drawn = np.zeros((len(queries.patch_ids), count), dtype=np.int64)
        for row, patch_id in enumerate(queries.patch_ids):
            rng = keyed_rng(self.card.name, self.context.seed, patch_id, queries.layer)
            total = len(self.library) * len(self.library.layers)
            drawn[row] = np.sort(rng.choice(total, size=count, replace=False))
        return torch.from_numpy(drawn)

    def fingerprint(self) -> str:
        """Return a hash of the card, the library and the seed."""
        return digest([super().fingerprint(), self.context.seed])


class RandomVector(LatentLens):
    """A random Gaussian vector in place of each state, looked up as LatentLens does.

    It shows which words are near to any direction (hubs of the library).
    """

    card = LensCard(
        name="random-vector",
        kind="control",
        summary="Library rows of highest cosine with a random Gaussian vector.",
        source="hubness of the library",
        needs=("library",),
        unit="word",
        similarity="cosine",
    )

    def describe(self, queries: Queries, k: int) -> list[list[Neighbour]]:
        """Return the rows nearest to noise; scores are cosines with the noise vector."""
        check_queries(queries)
        noise = np.zeros(tuple(queries.states.shape), dtype=np.float32)
        for row, patch_id in enumerate(queries.patch_ids):
            rng = keyed_rng(self.card.name, self.context.seed, patch_id, queries.layer)
            noise[row] = rng.standard_normal(noise.shape[1])
        return super().describe(dataclasses.replace(queries, states=torch.from_numpy(noise)), k)

    def fingerprint(self) -> str:
        """Return a hash of the card, the library and the seed."""
        return digest([super().fingerprint(), self.context.seed])


class ShuffledPatch:
    """The base lens's own answer for a patch of another image: its words without their place.

    Images stand in a circle in keyed random order and each takes the answers of the next, patch by
    patch in keyed order. With equally many patches per image every answer is used exactly once, so
    the words shown are those of the base lens. Who gets whose answer depends on the set of patches
    in one call, not on their order: give all patches of a layer at once.
    """

    def __init__(self, base: Lens) -> None:
        self.base = base
        card = base.card
        self.card = LensCard(
            name=f"{SHUFFLED_PATCH}:{card.name}",
            kind="control",
            summary=f"What {card.name} says about a patch of another image.",
            source=f"chance level of {card.name}",
            needs=card.needs,
            unit=card.unit,
            similarity=card.similarity,
        )
        self._seed: int | None = None

    def prepare(self, context: LensContext) -> None:
        """Prepare the base lens."""
        self.base.prepare(context)
        self._seed = context.seed

    def describe(self, queries: Queries, k: int) -> list[Sequence[Neighbour]]:
        """Return the answers of other images' patches; scores are those patches' own.

        Raises:
            UsageError: The patches are of fewer than two images, or the lens is not prepared.
        """
        answers = self.base.describe(queries, k)
        donors = donor_rows(queries.patch_ids, queries.image_ids, self._prepared_seed())
        return [answers[donor] for donor in donors]

    def fingerprint(self) -> str:
        """Return a hash of the card, the base lens and the seed."""
        card = self.card.model_dump(mode="json")
        return digest([card, self.base.fingerprint(), self._prepared_seed()])

    def _prepared_seed(self) -> int:
        if self._seed is None:
            raise UsageError(f"lens {self.card.name!r}: prepare(context) must come first")
        return self._seed


def donor_rows(patch_ids: Sequence[str], image_ids: Sequence[str], seed: int) -> list[int]:
    """Return for each row the row of another image whose answer it takes.

    Args:
        patch_ids: One per row.
        image_ids: One per row.
        seed: Key of both orders.

    Raises:
        UsageError: There are rows, but of fewer than two images.
    """
    patches: dict[str, list[int]] = {}
    for row in sorted(range(len(patch_ids)), key=lambda row: digest([seed, patch_ids[row]])):
        patches.setdefault(image_ids[row], []).append(row)
    if len(patches) == 1:
        raise UsageError(
            "shuffled-patch: all patches are of one image; another image is needed to take "
            "answers from: use at least 2 images or leave this control out"
        )
    circle = sorted(patches, key=lambda image_id: digest([seed, image_id]))
    donors = [0] * len(patch_ids)
    for image_id, following in zip(circle, circle[1:] + circle[:1], strict=True):
        theirs = patches[following]
        for rank, row in enumerate(patches[image_id]):
            donors[row] = theirs[rank % len(theirs)]
    return donors
