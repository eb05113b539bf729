"""The scan of exact top-k: narrow products of all pairs propose every pair that may belong to it.

For each query a *floor* is kept, a score that k candidates are known to reach: the k-th largest
lower bound (every tile of rows gives one), raised now and then by float32 scores of the best pairs
so far. Every pair whose upper bound reaches the floor is proposed; what is left out is proven to
lie below k others (``lenses.codes`` says how sure the bounds are). A tile of rows is tested by its
largest product first, which costs a small part of the product itself.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch

from lenses.codes import Codes, Multiplier

ROUNDING = 2.0**-19
"""Error of the few float32 steps from a product to a score of at most 3."""

_SPARE = 3
_GROWTH = 128


@dataclass(frozen=True, slots=True)
class CodedBlock:
    """Consecutive rows of one group in the form of the scan."""

    group: int
    """Position of the group."""
    start: int
    """First row."""
    rows: int
    """How many; the codes repeat the last one to fill a tile."""
    codes: Codes
    """Unit rows minus the group's centre."""


@dataclass(frozen=True, slots=True)
class Pairs:
    """Pairs of query and candidate, [p] each."""

    queries: torch.Tensor
    """Row of the query."""
    groups: torch.Tensor
    """Position of the group."""
    rows: torch.Tensor
    """Row of the candidate in its group."""
    upper: torch.Tensor
    """Upper bound of the score, float32."""

    def __len__(self) -> int:
        """Return the number of pairs."""
        return len(self.queries)

    def select(self, chosen: torch.Tensor) -> Pairs:
        """Return the pairs of a mask or of indices."""
        return Pairs(
            self.queries[chosen], self.groups[chosen], self.rows[chosen], self.upper[chosen]
        )


@dataclass(frozen=True, slots=True)
class Scorer:
    """Better scores of some pairs."""

    scores: Callable[[Pairs], torch.Tensor]
    """Pairs to scores [p] float32."""
    error: float
    """Bound on the error of a score."""


class Contest:
    """One batch of queries that is shown all candidates, block by block, in any order.

    Args:
        queries: Codes of unit queries, one query per tile; they may be followed by padding.
        offsets: Scores of the groups' centres, [queries, groups] float32.
        k: How many are wanted.
        tile: Rows per tile of the blocks; each tile raises the floor by one candidate only.
        scorer: Scores that raise the floor further.
        limit: Largest number of pairs to hold.
        multiply: Products of codes, shared by all contests.
    """

    def __init__(
        self,
        queries: Codes,
        offsets: torch.Tensor,
        k: int,
        tile: int,
        scorer: Scorer,
        limit: int,
        multiply: Multiplier,
    ) -> None:
        self._queries = queries
        self._offsets = offsets
        self._k = k
        self._tile = tile
        self._scorer = scorer
        self._limit = limit
        self._multiply = multiply
        self._lows = torch.full((len(offsets), k), -torch.inf, device=offsets.device)
        self._floors = self._lows[:, -1].clone()
        self._kept: list[Pairs] = []
        self._held = 0
        self._due = _GROWTH * len(offsets)
        self.overflow = False
        """Whether more than ``limit`` pairs may belong to the answer; show it fewer queries."""

    def see(self, block: CodedBlock) -> None:
        """Compare all queries with the rows of ``block``."""
        if self.overflow:
            return
        n = len(self._offsets)
        tiles = self._multiply(self._queries, block.codes)[:n].view(n, -1, self._tile)
        estimate = tiles.amax(dim=2).float().mul_(block.codes.scales)
        estimate.mul_(self._queries.scales[:n, None]).add_(self._offsets[:, block.group, None])
        slack = self._slack(block.codes)
        self._raise_floors(estimate - slack)
        hits = (estimate + slack >= self._floors[:, None]).nonzero(as_tuple=True)
        found = self._rows(block, tiles, hits, slack)
        self._kept.append(found)
        self._held += len(found)
        if self._held > self._due:
            self._refine()
            self._due = 2 * self._held + _GROWTH * n

    def pairs(self) -> Pairs:
        """Return all pairs that may be among the k best of their query."""
        self._refine()
        return self._kept[0]

    def _slack(self, rows: Codes) -> torch.Tensor:
        """Return the bound on the error of every (query, tile)."""
        n = len(self._offsets)
        from_rows = self._queries.sizes[:n, None] * rows.losses
        return from_rows.addcmul_(self._queries.losses[:n, None], rows.sizes).add_(ROUNDING)

    def _raise_floors(self, low: torch.Tensor) -> None:
        rising = (low.amax(dim=1) > self._lows[:, -1]).nonzero().flatten()
        if len(rising):
            both = torch.cat([self._lows[rising], low[rising]], dim=1)
            self._lows[rising] = both.topk(self._k, dim=1).values
            torch.maximum(self._floors, self._lows[:, -1], out=self._floors)

    def _rows(
        self,
        block: CodedBlock,
        tiles: torch.Tensor,
        hits: tuple[torch.Tensor, ...],
        slack: torch.Tensor,
    ) -> Pairs:
        """Return the rows of the tiles hit whose own upper bound reaches their query's floor."""
        query, number = hits
        scale = self._queries.scales[query] * block.codes.scales[number]
        upper = tiles[query, number].float().mul_(scale[:, None])
        upper += (self._offsets[query, block.group] + slack[query, number])[:, None]
        hit, column = (upper >= self._floors[query, None]).nonzero(as_tuple=True)
        found = Pairs(
            queries=query[hit],
            groups=torch.full_like(hit, block.group),
            rows=number[hit] * self._tile + column,
            upper=upper[hit, column],
        )
        if block.rows < len(block.codes.values):
            found = found.select(found.rows < block.rows)
        found.rows.add_(block.start)
        return found

    def _refine(self) -> None:
        """Raise the floors by better scores of the best pairs, and drop what lies below."""
        pairs = Pairs(
            torch.cat([part.queries for part in self._kept]),
            torch.cat([part.groups for part in self._kept]),
            torch.cat([part.rows for part in self._kept]),
            torch.cat([part.upper for part in self._kept]),
        )
        pairs = pairs.select(pairs.upper >= self._floors[pairs.queries])
        if len(pairs) > (self._k + _SPARE) * len(self._offsets):
            n = len(self._offsets)
            best = pairs.select(best_of(pairs.upper, pairs.queries, n, self._k + _SPARE))
            scores = self._scorer.scores(best)
            reached = kth_score(scores, best.queries, n, self._k) - self._scorer.error
            torch.maximum(self._floors, reached, out=self._floors)
            pairs = pairs.select(pairs.upper >= self._floors[pairs.queries])
        self._kept, self._held = [pairs], len(pairs)
        self.overflow = self._held > self._limit


def best_of(scores: torch.Tensor, queries: torch.Tensor, n: int, k: int) -> torch.Tensor:
    """Return the indices of the ``k`` largest scores of each of ``n`` queries, or of fewer."""
    order, starts, counts = _ranked(scores, queries, n)
    within = torch.arange(len(order), device=order.device) - starts.repeat_interleave(counts)
    return order[within < k]


def kth_score(scores: torch.Tensor, queries: torch.Tensor, n: int, k: int) -> torch.Tensor:
    """Return the k-th largest score of each query, -inf where there are fewer, [n]."""
    order, starts, counts = _ranked(scores, queries, n)
    kth = torch.full((n,), -torch.inf, dtype=scores.dtype, device=scores.device)
    enough = counts >= k
    kth[enough] = scores[order[starts[enough] + k - 1]]
    return kth


def _ranked(
    scores: torch.Tensor, queries: torch.Tensor, n: int
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return the order by query and falling score, and where each query starts and its count."""
    # Scores lie within -4..4, so that queries never mix.
    order = torch.argsort(queries.double() * 8 - scores, stable=True)
    counts = torch.bincount(queries, minlength=n)
    return order, counts.cumsum(0) - counts, counts
