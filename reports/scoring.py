"""Board cells: how often each lens was a hit, per layer and on average over layers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Final

import numpy as np

from harness.core.errors import MismatchError
from harness.core.records import Definition, LensKind, Patch, RunSpec, Score
from reports.image_sums import ImageSums, Values, effective_n, image_codes, image_sums
from reports.outcomes import NO_JUDGE, Answers, Cell, Columns, Outcomes, definitions, join
from reports.same_layers import distinct_mean
from reports.stats import Interval, mean_interval, rate_interval

WILSON: Final = "wilson-95"
"""Wilson's interval of patches that are independent: one on each image."""

CLUSTERED_WILSON: Final = "wilson-95 effective n"
"""Wilson's interval at the effective number of patches, where an image has several."""

BOOTSTRAP: Final = "image-bootstrap-95"
"""Expanded percentiles over resampled images."""

NO_INTERVAL: Final = "none"
"""Nothing is scored, or a mean rests on one image."""


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


def score_outcomes(
    outcomes: Outcomes,
    spec: RunSpec,
    kinds: Mapping[str, LensKind],
    same_layers: Collection[int] = (),
) -> list[Score]:
    """Score joined outcomes; see :func:`score_run`.

    Definitions: the estimate at a layer is hits / scored patches, and the mean over layers is that
    of the layers' estimates, each layer with one vote. A layer's interval is Wilson's at the
    effective number of patches (:func:`reports.image_sums.effective_n`), that of the mean
    resamples whole images (:func:`reports.stats.mean_interval`). The bounds count every unscored
    patch, of whatever reason, as a miss and as a hit; there are none where nothing is scored.

    Args:
        outcomes: The joined run by one judge or panel.
        spec: The run; its lenses, layers, k, name and seed are used.
        kinds: Lens name to ``lens`` or ``control``.
        same_layers: Layers of the same vector as layer 0, which ``distinct_layers`` counts once.

    Raises:
        MismatchError: a lens is of unknown kind.
    """
    unknown = [lens for lens in spec.lenses if lens not in kinds]
    if unknown:
        raise MismatchError(
            f"kinds={sorted(kinds)} does not say whether {', '.join(unknown)} is lens or control"
        )
    codes = image_codes(outcomes.image_ids())
    scores: list[Score] = []
    for lens in spec.lenses:
        for layer in (*spec.layers, None):
            cells = _cells(outcomes, lens, layer)
            words = _distinct(cells)
            for definition in definitions(spec.k):
                values = outcomes.hits(lens, layer, definition)
                sums = image_sums(values, codes)
                distinct = (
                    distinct_mean(values, spec.layers, same_layers) if layer is None else None
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
                        n=sums.cells if sums else 0,
                        total=values.size,
                        unscored=_unscored(cells, definition),
                        distinct_layers=distinct,
                        distinct_words=words,
                        **_figures(sums, values, layer is None, spec.seed),
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


def _figures(
    sums: ImageSums | None, values: Values, over_layers: bool, seed: int
) -> dict[str, float | str | None]:
    """Return estimate, interval, effective n and failure bounds."""
    interval, method = _interval(sums, over_layers, seed)
    bounds = _bounds(values) if sums else None
    return {
        "estimate": sums.mean if sums else None,
        "low": interval.low if interval else None,
        "high": interval.high if interval else None,
        "lower_bound": bounds.low if bounds else None,
        "upper_bound": bounds.high if bounds else None,
        "interval": method,
        "effective_n": effective_n(sums) if sums else None,
    }


def _interval(sums: ImageSums | None, over_layers: bool, seed: int) -> tuple[Interval | None, str]:
    """Return the interval and the name of its method."""
    if sums is None:
        return None, NO_INTERVAL
    if over_layers:
        found = mean_interval(sums, seed)
        return found, BOOTSTRAP if found else NO_INTERVAL
    method = WILSON if sums.images == sums.cells else CLUSTERED_WILSON
    return rate_interval(sums), method


def _bounds(values: Values) -> Interval:
    """Return the estimate if every unscored cell were a miss, and if it were a hit."""
    unscored = np.isnan(values)
    return Interval(
        float(np.where(unscored, 0.0, values).mean()),
        float(np.where(unscored, 1.0, values).mean()),
    )


def _unscored(cells: Sequence[Cell], definition: Definition) -> dict[str, int]:
    counts = Counter(cell.unscored(definition) for cell in cells)
    return {reason: count for reason, count in sorted(counts.items()) if reason}


def _distinct(cells: Sequence[Cell]) -> float | None:
    """Return the mean number of distinct words, ignoring case, over cells that have words."""
    sizes = [len({word.casefold() for word in cell.words}) for cell in cells if cell.words]
    return sum(sizes) / len(sizes) if sizes else None
