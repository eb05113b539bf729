"""Formats in which ratings can be imported, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from harness.core.errors import DataError, UsageError, unknown_name
from harness.core.ratings import Item, JudgeReply
from human_eval.formats import argilla, authors, authors_replies, label_studio, lensbench, potato
from human_eval.formats.imported import Imported
from human_eval.formats.intake import Intake
from human_eval.formats.items import COLUMNS, read_items
from human_eval.formats.replies import one_each, read_replies

Tool = Callable[[Sequence[Path], Sequence[Path], Intake], dict[str, Item]]
"""Takes in the ratings of label files, with files of items if there are any; returns the items."""


def read_study_labels(
    format_name: str, items: Sequence[Path], labels: Sequence[Path], replies: Sequence[Path]
) -> Imported:
    """Read the ratings of a study from files alone, without a run.

    Args:
        format_name: One of :data:`FORMATS`.
        items: Files of items. ``authors`` takes one for each of ``labels``; ``label-studio`` and
            ``argilla`` can do without.
        labels: Files or folders of ratings.
        replies: Files of judges' replies; none, and for ``authors`` one for each of ``labels``.

    Returns:
        Items, one rating of each person for each item, one reply of each judge for each item, and
        what was left out with its reason.

    Raises:
        UsageError: Unknown format, files that do not exist, or files missing from the request.
        DataError: A file cannot be read, or no rating can be used.
        MismatchError: All ratings are of another study.
    """
    if format_name not in FORMATS:
        raise unknown_name("import format", format_name, FORMATS)
    if not labels:
        raise UsageError("--labels: expected a file or folder of ratings")
    return FORMATS[format_name](items, labels, replies)


def _authors(items: Sequence[Path], labels: Sequence[Path], replies: Sequence[Path]) -> Imported:
    """Read one condition of the paper's study, or several with the same ids."""
    if len(items) != len(labels) or (replies and len(replies) != len(labels)):
        raise UsageError(
            f"--items is given {len(items)} times, --labels {len(labels)}, --judge-replies "
            f"{len(replies)}: expected each once per condition, in the same order"
        )
    intake = Intake([*items, *replies])
    everything: dict[str, Item] = {}
    found: list[tuple[str, JudgeReply]] = []
    for position, (item_path, label_path) in enumerate(zip(items, labels, strict=True)):
        known = authors.read_items(item_path, intake)
        prefix = _prefix(known, item_path) if len(items) > 1 else ""
        named = {
            key: item.model_copy(update={"item_id": f"{prefix}{key}"})
            for key, item in known.items()
        }
        taken = next((item.item_id for item in named.values() if item.item_id in everything), "")
        if taken:
            raise UsageError(
                f"--items {item_path}: item {taken} is in another condition of the same lens; "
                "expected each condition once"
            )
        everything.update({item.item_id: item for item in named.values()})
        authors.take_sessions(label_path, named, prefix, intake)
        if replies:
            found += authors_replies.read_replies(replies[position], named, prefix, intake)
    return _imported(everything, labels, found, intake)


def _lensbench(items: Sequence[Path], labels: Sequence[Path], replies: Sequence[Path]) -> Imported:
    """Read ratings in our own format."""
    if not items:
        raise UsageError(
            f"--items: expected study.json, or JSONL or CSV with the columns {', '.join(COLUMNS)}"
        )
    intake = Intake([*items, *replies])
    known: dict[str, Item] = {}
    studies = []
    for path in items:
        asked = read_items(path, intake)
        known.update(asked.items)
        studies.append(asked.study_id)
    study_id = studies[0] if len(set(studies)) == 1 else ""
    for path in labels:
        lensbench.take_labels(path, known, study_id, intake)
    return _imported(known, labels, read_replies(replies, known, intake), intake)


def _tool(take: Tool) -> Callable[[Sequence[Path], Sequence[Path], Sequence[Path]], Imported]:
    """Return the reader of a tool's format."""

    def read(items: Sequence[Path], labels: Sequence[Path], replies: Sequence[Path]) -> Imported:
        intake = Intake([*items, *replies])
        known = take(items, labels, intake)
        return _imported(known, labels, read_replies(replies, known, intake), intake)

    return read


def _imported(
    items: Mapping[str, Item],
    labels: Sequence[Path],
    replies: Sequence[tuple[str, JudgeReply]],
    intake: Intake,
) -> Imported:
    ratings = intake.finished(labels)
    judges = one_each(replies, intake)
    return Imported(tuple(items.values()), ratings, judges, tuple(intake.left_out))


def _prefix(items: Mapping[str, Item], path: Path) -> str:
    """Return the lens of all items as what tells their condition."""
    lenses = {item.cells[0].lens for item in items.values()}
    if len(lenses) > 1:
        raise DataError(f"{path} mixes words and sentences: expected one condition per file")
    return f"{lenses.pop()}:"


FORMATS: Final[
    Mapping[str, Callable[[Sequence[Path], Sequence[Path], Sequence[Path]], Imported]]
] = {
    "authors": _authors,
    "lensbench": _lensbench,
    "label-studio": _tool(label_studio.take),
    "argilla": _tool(argilla.take),
    "potato": _tool(potato.take),
}
"""Reader of each format."""
