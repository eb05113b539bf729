"""Records of Argilla: one label question per word, ``word1`` .. ``wordN``, and ``verdict``.

The form of ``records.to_list(flatten=True)`` (``word1.responses``, ``word1.responses.users``,
``word1.responses.status``) tells submitted answers from drafts and discarded ones, which are left
out. That of ``records.to_json`` does not. Records carry our identity as ``item_id`` in their fields
or metadata.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from harness.core.progress import announce
from harness.core.ratings import Item, Rating
from human_eval.formats.answers import VERDICT, chosen, word_number
from human_eval.formats.intake import EntryError, Intake, asked
from human_eval.formats.reading import excerpt
from human_eval.formats.reasons import NO_ANNOTATOR, NOT_SUBMITTED, UNREADABLE_ENTRY
from human_eval.formats.rows import rows_of
from human_eval.formats.tool_items import Task, items_of
from human_eval.formats.values import name_of, person_of

SUBMITTED: Final = "submitted"
"""Status of an answer that counts."""

_RESPONSES: Final = ".responses"

_Answers = dict[str, dict[str, list[tuple[Any, str]]]]
"""Person to question to values with status."""


def take(given: Sequence[Path], labels: Sequence[Path], intake: Intake) -> dict[str, Item]:
    """Take in the ratings of exports, and return the items.

    Args:
        given: Files of items; without any, the records describe them.
        labels: Exports, or folders of them.
        intake: Takes the ratings.

    Raises:
        UsageError: There is no such file, or there are no items.
        DataError: A single file cannot be read.
    """
    records: list[tuple[Path, Task, Mapping[str, Any]]] = []
    for label in labels:
        for path, reading in intake.files(label, ("*.json", "*.jsonl")):
            with reading:
                records.extend((path, *record) for record in _records(path, intake))
    if any(isinstance(record.get("responses"), dict) for _, _, record in records):
        announce(
            "this Argilla export does not say which answers were submitted, so drafts and "
            "discarded ones count too; records.to_list(flatten=True) does"
        )
    items = items_of(given, (task for _, task, _ in records), intake)
    for path, task, record in records:
        _take_record(path, task, record, items, intake)
    return items


def _records(path: Path, intake: Intake) -> list[tuple[Task, Mapping[str, Any]]]:
    found = []
    for row in rows_of(path, ("id",)):
        if row.values is None:
            intake.leave(UNREADABLE_ENTRY, row.source, row.problem)
            continue
        data = dict(row.values)
        for part in ("fields", "metadata"):
            inner = row.values.get(part)
            data.update(inner if isinstance(inner, dict) else {})
        found.append((Task(row.source, name_of(row.values.get("id")), data), row.values))
    return found


def _take_record(
    path: Path, task: Task, record: Mapping[str, Any], items: Mapping[str, Item], intake: Intake
) -> None:
    with intake.entry(task.source, item_id=task.item_id):
        answers = _answers(record)
        if not answers and any(True for _ in _responses(record)):
            raise EntryError(
                UNREADABLE_ENTRY,
                "responses to other questions: expected word1 .. wordN, or verdict",
            )
        for person, questions in answers.items():
            source = f"{task.source}, person {person or '?'}"
            with intake.entry(source, item_id=task.item_id, annotator=person):
                choices = {name: _submitted(values) for name, values in questions.items()}
                if not person:
                    raise EntryError(NO_ANNOTATOR, "expected a user for each response")
                item = asked(items, task.item_id)
                state, relations = chosen(item, choices)
                rating = Rating(
                    item_id=item.item_id,
                    annotator=person,
                    state=state,
                    relations=relations,
                    source=source,
                )
                intake.add(path, rating)


def _submitted(values: Sequence[tuple[Any, str]]) -> list[str]:
    """Return the values of one question.

    Raises:
        EntryError: One was not submitted, or is not a label.
    """
    for value, status in values:
        if status != SUBMITTED:
            raise EntryError(NOT_SUBMITTED, f"status {status or 'missing'}: expected {SUBMITTED}")
        if value is not None and not isinstance(value, str):
            raise EntryError(UNREADABLE_ENTRY, "expected the label of a question with one label")
    return [value for value, _ in values if value]


def _answers(record: Mapping[str, Any]) -> _Answers:
    found: _Answers = {}
    for question, person, value, status in _responses(record):
        if question == VERDICT or word_number(question) is not None:
            found.setdefault(person, {}).setdefault(question, []).append((value, status))
    return found


def _responses(record: Mapping[str, Any]) -> Iterator[tuple[str, str, Any, str]]:
    """Yield question, person, value and status of every response of a record."""
    nested = record.get("responses")
    if isinstance(nested, dict):
        for question, responses in nested.items():
            for response in responses if isinstance(responses, list) else []:
                if not isinstance(response, dict):
                    raise EntryError(UNREADABLE_ENTRY, f"{question}: expected value and user_id")
                status = name_of(response.get("status")).lower() or SUBMITTED
                yield question, person_of(response.get("user_id")), response.get("value"), status
        return
    for key, values in record.items():
        if not key.endswith(_RESPONSES) or values is None:
            continue
        people, states = record.get(f"{key}.users"), record.get(f"{key}.status")
        lists = [values, people, states]
        if not all(isinstance(entry, list) and len(entry) == len(values) for entry in lists):
            raise EntryError(
                UNREADABLE_ENTRY,
                f"{excerpt(key)}: expected as many users and statuses as it has",
            )
        for value, person, status in zip(*lists, strict=True):
            yield key.removesuffix(_RESPONSES), person_of(person), value, name_of(status).lower()
