"""Records of a run held against the published rates of its model."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

from harness.core.records import Definition, Record
from reports.published.protocol import ProtocolDifference

DEFINITION: Final[Definition] = "interpretable"
"""What the paper counts as a hit."""

LEVEL: Final = 0.05
"""Level of the tests."""

Verdict: TypeAlias = Literal["consistent", "differs", "cannot tell"]
"""Whether the interval of the difference includes 0."""


class CellComparison(Record):
    """One lens at one layer, by the run and by the paper."""

    lens: str
    """Lens."""
    layer: int | None
    """Visual layer; None for the mean over layers."""
    rate: float | None
    """Our rate; None if nothing was scored."""
    low: float | None
    """Lower end of its 95 % interval."""
    high: float | None
    """Upper end of it."""
    n: int
    """Patches we scored (patches times layers for a mean)."""
    published: float
    """Published rate."""
    published_low: float | None
    """Lower end of Wilson's 95 % interval of it; None where its patches are unknown."""
    published_high: float | None
    """Upper end."""
    published_n: int | None
    """Patches it rests on; for a mean those of one layer, because layers share them."""
    difference: float | None
    """Our rate minus the published one."""
    difference_low: float | None = None
    """Lower end of its 95 % interval."""
    difference_high: float | None = None
    """Upper end of it."""
    p_value: float | None = None
    """Two-sided, for this cell alone."""
    p_holm: float | None = None
    """Corrected for the number of cells (means are a family of their own)."""
    verdict: Verdict
    """``consistent`` if the interval includes 0, ``differs`` if not."""
    reason: str = ""
    """Why nothing can be told; empty if something can."""
    problems: tuple[str, ...] = ()
    """Known problems of the published cell."""


class PublishedComparison(Record):
    """A run against the paper."""

    source: str
    """The paper and the version of its figures."""
    model: str
    """Model as the run names it."""
    published_model: str
    """Model as the tables name it."""
    judge: str
    """Judge or panel of ours."""
    published_judge: str
    """Judge of the paper."""
    definition: Definition = DEFINITION
    """What counts as a hit on both sides."""
    cells: tuple[CellComparison, ...]
    """Means over layers and cells of every lens that both have."""
    mean_layers: tuple[int, ...]
    """Layers that the means are over, on both sides; empty if no mean is compared."""
    consistent: int
    """Single cells whose interval includes 0."""
    differing: int
    """Single cells whose interval leaves it out."""
    surviving: int
    """Those of them that still differ (0.05) after Holm's correction."""
    unknown: int
    """Single cells of which nothing can be told."""
    half_width: float | None
    """Median half-width of the intervals of single cells: smaller differences stay unseen."""
    protocol: tuple[ProtocolDifference, ...]
    """Choices that differ; empty if the spec was not given."""
    missing: tuple[str, ...]
    """What only one side has, in words."""
    general_problems: tuple[str, ...]
    """What is known of all published rates of this model."""
