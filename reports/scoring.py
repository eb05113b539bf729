"""Board cells: how often each lens was a hit, per layer and on average over layers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from harness.core.errors import MismatchError
from harness.core.records import Definition, LensKind, Patch, RunSpec, Score
from reports.outcomes import DEFINITIONS, NO_JUDGE, Answers, Cell, Columns, Outcomes, join
from reports.stats import Interval, Values, cluster_bootstrap_mean, patch_means, wilson

WILSON = "wilson-95"
BOOTSTRAP = "image-bootstrap-95"
NO_INTERVAL = "none"


def score_run(
    descriptions: Columns,
    judgements: Answers | None,
    patches: Sequence[Patch],
    spec: RunSpec,
    kinds: Mapping[str, LensKind],
    judge: str = NO_JUDGE,
) -> list[Score]:
    """Score every lens at every layer, and its mean over layers, by every definition.

    Args:
        descriptions: Description records by column (patch_id, lens, layer, rank, word are read).
        judgements: (patch id, words in rank order) to the judge's answer; None without a judge,
            which gives rows of totals and distinct words only.
        patches: All sampled patches.
        spec: The run; its lenses, layers, name and seed are used.
        kinds: Lens name to ``lens`` or ``control``.
        judge: Name of the judge the answers come from.

    Returns:
        Scores ordered by lens and layer as in ``spec`` (the mean, layer None, last), then by
        definition.

    Raises:
        MismatchError: tables that do not belong together, see :func:`reports.outcomes.join`.
    """
    return score_outcomes(join(descriptions, judgements, patches, spec, judge), spec, kinds)


def score_outcomes(outcomes: Outcomes, spec: RunSpec, kinds: Mapping[str, LensKind]) -> list[Score]:
    """Score joined outcomes; see :func:`score_run`."""
    unknown = [lens for lens in spec.lenses if lens not in kinds]
    if unknown:
        raise MismatchError(
            f"kinds={sorted(kinds)} does not say whether {', '.join(unknown)} is lens or control"
        )
    scores: list[Score] = []
    for lens in spec.lenses:
        for layer in (*spec.layers, None):
            cells = _cells(outcomes, lens, layer)
            for definition in DEFINITIONS:
                values = outcomes.hits(lens, layer, definition)
                figures = (
                    _layer_figures(values)
                    if layer is not None
                    else _mean_figures(outcomes, values, spec.seed)
                )
                scores.append(
                    Score(
                        vlm=spec.vlm,
                        lens=lens,
                        kind=kinds[lens],
                        layer=layer,
                        judge=outcomes.judge,
                        definition=definition,
                        hits=int(np.nansum(values)),
                        n=int((~np.isnan(values)).sum()),
                        total=values.size,
                        unscored=_unscored(cells, definition),
                        distinct_words=_distinct(cells),
                        **figures,
                    )
                )
    return scores


def select(
    scores: Sequence[Score], judge: str, definition: Definition, layer: int | None = None
) -> list[Score]:
    """Return the scores of one judge, definition and layer (None: means over layers), in order."""
    return [
        score
        for score in scores
        if (score.judge, score.definition, score.layer) == (judge, definition, layer)
    ]


def _cells(outcomes: Outcomes, lens: str, layer: int | None) -> list[Cell]:
    layers = outcomes.layers if layer is None else (layer,)
    return [cell for each in layers for cell in outcomes.cells[lens, each]]


def _layer_figures(values: Values) -> dict[str, float | str | None]:
    """Return rate, Wilson interval and failure bounds of [patches] outcomes."""
    n = int((~np.isnan(values)).sum())
    hits = int(np.nansum(values))
    if n == 0:
        return _figures(None, None, NO_INTERVAL, _bounds(values))
    return _figures(hits / n, wilson(hits, n), WILSON, _bounds(values))


def _mean_figures(outcomes: Outcomes, values: Values, seed: int) -> dict[str, float | str | None]:
    """Return the mean over patches of each patch's mean over its scored layers."""
    means = patch_means(values)
    scored = means[~np.isnan(means)]
    if len(scored) == 0:
        return _figures(None, None, NO_INTERVAL, _bounds(values))
    interval = cluster_bootstrap_mean(outcomes.by_image(values), seed=seed)
    return _figures(
        float(scored.mean()), interval, BOOTSTRAP if interval else NO_INTERVAL, _bounds(values)
    )


def _bounds(values: Values) -> Interval | None:
    """Return the estimate if every unscored cell were a miss, and if it were a hit."""
    if values.size == 0 or bool(np.isnan(values).all()):
        return None
    return Interval(
        float(np.where(np.isnan(values), 0.0, values).mean()),
        float(np.where(np.isnan(values), 1.0, values).mean()),
    )


def _figures(
    estimate: float | None, interval: Interval | None, method: str, bounds: Interval | None
) -> dict[str, float | str | None]:
    return {
        "estimate": estimate,
        "low": interval.low if interval else None,
        "high": interval.high if interval else None,
        "lower_bound": bounds.low if bounds else None,
        "upper_bound": bounds.high if bounds else None,
        "interval": method,
    }


def _unscored(cells: Sequence[Cell], definition: Definition) -> dict[str, int]:
    counts = Counter(cell.unscored(definition) for cell in cells)
    return {reason: count for reason, count in sorted(counts.items()) if reason}


def _distinct(cells: Sequence[Cell]) -> float | None:
    """Return the mean number of distinct words, ignoring case, over cells that have words."""
    sizes = [len({word.casefold() for word in cell.words}) for cell in cells if cell.words]
    return sum(sizes) / len(sizes) if sizes else None
