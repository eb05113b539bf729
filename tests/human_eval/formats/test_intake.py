"""Ratings of several files taken together."""

from __future__ import annotations

from pathlib import Path

from harness.core.ratings import Rating
from human_eval.formats.imported import Imported
from human_eval.formats.lensbench import ratings_jsonl, read_labels
from tests.human_eval.formats.a_labelled_study import STUDY_ID, items, ratings

ITEMS = items()


def reasons(found: Imported) -> list[str]:
    return [entry.reason for entry in found.left_out]


def test_a_rating_in_two_files_counts_once(tmp_path: Path) -> None:
    said = ratings(ITEMS)
    for name in ("a", "b"):
        (tmp_path / f"{name}.jsonl").write_text(ratings_jsonl(STUDY_ID, "", said))
    found = read_labels(ITEMS, STUDY_ID, tmp_path)
    assert len(found.ratings) == len(found.left_out) == len(said)
    assert set(reasons(found)) == {"duplicate rating"}


def test_two_people_under_one_name(tmp_path: Path) -> None:
    first: Rating = next(rating for rating in ratings(ITEMS) if rating.state == "selected")
    other = Rating(
        item_id=first.item_id,
        annotator=first.annotator,
        state="none",
        relations=("none",) * 5,
        session="elsewhere",
    )
    (tmp_path / "a.jsonl").write_text(ratings_jsonl(STUDY_ID, "", ratings(ITEMS)))
    (tmp_path / "b.jsonl").write_text(ratings_jsonl(STUDY_ID, "", [other]))
    found = read_labels(ITEMS, STUDY_ID, tmp_path)
    assert reasons(found) == ["two people under one name"] * 2
    files = {Path(entry.source.split(",")[0]).name for entry in found.left_out}
    assert files == {"a.jsonl", "b.jsonl"}
    assert {entry.item_id for entry in found.left_out} == {first.item_id}
    assert len(found.ratings) == len(ratings(ITEMS)) - 1
