"""One study in every format gives the same ratings; the request itself is checked."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.core.errors import DataError, MismatchError, UsageError
from human_eval.formats.lensbench import ratings_jsonl
from human_eval.formats.reasons import OF_RATINGS
from human_eval.formats.registry import FORMATS as KNOWN
from human_eval.formats.registry import read_study_labels
from tests.human_eval.formats.a_labelled_study import STUDY_ID, answered, items, ratings, write_json
from tests.human_eval.formats.written_formats import FORMATS, authors_entry


@pytest.mark.parametrize("form", FORMATS)
def test_every_format_gives_the_same_ratings(form: str, tmp_path: Path) -> None:
    name, write = FORMATS[form]
    asked = items()
    said = ratings(asked, cant_tell=name != "authors")
    read = read_study_labels(name, *write(tmp_path, asked, said), [])
    assert answered(read.ratings) == answered(said)
    assert len(read.ratings) == len(said)
    assert not read.left_out
    assert [item.words for item in read.items] == [item.words for item in asked]
    assert {rating.state for rating in read.ratings} >= {"selected", "none"}
    assert all(Path(rating.source.split(",")[0]).exists() for rating in read.ratings)


@pytest.mark.parametrize("form", FORMATS)
def test_ratings_of_other_items_are_named_and_counted(form: str, tmp_path: Path) -> None:
    name, write = FORMATS[form]
    asked = items()
    said = ratings(asked, cant_tell=name != "authors")
    wanted, labels = write(tmp_path, asked, said)
    fewer = tmp_path / "fewer"
    fewer.mkdir()
    (file := fewer / "items.jsonl").touch()
    if name == "authors":
        write_json(file, [authors_entry(item) for item in asked[1:]])
    else:
        wanted, _ = FORMATS["lensbench csv"][1](fewer, asked[1:], [])
        file = wanted[0]
    read = read_study_labels(name, [file], labels, [])
    gone = [rating for rating in said if rating.item_id == asked[0].item_id]
    assert {entry.reason for entry in read.left_out} == {"unknown item"}
    assert {entry.annotator for entry in read.left_out} == {rating.annotator for rating in gone}
    assert all(entry.item_id == asked[0].item_id for entry in read.left_out)
    assert len(read.ratings) + len(read.left_out) == len(said)
    assert {entry.reason for entry in read.left_out} <= OF_RATINGS


def test_an_unknown_format_names_the_known_ones() -> None:
    with pytest.raises(UsageError, match="did you mean label-studio"):
        read_study_labels("labelstudio", [], [Path("x")], [])
    assert set(KNOWN) == {"authors", "lensbench", "label-studio", "argilla", "potato"}


@pytest.mark.parametrize("name", KNOWN)
def test_labels_are_needed_and_must_exist(name: str, tmp_path: Path) -> None:
    file = write_json(tmp_path / "items.json", [authors_entry(items()[0])])
    with pytest.raises(UsageError, match="--labels"):
        read_study_labels(name, [file], [], [])
    rows = tmp_path / "items.csv"
    rows.write_text("item_id,image_id,words\na,b,c\n")
    given = file if name == "authors" else rows
    with pytest.raises(UsageError, match="absent does not exist"):
        read_study_labels(name, [given], [tmp_path / "absent"], [])


@pytest.mark.parametrize("name", KNOWN)
def test_a_folder_without_labels_is_refused(name: str, tmp_path: Path) -> None:
    file = write_json(tmp_path / "items.json", [authors_entry(items()[0])])
    rows = tmp_path / "items.csv"
    rows.write_text("item_id,image_id,words\na,b,c\n")
    (tmp_path / "empty").mkdir()
    given = file if name == "authors" else rows
    with pytest.raises(DataError, match="holds no labels: expected files"):
        read_study_labels(name, [given], [tmp_path / "empty"], [])


def test_no_rating_left_says_why(tmp_path: Path) -> None:
    asked = items()
    wanted, _ = FORMATS["lensbench csv"][1](tmp_path, asked, ratings(asked))
    labels = tmp_path / "other.csv"
    labels.write_text("item_id,annotator,state,relations\nx,a,blank,\ny,a,blank,\nitem00,,blank,\n")
    with pytest.raises(DataError, match=r"1 x no annotator, 2 x unknown item; first: .*line 2"):
        read_study_labels("lensbench", wanted, [labels], [])


def test_our_format_needs_items(tmp_path: Path) -> None:
    labels = tmp_path / "labels.jsonl"
    labels.write_text("{}\n")
    with pytest.raises(UsageError, match="--items: expected study.json"):
        read_study_labels("lensbench", [], [labels], [])


def test_labels_of_another_study_are_refused(tmp_path: Path) -> None:
    asked = items()
    wanted, (folder,) = FORMATS["lensbench"][1](tmp_path, asked, ratings(asked))
    foreign = tmp_path / "foreign.jsonl"
    foreign.write_text(ratings_jsonl("another", "a", ratings(asked)))
    with pytest.raises(MismatchError, match=rf"no rating of study {STUDY_ID}.*another"):
        read_study_labels("lensbench", wanted, [folder, foreign], [])


def test_items_and_replies_may_lie_among_the_labels(tmp_path: Path) -> None:
    asked = items()
    said = ratings(asked)
    wanted, _ = FORMATS["lensbench csv"][1](tmp_path, asked, said)
    replies = tmp_path / "replies.jsonl"
    replies.write_text('{"item_id": "item00", "judge": "j", "status": "refusal"}\n')
    read = read_study_labels("lensbench", wanted, [tmp_path], [replies])
    assert len(read.ratings) == len(said)
    assert list(read.replies) == ["j"]
    assert not read.left_out


def test_results_do_not_depend_on_the_order_of_files(tmp_path: Path) -> None:
    asked = items()
    said = ratings(asked)
    wanted, (folder,) = FORMATS["lensbench"][1](tmp_path, asked, said)
    files = sorted(folder.iterdir())
    forwards = read_study_labels("lensbench", wanted, files, [])
    backwards = read_study_labels("lensbench", wanted, files[::-1], [])
    assert set(forwards.ratings) == set(backwards.ratings)
    assert set(forwards.ratings) == set(
        read_study_labels("lensbench", wanted, [folder], []).ratings
    )
