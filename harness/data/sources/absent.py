"""Images that are not on this machine: what was recorded of them is known, their pixels are not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NoReturn

from harness.core.errors import DataError
from harness.core.records import Box, ImageRecord, RegionLabels


class AbsentSource:
    """Stands for a source that cannot be opened, where a finished run is only read."""

    def __init__(self, name: str, records: Sequence[ImageRecord], reason: str) -> None:
        self.name = name
        self.reason = reason
        """Why the images cannot be opened."""
        self._records = tuple(records)

    def records(self) -> tuple[ImageRecord, ...]:
        """Return the images as they were recorded."""
        return self._records

    def open(self, record: ImageRecord) -> NoReturn:
        """Raise DataError: there are no pixels."""
        raise DataError(f"image {record.source or record.image_id} is not here: {self.reason}")

    def labels(
        self, record: ImageRecord, region: Box, point: tuple[float, float]
    ) -> RegionLabels | None:
        """Return None: labels came with the images."""

    def captions(self, record: ImageRecord) -> tuple[str, ...] | None:
        """Return None: captions came with the images."""
