"""Annotation files: read together, and refused by name where they do not fit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.core.errors import DataError
from harness.core.ids import sha256_file
from harness.data.sources.annotations import read_annotations
from tests.data.sources.coco_files import captions, objects, write


def test_objects_and_captions_are_put_together(tmp_path: Path) -> None:
    paths = [write(tmp_path / "o.json", objects()), write(tmp_path / "c.json", captions())]
    both = read_annotations(paths)
    assert [image.id for image in both.images] == [7, 30]
    assert both.objects is not None
    assert both.captions is not None
    assert [annotation.id for annotation in both.objects[7]] == [1, 2, 3, 4, 5]
    assert both.captions == {7: ["A dog beside a table.", "Two people sit."]}
    assert both.categories[67].name == "dining table"
    alone = read_annotations(paths[:1])
    assert alone.captions is None
    assert alone.sha256 == sha256_file(paths[0]) != both.sha256
    assert read_annotations(paths[1:]).objects is None


def test_ids_are_ordered_as_numbers_where_they_are(tmp_path: Path) -> None:
    content = objects() | {"annotations": []}
    image = content["images"][0]
    content["images"] = [image | {"id": key} for key in ("10", 9, "b", "a", "007")]
    read = read_annotations([write(tmp_path / "o.json", content)])
    assert [image.id for image in read.images] == ["007", 9, "10", "a", "b"]


def changed(what: str, number: int, **fields: Any) -> dict[str, Any]:
    content = objects()
    content[what][number] |= fields
    return content


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([], "Input should be an object"),
        ({"info": {}}, "images: Field required"),
        (changed("images", 0, id=7), "two images have the same id"),
        (changed("images", 0, width="wide"), r"images\.0\.width"),
        (changed("annotations", 1, category_id=99), "annotation 2 has category 99"),
        (changed("annotations", 1, category_id=None), "annotation 2 has category None"),
        (changed("annotations", 1, segmentation=[]), "annotation 2 has neither mask nor box"),
        (changed("annotations", 0, bbox=[1, 2]), r"annotations\.0\.bbox"),
        (changed("annotations", 0, bbox=[0, 0, float("nan"), 1]), r"annotations\.0\.bbox"),
        (changed("annotations", 1, segmentation="x"), r"annotations\.1\.segmentation"),
    ],
)
def test_files_of_another_form_are_one_clear_line(
    tmp_path: Path, content: object, message: str
) -> None:
    path = write(tmp_path / "wrong.json", content)
    with pytest.raises(DataError, match=message) as caught:
        read_annotations([path])
    assert str(path) in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


def test_unreadable_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"cannot read annotations .*gone\.json: No such file"):
        read_annotations([tmp_path / "gone.json"])
    (tmp_path / "half.json").write_text('{"images": [')
    with pytest.raises(DataError, match=r"half\.json: Invalid JSON"):
        read_annotations([tmp_path / "half.json"])


def test_files_that_contradict_each_other_are_refused(tmp_path: Path) -> None:
    """Ids of another split would give every image the labels of another one."""
    other = captions()
    other["images"] = [image | {"file_name": "other.png"} for image in other["images"]]
    paths = [write(tmp_path / "o.json", objects()), write(tmp_path / "c.json", other)]
    with pytest.raises(DataError, match=r"c\.json: image 30 is another one"):
        read_annotations(paths)
