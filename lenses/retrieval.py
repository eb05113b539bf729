"""The path shared by all retrieval lenses: transform, score, top-k, describe.

A lens of this family is its card, its candidates and, where needed, a transform of the states::

    class NormedEmbedding(RetrievalLens):
        card = LensCard(name="normed-embedding", similarity="cosine", ...)

        def candidates(self, context: LensContext) -> Candidates:
            readout = context.readout
            return vocabulary_candidates(readout.embed, context.vocabulary, readout.fingerprint())

        def transform(self, states: torch.Tensor, layer: int) -> torch.Tensor:
            return self.context.readout.normalise(states)
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.core.errors import DataError, MismatchError, UsageError
from harness.core.ids import digest
from lenses.base import LensCard, LensContext, Neighbour, Queries
from lenses.index import SearchIndex
from lenses.topk import GroupedTopK, search_index
from lenses.vectors import TensorVectors

if TYPE_CHECKING:
    import torch

Describer = Callable[[int, float], Neighbour]
"""Row number and score to the answer shown."""


@dataclass(frozen=True, slots=True)
class CandidateGroup:
    """Candidates that compete first among themselves, such as one contextual layer."""

    vectors: torch.Tensor
    """[m, d], float32 or narrower."""
    source_layer: int | None
    """Contextual layer, or None for vocabulary rows."""
    neighbour: Describer
    """Describes row i with its score."""


@dataclass(frozen=True, slots=True)
class Candidates:
    """What a lens compares states with."""

    groups: tuple[CandidateGroup, ...]
    """Each gives its own top-k; the best of all groups are the answer."""
    fingerprint: str
    """Hash of all vectors and descriptions."""


class RetrievalLens(ABC):
    """A lens whose answers are its nearest candidates; ``card.similarity`` says by which score.

    ``cosine`` normalises both sides, and a zero vector scores 0; ``dot`` takes both as they are.
    Higher score first; ties go to the earlier group, then to the lower row.
    """

    card: LensCard
    """Set by the subclass."""

    _context: LensContext | None = None
    _pool: Candidates | None = None
    _index: SearchIndex | None = None

    @abstractmethod
    def candidates(self, context: LensContext) -> Candidates:
        """Return what states are compared with; called once, by ``prepare``."""

    def transform(self, states: torch.Tensor, layer: int) -> torch.Tensor:
        """Return the queries [n, d'] made of ``states`` [n, d]: by default the states."""
        del layer
        return states

    @property
    def context(self) -> LensContext:
        """The context the lens was prepared with; UsageError before that."""
        if self._context is None:
            raise UsageError(f"lens {self.card.name!r}: prepare(context) must come first")
        return self._context

    @property
    def pool(self) -> Candidates:
        """The candidates of the prepared lens; UsageError before that."""
        if self._pool is None:
            raise UsageError(f"lens {self.card.name!r}: prepare(context) must come first")
        return self._pool

    def prepare(self, context: LensContext) -> None:
        """Read the candidates.

        Raises:
            MismatchError: Artefacts do not belong together.
        """
        self._context = context
        self._pool = self.candidates(context)
        self._index = None

    def retrieve(self, queries: torch.Tensor, k: int) -> GroupedTopK:
        """Return the best ``k`` candidates of each row of ``queries`` [n, d']."""
        if self._index is None:
            groups = [TensorVectors(group.vectors) for group in self.pool.groups]
            self._index = SearchIndex(groups, cosine=self.card.similarity == "cosine")
        return search_index(self._index, queries, k)

    def describe(self, queries: Queries, k: int) -> list[list[Neighbour]]:
        """Return up to ``k`` neighbours per row, best first.

        Raises:
            UsageError: ``k`` is less than 1 or the lens is not prepared.
            MismatchError: Rows and patch ids differ in number, or the width is another.
            DataError: A state holds NaN or Inf (names layer and patch).
        """
        groups = self.pool.groups
        check_queries(queries)
        found = self.retrieve(self.transform(queries.states, queries.layer), k)
        return described(groups, found)

    def fingerprint(self) -> str:
        """Return a hash of the card and the candidates."""
        return digest([self.card.model_dump(mode="json"), self.pool.fingerprint])


def described(groups: Sequence[CandidateGroup], found: GroupedTopK) -> list[list[Neighbour]]:
    """Return the neighbours that rows of ``found`` stand for, in their order."""
    columns = (found.groups.tolist(), found.indices.tolist(), found.scores.tolist())
    return [
        [groups[g].neighbour(i, score) for g, i, score in zip(*row, strict=True)]
        for row in zip(*columns, strict=True)
    ]


def check_queries(queries: Queries) -> None:
    """Check that every row of ``queries`` is finite and has its patch and image.

    Raises:
        MismatchError: Rows and ids differ in number.
        DataError: A state holds NaN or Inf.
    """
    rows = len(queries.states)
    if not rows == len(queries.patch_ids) == len(queries.image_ids):
        raise MismatchError(
            f"queries at layer {queries.layer}: {rows} states, {len(queries.patch_ids)} patch ids "
            f"and {len(queries.image_ids)} image ids: expected one of each per row"
        )
    bad = (~queries.states.isfinite().all(dim=1)).nonzero().flatten()
    if len(bad):
        raise DataError(
            f"{len(bad)} of {rows} states at layer {queries.layer} hold NaN or Inf, "
            f"first: patch {queries.patch_ids[int(bad[0])]}"
        )
