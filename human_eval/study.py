"""A study: which items who is asked, in which order, and where their pictures are."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError

from harness.core.errors import DataError, UsageError
from harness.core.files import write_bytes_atomic, write_errors, write_json_atomic
from harness.core.ratings import Item
from harness.core.records import Record

STUDY_FILE = "study.json"
"""The study in its folder."""

PICTURES = "pictures"
"""Folder of the pictures in the folder of a study."""


class Study(Record):
    """Everything that decides what annotators are asked; pictures lie beside it."""

    schema_version: int = 1
    """Version of this layout."""
    study_id: str = Field(min_length=1)
    """Identity: digest of run, items and assignments; ratings name it."""
    run: str = ""
    """Digest of the run's spec; empty if the items are of no run."""
    vlm: str = ""
    """Vision-language model of the run."""
    judge: str = ""
    """Judge whose verdicts the sample is stratified by; empty if there was none."""
    shows: Literal["words", "sentences"] = "words"
    """What is rated: single words, or sentences with a word marked."""
    seed: int = 0
    """Seed of the sample and of the orders."""
    items: tuple[Item, ...]
    """All items, controls included."""
    assignments: dict[str, tuple[str, ...]]
    """Annotator to item ids, in the order in which they are asked."""


def picture_names(patch_id: str) -> tuple[str, str]:
    """Return the file names of the boxed canvas and the crop of a patch."""
    return f"{patch_id}-boxed.png", f"{patch_id}-crop.png"


def write_study(folder: Path, study: Study, pictures: Mapping[str, tuple[bytes, bytes]]) -> None:
    """Write a study with its pictures; ``study.json`` comes last, so that it is whole if it exists.

    Args:
        folder: Folder of the study; it is created.
        study: The study.
        pictures: Patch id to boxed canvas and crop as PNG.

    Raises:
        DataError: It cannot be written.
    """
    place = folder / PICTURES
    with write_errors(place):
        place.mkdir(parents=True, exist_ok=True)
    for patch_id, files in pictures.items():
        for name, data in zip(picture_names(patch_id), files, strict=True):
            write_bytes_atomic(place / name, data)
    write_json_atomic(folder / STUDY_FILE, study, readable=True)


def read_study(folder: Path) -> Study:
    """Read the study in ``folder``.

    Raises:
        UsageError: There is none.
        DataError: It cannot be read.
    """
    path = folder / STUDY_FILE
    try:
        return Study.model_validate_json(path.read_bytes())
    except FileNotFoundError as error:
        raise UsageError(
            f"{folder} holds no study: expected {STUDY_FILE}, which `harness annotate` writes"
        ) from error
    except (OSError, ValidationError) as error:
        first = error.errors()[0]["msg"] if isinstance(error, ValidationError) else error.strerror
        raise DataError(f"cannot read {path}: {first}") from error
