"""What the explorer is made from, run by run, and what the page gets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from harness.core.records import LensKind
from reports.outcomes import Columns, Outcomes, Question

Edges = tuple[tuple[float, float] | None, ...]
"""Both edges of every grid row or column as shares of the picture; None outside the image."""


@dataclass(frozen=True, slots=True)
class Picture:
    """One image of a run as the page shows it, with its grid."""

    image_id: str
    """sha256 of the image's bytes."""
    source: str
    """File name, address or ``scene:SEED``, shown as caption."""
    data_uri: str
    """The view that the encoder saw, as a ``data:image/...;base64,`` address."""
    width: int
    """Width of the view in pixels."""
    height: int
    """Height of the view in pixels."""
    xs: Edges
    """Left and right edge of every grid column."""
    ys: Edges
    """Top and bottom edge of every grid row."""


@dataclass(frozen=True, slots=True)
class ExplorerSource:
    """Everything of one run that the explorer shows."""

    model: str
    """Model as the page names it."""
    run: str
    """First digits of the run's hash."""
    k: int
    """Words of a lens for one cell at most."""
    kinds: Mapping[str, LensKind]
    """Lens or control name to its kind."""
    styles: Mapping[str, str]
    """Lens or control name to style class, see :func:`reports.templating.lens_styles`."""
    units: Mapping[str, str]
    """Lens or control name to what its score is (``cosine``, ``logit``), where that is known."""
    boards: Sequence[Outcomes]
    """Panels, then judges; judge ``none`` alone if nobody judged."""
    descriptions: Columns
    """Description records by column; what a board's cells count their rows in."""
    pictures: Sequence[Picture]
    """Pictures, in the order in which they may be dropped last."""
    grid: Columns | None = None
    """Words of every cell of some images, by columns image_id, row, col, lens, layer, rank, word,
    score, source_layer, context, start and end: lists, numpy arrays, or a ``pyarrow.Table``."""
    reasons: Mapping[str, Mapping[Question, str]] = field(default_factory=dict)
    """Judge to what it gave as its reasoning for a question."""
    same: tuple[int, ...] = ()
    """Layers whose states are practically those of layer 0."""


@dataclass(frozen=True, slots=True)
class Explorer:
    """The explorer's data in the form in which the page embeds it."""

    index: str
    """JSON: books, images, and which chunk holds what."""
    chunks: tuple[str, ...]
    """Answers and cells: base64 of raw deflate."""
    pictures: tuple[str, ...]
    """Addresses of the pictures shown, each once."""
    note: str
    """What was left out to fit the size, in one sentence; empty if nothing was."""
    shown: int
    """Images shown."""
    of: int
    """Images of the runs."""
