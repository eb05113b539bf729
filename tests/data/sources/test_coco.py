"""Annotated images: exact shares of regions, the kind under a point, captions, and bad input."""

from __future__ import annotations

import logging
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from harness.core.errors import DataError, UsageError
from harness.core.records import ImageRecord
from harness.data.sources import open_source
from harness.data.sources.coco import CocoSource, open_coco
from harness.mini.scenes import draw_scene, sample_scene
from harness.mini.source import SceneSource
from tests.data.sources.coco_files import captions, objects, pictures, square, write

WHOLE = (0.0, 0.0, 20.0, 10.0)


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two images with annotations of objects and captions beside them."""
    folder = tmp_path_factory.mktemp("coco")
    write(folder / "instances.json", objects())
    write(folder / "captions.json", captions())
    pictures(folder / "images")
    return folder


@pytest.fixture(scope="session")
def source(folder: Path) -> CocoSource:
    return open_coco(f"coco:{folder}/instances.json@{folder}/images")


def coverages(
    source: CocoSource, record: ImageRecord, region: tuple[float, float, float, float]
) -> dict[str, float]:
    labels = source.labels(record, region, (0, 0))
    assert labels is not None
    return {entity.kind: entity.coverage for entity in labels.inside}


def test_images_come_in_the_order_of_their_ids(source: CocoSource, folder: Path) -> None:
    records = source.records()
    assert [Path(record.source).name for record in records] == ["a.png", "b.png"]
    assert source.open(records[0]).getpixel((0, 0)) == (0, 128, 0)
    again = open_source(source.name, 1)
    assert again.name == source.name
    assert again.records() == records[:1]


def test_coverage_is_the_exact_share_of_pixels(source: CocoSource) -> None:
    """All objects of a category together; overlapping categories are each counted in full."""
    record = source.records()[0]
    assert coverages(source, record, WHOLE) == {
        "dining table": 120 / 200,
        "dog": 64 / 200,
        "person": 8 / 200,
        "grass": 40 / 200,
    }
    assert coverages(source, record, (6, 0, 12, 4)) == {
        "dining table": 16 / 24,
        "dog": 8 / 24,
        "person": 4 / 24,
    }
    assert coverages(source, record, (0, 8, 4, 10)) == {"grass": 1.0}


def test_everything_in_the_image_is_listed_with_its_share_of_it(source: CocoSource) -> None:
    labels = source.labels(source.records()[0], (0, 0, 2, 2), (1, 1))
    assert labels is not None
    assert [entity.kind for entity in labels.inside] == ["dog"]
    assert {entity.kind: entity.coverage for entity in labels.everywhere} == {
        "dining table": 0.6,
        "dog": 0.32,
        "person": 0.04,
        "grass": 0.2,
    }


def test_entities_have_the_words_of_their_category(source: CocoSource) -> None:
    labels = source.labels(source.records()[0], WHOLE, (1, 1))
    assert labels is not None
    found = {entity.kind: entity for entity in labels.everywhere}
    assert found["dining table"].hypernyms == ("table", "furniture")
    assert found["dog"].hypernyms == ("animal",)
    assert [entity.kind for entity in labels.everywhere if entity.background] == ["grass"]


@pytest.mark.parametrize(
    ("point", "kind"),
    [
        ((3.5, 3.5), "dog"),
        ((9.5, 1.5), "dining table"),
        ((11.0, 3.0), "person"),
        ((19.9, 9.9), "grass"),
        ((20.0, 10.0), "grass"),
    ],
)
def test_the_smallest_object_under_the_centre_counts(
    source: CocoSource, point: tuple[float, float], kind: str
) -> None:
    """A person at a table is a person."""
    labels = source.labels(source.records()[0], WHOLE, point)
    assert labels is not None
    assert labels.centre == kind


def test_an_image_without_objects_has_labels_and_they_are_empty(source: CocoSource) -> None:
    """Annotators looked at it and found none of their categories."""
    labels = source.labels(source.records()[1], WHOLE, (5, 5))
    assert labels is not None
    assert (labels.inside, labels.everywhere, labels.centre) == ((), (), "")


@given(
    st.tuples(st.floats(0, 19), st.floats(0, 9)), st.tuples(st.floats(0.1, 20), st.floats(0.1, 10))
)
def test_shares_are_those_of_the_pixels_counted_one_by_one(
    source: CocoSource, corner: tuple[float, float], size: tuple[float, float]
) -> None:
    """For any region with pixels; one without has those of the pixel under its middle."""
    left, top = corner
    right, bottom = min(20.0, left + size[0]), min(10.0, top + size[1])
    dog = np.zeros((10, 20))
    dog[:8, :8] = 1
    values = [
        dog[y, x]
        for y in range(10)
        for x in range(20)
        if left <= x + 0.5 < right and top <= y + 0.5 < bottom
    ]
    share = coverages(source, source.records()[0], (left, top, right, bottom)).get("dog", 0.0)
    if values:
        assert share == pytest.approx(float(np.mean(values)))
    else:
        assert share in {0.0, 0.5, 1.0} or 0 < share < 1


def test_a_region_between_pixel_centres_has_the_pixel_under_its_middle(source: CocoSource) -> None:
    """So that tiny images, whose regions are parts of pixels, have labels."""
    record = source.records()[0]
    assert coverages(source, record, (7.6, 7.6, 7.9, 7.9)) == {"dog": 1.0}
    assert coverages(source, record, (8.1, 7.6, 8.3, 7.9)) == {"dining table": 1.0}


def test_labels_of_masks_are_those_of_what_was_drawn(tmp_path: Path) -> None:
    """Scenes with the run lengths of their own objects: same shares, same kind under the centre."""
    drawn = SceneSource("scenes:0+2")
    content: dict[str, list[dict[str, Any]]] = {"images": [], "annotations": [], "categories": []}
    kinds: list[str] = []
    (tmp_path / "images").mkdir()
    for seed, record in enumerate(drawn.records()):
        name, scene = f"{seed}.png", sample_scene(seed)
        drawn.open(record).save(tmp_path / "images" / name)
        size = {"width": record.width, "height": record.height}
        content["images"].append({"id": seed, "file_name": name, **size})
        pixels = draw_scene(scene, record.width).object_map.T.ravel()
        for number, thing in enumerate(scene.objects):
            edges = np.flatnonzero(np.diff(pixels == number, prepend=False)).tolist()
            runs = np.diff([0, *edges, pixels.size]).tolist()
            kinds.append(thing.kind)
            content["annotations"].append(
                {
                    "image_id": seed,
                    "category_id": len(kinds),
                    "segmentation": {"size": [record.height, record.width], "counts": runs},
                }
            )
    content["categories"] = [{"id": n, "name": kind} for n, kind in enumerate(kinds, start=1)]
    source = open_coco(f"coco:{write(tmp_path / 'o.json', content)}@{tmp_path}/images")
    rng, seen = np.random.default_rng(0), 0
    for ours, theirs in zip(source.records(), drawn.records(), strict=True):
        for left, top in rng.uniform(0, 110, (20, 2)).tolist():
            region, point = (left, top, left + 30, top + 30), (left + 15, top + 15)
            expected = drawn.labels(theirs, region, point)
            labels = source.labels(ours, region, point)
            assert expected is not None
            assert labels is not None
            shares: defaultdict[str, float] = defaultdict(float)
            for entity in expected.inside:
                if not entity.background:
                    shares[entity.kind] += entity.coverage
            assert {entity.kind: entity.coverage for entity in labels.inside} == pytest.approx(
                dict(shares)
            )
            assert labels.centre in {expected.centre, ""}
            assert bool(labels.centre) == (expected.centre in kinds)
            seen += bool(labels.inside)
    assert seen > 10


def test_captions(source: CocoSource, folder: Path) -> None:
    """Alone they are no labels; with objects there are both."""
    first, second = source.records()
    assert source.captions(first) is None
    told = open_coco(f"coco:{folder}/captions.json@{folder}/images")
    assert told.labels(first, WHOLE, (1, 1)) is None
    both = open_coco(f"coco:{folder}/instances.json,{folder}/captions.json@{folder}/images")
    assert both.labels(first, WHOLE, (1, 1)) == source.labels(first, WHOLE, (1, 1))
    for known in (told, both):
        assert known.captions(first) == ("A dog beside a table.", "Two people sit.")
        assert known.captions(second) == ()


def test_annotations_are_part_of_the_name(source: CocoSource, folder: Path, tmp_path: Path) -> None:
    """Other labels are another source; a name with a hash is refused for other files."""
    content = objects()
    content["annotations"].pop()
    changed = write(tmp_path / "instances.json", content)
    plain = f"coco:{changed}@{folder}/images"
    assert open_coco(plain).name != f"{plain}#{source.name.rpartition('#')[2]}"
    with pytest.raises(DataError, match="were changed: sha256 is"):
        open_coco(f"{plain}#{source.name.rpartition('#')[2]}")


def test_a_changed_image_is_an_error(tmp_path: Path, folder: Path) -> None:
    images = pictures(tmp_path / "images")
    source = open_coco(f"coco:{folder}/instances.json@{images}")
    Image.new("RGB", (20, 10), "white").save(images / "b.png")
    with pytest.raises(DataError, match=r"b\.png was changed"):
        source.open(source.records()[1])


def test_images_must_be_there_and_of_the_size_annotated(tmp_path: Path, folder: Path) -> None:
    """Turned by an orientation tag they would get the labels of other places."""
    images = pictures(tmp_path / "images")
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (20, 10), "white").save(images / "b.png", exif=exif)
    text = f"coco:{folder}/instances.json@{images}"
    with pytest.raises(DataError, match=r"b\.png is 10x20 upright, but annotated as 20x10"):
        open_coco(text)
    (images / "b.png").unlink()
    with pytest.raises(DataError, match=r"cannot read image .*b\.png: No such file"):
        open_coco(text)
    assert len(open_coco(text, 1).records()) == 1


def test_copies_count_once(tmp_path: Path, caplog: pytest.LogCaptureFixture, folder: Path) -> None:
    images = pictures(tmp_path / "images")
    (images / "b.png").write_bytes((images / "sub" / "a.png").read_bytes())
    with caplog.at_level(logging.INFO):
        assert len(open_coco(f"coco:{folder}/instances.json@{images}").records()) == 1
    assert "b.png of a.png" in caplog.text


@pytest.mark.parametrize(
    ("segmentation", "message"),
    [
        ([[0, 0, 1, 1]], "a polygon of 4 numbers"),
        ({"size": [10, 20], "counts": [5]}, "run lengths do not fill 20x10 pixels"),
        ({"size": [20, 10], "counts": [200]}, "run lengths for 10x20 pixels"),
        ({"size": [10, 20], "counts": "~"}, "not a compact string of run lengths"),
    ],
)
def test_broken_masks_are_named_before_a_run_starts(
    tmp_path: Path, folder: Path, segmentation: object, message: str
) -> None:
    content = objects()
    content["annotations"][2]["segmentation"] = segmentation
    path = write(tmp_path / "o.json", content)
    with pytest.raises(DataError, match=rf"annotation 3 of .*a\.png: {message}"):
        open_coco(f"coco:{path}@{folder}/images")


def test_compact_run_lengths(tmp_path: Path, folder: Path) -> None:
    """As in files of results and of newer annotation tools: here all but the first 5 pixels."""
    content = objects()
    content["annotations"] = [
        {"image_id": 7, "category_id": 18, "segmentation": {"size": [10, 20], "counts": "5S6"}},
        {"image_id": 7, "category_id": 1, "segmentation": [square(0, 0, 1)]},
    ]
    path = write(tmp_path / "o.json", content)
    source = open_coco(f"coco:{path}@{folder}/images")
    assert coverages(source, source.records()[0], WHOLE) == {"dog": 195 / 200, "person": 1 / 200}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("coco:", "expected coco:FILE"),
        ("coco:x.json", "expected coco:FILE"),
        ("coco:images@x.json", "expected coco:FILE"),
        ("coco:gone.json@.", r"no annotation file gone\.json"),
        ("coco:o.json@gone", "no folder gone"),
        ("coco:o.json,@.", "expected coco:FILE"),
        ("coco:none.json@.", "the annotations list no images"),
    ],
)
def test_wrong_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "o.json", objects())
    write(tmp_path / "none.json", {"images": [], "annotations": []})
    with pytest.raises(UsageError, match=message):
        open_source(text)
