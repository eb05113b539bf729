"""Records of two runs held against each other."""

from __future__ import annotations

from typing import Literal, TypeAlias

from harness.core.records import Definition, LensKind, Record
from reports.matching import Pairing
from reports.merging import SpecDifference

RunVerdict: TypeAlias = Literal["first higher", "second higher", "not told apart", "cannot tell"]
"""What the corrected test says of a cell."""


class CellPair(Record):
    """One lens at one layer in both runs."""

    lens: str
    """Lens or control."""
    kind: LensKind
    """Which of the two it is."""
    layer: int | None
    """Visual layer; None for the mean over the layers compared."""
    first: float | None
    """Rate of the first run, on the units scored in both if units are paired."""
    second: float | None
    """Rate of the second."""
    first_n: int
    """Units of the first it rests on: patches, or images if images are paired."""
    second_n: int
    """Units of the second; the same number where they are paired."""
    difference: float | None
    """First minus second."""
    low: float | None
    """Lower end of its 95 % interval, not corrected."""
    high: float | None
    """Upper end of it."""
    p_value: float | None
    """Two-sided: signs of whole images turned if paired, else from the interval."""
    p_holm: float | None = None
    """Corrected for the cells read together: lenses or controls, single layers or means."""
    first_only: int | None = None
    """Patches that only the first hit; None for means and where patches are not paired."""
    second_only: int | None = None
    """Patches that only the second hit."""
    mcnemar_p: float | None = None
    """Exact McNemar p-value of these two; it takes patches of one image as independent."""
    verdict: RunVerdict = "cannot tell"
    """By the corrected p-value at 0.05."""


class RunComparison(Record):
    """Two runs, cell by cell."""

    first: str
    """First run."""
    second: str
    """Second run."""
    first_judge: str
    """Judge or panel of the first."""
    second_judge: str
    """That of the second."""
    definition: Definition
    """What counts as a hit."""
    pairing: Pairing
    """Whether patches, images or nothing is paired."""
    units: int
    """Patches or images paired; patches of the smaller run if nothing is."""
    images: int
    """Images compared."""
    left_out: tuple[int, int]
    """Patches of each run without a counterpart."""
    layers: tuple[int, ...]
    """Layers compared; the means are over these."""
    cells: tuple[CellPair, ...]
    """Mean and layers of every lens both have, then of every control."""
    differences: tuple[SpecDifference, ...]
    """Fields in which the specs differ."""
    missing: tuple[str, ...]
    """What only one of the runs has, in words."""
