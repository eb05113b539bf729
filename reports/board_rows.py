"""Rows of the board: every score with its place in the ranking that it belongs to."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from harness.core.errors import MismatchError
from harness.core.records import Definition, Score
from reports.board import BoardRow
from reports.ranked import RankedLens, Ranking

_Place = tuple[str, Definition, int | None, str]


def board_rows(
    model: str,
    source: str,
    scores: Sequence[Score],
    rankings: Sequence[Ranking],
    same: Collection[int] = (),
) -> tuple[BoardRow, ...]:
    """Return one row per score, in their order, with tier, ranks and gain where it was ranked.

    Rate and interval are those of the score. A score whose judge, definition and layer were not
    ranked has a row without a tier.

    Args:
        model: Model as the page names it.
        source: The run, see :class:`reports.board.BoardRow`.
        scores: Scores of all judges, definitions and layers of one run.
        rankings: Rankings of the same run.
        same: Visual layers whose states are practically those of layer 0.

    Raises:
        MismatchError: a ranking is of a cell that has no score, or one cell is scored twice.
    """
    places = {
        (row.judge, row.definition, row.layer, row.lens): row
        for ranking in rankings
        for row in ranking.rows
    }
    scored = [_place(score) for score in scores]
    unknown = sorted(str(place) for place in places.keys() - set(scored))
    if unknown:
        raise MismatchError(f"source {source!r}: ranked but not scored: {unknown[0]}")
    if len(set(scored)) < len(scored):
        twice = next(place for place in scored if scored.count(place) > 1)
        raise MismatchError(f"source {source!r}: scored twice: {twice}")
    return tuple(
        _row(model, source, score, places.get(place), score.layer in same)
        for place, score in zip(scored, scores, strict=True)
    )


def _place(score: Score) -> _Place:
    return score.judge, score.definition, score.layer, score.lens


def _row(model: str, source: str, score: Score, ranked: RankedLens | None, same: bool) -> BoardRow:
    return BoardRow(
        model=model,
        source=source,
        lens=score.lens,
        kind=score.kind,
        layer=score.layer,
        judge=score.judge,
        definition=score.definition,
        hits=score.hits,
        n=score.n,
        total=score.total,
        unscored=score.unscored,
        estimate=score.estimate,
        low=score.low,
        high=score.high,
        interval=score.interval,
        lower_bound=score.lower_bound,
        upper_bound=score.upper_bound,
        effective_n=score.effective_n,
        same_as_layer_0=same,
        distinct_layers=score.distinct_layers,
        distinct_words=score.distinct_words,
        **({} if ranked is None else placing(ranked)),
    )


def placing(ranked: RankedLens) -> dict[str, float | str | None]:
    """Return the fields of a row that say how a lens compares with the others and its control."""
    return {
        "tier": ranked.tier,
        "best_rank": ranked.best_rank,
        "worst_rank": ranked.worst_rank,
        "borda": ranked.borda,
        "control": ranked.control,
        "gain": ranked.excess,
        "gain_low": ranked.excess_low,
        "gain_high": ranked.excess_high,
    }
