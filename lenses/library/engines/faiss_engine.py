"""Nearest library rows by faiss: it proposes candidates, our own float64 scores decide."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch

from harness.core.errors import MismatchError, UsageError
from lenses.exact import exact_dot, nonzero
from lenses.library.engines.faiss_index import FaissIndex
from lenses.library.engines.spec import parse_spec
from lenses.topk import GroupedTopK, TopK, check_search, merged, recall
from lenses.vectors import Vectors

_SLACK = 8
"""Candidates asked for beyond k."""
_GATHERED = 16_384
"""Candidates read at once."""
_DECIDED = 4096
"""Pairs scored in float64 at once."""
_WIDER = 4
"""How many times more candidates are asked for where the answer is not yet proven."""


class FaissEngine:
    """Cosine search over groups of candidates, one faiss index each.

    Whatever faiss proposes is scored again from the stored vectors, as ``lenses.topk`` does, with
    the same order of ties; so scores are right for every kind, and only the choice of candidates
    is approximate. ``flat`` is exact: queries whose best candidates are not proven by the bound on
    float32 sums are asked again with more of them. The answer for a query does not depend on the
    other queries of the call.

    Args:
        layers: Candidates by group; their order breaks ties.
        spec: Name of the engine, see ``parse_spec``.
        seed: Seed of the training.

    Raises:
        UsageError: Bad ``spec``, or there is no group.
        MismatchError: Groups differ in width.
        DataError: A candidate holds NaN or Inf.
    """

    def __init__(self, layers: Sequence[Vectors], spec: str, *, seed: int = 42) -> None:
        self.spec = parse_spec(spec)
        widths = sorted({vectors.width for vectors in layers})
        if not widths:
            raise UsageError("groups: nothing to search; at least one group is needed")
        if len(widths) > 1:
            raise MismatchError(f"candidates of widths {widths}: expected groups of one width")
        self.width = widths[0]
        self._layers = list(layers)
        self._indexes = [
            FaissIndex(vectors, self.spec, group, seed) for group, vectors in enumerate(layers)
        ]

    @property
    def approximate(self) -> bool:
        """Whether candidates may be missed."""
        return self.spec.kind != "flat"

    def search(self, queries: torch.Tensor, k: int) -> GroupedTopK:
        """Return the best ``k`` candidates found over all groups, fewer if there are fewer.

        Args:
            queries: [n, d] floating point; computed as float32. A zero query scores 0 everywhere.
            k: At least 1.

        Raises:
            UsageError: ``k`` is less than 1.
            MismatchError: ``queries`` is not a matrix of the candidates' width.
            DataError: A query holds NaN or Inf.
        """
        if queries.ndim != 2 or queries.shape[1] != self.width:
            raise MismatchError(
                f"queries {tuple(queries.shape)}: expected [n, {self.width}], as the candidates"
            )
        check_search(queries, k)
        queries = queries.float().cpu()
        found = [(group, self._best(group, queries, k)) for group in range(len(self._layers))]
        return merged(found, k)

    def recall(self, queries: torch.Tensor, k: int, exact: GroupedTopK) -> float:
        """Return the share of the exact top-k that ``search`` finds; ties count as found.

        Args:
            queries: [n, d].
            k: As for ``search``.
            exact: The exact answer for the same queries and ``k``.

        Raises:
            MismatchError: ``exact`` has another shape than the answer.
        """
        return recall(self.search(queries, k), exact)

    def _best(self, group: int, queries: torch.Tensor, k: int) -> TopK:
        """Return the best ``min(k, rows)`` of one group."""
        vectors, index = self._layers[group], self._indexes[group]
        wanted = min(k, len(vectors))
        scores = torch.zeros(len(queries), wanted, dtype=torch.float64)
        # All candidates tie with a zero query: the first ones are its answer.
        rows = torch.arange(wanted).expand(len(queries), -1).clone()
        norms = torch.linalg.vector_norm(queries, dim=1, dtype=torch.float64)
        units = (queries.double() / nonzero(norms)[:, None]).float()
        open_queries = norms.nonzero().flatten() if wanted else norms.new_zeros(0).long()
        count = max(wanted + _SLACK, wanted * self.spec.refine)
        epsilon = (self.width + 8) * 2.0**-24
        while len(open_queries):
            count = min(count, len(vectors))
            scanned, proposed = index.propose(units[open_queries].numpy(), count)
            candidates = torch.from_numpy(proposed).sort(dim=1).values
            best = _rescored(
                queries[open_queries], units[open_queries], vectors, candidates, wanted
            )
            scores[open_queries], rows[open_queries] = best.scores, best.indices
            if count == len(vectors) or not index.exact:
                break
            floors = torch.from_numpy(scanned[:, -1]).double()
            open_queries = open_queries[best.scores[:, -1] <= floors + epsilon]
            count *= _WIDER
        return TopK(scores, rows)


def _rescored(
    queries: torch.Tensor, units: torch.Tensor, vectors: Vectors, candidates: torch.Tensor, k: int
) -> TopK:
    """Return the ``k`` best of ``candidates`` [n, c], ascending rows, by float64 cosine."""
    scores = torch.empty(len(queries), k, dtype=torch.float64)
    rows = torch.empty(len(queries), k, dtype=torch.int64)
    for part in _parts(torch.arange(len(queries)), max(1, _GATHERED // candidates.shape[1])):
        unique, place = torch.unique(candidates[part], return_inverse=True)
        gathered = vectors.gather(unique).cpu()
        exact = _cosines(queries[part], units[part], gathered, place, k)
        exact, order = exact.sort(dim=1, descending=True, stable=True)
        scores[part] = exact[:, :k]
        rows[part] = candidates[part].gather(1, order[:, :k])
    return TopK(scores, rows)


def _parts(numbers: torch.Tensor, size: int) -> Iterator[torch.Tensor]:
    """Yield consecutive pieces of at most ``size``."""
    for start in range(0, len(numbers), size):
        yield numbers[start : start + size]


def _cosines(
    queries: torch.Tensor, units: torch.Tensor, gathered: torch.Tensor, place: torch.Tensor, k: int
) -> torch.Tensor:
    """Return float64 cosines [n, c], -inf where float32 products prove a pair is not needed."""
    norms = nonzero(exact_dot(gathered, gathered).sqrt())
    # By numpy, whose products are float32 whatever precision torch is allowed.
    rough = torch.from_numpy(units.numpy() @ (gathered / norms.float()[:, None]).numpy().T)
    rough = rough.gather(1, place)
    # Two scores, each wrong by at most (d + 8) u: Higham, eq. 3.5, as for the scan.
    floors = rough.topk(k, dim=1).values[:, -1:] - 2 * (units.shape[1] + 8) * 2.0**-24
    scores = torch.full(place.shape, -torch.inf, dtype=torch.float64)
    lengths = nonzero(exact_dot(queries, queries).sqrt())
    pairs = (rough >= floors).nonzero()
    for start in range(0, len(pairs), _DECIDED):
        query, column = pairs[start : start + _DECIDED].unbind(1)
        row = place[query, column]
        dots = exact_dot(queries[query], gathered[row])
        scores[query, column] = (dots / (lengths[query] * norms[row])).clamp(-1.0, 1.0)
    return scores
