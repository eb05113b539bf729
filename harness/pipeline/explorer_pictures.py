"""The images of a run as the encoder saw them, with the places of their grid cells."""

from __future__ import annotations

import base64
import io
from typing import Final

from harness.core.progress import progress
from harness.core.records import ImageRecord
from harness.data.rendering import canvas_view
from harness.data.sources.absent import AbsentSource
from harness.pipeline.context import RunContext
from harness.vlms.geometry import Geometry
from reports.explorer.book import Picture

_SIDE: Final = 288
_QUALITY: Final = 85
_THINNEST: Final = 1e-6


def explorer_pictures(context: RunContext) -> list[Picture]:
    """Return a picture of every image of a run; none if the images are not on this machine."""
    if isinstance(context.source, AbsentSource):
        return []
    return [
        _picture(context, record) for record in progress(context.images, description="pictures")
    ]


def cell_edges(
    geometry: Geometry,
) -> tuple[tuple[tuple[float, float] | None, ...], tuple[tuple[float, float] | None, ...]]:
    """Return left and right of every grid column, top and bottom of every row.

    They are shares of the canvas, cut at the edge of the image; None where a row or column holds
    padding only.
    """
    rows, cols = geometry.grid
    boxes = [geometry.fractions(geometry.cell_box(0, col)) for col in range(cols)]
    across = tuple(_extent(box[0], box[2]) for box in boxes)
    boxes = [geometry.fractions(geometry.cell_box(row, 0)) for row in range(rows)]
    return across, tuple(_extent(box[1], box[3]) for box in boxes)


def _extent(start: float, end: float) -> tuple[float, float] | None:
    return (start, end) if end - start > _THINNEST else None


def _picture(context: RunContext, record: ImageRecord) -> Picture:
    geometry = context.geometries[record.image_id]
    buffer = io.BytesIO()
    view = canvas_view(context.source.open(record), geometry, _SIDE)
    view.save(buffer, format="JPEG", quality=_QUALITY)
    encoded = base64.b64encode(buffer.getvalue()).decode()
    xs, ys = cell_edges(geometry)
    return Picture(
        image_id=record.image_id,
        source=record.source,
        data_uri=f"data:image/jpeg;base64,{encoded}",
        width=view.width,
        height=view.height,
        xs=xs,
        ys=ys,
    )
