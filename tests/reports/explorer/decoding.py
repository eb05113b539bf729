"""The explorer's data read back by the written format alone, without the code that packs it."""

from __future__ import annotations

import base64
import json
import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from reports.explorer.book import Explorer

_WIDTHS = {"u8": 1, "u16": 2, "u32": 4}


@dataclass(frozen=True)
class Word:
    word: str
    context: str
    start: int
    end: int
    source: int
    score: float | None


@dataclass(frozen=True)
class Said:
    """What one judge said of one question."""

    status: str
    hit: int
    relations: tuple[str | None, ...]
    reason: str


@dataclass(frozen=True)
class Question:
    """One cell by one lens at one layer."""

    words: tuple[Word, ...]
    said: Mapping[str, Said]


Place = tuple[int, int, str, int]
"""Row, column, lens and layer."""


@dataclass(frozen=True)
class Shown:
    """One image of one book."""

    entry: Mapping[str, Any]
    judged: Mapping[Place, Question] | None
    browse: Mapping[Place, Question] | None


def inflate(chunk: str) -> bytes:
    return zlib.decompress(base64.b64decode(chunk, validate=True), wbits=-15)


def columns(data: bytes) -> tuple[dict[str, Any], dict[str, list[int]]]:
    """Return header and columns of a chunk of cells."""
    (length,) = struct.unpack_from("<I", data)
    header = json.loads(data[4 : 4 + length])
    at = 4 + length
    found: dict[str, list[int]] = {}
    for name, kind, count in header["columns"]:
        planes = [data[at + i * count : at + (i + 1) * count] for i in range(_WIDTHS[kind])]
        found[name] = [
            sum(byte << 8 * i for i, byte in enumerate(value))
            for value in zip(*planes, strict=True)
        ]
        at += count * _WIDTHS[kind]
    assert at == len(data)
    return header, found


def books(explorer: Explorer) -> list[list[Shown]]:
    """Return every image of every book."""
    index = json.loads(explorer.index)
    found = []
    for book in index["books"]:
        answers = json.loads(inflate(explorer.chunks[book["answers"]]).decode())
        shown = []
        for entry in book["images"]:
            judged, browse = (
                None
                if entry[kind] is None
                else _questions(inflate(explorer.chunks[entry[kind]]), index, book, answers)
                for kind in ("patches", "browse")
            )
            shown.append(Shown(entry, judged, browse))
        found.append(shown)
    return found


def _questions(
    data: bytes, index: Mapping[str, Any], book: Mapping[str, Any], answers: Mapping[str, Any]
) -> dict[Place, Question]:
    header, found = columns(data)
    counts = iter(found["count"])
    question = at = 0
    questions: dict[Place, Question] = {}
    for row, col in zip(found["row"], found["col"], strict=True):
        for lens in header["lenses"]:
            low, step = book["scale"][lens]
            for layer in header["layers"]:
                count = next(counts)
                assert count <= header["k"]
                words = []
                for i in range(at, at + count):
                    score = low + step * found["score"][i] if "score" in found else None
                    words.append(_word(answers, found["answer"][i], score))
                said = {
                    judge: _said(found, number, question, range(at, at + count), index, answers)
                    for number, judge in enumerate(book["judges"])
                    if f"status{number}" in found
                }
                place = (row, col, book["lenses"][lens]["name"], book["layers"][layer])
                questions[place] = Question(tuple(words), said)
                question, at = question + 1, at + count
    assert at == len(found["answer"])
    return questions


def _word(answers: Mapping[str, Any], number: int, score: float | None) -> Word:
    context = answers["context"][number]
    return Word(
        word=answers["words"][answers["word"][number]],
        context="" if context < 0 else answers["contexts"][context],
        start=answers["start"][number],
        end=answers["end"][number],
        source=answers["source"][number],
        score=score,
    )


def _said(
    found: Mapping[str, list[int]],
    judge: int,
    question: int,
    words: range,
    index: Mapping[str, Any],
    answers: Mapping[str, Any],
) -> Said:
    relations = [*index["relations"], None]
    reason = found[f"reason{judge}"][question]
    return Said(
        status=index["statuses"][found[f"status{judge}"][question]],
        hit=found[f"hit{judge}"][question],
        relations=tuple(relations[found[f"relation{judge}"][i]] for i in words),
        reason=answers["reasons"][reason - 1] if reason else "",
    )
