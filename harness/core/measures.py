"""Measurements of hidden states, made once per run and drawn by the report."""

from __future__ import annotations

from harness.core.records import Record

SCHEMA_VERSION = 1
"""Version of the layout of ``measures.json``."""


class Spread(Record):
    """How one quantity is spread over tokens."""

    n: int
    """Tokens."""
    mean: float
    """Mean."""
    low: float
    """5th percentile."""
    quartile: float
    """25th percentile."""
    median: float
    """Median."""
    upper: float
    """75th percentile."""
    high: float
    """95th percentile."""
    top: float
    """Largest."""


class LayerSpread(Record):
    """One quantity at one layer."""

    layer: int
    """Layer: residual stream after so many blocks, before the final norm."""
    spread: Spread
    """The quantity over tokens."""


class SourceLayerCosine(Record):
    """Anisotropy of one layer of the reference library."""

    layer: int
    """Contextual layer."""
    within: float
    """Mean cosine of two different rows of this layer."""
    visual: tuple[float, ...]
    """Mean cosine of a visual token with a row of this layer, by visual layer."""
    spread: tuple[float, ...]
    """Standard deviation of that cosine over pairs, by visual layer."""


class RogueLayer(Record):
    """How far few dimensions decide the cosines of LatentLens at one visual layer."""

    layer: int
    """Visual layer."""
    dimensions: tuple[int, ...]
    """Dimensions with the largest mean share of the cosine, largest first."""
    shares: tuple[float, ...]
    """Mean share of the cosine with the nearest row that each of them carries."""
    removed: int
    """Dimensions left out for the overlap: the first so many of ``dimensions``."""
    overlap: float
    """Mean share of the nearest ``k`` rows that stay when those are left out, 0 to 1."""
    k: int
    """Neighbours compared."""
    n: int
    """Visual tokens compared."""


class LeapLayer(Record):
    """From which library layer the nearest row of visual tokens of one layer comes."""

    layer: int
    """Visual layer."""
    source_layers: tuple[int, ...]
    """Contextual layers of the library."""
    nearest: tuple[float, ...]
    """Share of tokens whose row of highest cosine is of each source layer."""
    normalised: tuple[float, ...]
    """Share of tokens whose highest z-score is of each source layer: (highest cosine in it - mean)
    / standard deviation of that token's cosines with all rows of it."""
    n: int
    """Visual tokens."""
    rows: int
    """Rows of each source layer that competed, drawn by the run's seed."""


class Measures(Record):
    """All measurements of a run."""

    schema_version: int = SCHEMA_VERSION
    """Version of this layout."""
    layers: tuple[int, ...]
    """Visual layers of the run."""
    visual_drift: tuple[LayerSpread, ...]
    """Cosine of a visual token with itself at layer 0; empty if layer 0 is not in the run."""
    text_drift: tuple[LayerSpread, ...]
    """Cosine of a text token of the library with its input embedding; empty without a library."""
    visual_norms: tuple[LayerSpread, ...]
    """L2 norm of visual tokens."""
    text_norms: tuple[LayerSpread, ...]
    """L2 norm of text tokens of the library; empty without a library."""
    library: tuple[SourceLayerCosine, ...] = ()
    """Anisotropy by contextual layer; empty without a library."""
    rogue: tuple[RogueLayer, ...] = ()
    """Dimensions that decide cosines, by visual layer; empty without a library."""
    leap: tuple[LeapLayer, ...] = ()
    """Source layer of the nearest row, by visual layer; empty without a library."""
    rows: int = 0
    """Library rows that text figures rest on, drawn by the run's seed."""
    tokens: int = 0
    """Visual tokens that the figures rest on: all cells for drift and norms."""
