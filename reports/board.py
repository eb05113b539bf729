"""The board: one row per model, lens, layer, judge and definition, with everything known of it."""

from __future__ import annotations

from harness.core.records import Definition, LensKind, Record


class BoardRow(Record):
    """One row of the leaderboard."""

    model: str
    """Model; empty for the mean over models."""
    source: str
    """Run (model and hash of its spec), or ``published`` for a figure of the paper."""
    lens: str
    """Lens or control."""
    kind: LensKind
    """Lens under test or control."""
    layer: int | None
    """Visual layer; None for the mean over layers."""
    judge: str
    """Judge or panel."""
    definition: Definition
    """What counts as a hit."""
    hits: int | None
    """Patches with a hit (patches times layers for a mean); None where only a rate is known."""
    n: int | None
    """Patches scored (patches times layers for a mean)."""
    total: int | None
    """Patches asked about, scored or not."""
    unscored: dict[str, int] = {}
    """Unscored patches by reason."""
    estimate: float | None
    """Rate, 0 to 1; None if nothing was scored."""
    low: float | None = None
    """Lower end of the 95 % interval."""
    high: float | None = None
    """Upper end of it."""
    interval: str = "none"
    """Name of the interval method."""
    lower_bound: float | None = None
    """Rate if every unscored patch were a miss."""
    upper_bound: float | None = None
    """Rate if every unscored patch were a hit."""
    effective_n: float | None = None
    """Independent patches that would give as wide an interval."""
    same_as_layer_0: bool = False
    """Whether the states of this layer are practically those of layer 0 (mean cosine > 0.99)."""
    distinct_layers: float | None = None
    """Mean over layers that counts layers of the same vector once."""
    tier: int | None = None
    """1 for lenses that cannot be told from the best one, and so on; None for controls."""
    best_rank: int | None = None
    """Best rank that the pairwise tests leave open."""
    worst_rank: int | None = None
    """Worst rank that they leave open."""
    borda: float | None = None
    """Borda points; see :mod:`reports.borda`."""
    control: str | None = None
    """Matched control."""
    gain: float | None = None
    """Estimate minus that of the matched control, on the same patches."""
    gain_low: float | None = None
    """Lower end of its 95 % interval."""
    gain_high: float | None = None
    """Upper end of it."""
    distinct_words: float | None = None
    """Mean number of distinct words among those shown."""
    problem: str = ""
    """Known problem of a published figure, in words."""
