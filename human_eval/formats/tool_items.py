"""Items of annotation tools: from a file of ours, or from the tasks in the tool's own export."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.core.errors import UsageError
from harness.core.ratings import Item
from human_eval.formats.answers import word_number
from human_eval.formats.intake import Intake
from human_eval.formats.items import items_of_rows, read_items
from human_eval.formats.rows import Row
from human_eval.formats.values import name_of, words_of


@dataclass(frozen=True, slots=True)
class Task:
    """What a tool holds of one item."""

    source: str
    """File and entry."""
    task_id: str
    """The tool's own identity of it."""
    data: Mapping[str, Any]
    """Fields of the task."""

    @property
    def item_id(self) -> str:
        """Our identity if the task carries one, else the tool's."""
        return name_of(self.data.get("item_id")) or self.task_id


def items_of(given: Sequence[Path], tasks: Iterable[Task], intake: Intake) -> dict[str, Item]:
    """Return the items of the files given; without any, those that the tasks describe.

    A task describes an item by ``words`` (or ``word1`` .. ``wordN``), ``image_id`` or ``image``,
    and if known ``lens``, ``layer`` and the other columns of a table of items.

    Raises:
        UsageError: No file is given, and no task has words.
        DataError: A file cannot be read.
    """
    items: dict[str, Item] = {}
    for path in given:
        items.update(read_items(path, intake).items)
    if given:
        return items
    rows = list(_rows(tasks))
    if not rows:
        raise UsageError("the export does not hold the words of its items: give them with --items")
    return items_of_rows(rows, intake)


def _rows(tasks: Iterable[Task]) -> Iterable[Row]:
    seen: set[str] = set()
    for task in tasks:
        words = words_of(task.data.get("words")) or _numbered(task.data)
        if words is None or task.item_id in seen:
            continue
        seen.add(task.item_id)
        image = name_of(task.data.get("image_id")) or name_of(task.data.get("image"))
        yield Row(
            task.source,
            {**task.data, "item_id": task.item_id, "image_id": image, "words": list(words)},
        )


def _numbered(data: Mapping[str, Any]) -> tuple[str, ...] | None:
    """Return the words of fields ``word1`` .. ``wordN``; None if there are none."""
    found = {number: word for name, word in data.items() if (number := word_number(name))}
    words = [found.get(number) for number in range(1, len(found) + 1)]
    return tuple(str(word) for word in words) if words and None not in words else None
