"""Output of Potato: a state per person, the older list of annotated instances, or Parquet.

Schemas ``word1`` .. ``wordN`` have the labels ``concrete``, ``abstract``, ``global`` and ``none``;
an optional schema ``verdict`` has ``none of them`` and ``can't tell``. A person's folder is read
from ``user_state.json``; ``annotated_instances.jsonl`` beside it says the same in an older form and
is read only where there is no state.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from harness.core.errors import DataError
from harness.core.ratings import Item, Rating
from human_eval.formats.answers import VERDICT, chosen, word_number
from human_eval.formats.intake import EntryError, Intake, asked
from human_eval.formats.reading import document, excerpt, parsed, place
from human_eval.formats.reasons import NO_ANNOTATOR, UNREADABLE_ENTRY, UNREADABLE_LINE
from human_eval.formats.rows import rows_of
from human_eval.formats.tool_items import items_of
from human_eval.formats.values import name_of, person_of, seconds_of

STATE: Final = "user_state.json"
"""File of one person's answers."""

INSTANCES: Final = "annotated_instances.jsonl"
"""Older form of the same."""

_LABELS: Final = "instance_id_to_label_to_value"
_BEHAVIOUR: Final = "instance_id_to_behavioral_data"
_BESIDE: Final = ("annotation_history.jsonl", "annotated_instances.json", "annotated_instances.tsv")
_PATTERNS: Final = (STATE, f"*/{STATE}", INSTANCES, f"*/{INSTANCES}", "*.parquet")
_SPENT: Final = re.compile(r"(\d{1,6})d (\d{1,6})h (\d{1,6})m (\d{1,6})s")
_FALSE: Final = frozenset({"", "false", "0"})


@dataclass(frozen=True, slots=True)
class _Entry:
    """One person's answer to one instance, as a file holds it."""

    source: str
    person: str
    item_id: str
    labels: Any
    behaviour: Any = None


def take(given: Sequence[Path], labels: Sequence[Path], intake: Intake) -> dict[str, Item]:
    """Take in the ratings of output folders or files, and return the items.

    Args:
        given: Files of items; Potato's output does not hold the words.
        labels: ``annotation_output``, folders in it, or single files.
        intake: Takes the ratings.

    Raises:
        UsageError: There is no such file, or no items are given.
        DataError: A single file cannot be read.
    """
    entries: list[tuple[Path, _Entry]] = []
    for label in labels:
        for path, reading in intake.files(label, _PATTERNS, beside=_BESIDE):
            if label.is_dir() and path.name == INSTANCES and path.with_name(STATE).exists():
                continue
            with reading:
                entries.extend((path, entry) for entry in _entries(path, intake))
    items = items_of(given, (), intake)
    for path, entry in entries:
        with intake.entry(entry.source, item_id=entry.item_id, annotator=entry.person):
            intake.add(path, _rating(entry, items))
    return items


def _rating(entry: _Entry, items: Mapping[str, Item]) -> Rating:
    if not entry.person:
        raise EntryError(NO_ANNOTATOR, "expected user_id, or a folder named after the person")
    item = asked(items, entry.item_id)
    state, relations = chosen(item, _choices(entry.labels))
    return Rating(
        item_id=item.item_id,
        annotator=entry.person,
        state=state,
        relations=relations,
        seconds=_seconds(entry.behaviour),
        source=entry.source,
    )


def _entries(path: Path, intake: Intake) -> list[_Entry]:
    if path.suffix == ".parquet":
        return list(_of_table(path))
    if path.suffix == ".jsonl":
        return list(_of_instances(path, intake))
    return list(_of_state(path))


def _of_state(path: Path) -> Iterator[_Entry]:
    value = document(path)
    answers = value.get(_LABELS) if isinstance(value, dict) else None
    if not isinstance(answers, dict):
        raise DataError(f"{place(path)}: expected a user state with {_LABELS}")
    person = person_of(value.get("user_id")) or person_of(path.parent.name)
    behaviour = value.get(_BEHAVIOUR)
    times = behaviour if isinstance(behaviour, dict) else {}
    for number, (instance, labels) in enumerate(answers.items(), start=1):
        source = place(path, f"entry {number}")
        yield _Entry(source, person, name_of(instance), labels, times.get(instance))


def _of_instances(path: Path, intake: Intake) -> Iterator[_Entry]:
    folder = person_of(path.parent.name)
    for row in rows_of(path, ("id", "label_annotations")):
        if row.values is None:
            intake.leave(UNREADABLE_LINE, row.source, row.problem, annotator=folder)
            continue
        person = person_of(row.values.get("user_id")) or person_of(row.values.get("user")) or folder
        yield _Entry(
            row.source,
            person,
            name_of(row.values.get("id")),
            row.values.get("label_annotations"),
            row.values.get("behavioral_data"),
        )


def _of_table(path: Path) -> Iterator[_Entry]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            rows = file.read().to_pylist()
    except (pa.ArrowException, OSError, ValueError) as error:
        raise DataError(f"cannot read {place(path)}: {excerpt(str(error))}") from error
    needed = ("instance_id", "user_id")
    if rows and any(name not in rows[0] for name in needed):
        raise DataError(
            f"{place(path)} has the columns {excerpt(', '.join(rows[0]))}: expected "
            f"{' and '.join(needed)}"
        )
    for number, row in enumerate(rows, start=1):
        yield _Entry(
            place(path, f"row {number}"),
            person_of(row["user_id"]),
            name_of(row["instance_id"]),
            {name: value for name, value in row.items() if name not in needed},
        )


def _choices(labels: Any) -> dict[str, list[str]]:
    """Return the labels chosen of each schema of ours, from any of the forms they come in.

    Raises:
        EntryError: They are of no known form, or of other schemas only.
    """
    found: dict[str, list[str]] = {}
    others: set[str] = set()
    for schema, label in _pairs(labels):
        if schema == VERDICT or word_number(schema) is not None:
            found.setdefault(schema, []).append(label)
        else:
            others.add(schema)
    if others and not found and not _ours(labels):
        raise EntryError(
            UNREADABLE_ENTRY,
            f"schemas {excerpt(', '.join(sorted(others)))}: expected word1 .. wordN, or verdict",
        )
    return found


def _ours(labels: Any) -> bool:
    """Tell whether a schema of ours is there, if only without a label."""
    names = labels if isinstance(labels, dict) else ()
    return any(name == VERDICT or word_number(str(name)) is not None for name in names)


def _pairs(labels: Any) -> Iterator[tuple[str, str]]:
    """Yield schema and label of everything chosen."""
    if isinstance(labels, dict):
        for schema, value in labels.items():
            for label in _of_schema(value):
                yield str(schema), label
        return
    if not isinstance(labels, list | type(None)):
        raise EntryError(UNREADABLE_ENTRY, f"labels {excerpt(labels)}: expected a list or object")
    for pair in labels or []:
        key = pair[0] if isinstance(pair, list) and len(pair) == 2 else None
        if not isinstance(key, dict):
            raise EntryError(UNREADABLE_ENTRY, f"label {excerpt(pair)}: expected a pair")
        if _said(pair[1]):
            yield name_of(key.get("schema")), name_of(key.get("name"))


def _of_schema(value: Any) -> Iterator[str]:
    """Yield the labels chosen of one schema: an object, a list, a label, or JSON text of these."""
    if isinstance(value, str) and value[:1] in ("{", "["):
        try:
            value = parsed(value)
        except ValueError as error:
            raise EntryError(UNREADABLE_ENTRY, f"label {excerpt(value)}: not JSON") from error
    if isinstance(value, dict):
        yield from (str(label) for label, chosen_value in value.items() if _said(chosen_value))
    elif isinstance(value, list):
        yield from (str(label) for label in value if label is not None and label != "")
    elif isinstance(value, str) and value:
        yield value


def _said(value: Any) -> bool:
    """Tell whether a label with this value was chosen."""
    if isinstance(value, str):
        return value.strip().lower() not in _FALSE
    return bool(value)


def _seconds(behaviour: Any) -> float | None:
    """Return the seconds of ``Time spent: 0d 0h 0m 12s``; None if they are not told."""
    if not isinstance(behaviour, dict):
        return None
    text = behaviour.get("time_string")
    found = _SPENT.search(text) if isinstance(text, str) else None
    if not found:
        return None
    days, hours, minutes, seconds = (int(part) for part in found.groups())
    return seconds_of(((days * 24 + hours) * 60 + minutes) * 60 + seconds)
