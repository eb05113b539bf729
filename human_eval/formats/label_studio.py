"""The JSON export of Label Studio: one choices control per word, ``word1`` .. ``wordN``.

Each has the choices ``concrete``, ``abstract``, ``global`` and ``none``; an optional control
``verdict`` has ``none of them`` and ``can't tell``. Tasks carry our identity as ``data.item_id``.
Cancelled annotations and drafts are left out and counted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from harness.core.errors import DataError, UsageError
from harness.core.ratings import Item, Rating
from human_eval.formats.answers import VERDICT, chosen, word_number
from human_eval.formats.intake import EntryError, Intake, asked
from human_eval.formats.reading import document, excerpt, place
from human_eval.formats.reasons import (
    CANCELLED,
    NO_ANNOTATOR,
    NOT_SUBMITTED,
    UNREADABLE_ENTRY,
)
from human_eval.formats.tool_items import Task, items_of
from human_eval.formats.values import name_of, person_of, seconds_of, time_of


def take(given: Sequence[Path], labels: Sequence[Path], intake: Intake) -> dict[str, Item]:
    """Take in the ratings of exports, and return the items.

    Args:
        given: Files of items; without any, the tasks describe them.
        labels: Exports, or folders of them.
        intake: Takes the ratings.

    Raises:
        UsageError: There is no such file, the export is JSON_MIN, or there are no items.
        DataError: A single file cannot be read.
    """
    tasks: list[tuple[Path, Task, Mapping[str, Any]]] = []
    for label in labels:
        for path, reading in intake.files(label, ("*.json",)):
            with reading:
                tasks.extend((path, *task) for task in _tasks(path, intake))
    items = items_of(given, (task for _, task, _ in tasks), intake)
    for path, task, entry in tasks:
        _take_task(path, task, entry, items, intake)
    return items


def _tasks(path: Path, intake: Intake) -> Iterator[tuple[Task, Mapping[str, Any]]]:
    value = document(path)
    if not isinstance(value, list):
        raise DataError(f"{place(path)}: expected the JSON export, a list of tasks")
    first = next((entry for entry in value if isinstance(entry, dict)), {})
    if "annotations" not in first and {"annotation_id", "annotator", "lead_time"} & set(first):
        raise UsageError(
            f"{place(path)} is a JSON_MIN export, in which the answers of several people cannot be "
            "told apart; export it as JSON"
        )
    found = []
    for number, entry in enumerate(value, start=1):
        source = place(path, f"entry {number}")
        if not isinstance(entry, dict) or not isinstance(entry.get("annotations", []), list):
            intake.leave(UNREADABLE_ENTRY, source, "expected a task with a list of annotations")
            continue
        data = entry.get("data")
        fields = data if isinstance(data, dict) else {}
        found.append((Task(source, name_of(entry.get("id")), fields), entry))
    yield from found


def _take_task(
    path: Path, task: Task, entry: Mapping[str, Any], items: Mapping[str, Item], intake: Intake
) -> None:
    for number, annotation in enumerate(entry.get("annotations", []), start=1):
        source = f"{task.source}, annotation {number}"
        given = annotation if isinstance(annotation, dict) else {}
        person = person_of(given.get("completed_by"))
        with intake.entry(source, item_id=task.item_id, annotator=person):
            if not isinstance(annotation, dict):
                raise EntryError(UNREADABLE_ENTRY, f"{excerpt(annotation)}: expected an object")
            intake.add(path, _rating(annotation, person, task, items, source))
    drafts = entry.get("drafts")
    for number in range(1, len(drafts) + 1 if isinstance(drafts, list) else 1):
        intake.leave(
            NOT_SUBMITTED, f"{task.source}, draft {number}", "a draft", item_id=task.item_id
        )


def _rating(
    annotation: Mapping[str, Any],
    person: str,
    task: Task,
    items: Mapping[str, Item],
    source: str,
) -> Rating:
    if annotation.get("was_cancelled"):
        raise EntryError(CANCELLED, "the person skipped the task")
    if not person:
        raise EntryError(NO_ANNOTATOR, "expected completed_by with a number or an address")
    item = asked(items, task.item_id)
    state, relations = chosen(item, _choices(annotation.get("result")))
    return Rating(
        item_id=item.item_id,
        annotator=person,
        state=state,
        relations=relations,
        seconds=seconds_of(annotation.get("lead_time")),
        at=time_of(annotation.get("updated_at")) or time_of(annotation.get("created_at")),
        source=source,
    )


def _choices(result: Any) -> dict[str, list[str]]:
    """Return the choices of each control of ours.

    Raises:
        EntryError: The results are of no known form, or of other controls only.
    """
    results = [] if result is None else result
    if not isinstance(results, list) or not all(isinstance(entry, dict) for entry in results):
        raise EntryError(UNREADABLE_ENTRY, "expected a list of results")
    found: dict[str, list[str]] = {}
    for entry in results:
        name, value = name_of(entry.get("from_name")), entry.get("value")
        if name != VERDICT and word_number(name) is None:
            continue
        picked = value.get("choices") if isinstance(value, dict) else None
        if not isinstance(picked, list) or not all(isinstance(choice, str) for choice in picked):
            raise EntryError(UNREADABLE_ENTRY, f"control {name}: expected a list of choices")
        found.setdefault(name, []).extend(choice for choice in picked if choice)
    if results and not found:
        names = ", ".join(sorted({name_of(entry.get("from_name")) for entry in results}))
        raise EntryError(
            UNREADABLE_ENTRY, f"controls {excerpt(names)}: expected word1 .. wordN, or verdict"
        )
    return found
