"""Our own export of ratings: written for one person or several, and read back, JSONL or CSV.

JSONL begins with a line that says which study it is of and how many ratings follow, so that half a
file is noticed; CSV has the columns ``study,item_id,annotator,state,relations,seconds,at,session``
with relations joined by ``|``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from harness.core.errors import DataError, MismatchError
from harness.core.ids import canonical_json
from harness.core.ratings import Item, Rating
from human_eval.formats.answers import stated
from human_eval.formats.imported import Imported
from human_eval.formats.intake import EntryError, Intake, asked
from human_eval.formats.reading import excerpt, place
from human_eval.formats.reasons import (
    NO_ANNOTATOR,
    TRUNCATED_FILE,
    UNREADABLE_LINE,
    WRONG_STUDY,
)
from human_eval.formats.rows import Row, rows_of
from human_eval.formats.values import name_of, person_of, seconds_of, time_of, words_of
from human_eval.study import STUDY_FILE

FORMAT: Final = "lensbench-ratings"
"""What the first line of an export calls itself."""

VERSION: Final = 1
"""Version of the export's layout."""

COLUMNS: Final = ("item_id", "annotator", "state", "relations")
"""Columns that a CSV file must have."""


@dataclass(frozen=True, slots=True)
class _Header:
    """What the first line of an export says."""

    source: str = ""
    study: str = ""
    annotator: str = ""
    ratings: int | None = None


def ratings_jsonl(study_id: str, annotator: str, ratings: Sequence[Rating]) -> str:
    """Return the export of ``ratings`` as JSONL with a final newline.

    Args:
        study_id: Study they are of.
        annotator: Whose they are; empty for those of several people.
        ratings: Ratings, in the order in which they are to be read back.
    """
    header = {
        "format": FORMAT,
        "version": VERSION,
        "study": study_id,
        "annotator": annotator,
        "ratings": len(ratings),
    }
    rows = (rating.model_dump(mode="json", exclude={"source"}) for rating in ratings)
    return "".join(canonical_json(line) + "\n" for line in [header, *rows])


def read_labels(items: Sequence[Item], study_id: str, labels: Path) -> Imported:
    """Read ratings of a study of ours.

    Args:
        items: Items of the study.
        study_id: Its identity; ratings that name another one are left out.
        labels: JSONL or CSV file, or a folder of them.

    Raises:
        UsageError: There is no such file or folder.
        DataError: Nothing of it can be used.
        MismatchError: All of it is of another study.
    """
    intake = Intake()
    known = {item.item_id: item for item in items}
    take_labels(labels, known, study_id, intake)
    return Imported(
        items=tuple(items),
        ratings=intake.finished([labels]),
        replies={},
        left_out=tuple(intake.left_out),
    )


def take_labels(labels: Path, items: Mapping[str, Item], study_id: str, intake: Intake) -> None:
    """Take in the ratings of one file or folder.

    Raises:
        UsageError: There is no such file or folder.
        DataError: A single file cannot be read, or a folder holds none.
        MismatchError: All of it is of another study.
    """
    before = len(intake.left_out)
    taken = 0
    for path, reading in intake.files(labels, ("*.jsonl", "*.csv"), beside=(STUDY_FILE,)):
        with reading:
            taken += _take_file(path, items, study_id, intake)
    foreign = [entry for entry in intake.left_out[before:] if entry.reason == WRONG_STUDY]
    if foreign and not taken:
        raise MismatchError(
            f"{place(labels)} holds no rating of study {study_id}: {len(foreign)} "
            f"{'rating is' if len(foreign) == 1 else 'ratings are'} of another one; first: "
            f"{foreign[0].source}: {foreign[0].detail}"
        )


def _take_file(path: Path, items: Mapping[str, Item], study_id: str, intake: Intake) -> int:
    """Take in one file and return how many ratings were."""
    header, found, taken = _Header(), 0, 0
    headless = True
    for row in rows_of(path, COLUMNS):
        if row.values is not None and "format" in row.values:
            _close(header, found, intake)
            header, found, headless = _header(row, row.values), 0, False
            continue
        if headless and row.values is not None and not row.csv:
            intake.leave(
                TRUNCATED_FILE, place(path), "its first line is missing, which tells the study"
            )
            headless = False
        found += 1
        taken += _take(path, row, header, items, study_id, intake)
    _close(header, found, intake)
    return taken


def _take(
    path: Path,
    row: Row,
    header: _Header,
    items: Mapping[str, Item],
    study_id: str,
    intake: Intake,
) -> bool:
    """Take in one rating and tell whether it was."""
    if row.values is None:
        intake.leave(UNREADABLE_LINE, row.source, row.problem, annotator=header.annotator)
        return False
    item_id = name_of(row.values.get("item_id"))
    annotator = _annotator(row.values.get("annotator")) or _annotator(header.annotator)
    with intake.entry(row.source, item_id=item_id, annotator=annotator, fault=UNREADABLE_LINE):
        study = name_of(row.values.get("study")) or header.study
        if study_id and study and study != study_id:
            raise EntryError(WRONG_STUDY, f"study {excerpt(study)}: expected {study_id}")
        rating = _rating(row.values, asked(items, item_id), annotator, row.source)
        intake.add(path, rating)
        return True
    return False


def _rating(values: Mapping[str, Any], item: Item, annotator: str, source: str) -> Rating:
    if not annotator:
        raise EntryError(NO_ANNOTATOR, "expected a pseudonym")
    given = values.get("relations")
    relations = () if given in (None, "", []) else words_of(given)
    if relations is None:
        raise EntryError(UNREADABLE_LINE, f"relations {excerpt(given)}: expected a list")
    state, known = stated(item, name_of(values.get("state")), relations)
    return Rating(
        item_id=item.item_id,
        annotator=annotator,
        state=state,
        relations=known,
        seconds=seconds_of(values.get("seconds")),
        at=time_of(values.get("at")),
        session=name_of(values.get("session")),
        source=source,
    )


def _header(row: Row, values: Mapping[str, Any]) -> _Header:
    if values["format"] != FORMAT or values.get("version") != VERSION:
        raise DataError(
            f"{row.source}: format {excerpt(values['format'])} version "
            f"{excerpt(values.get('version'))}: expected {FORMAT} version {VERSION}"
        )
    ratings = values.get("ratings")
    count = ratings if isinstance(ratings, int) and not isinstance(ratings, bool) else None
    return _Header(
        row.source, name_of(values.get("study")), name_of(values.get("annotator")), count
    )


def _close(header: _Header, found: int, intake: Intake) -> None:
    """Compare the ratings found after a header with what it says."""
    if header.ratings is not None and found < header.ratings:
        intake.leave(
            TRUNCATED_FILE,
            header.source,
            f"{header.ratings - found} of {header.ratings} ratings are missing; export it again",
            annotator=header.annotator,
        )


def _annotator(value: object) -> str:
    """Return a pseudonym as it is; an address is never kept."""
    name = name_of(value)
    return person_of(name) if "@" in name else name
