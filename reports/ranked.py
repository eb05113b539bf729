"""Records of a ranking: lenses in order, and every pair of them compared."""

from __future__ import annotations

from harness.core.records import Definition, LensKind, Record
from reports.tiers import ALPHA


class Comparison(Record):
    """Two lenses on the same patches: mean of ``first - second``."""

    judge: str
    """Judge name."""
    definition: Definition
    """What counts as a hit."""
    layer: int | None
    """Visual layer; None for the mean over layers."""
    first: str
    """Lens or control, the one with the higher estimate."""
    second: str
    """Lens or control compared with it."""
    difference: float | None
    """Mean difference over patches scored for both; None if there are none."""
    low: float | None
    """Lower end of the 95 % whole-image bootstrap interval; not corrected for the other pairs."""
    high: float | None
    """Upper end of it."""
    n: int
    """Patches scored for both."""
    first_only: int | None
    """Patches that only the first hit; None for means over layers."""
    second_only: int | None
    """Patches that only the second hit; None for means over layers."""
    mcnemar_p: float | None
    """Exact McNemar p-value at one layer, which takes patches as independent and so is too small
    where an image has several; None for means over layers."""
    p_value: float | None = None
    """p-value of :func:`reports.sign_flip.sign_flip`, which takes images as independent; None
    where no patch is scored for both."""
    p_holm: float | None = None
    """``p_value`` corrected by Holm for all pairs of lenses of this ranking."""

    @property
    def winner(self) -> str | None:
        """The lens that is ahead by the corrected test, or None if they cannot be told apart."""
        if self.p_holm is None or self.p_holm > ALPHA or not self.difference:
            return None
        return self.first if self.difference > 0 else self.second


class RankedLens(Record):
    """A lens on one board: its rate, its tier and its gain over its matched control."""

    judge: str
    """Judge name."""
    definition: Definition
    """What counts as a hit."""
    layer: int | None
    """Visual layer; None for the mean over layers."""
    lens: str
    """Lens or control name."""
    kind: LensKind
    """Lens under test or control; controls are listed after the lenses, without a tier."""
    estimate: float | None
    """Rate, or mean over layers."""
    low: float | None
    """Lower end of the 95 % whole-image bootstrap interval."""
    high: float | None
    """Upper end of it."""
    n: int
    """Patches with at least one scored answer."""
    effective_n: float | None = None
    """Independent patches that would give as wide an interval; None if nothing is scored."""
    distinct_layers: float | None = None
    """Mean over layers that counts layers of the same vector once; None at one layer."""
    borda: float | None = None
    """Mean number of other lenses that it beats at a layer, see :func:`reports.borda.borda`; None
    for controls, at one layer, and where no layer has an estimate of every lens."""
    tier: int | None
    """1 for the lenses that cannot be told from the best one, and so on."""
    best_rank: int | None
    """1 + lenses that are ahead of it beyond chance."""
    worst_rank: int | None
    """Number of lenses less those that are behind it beyond chance."""
    control: str | None
    """Its matched control: the same lens's words of another image."""
    excess: float | None
    """Mean of lens minus matched control."""
    excess_low: float | None
    """Lower end of its 95 % whole-image bootstrap interval."""
    excess_high: float | None
    """Upper end of it."""


class Ranking(Record):
    """All lenses and controls of one board, best first, with every pair of lenses compared."""

    rows: tuple[RankedLens, ...]
    """Lenses by estimate, then controls by estimate."""
    comparisons: tuple[Comparison, ...]
    """Every pair of lenses, the better one first; they are the family of Holm's correction."""
    detectable: float | None = None
    """Difference between two lenses that would be found with 80 % power: the median over pairs, at
    their discordance and effective number of patches, at the level 0.05 / pairs at which Holm
    starts; None if no pair has a spread."""
