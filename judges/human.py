"""A judge made of people's labels: what most of those who rated a question said."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, TypeAlias

from harness.core.errors import UsageError
from harness.core.ids import sha256_file
from harness.core.quoting import plain
from harness.core.ratings import HumanLabel
from harness.core.records import Judgement, Relation
from harness.core.tables import read_table
from judges.base import JudgeRequest, judgement
from judges.protocols.marking import marked_word

NAME: Final = "human"
LABELS: Final = "labels.parquet"
"""File of the labels in a run directory."""

_RELATED: Final[tuple[Relation, ...]] = ("concrete", "abstract", "global")
_NOBODY: Final = "nobody rated this"

_Item: TypeAlias = tuple[str, tuple[str, ...]]
"""Patch id and the words in alphabetical order: the same words in any order are one item."""


class HumanJudge:
    """People's labels of this run, read from ``labels.parquet`` in its directory.

    A label counts for a question about the same patch and the same words, in whatever order they
    were shown. A person's last label of an item replaces earlier ones, and those who could not
    tell are left out. See :func:`verdict` for how a word's relation is settled; where one word of
    a question stays open, the question is unscored.

    Raises:
        UsageError: There is no run, or it has no labels.
        DataError: The labels cannot be read.
    """

    name: str = NAME
    needs_labels: bool = False
    needs_pixels: bool = False

    def __init__(self, run: Path | None) -> None:
        path = _labels_file(run)
        self.version = sha256_file(path)
        self._said: dict[_Item, dict[str, HumanLabel]] = {}
        for label in read_table(path, HumanLabel):
            item = (label.patch_id, tuple(sorted(filter(_shows, label.words))))
            self._said.setdefault(item, {})[label.annotator] = label

    def judge(self, requests: Sequence[JudgeRequest]) -> Iterator[Judgement]:
        """Yield one judgement per request, in order; a question without a majority is a refusal."""
        for request in requests:
            relations = self._majority(request)
            if isinstance(relations, str):
                yield judgement(self, request, "refusal", error=relations)
            else:
                yield judgement(self, request, "ok", relations=relations)

    def _majority(self, request: JudgeRequest) -> list[Relation] | str:
        """Return one relation per word of the request, or why there is none."""
        item = (request.patch_id, tuple(sorted(request.words)))
        labels = list(self._said.get(item, {}).values())
        if not labels:
            return _NOBODY
        rated = [_in_order(label) for label in labels if not label.cant_tell]
        if not rated:
            return f"none of {len(labels)} annotators could tell"
        settled = [verdict(said) for said in zip(*rated, strict=True)]
        places = _sorted_places(request.words)
        relations: dict[int, Relation] = {
            place: relation
            for place, relation in zip(places, settled, strict=True)
            if relation is not None
        }
        if len(relations) < len(places):
            return f"no majority of {len(rated)} annotators"
        return [relations[place] for place in range(len(places))]


def verdict(said: Sequence[Relation]) -> Relation | None:
    """Return what a group says of one word, or None if it is evenly split on whether it is related.

    That is the relation which more than half of the group gave. Where there is none, a word that
    more than half called related in one way or another has the relation given most often, and
    among equally frequent ones the first of concrete, abstract and global.
    """
    counts = Counter(said)
    top = max(counts, key=lambda relation: counts[relation])
    if 2 * counts[top] > len(said):
        return top
    if 2 * (len(said) - counts["none"]) > len(said):
        return max(_RELATED, key=lambda relation: counts[relation])
    return None


def _labels_file(run: Path | None) -> Path:
    if run is None:
        raise UsageError(
            f"judge {NAME!r} reads the labels of a run that exists: give the run, as in "
            f"`harness judge RUN --judge {NAME}`"
        )
    path = run / LABELS
    if not path.is_file():
        raise UsageError(
            f"judge {NAME!r}: {run} has no {LABELS}; import people's labels into the run first, or "
            "name another judge"
        )
    return path


def _in_order(label: HumanLabel) -> list[Relation]:
    """Return the relations of words that show something, in the alphabetical order of the words."""
    places = _sorted_places(label.words)
    return [label.relations[place] for place in places if _shows(label.words[place])]


def _shows(word: str) -> bool:
    """Return whether there is something to see; judges are not asked about other words."""
    return bool(plain(marked_word(word)))


def _sorted_places(words: Sequence[str]) -> list[int]:
    """Return the places of ``words`` in alphabetical order; equal words keep their order."""
    return sorted(range(len(words)), key=lambda place: words[place])
