from __future__ import annotations

import os
from pathlib import Path

import pytest

from harness.core.errors import DataError, UsageError
from human_eval.static_site import README, write_static
from human_eval.study import PICTURES
from tests.human_eval.a_study import ANNOTATORS, a_study, written_study


@pytest.fixture
def study_folder(tmp_path: Path) -> Path:
    written_study(tmp_path / "study", side=32)
    return tmp_path / "study"


def content(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_the_folder_holds_pages_pictures_and_a_note(study_folder: Path, tmp_path: Path) -> None:
    study = a_study()
    pages = write_static(tmp_path / "site", study, study_folder / PICTURES)
    assert pages == [tmp_path / "site" / f"{name}.html" for name in ANNOTATORS]
    found = content(tmp_path / "site")
    pictures = {f"{PICTURES}/{path.name}" for path in (study_folder / PICTURES).iterdir()}
    assert set(found) == {README, *(f"{name}.html" for name in ANNOTATORS), *pictures}
    assert len(pictures) == 12
    for name in pictures:
        assert found[name] == (study_folder / name).read_bytes()
    note = found[README].decode()
    assert study.study_id in note
    assert "ada.html, ben.html, cyd.html" in note


def test_every_picture_a_page_names_is_there_and_no_other(
    study_folder: Path, tmp_path: Path
) -> None:
    study = a_study()
    few = study.model_copy(update={"assignments": {"ada": study.assignments["ada"][:2]}})
    [page] = write_static(tmp_path / "site", few, study_folder / PICTURES)
    text = page.read_text("utf-8")
    found = content(tmp_path / "site")
    pictures = {name for name in found if name.startswith(PICTURES)}
    assert len(pictures) == 4
    assert all(f'"{name}"' in text for name in pictures)


def test_the_same_study_gives_the_same_bytes(study_folder: Path, tmp_path: Path) -> None:
    for name in ("one", "two"):
        write_static(tmp_path / name, a_study(), study_folder / PICTURES)
    assert content(tmp_path / "one") == content(tmp_path / "two")
    write_static(tmp_path / "one", a_study(), study_folder / PICTURES)
    assert content(tmp_path / "one") == content(tmp_path / "two")


@pytest.mark.parametrize("name", ["../ada", "a/b", "", "a b", "x" * 41, "ada\n", "é"])
def test_a_name_that_is_no_file_name_is_refused(
    study_folder: Path, tmp_path: Path, name: str
) -> None:
    study = a_study(annotators=["ada", name])
    with pytest.raises(UsageError, match="expected a pseudonym of 1 to 40 letters"):
        write_static(tmp_path / "site", study, study_folder / PICTURES)
    assert not (tmp_path / "site").exists()


def test_names_that_differ_by_upper_case_alone_are_refused(
    study_folder: Path, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match="Ada and ada have one name"):
        write_static(tmp_path / "site", a_study(annotators=["ada", "Ada"]), study_folder / PICTURES)


def test_a_missing_picture_is_named(study_folder: Path, tmp_path: Path) -> None:
    (study_folder / PICTURES / "p003-crop.png").unlink()
    with pytest.raises(DataError, match=r"p003-crop\.png: No such file"):
        write_static(tmp_path / "site", a_study(), study_folder / PICTURES)
    assert not list((tmp_path / "site").glob("*.html"))


def test_a_file_in_the_way_is_named(study_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "site").write_text("")
    with pytest.raises(DataError, match=f"cannot write {os.fspath(tmp_path)}"):
        write_static(tmp_path / "site", a_study(), study_folder / PICTURES)
