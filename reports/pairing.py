"""Two runs on the same lenses and layers, paired as closely as their patches allow."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from harness.core.errors import UsageError, unknown_name
from harness.core.records import Definition, LensKind, RunSpec
from reports.holm import holm
from reports.image_sums import ImageSums, Values, image_sums
from reports.independent import Rate, independent_difference
from reports.matching import Matched, match, unit_values
from reports.merging import SpecDifference, merge_specs
from reports.outcomes import HEADLINE, Outcomes, definitions
from reports.pairing_records import CellPair, RunComparison, RunVerdict
from reports.sign_flip import sign_flip
from reports.stats import Interval, difference_interval, mcnemar, mean_interval
from reports.tiers import ALPHA


@dataclass(frozen=True, slots=True)
class Compared:
    """One of two runs."""

    name: str
    """How it is called."""
    board: Outcomes
    """Its outcomes by one judge or panel."""
    spec: RunSpec
    """The run."""
    kinds: Mapping[str, LensKind]
    """Lens or control to its kind."""


def compare_runs(
    first: Compared,
    second: Compared,
    definition: Definition = HEADLINE,
    layers: Collection[int] | None = None,
) -> RunComparison:
    """Compare two runs on the lenses and layers that both have.

    Paired by patch where the patches are the same: differences of single patches, whole images
    resampled. Paired by image where only images are shared: an image's rates in the two runs are
    compared, each image one vote. Otherwise the runs are independent samples: the interval of the
    difference joins those of the two rates. Tests turn the signs of whole images
    (:func:`reports.sign_flip.sign_flip`), or use the interval where nothing is paired; p-values
    are corrected by Holm over lenses' layers, lenses' means, controls' layers and controls' means.
    Seeded by the first run.

    Args:
        first: One run.
        second: The other; differences are first minus second.
        definition: What counts as a hit.
        layers: Layers to compare; None for all that both have.

    Raises:
        UsageError: The definition or a layer is not in both runs, or they have no lens or layer in
            common.
    """
    known = definitions(min(first.spec.k, second.spec.k))
    if definition not in known:
        raise unknown_name("definition of both runs", definition, known)
    shared = _shared_layers(first, second, layers)
    lenses = _shared_lenses(first, second)
    matched = match(first.board, second.board)
    cells: list[CellPair] = []
    for lens in lenses:
        sides = (
            unit_values(first.board, matched.first, lens, shared, definition),
            unit_values(second.board, matched.second, lens, shared, definition),
        )
        for layer in (None, *shared):
            columns = slice(None) if layer is None else [shared.index(layer)]
            chosen = (sides[0][:, columns], sides[1][:, columns])
            make = _independent if matched.pairing == "none" else _paired
            cells.append(make(lens, first.kinds[lens], layer, chosen, matched, first.spec.seed))
    return RunComparison(
        first=first.name,
        second=second.name,
        first_judge=first.board.judge,
        second_judge=second.board.judge,
        definition=definition,
        pairing=matched.pairing,
        units=min(len(matched.first), len(matched.second)),
        images=matched.images,
        left_out=matched.left_out,
        layers=tuple(shared),
        cells=_corrected(cells),
        differences=_differences(first, second),
        missing=_missing(first, second),
    )


def _shared_lenses(first: Compared, second: Compared) -> list[str]:
    """Return the lenses, then the controls, that both runs have."""
    lenses = [lens for lens in first.board.lenses if lens in second.board.lenses]
    if not lenses:
        raise UsageError(
            f"{first.name} and {second.name} have no lens in common: "
            f"{', '.join(first.board.lenses)}; {', '.join(second.board.lenses)}"
        )
    return sorted(lenses, key=lambda lens: first.kinds[lens] == "control")


def _shared_layers(first: Compared, second: Compared, layers: Collection[int] | None) -> list[int]:
    common = [layer for layer in first.board.layers if layer in second.board.layers]
    if not common:
        raise UsageError(
            f"{first.name} and {second.name} have no layer in common: "
            f"{list(first.board.layers)}; {list(second.board.layers)}"
        )
    unknown = sorted(set(layers or ()) - set(common))
    if unknown:
        raise UsageError(f"layer {unknown[0]} is not in both runs; expected some of {common}")
    return [layer for layer in common if layers is None or layer in layers]


def _paired(
    lens: str,
    kind: LensKind,
    layer: int | None,
    sides: tuple[Values, Values],
    matched: Matched,
    seed: int,
) -> CellPair:
    """Return the comparison of paired units; rates are of what is scored in both."""
    both = ~np.isnan(sides[0]) & ~np.isnan(sides[1])
    a, b = (np.where(both, side, np.nan) for side in sides)
    sums = image_sums(a - b, matched.first_codes)
    rates = [image_sums(side, matched.first_codes) for side in (a, b)]
    interval = difference_interval(sums, seed) if sums else None
    by_patch = matched.pairing == "patches" and layer is not None
    only = (int((a > b).sum()), int((b > a).sum())) if by_patch else None
    return CellPair(
        lens=lens,
        kind=kind,
        layer=layer,
        first=rates[0].mean if rates[0] else None,
        second=rates[1].mean if rates[1] else None,
        first_n=sums.patches if sums else 0,
        second_n=sums.patches if sums else 0,
        difference=sums.mean if sums else None,
        low=interval.low if interval else None,
        high=interval.high if interval else None,
        p_value=float(sign_flip(sums.shares[:, None], seed)[0]) if sums and interval else None,
        first_only=only[0] if only else None,
        second_only=only[1] if only else None,
        mcnemar_p=mcnemar(*only) if only else None,
    )


def _independent(
    lens: str,
    kind: LensKind,
    layer: int | None,
    sides: tuple[Values, Values],
    matched: Matched,
    seed: int,
) -> CellPair:
    """Return the comparison of two samples that have nothing in common."""
    codes = (matched.first_codes, matched.second_codes)
    sums = [image_sums(side, each) for side, each in zip(sides, codes, strict=True)]
    rates = [_rate(each, seed) for each in sums]
    found = independent_difference(rates[0], rates[1]) if rates[0] and rates[1] else None
    known = sums[0] is not None and sums[1] is not None
    return CellPair(
        lens=lens,
        kind=kind,
        layer=layer,
        first=sums[0].mean if sums[0] else None,
        second=sums[1].mean if sums[1] else None,
        first_n=sums[0].patches if sums[0] else 0,
        second_n=sums[1].patches if sums[1] else 0,
        difference=sums[0].mean - sums[1].mean if sums[0] and sums[1] and known else None,
        low=found.low if found else None,
        high=found.high if found else None,
        p_value=found.p_value if found else None,
    )


def _rate(sums: ImageSums | None, seed: int) -> Rate | None:
    interval: Interval | None = mean_interval(sums, seed) if sums else None
    if sums is None or interval is None:
        return None
    return Rate(estimate=sums.mean, low=interval.low, high=interval.high)


def _corrected(cells: Sequence[CellPair]) -> tuple[CellPair, ...]:
    """Return the cells with corrected p-values and verdicts."""
    families: dict[tuple[str, bool], list[int]] = {}
    for place, cell in enumerate(cells):
        if cell.p_value is not None:
            families.setdefault((cell.kind, cell.layer is None), []).append(place)
    found = list(cells)
    for places in families.values():
        values = holm([p for place in places if (p := cells[place].p_value) is not None])
        for place, p in zip(places, values, strict=True):
            update = {"p_holm": p, "verdict": _verdict(cells[place], p)}
            found[place] = cells[place].model_copy(update=update)
    return tuple(found)


def _verdict(cell: CellPair, p_holm: float) -> RunVerdict:
    if p_holm > ALPHA or not cell.difference:
        return "not told apart"
    return "first higher" if cell.difference > 0 else "second higher"


def _differences(first: Compared, second: Compared) -> tuple[SpecDifference, ...]:
    """Return the fields that differ; none for two runs of the same settings."""
    try:
        return merge_specs({first.name: first.spec, second.name: second.spec}).differences
    except UsageError:
        # One report must not show a run twice; two runs of one spec are compared all the same.
        return ()


def _missing(first: Compared, second: Compared) -> tuple[str, ...]:
    found: list[str] = []
    for one, other in ((first, second), (second, first)):
        lenses = [lens for lens in one.board.lenses if lens not in other.board.lenses]
        layers = [str(layer) for layer in one.board.layers if layer not in other.board.layers]
        if lenses:
            found.append(f"only in {one.name}: {', '.join(lenses)}")
        if layers:
            found.append(f"only in {one.name}: layers {', '.join(layers)}")
    return tuple(found)
