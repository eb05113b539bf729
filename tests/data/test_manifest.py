"""Patches are drawn by content: independent of order, number, and other images."""

from __future__ import annotations

import hashlib
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.core.errors import DataError, UsageError
from harness.core.ids import digest
from harness.core.records import ImageRecord
from harness.core.rng import keyed_rng
from harness.data.manifest import sample_patches
from harness.vlms.geometry import Geometry


def _record(name: str, size: tuple[int, int] = (90, 60)) -> ImageRecord:
    image_id = hashlib.sha256(name.encode()).hexdigest()
    return ImageRecord(image_id=image_id, source=name, width=size[0], height=size[1])


def _squash(record: ImageRecord, grid: int = 8) -> Geometry:
    return Geometry.squash((record.width, record.height), (64, 64), (grid, grid))


def _crop(record: ImageRecord) -> Geometry:
    return Geometry.centre_crop((record.width, record.height), (64, 64), (8, 8))


RECORDS = [_record(f"image-{number}") for number in range(12)]


@given(st.permutations(RECORDS), st.integers(1, 12), st.integers(0, 99))
@settings(max_examples=30)
def test_patches_do_not_depend_on_order_or_limit(
    shuffled: list[ImageRecord], limit: int, seed: int
) -> None:
    """Each image's patches are its own."""
    whole = sample_patches(RECORDS, _squash, 4, seed)
    part = sample_patches(shuffled[:limit], _squash, 4, seed)
    assert {p.patch_id for p in part} <= {p.patch_id for p in whole}
    assert [p.image_id for p in part] == [r.image_id for r in shuffled[:limit] for _ in range(4)]


@given(st.integers(1, 40), st.integers(1, 40))
@settings(max_examples=20)
def test_asking_for_more_keeps_the_first(few: int, more: int) -> None:
    """So a run can be widened without losing what was judged."""
    few, more = sorted((few, more))
    first = sample_patches(RECORDS[:2], _squash, few, 1)
    wider = sample_patches(RECORDS[:2], _squash, more, 1)
    for record in RECORDS[:2]:
        narrow = [p for p in first if p.image_id == record.image_id]
        assert narrow == [p for p in wider if p.image_id == record.image_id][: len(narrow)]


@given(st.integers(3, 200), st.integers(3, 200), st.sampled_from(["squash", "crop", "pad"]))
def test_patches_are_distinct_valid_centres(width: int, height: int, mode: str) -> None:
    """All fields agree with the geometry; an image too thin is refused."""
    record = _record("x", (width, height))
    size, canvas, grid = (width, height), (40, 40), (5, 5)
    geometry = {
        "squash": Geometry.squash(size, canvas, grid),
        "crop": Geometry.centre_crop(size, canvas, grid),
        "pad": Geometry.pad(size, canvas, grid),
    }[mode].model_copy(update={"first_token": 3})
    if not geometry.centres():
        with pytest.raises(DataError, match=f"{width}x{height}.* no patch .*5x5"):
            sample_patches([record], lambda _: geometry, 4, 0)
        return
    patches = sample_patches([record], lambda _: geometry, 4, 0)
    cells = [(patch.row, patch.col) for patch in patches]
    assert len(set(cells)) == len(cells) == min(4, len(geometry.centres()))
    assert set(cells) <= set(geometry.centres())
    for patch in patches:
        assert patch.token_index == 3 + 5 * patch.row + patch.col
        assert patch.box == geometry.cell_box(patch.row, patch.col)
        assert patch.region == geometry.region_box(patch.row, patch.col)


def test_all_valid_centres_are_used_if_more_are_asked_for() -> None:
    """Fewer patches are no error."""
    patches = sample_patches(RECORDS[:1], _squash, 1000, 0)
    assert {(p.row, p.col) for p in patches} == set(_squash(RECORDS[0]).centres())
    assert len(patches) == 36


def test_first_patch_is_where_the_keyed_draw_says() -> None:
    """The draw is of normalised positions, by image and seed, tried one after another."""
    for record in RECORDS:
        rng = keyed_rng("patches", record.image_id, 5)
        while True:
            u, v = rng.random(2)
            cell = (int(v * 8), int(u * 8))
            if cell in _squash(record).centres():
                break
        (patch,) = sample_patches([record], _squash, 1, 5)
        assert (patch.row, patch.col) == cell


def test_models_with_other_grids_look_at_the_same_places() -> None:
    """Cells of a coarse grid hold the centres of the patches on a fine one."""
    same = 0
    for record in RECORDS:
        (fine,) = sample_patches([record], lambda r: _squash(r, 48), 1, 9)
        (coarse,) = sample_patches([record], lambda r: _squash(r, 12), 1, 9)
        x, y = (fine.box[0] + fine.box[2]) / 2, (fine.box[1] + fine.box[3]) / 2
        left, top, right, bottom = coarse.box
        same += left <= x <= right and top <= y <= bottom
    # Only a first position in the outer ring of the coarse grid makes them differ.
    assert same >= 8


def test_positions_are_uniform_over_the_image() -> None:
    """Every centre of a 5x5 grid is the first about equally often (chi-square, 8 degrees)."""
    records = [_record(f"u{number}") for number in range(1800)]
    patches = sample_patches(records, lambda r: _squash(r, 5), 1, 0)
    counts = Counter((p.row, p.col) for p in patches)
    assert len(counts) == 9
    assert sum((count - 200) ** 2 / 200 for count in counts.values()) < 26.1


def test_patch_id_is_content_and_cell() -> None:
    """Seed, order and file name are not part of it; image, mode, canvas and grid are."""
    record = RECORDS[0]
    (patch,) = sample_patches([record], _squash, 1, 0)
    parts = [record.image_id, "squash", [64, 64], 8, 8, patch.row, patch.col]
    assert patch.patch_id == digest(parts)[:16]
    everything = sample_patches([record], _squash, 99, 3)
    assert patch in everything
    cropped = sample_patches([record], _crop, 99, 3)
    assert not {p.patch_id for p in everything} & {p.patch_id for p in cropped}


def test_seeds_give_other_patches() -> None:
    """And the same seed the same ones."""
    drawn = [sample_patches(RECORDS, _squash, 2, seed) for seed in (0, 0, 1)]
    assert drawn[0] == drawn[1] != drawn[2]


@pytest.mark.parametrize("count", [0, -3])
def test_a_number_of_patches_below_one_is_refused(count: int) -> None:
    """The message has the value."""
    with pytest.raises(UsageError, match=f"patches per image {count}"):
        sample_patches(RECORDS, _squash, count, 0)
