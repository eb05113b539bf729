"""A source whose images lie in the store: rows of a dataset, downloaded links."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PIL import Image

from harness.core.errors import DataError
from harness.core.records import Box, ImageRecord, RegionLabels
from harness.data.sources.decode import decode
from harness.data.sources.store import ImageStore


class StoredSource:
    """Images that an :class:`ImageStore` holds, perhaps with captions."""

    def __init__(
        self,
        name: str,
        store: ImageStore,
        records: Sequence[ImageRecord],
        captions: Mapping[str, tuple[str, ...]] | None = None,
    ) -> None:
        """Tie records to the store that holds their bytes.

        Args:
            name: Resolved name of the source.
            store: Where the bytes are.
            records: Images in order, each once.
            captions: Image id to captions; None if captions are not known.
        """
        self.name = name
        self._store = store
        self._records = tuple(records)
        self._captions = captions

    def records(self) -> tuple[ImageRecord, ...]:
        """Return all images in the order of their rows or links."""
        return self._records

    def open(self, record: ImageRecord) -> Image.Image:
        """Return the RGB image; raises DataError if it was changed or is gone from the store."""
        data = self._store.get(record.image_id)
        if data is None:
            raise DataError(
                f"image {record.source} is gone from {self._store.path(record.image_id)}; run the "
                "same command again to fetch it"
            )
        return decode(data, record.source)

    def labels(
        self, record: ImageRecord, region: Box, point: tuple[float, float]
    ) -> RegionLabels | None:
        """Return None: there is no ground truth of regions."""
        return None

    def captions(self, record: ImageRecord) -> tuple[str, ...] | None:
        """Return the captions of an image; None if they are not known."""
        if self._captions is None:
            return None
        return self._captions.get(record.image_id)
