"""Distinct answers of a run: a word, where it was read, and the sentence around it."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from reports.explorer.columns import Ints, dense, integers, texts

LONGEST: Final = 400
"""Characters of a sentence that are kept whole; of a longer one a window around the word is."""

REACH: Final = 200
"""Characters kept on each side of the word in such a window."""

ELLIPSIS: Final = "…"


@dataclass(frozen=True, slots=True)
class Answers:
    """Every distinct answer of a run, numbered."""

    words: list[str]
    """Distinct words."""
    contexts: list[str]
    """Distinct sentences; the empty one stands for a lens without sentences."""
    word: Ints
    """[answers] place in ``words``."""
    context: Ints
    """[answers] place in ``contexts``."""
    start: Ints
    """[answers] first character of the word in its sentence."""
    end: Ints
    """[answers] one past its last."""
    source: Ints
    """[answers] text layer it was read at, -1 without one."""
    content: Ints
    """[answers] place of each when they are sorted by what they say."""

    def packed(self, uses: Ints, reasons: Sequence[str]) -> tuple[bytes, Ints]:
        """Return the answers in use as JSON, and [answers] their new numbers, -1 if unused.

        Frequent answers get small numbers. Answers of about equal frequency (the same power of
        two) stand by sentence, since neighbours that begin alike compress well.

        Args:
            uses: [answers] how often each is shown.
            reasons: Reasonings of judges, written beside the answers.
        """
        used = np.flatnonzero(uses)
        rarity = -np.floor(np.log2(uses[used])).astype(np.int64)
        order = used[np.lexsort((self.content[used], rarity))]
        numbers = np.full(len(uses), -1, dtype=np.int64)
        numbers[order] = np.arange(len(order))
        words, word = _first_seen(self.words, self.word[order])
        contexts, context = _first_seen(self.contexts, self.context[order], skip_empty=True)
        data = {
            "words": words,
            "contexts": contexts,
            "reasons": list(reasons),
            "word": word.tolist(),
            "context": context.tolist(),
            "start": self.start[order].tolist(),
            "end": self.end[order].tolist(),
            "source": self.source[order].tolist(),
        }
        return json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode(), numbers


def distinct_answers(tables: Sequence[Any]) -> tuple[Answers, Ints]:
    """Return the distinct answers of ``tables`` of descriptions, and [rows] the one of each row.

    Rows of the tables are counted one table after the other. Spans that do not lie in their
    sentence are cut to it.
    """
    word = texts(table["word"] for table in tables)
    context = texts(table["context"] for table in tables)
    start = integers((table["start"] for table in tables), missing=0)
    end = integers((table["end"] for table in tables), missing=0)
    source = integers(table["source_layer"] for table in tables)
    codes, first = _numbered((word.codes, context.codes, start, end, source))
    contexts, spans = _windowed(
        context.distinct,
        context.codes[first],
        np.maximum(start[first], 0),
        np.maximum(end[first], 0),
    )
    columns = (word.codes[first], *spans, source[first])
    merged, kept = _numbered(columns)  # windows of different sentences may be the same
    word_of, context_of, start_of, end_of, source_of = (column[kept] for column in columns)
    content = np.empty(len(kept), dtype=np.int64)
    ranks = _ranks(word.distinct)[word_of], _ranks(contexts)[context_of]
    content[np.lexsort((source_of, end_of, start_of, *ranks))] = np.arange(len(kept))
    answers = Answers(
        word.distinct, contexts, word_of, context_of, start_of, end_of, source_of, content
    )
    return answers, merged[codes]


def _numbered(columns: Sequence[Ints]) -> tuple[Ints, Ints]:
    """Return [rows] equal numbers for rows that are equal in all columns, and a row of each."""
    codes = np.zeros(len(columns[0]), dtype=np.int32)
    for column in columns:
        key = codes * np.int64(_extent(column))
        key += column
        codes = dense(key)
    row = np.zeros(int(codes.max(initial=-1)) + 1, dtype=np.int64)
    row[codes] = np.arange(len(codes))
    return codes, row


def _windowed(
    contexts: Sequence[str], context: Ints, start: Ints, end: Ints
) -> tuple[list[str], tuple[Ints, Ints, Ints]]:
    """Return sentences with windows of the long ones, and each answer's sentence and span."""
    extents = np.array([len(text) for text in contexts], dtype=np.int64)[context]
    start = np.minimum(start, extents)
    end = np.clip(end, start, extents)
    context = context.astype(np.int64)
    numbers: dict[str, int] = {}
    for answer in np.flatnonzero(extents > LONGEST):
        text, shift = _window(contexts[context[answer]], int(start[answer]), int(end[answer]))
        context[answer] = len(contexts) + numbers.setdefault(text, len(numbers))
        start[answer] -= shift
        end[answer] -= shift
    return [*contexts, *numbers], (context, start, end)


def _window(text: str, start: int, end: int) -> tuple[str, int]:
    """Return the part of ``text`` around a span, and how far that moved the span to the left."""
    left, right = max(start - REACH, 0), min(end + REACH, len(text))
    while left and unicodedata.combining(text[left]):  # keep a mark with the letter it is on
        left -= 1
    while right < len(text) and unicodedata.combining(text[right]):
        right += 1
    before = ELLIPSIS if left else ""
    after = ELLIPSIS if right < len(text) else ""
    return before + text[left:right] + after, left - len(before)


def _first_seen(known: list[str], places: Ints, skip_empty: bool = False) -> tuple[list[str], Ints]:
    """Return the texts at ``places`` in order of appearance, and where each place now is.

    With ``skip_empty`` the empty text is left out, and stands at -1.
    """
    if not len(places):
        return [], places
    numbers = dense(places)
    _, first = np.unique(numbers, return_index=True)
    shown = [known[place] for place in places[first].tolist()]
    if skip_empty and "" in shown:
        empty = shown.index("")
        del shown[empty]
        numbers = np.where(numbers == empty, -1, numbers - (numbers > empty))
    return shown, numbers


def _ranks(values: list[str]) -> Ints:
    """Return the place of each text when they are sorted by code points."""
    ranks = np.empty(len(values), dtype=np.int64)
    ranks[pc.array_sort_indices(pa.array(values, pa.string()))] = np.arange(len(values))
    return ranks


def _extent(column: Any) -> int:
    """Return by how much codes must be apart for every sum with a value to be another one."""
    return int(column.max(initial=0)) - int(column.min(initial=0)) + 1
