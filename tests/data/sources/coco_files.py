"""Small annotated sets of images for tests."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from PIL import Image

CATEGORIES: list[dict[str, Any]] = [
    {"id": 1, "name": "person", "supercategory": "person"},
    {"id": 18, "name": "dog", "supercategory": "animal"},
    {"id": 67, "name": "dining table", "supercategory": "furniture"},
    {"id": 124, "name": "grass", "supercategory": "plant", "isthing": 0},
]


def square(left: int, top: int, side: int) -> list[float]:
    """Return the polygon of a square."""
    right, bottom = left + side, top + side
    return [left, top, right, top, right, bottom, left, bottom]


def objects() -> dict[str, Any]:
    """Return annotations of two images of 20x10: masks of all kinds in one, nothing in the other.

    In image 7 a dog (polygons, 8x8 at 0,0 in two halves) stands before a table (box, 12x10 at 8,0)
    with grass (run lengths, the two lowest rows) below; two persons of 2x2 sit at 10,2 and 14,2.
    """
    # Down each column: 8 pixels without, 2 with.
    runs = [8, *([2, 8] * 19), 2]
    half, other = [0, 0, 4, 0, 4, 8, 0, 8], [4, 0, 8, 0, 8, 8, 4, 8]
    return {
        "info": {"year": 2017},
        "images": [
            {"id": 30, "file_name": "b.png", "width": 20, "height": 10, "license": 3},
            {"id": 7, "file_name": "sub/a.png", "width": 20, "height": 10},
        ],
        "annotations": [
            {"id": 1, "image_id": 7, "category_id": 67, "bbox": [8, 0, 12, 10], "area": 120},
            {"id": 2, "image_id": 7, "category_id": 18, "segmentation": [half, other]},
            {"id": 3, "image_id": 7, "category_id": 1, "segmentation": [square(10, 2, 2)]},
            {"id": 4, "image_id": 7, "category_id": 1, "segmentation": [square(14, 2, 2)]},
            {
                "id": 5,
                "image_id": 7,
                "category_id": 124,
                "iscrowd": 1,
                "segmentation": {"size": [10, 20], "counts": runs},
            },
        ],
        "categories": CATEGORIES,
    }


def captions() -> dict[str, Any]:
    """Return captions of the same two images."""
    return {
        "images": objects()["images"],
        "annotations": [
            {"id": 90, "image_id": 7, "caption": "A dog beside a table."},
            {"id": 91, "image_id": 7, "caption": "Two people sit."},
        ],
    }


def write(path: Path, content: object) -> Path:
    """Write an annotation file."""
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def pictures(folder: Path) -> Path:
    """Write the two images."""
    (folder / "sub").mkdir(parents=True)
    Image.new("RGB", (20, 10), "green").save(folder / "sub" / "a.png")
    Image.new("RGB", (20, 10), "blue").save(folder / "b.png")
    return folder
