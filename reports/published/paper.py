"""The figures of the LatentLens paper as data, with their source and their known problems."""

from __future__ import annotations

from harness.core.records import Record


class PublishedCell(Record):
    """One published share of patches called interpretable."""

    group: str
    """``controlled``, ``off-the-shelf`` or ``ablation``."""
    model: str
    """Model, as the tables name it."""
    lens: str
    """``latent``, ``logit``, ``embedding`` or ``tuned``."""
    variant: str
    """Ablation, or ``none``."""
    layer: int
    """Visual layer."""
    rate: float
    """Share, 0 to 1."""
    n: int | None
    """Patches it rests on: 100 unless the stored value tells otherwise; None where it cannot be
    known."""
    problems: tuple[str, ...] = ()
    """Known problems of this cell, in words, with their source."""


class PublishedAlignment(Record):
    """Neighbours of one visual layer that come from one contextual layer."""

    model: str
    """Model."""
    visual_layer: int
    """Visual layer."""
    source_layer: int
    """Contextual layer; 0 for neighbours in the input embedding, which were merged in."""
    neighbours: int
    """Count over all patches of 100 images."""


class PublishedDrift(Record):
    """Mean cosine of tokens with themselves at layer 0."""

    model: str
    """Model."""
    modality: str
    """``visual`` or ``text``."""
    layer: int
    """Layer."""
    cosine: float
    """Mean cosine."""


class Paper(Record):
    """All published tables."""

    source: str
    """Where they come from, with the version, in one sentence."""
    judge: str
    """Judge that the rates come from."""
    cells: tuple[PublishedCell, ...]
    """Rates."""
    alignments: tuple[PublishedAlignment, ...]
    """Source layers of neighbours."""
    drift: tuple[PublishedDrift, ...]
    """Token drift."""
