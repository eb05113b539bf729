"""Which patches are looked at: drawn once, by content, at the same places for every model."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from harness.core.errors import DataError, UsageError
from harness.core.ids import digest
from harness.core.records import ImageRecord, Patch, Record
from harness.core.rng import keyed_rng
from harness.vlms.geometry import Geometry

_ID_DIGITS = 16


class ExcludedImage(Record):
    """An image of the source that no patch can be drawn of."""

    image_id: str
    """sha256 of the image's bytes."""
    source: str
    """Where it comes from."""
    reason: str
    """Why, in one line."""


class Exclusions(Record):
    """All excluded images of a run."""

    images: tuple[ExcludedImage, ...]
    """In the order of the source."""


def usable_images(
    records: Sequence[ImageRecord], geometry_of: Callable[[ImageRecord], Geometry]
) -> tuple[dict[str, Geometry], Exclusions]:
    """Return the geometry of every image that has a valid patch, and why the others have none.

    Args:
        records: Images of a source.
        geometry_of: Raises DataError for an image that the model does not take.

    Raises:
        DataError: No image is left.
    """
    geometries: dict[str, Geometry] = {}
    excluded: list[ExcludedImage] = []
    for record in records:
        try:
            geometry = geometry_of(record)
            require_centres(record, geometry)
        except DataError as error:
            excluded.append(
                ExcludedImage(image_id=record.image_id, source=record.source, reason=str(error))
            )
        else:
            geometries[record.image_id] = geometry
    if not geometries:
        raise DataError(f"none of the {len(records)} images can be used: {excluded[0].reason}")
    return geometries, Exclusions(images=tuple(excluded))


def require_centres(record: ImageRecord, geometry: Geometry) -> tuple[tuple[int, int], ...]:
    """Return the valid centre cells of an image; DataError if it has none."""
    if centres := geometry.centres():
        return centres
    raise DataError(
        f"image {record.source} ({record.width}x{record.height}) has no patch whose 3x3 cells "
        f"are all image on the {geometry.grid[0]}x{geometry.grid[1]} grid"
    )


def sample_patches(
    records: Sequence[ImageRecord],
    geometry_of: Callable[[ImageRecord], Geometry],
    patches_per_image: int,
    seed: int,
) -> tuple[Patch, ...]:
    """Return patches of every image, image by image, in the order drawn.

    The image's sha256 and the seed key an endless sequence of positions, uniform over the image;
    each is accepted if it lies in a valid centre cell that is not taken yet. So patches depend
    neither on other images nor on how many are asked for, and models with different grids look at
    the same places. An image with fewer valid centres gives them all.

    Raises:
        UsageError: ``patches_per_image`` is below 1.
        DataError: An image has no cell whose 3x3 surroundings are all image.
    """
    if patches_per_image < 1:
        raise UsageError(f"patches per image {patches_per_image}: expected at least 1")
    patches: list[Patch] = []
    for record in records:
        geometry = geometry_of(record)
        cells = _sample_cells(record, geometry, patches_per_image, seed)
        patches.extend(make_patch(record.image_id, geometry, row, col) for row, col in cells)
    return tuple(patches)


def make_patch(image_id: str, geometry: Geometry, row: int, col: int) -> Patch:
    """Return the record of one cell; its id covers image, mode, canvas, grid and cell."""
    identity = [image_id, geometry.mode, list(geometry.canvas), *geometry.grid, row, col]
    return Patch(
        patch_id=digest(identity)[:_ID_DIGITS],
        image_id=image_id,
        row=row,
        col=col,
        token_index=geometry.token_index(row, col),
        box=geometry.cell_box(row, col),
        region=geometry.region_box(row, col),
    )


def _sample_cells(
    record: ImageRecord, geometry: Geometry, count: int, seed: int
) -> list[tuple[int, int]]:
    free = set(require_centres(record, geometry))
    cells: list[tuple[int, int]] = []
    for u, v in _positions(record.image_id, seed):
        cell = geometry.cell_at(u * record.width, v * record.height)
        if cell in free:
            free.remove(cell)
            cells.append(cell)
        if not free or len(cells) == count:
            break
    return cells


def _positions(image_id: str, seed: int) -> Iterator[tuple[float, float]]:
    """Yield positions on the unit square, without end."""
    rng = keyed_rng("patches", image_id, seed)
    while True:
        u, v = rng.random(2)
        yield float(u), float(v)


def patches_by_image(patches: Iterable[Patch]) -> dict[str, list[Patch]]:
    """Return image id to its patches, in the order of the plan."""
    found: dict[str, list[Patch]] = {}
    for patch in patches:
        found.setdefault(patch.image_id, []).append(patch)
    return found
