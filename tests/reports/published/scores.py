"""Scores that a run would have if its rates were those of a published model, or others."""

from __future__ import annotations

from collections.abc import Callable

from harness.core.records import Score
from harness.core.wilson import score_interval
from reports.published.load import load_paper
from reports.published.means import published_mean
from reports.published.paper import PublishedCell

JUDGE = "gpt-5"


def score(lens: str, layer: int | None, rate: float | None, n: int = 100) -> Score:
    """Return a score with Wilson's interval; nothing scored for a rate of None."""
    interval = None if rate is None else score_interval(rate, n)
    return Score(
        vlm="molmo-7b-d",
        lens=lens,
        kind="lens",
        layer=layer,
        judge=JUDGE,
        definition="interpretable",
        hits=0 if rate is None else round(rate * n),
        n=0 if rate is None else n,
        total=n,
        unscored={},
        estimate=rate,
        low=interval[0] if interval else None,
        high=interval[1] if interval else None,
        lower_bound=rate,
        upper_bound=rate,
        interval="wilson-95" if interval else "none",
        distinct_words=None,
    )


def scores_of(
    model: str, change: Callable[[PublishedCell], float | None] = lambda cell: cell.rate
) -> list[Score]:
    """Return scores of every published cell of ``model``, and its means, as a run has them."""
    paper = load_paper()
    cells = [cell for cell in paper.cells if (cell.model, cell.variant) == (model, "none")]
    found = [score(cell.lens, cell.layer, change(cell)) for cell in cells]
    for lens in dict.fromkeys(cell.lens for cell in cells):
        mean = published_mean(paper, model, lens)
        assert mean
        found.append(score(lens, None, mean.rate))
    return found
