"""An index for exact top-k over groups of candidates: prepared once, searched often."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

import torch

from harness.core.errors import DataError, MismatchError, UsageError
from lenses.codes import Multiplier, ScanKind, joined, narrow
from lenses.exact import nonzero
from lenses.rescore import decide, float32_error, float32_scores, thin
from lenses.scan import CodedBlock, Contest, Pairs, Scorer
from lenses.speed import fastest_kind
from lenses.vectors import Vectors

QUERIES = 1024
"""Queries scanned together on a CPU, so that products stay in the cache."""
CUDA_QUERIES = 8192
"""The same on a GPU, which wants few large products."""
PAIRS = 1 << 21
"""Proposed pairs held for them."""

_TILE = 32
_BLOCK = 8192
_CUDA_BLOCK = 65536
_PIECE = 512
_CENTRE = 1024


class SearchIndex:
    """Exact nearest candidates by cosine or dot product.

    Ties go to the earlier group, then to the lower row. Neither the kind of the scan nor block
    sizes, batches or devices influence the result.

    Args:
        groups: Candidates; all of one width.
        cosine: Whether both sides are divided by their length (a zero vector scores 0), or the
            score is the plain dot product.
        kind: Form of the scan; by default the fastest on this machine.
        resident: Keep the narrow form in memory (int8: a byte per value), or make it anew while
            reading, for candidates larger than the memory.
        device: Where the scan runs.

    Raises:
        DataError: A candidate holds NaN or Inf.
        MismatchError: Groups differ in width.
        UsageError: bfloat16 on CUDA, where no bound on its products holds.
    """

    def __init__(
        self,
        groups: Sequence[Vectors],
        *,
        cosine: bool,
        kind: ScanKind | None = None,
        resident: bool = True,
        device: str = "cpu",
    ) -> None:
        widths = sorted({vectors.width for vectors in groups})
        if len(widths) != 1:
            raise MismatchError(f"candidates of widths {widths}: expected groups of one width")
        if device.startswith("cuda") and kind == "bfloat16":
            raise UsageError("kind 'bfloat16': CUDA may round partial sums; use int8 or float32")
        self.width = widths[0]
        self.groups = tuple(groups)
        self.kind: ScanKind = kind or fastest_kind(device)
        self._device = torch.device(device)
        cuda = self._device.type == "cuda"
        self._block, self._batch = (_CUDA_BLOCK, CUDA_QUERIES) if cuda else (_BLOCK, QUERIES)
        self._cosine = cosine
        self._norms = [self._measured(number) for number in range(len(groups))]
        self._centres = [self._centre(number) for number in range(len(groups))]
        self._coded = list(self._narrowed(range(len(groups)))) if resident else None

    def __len__(self) -> int:
        """Return the number of candidates in all groups."""
        return sum(len(vectors) for vectors in self.groups)

    def search(
        self, queries: torch.Tensor, k: int, groups: Sequence[int] | None = None
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Return float64 scores, group positions and rows, each [n, min(k, candidates)].

        Args:
            queries: [n, width] float32, finite.
            k: At least 1.
            groups: Positions of the groups to search; all by default.
        """
        chosen = range(len(self.groups)) if groups is None else groups
        wanted = min(k, sum(len(self.groups[group]) for group in chosen))
        scores = torch.zeros(len(queries), wanted, dtype=torch.float64)
        places = self._first_places(chosen, wanted).repeat(len(queries), 1, 1)
        if wanted:
            queries = queries.to(self._device)
            lengths = torch.linalg.vector_norm(queries, dim=1, dtype=torch.float64)
            units = queries / nonzero(lengths).float()[:, None]
            # All candidates tie with a zero query: the first ones are its answer.
            for part, pairs in self._proposed(units, lengths.nonzero().flatten(), wanted, chosen):
                found = self._best(queries[part], pairs, wanted)
                scores[part.cpu()], places[part.cpu()] = found
        return scores, places[..., 0], places[..., 1]

    def _measured(self, group: int) -> torch.Tensor:
        """Return what the rows of a group are divided by, [rows] float32, never zero."""
        vectors = self.groups[group]
        norms = torch.ones(len(vectors), device=self._device)
        for start, rows in _pieces(vectors, 0, len(vectors)):
            part = torch.linalg.vector_norm(rows.to(self._device), dim=1, dtype=torch.float64)
            norms[start : start + len(rows)] = part.float()
        bad = (~norms.isfinite()).nonzero().flatten()
        if len(bad):
            raise DataError(
                f"candidates: {len(bad)} of {len(norms)} rows hold NaN or Inf, "
                f"first: row {int(bad[0])}"
            )
        if not self._cosine and len(norms):
            norms = norms.max().expand(len(norms))
        return nonzero(norms)

    def _units(self, group: int, start: int, rows: torch.Tensor) -> torch.Tensor:
        """Return rows of a group, from row ``start``, at norm <= 1."""
        return rows.to(self._device) / self._norms[group][start : start + len(rows), None]

    def _centre(self, group: int) -> torch.Tensor:
        """Return the mean of some rows: any vector gives right answers, a mean quick ones."""
        vectors = self.groups[group]
        start = max(0, (len(vectors) - _CENTRE) // 2)
        rows = vectors.read(start, min(start + _CENTRE, len(vectors)))
        return self._units(group, start, rows).sum(dim=0) / max(len(rows), 1)

    def _narrowed(self, chosen: Sequence[int]) -> Iterator[CodedBlock]:
        """Yield the candidates of some groups in the form of the scan."""
        for group in chosen:
            vectors = self.groups[group]
            for start in range(0, len(vectors), self._block):
                stop = min(start + self._block, len(vectors))
                codes = [
                    narrow(
                        _filled(self._units(group, first, rows) - self._centres[group]),
                        self.kind,
                        _TILE,
                    )
                    for first, rows in _pieces(vectors, start, stop)
                ]
                yield CodedBlock(group, start, stop - start, joined(codes))

    def _proposed(
        self, units: torch.Tensor, asked: torch.Tensor, k: int, chosen: Sequence[int]
    ) -> Iterator[tuple[torch.Tensor, Pairs]]:
        """Yield some queries and the pairs that may be their answer, queries counted from 0."""
        waiting = list(parts(asked, self._batch))
        while waiting:
            multiply = Multiplier()
            contests = [self._contest(units[part], k, multiply) for part in waiting]
            for block in self._blocks(chosen):
                for contest in contests:
                    contest.see(block)
            again: list[torch.Tensor] = []
            for part, contest in zip(waiting, contests, strict=True):
                pairs = None if contest.overflow else contest.pairs()
                if pairs is None:
                    again += parts(part, (len(part) + 1) // 2)
                else:
                    yield part, self._thinned(pairs, units[part], k)
            waiting = again

    def _blocks(self, chosen: Sequence[int]) -> Iterator[CodedBlock]:
        if self._coded is None:
            return self._narrowed(chosen)
        return (block for block in self._coded if block.group in chosen)

    def _contest(self, units: torch.Tensor, k: int, multiply: Multiplier) -> Contest:
        centres = torch.stack(self._centres, dim=1)
        offsets = (units.double() @ centres.double()).float()
        codes = narrow(_filled(units), self.kind, 1, queries=True)
        score = partial(float32_scores, units=units, groups=self.groups, norms=self._norms)
        limit = PAIRS if len(units) > 1 else len(self)
        scorer = Scorer(score, float32_error(self.width))
        return Contest(codes, offsets, k, _TILE, scorer, limit, multiply)

    def _thinned(self, pairs: Pairs, units: torch.Tensor, k: int) -> Pairs:
        scores = float32_scores(pairs, units, self.groups, self._norms)
        return thin(pairs, scores, len(units), k, float32_error(self.width))

    def _best(
        self, queries: torch.Tensor, pairs: Pairs, k: int
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return scores [n, k] float64 and (group, row) [n, k, 2] of the best of ``pairs``."""
        exact = decide(pairs, queries, self.groups, cosine=self._cosine).cpu()
        asked, groups, rows = pairs.queries.cpu(), pairs.groups.cpu(), pairs.rows.cpu()
        order = torch.argsort(rows, stable=True)
        order = order[torch.argsort(groups[order], stable=True)]
        order = order[torch.argsort(exact[order], descending=True, stable=True)]
        order = order[torch.argsort(asked[order], stable=True)]
        counts = torch.bincount(asked, minlength=len(queries))
        best = order[(counts.cumsum(0) - counts)[:, None] + torch.arange(k)]
        return exact[best], torch.stack([groups[best], rows[best]], dim=2)

    def _first_places(self, chosen: Sequence[int], wanted: int) -> torch.Tensor:
        """Return the first ``wanted`` candidates in the order of ties, [wanted, 2]."""
        sizes = {group: min(len(self.groups[group]), wanted) for group in chosen}
        places = [(group, row) for group, size in sizes.items() for row in range(size)]
        return torch.tensor(places[:wanted], dtype=torch.int64).reshape(-1, 2)


def _pieces(vectors: Vectors, start: int, stop: int) -> Iterator[tuple[int, torch.Tensor]]:
    """Yield (first row, rows), few enough that what is made of them stays in the cache."""
    for first in range(start, stop, _PIECE):
        yield first, vectors.read(first, min(first + _PIECE, stop))


def parts(numbers: torch.Tensor, size: int) -> Iterator[torch.Tensor]:
    """Yield consecutive pieces of at most ``size`` items."""
    for start in range(0, len(numbers), size):
        yield numbers[start : start + size]


def _filled(rows: torch.Tensor) -> torch.Tensor:
    """Repeat the last row until the number of rows is a multiple of the tile."""
    missing = -len(rows) % _TILE
    return torch.cat([rows, rows[-1:].expand(missing, -1)]) if missing else rows
