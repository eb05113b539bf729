"""A study in its folder: whole or not there."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from harness.core.errors import DataError, UsageError
from human_eval.assignment import assign
from human_eval.sampling import draw_items
from human_eval.study import PICTURES, STUDY_FILE, Study, picture_names, read_study, write_study
from tests.human_eval.boards import board


def made() -> Study:
    items = draw_items(board(2, 2), 20, 0, 10).items
    return Study(study_id="s1", items=items, assignments=assign(items, ("ada", "ben"), 2, 0))


def pictures(study: Study) -> dict[str, tuple[bytes, bytes]]:
    return {
        item.patch_id: (f"boxed {item.patch_id}".encode(), f"crop {item.patch_id}".encode())
        for item in study.items
    }


def test_a_study_comes_back_as_it_was_written_with_its_pictures(tmp_path: Path) -> None:
    study = made()
    folder = tmp_path / "new" / "annotation"
    write_study(folder, study, pictures(study))
    assert read_study(folder) == study
    for patch_id, files in pictures(study).items():
        for name, data in zip(picture_names(patch_id), files, strict=True):
            assert (folder / PICTURES / name).read_bytes() == data
    names = {path.name for path in (folder / PICTURES).iterdir()}
    assert len(names) == 2 * len(pictures(study))


def test_the_study_comes_last_so_that_half_of_it_is_none(tmp_path: Path) -> None:
    study = made()
    first = next(iter(pictures(study)))
    (tmp_path / PICTURES / picture_names(first)[1]).mkdir(parents=True)
    with pytest.raises((DataError, OSError)):
        write_study(tmp_path, study, pictures(study))
    with pytest.raises(UsageError, match=f"holds no study: expected {STUDY_FILE}"):
        read_study(tmp_path)


def test_a_study_that_is_cut_or_of_another_layout_is_refused(tmp_path: Path) -> None:
    study = made()
    write_study(tmp_path, study, {})
    path = tmp_path / STUDY_FILE
    whole = path.read_text()
    path.write_text(whole[: len(whole) // 2])
    with pytest.raises(DataError, match=STUDY_FILE):
        read_study(tmp_path)
    path.write_text(whole.replace('"seed": 0', '"seeds": 0'))
    with pytest.raises(DataError, match=STUDY_FILE):
        read_study(tmp_path)


def test_a_study_needs_an_identity() -> None:
    with pytest.raises(ValidationError, match="study_id"):
        Study(study_id="", items=(), assignments={})
