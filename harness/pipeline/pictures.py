"""What the judges of a run are shown: drawn from the images, and proven to be always the same."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from pydantic import ValidationError

from harness.core.errors import DataError, MismatchError
from harness.core.files import write_json_atomic
from harness.core.ids import digest
from harness.core.progress import progress
from harness.core.records import Patch, Record
from harness.data.manifest import patches_by_image
from harness.data.rendering import picture_hash, png_bytes, shown_pictures

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.pipeline.context import RunContext


class PictureHashes(Record):
    """What every patch of a run looks like to a judge."""

    patches: str
    """Digest of the patch table and the geometries they were drawn from."""
    hashes: dict[str, str]
    """Patch id to the sha256 over the pixels of the boxed canvas and the crop."""


class Pictures:
    """Draws the pictures of a run's patches; their hashes are kept in the run's directory.

    A question's key holds the hash of what is shown. It is taken once, so that a run judged later,
    or elsewhere, is judged on the same pixels, or the judging stops.
    """

    def __init__(self, context: RunContext) -> None:
        self._context = context
        self._patches = {patch.patch_id: patch for patch in context.patches}
        self._hashes = self._stored() or self._drawn()

    def hash(self, patch_id: str) -> str:
        """Return the sha256 over the pixels shown for a patch."""
        return self._hashes[patch_id]

    def renderer(self, patch_id: str) -> Callable[[], tuple[bytes, bytes]]:
        """Return a function that draws boxed canvas and crop as PNG.

        The function raises MismatchError if they differ from what was shown before.
        """
        return partial(self._render, self._patches[patch_id])

    def _render(self, patch: Patch) -> tuple[bytes, bytes]:
        context = self._context
        image = context.source.open(context.records[patch.image_id])
        geometry = context.geometries[patch.image_id]
        ((boxed, crop),) = shown_pictures(image, geometry, [patch])
        if picture_hash(boxed, crop) != self._hashes[patch.patch_id]:
            raise MismatchError(
                f"patch {patch.patch_id} is drawn otherwise than when {context.run.path} was first "
                "judged (another version of pillow?); judge with the packages of its stamp.json"
            )
        return png_bytes(boxed), png_bytes(crop)

    def _stored(self) -> dict[str, str] | None:
        try:
            text = self._context.run.pictures.read_bytes()
            stored = PictureHashes.model_validate_json(text)
        except FileNotFoundError:
            return None
        except (OSError, ValidationError) as error:
            raise DataError(
                f"cannot read {self._context.run.pictures}; remove it and run the same command "
                "again"
            ) from error
        return stored.hashes if stored.patches == self._origin() else None

    def _drawn(self) -> dict[str, str]:
        context = self._context
        owners = patches_by_image(context.patches)
        hashes: dict[str, str] = {}
        for image_id, patches in progress(
            owners.items(), description="pictures for judges", total=len(owners)
        ):
            image = context.source.open(context.records[image_id])
            shown = shown_pictures(image, context.geometries[image_id], patches)
            for patch, (boxed, crop) in zip(patches, shown, strict=True):
                hashes[patch.patch_id] = picture_hash(boxed, crop)
        record = PictureHashes(patches=self._origin(), hashes=hashes)
        write_json_atomic(context.run.pictures, record)
        return hashes

    def _origin(self) -> str:
        run = self._context.run
        return digest(run.digests(run.patches, run.geometry))
