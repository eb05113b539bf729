from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest

from harness.core.errors import UsageError
from reports.figures.records import StackedBars
from reports.sections.base import Analysis, Evidence
from reports.sections.part_of_speech import (
    PartOfSpeech,
    Place,
    Tagger,
    spacy_tagger,
)
from tests.reports.sections.evidences import evidence, small_run, with_holes, with_odd_words
from tests.reports.synthetic import RELATION

ASKED = {"part-of-speech": "made-up"}
TAGS = {"concrete": "NOUN", "abstract": "PROPN", "global": "VERB", "none": "DET"}


def by_relation(places: Sequence[Place]) -> list[str]:
    return [TAGS[RELATION[text[start:end]]] for text, start, end in places]


def unwanted(_: str) -> Tagger:
    raise AssertionError("nobody asked for a tagger")


def asked(found: Evidence) -> Evidence:
    return Evidence(
        found.model, found.spec, found.kinds, found.styles, found.boards, found.descriptions,
        found.scores, options=ASKED,
    )  # fmt: skip


def analysed(found: Evidence, tagger: Tagger = by_relation) -> Analysis:
    analysis = PartOfSpeech(lambda _: tagger).analyse(found)
    assert analysis is not None
    return analysis


def test_nothing_is_loaded_unless_it_is_asked_for() -> None:
    assert PartOfSpeech(unwanted).analyse(evidence(small_run(1))) is None


def test_shares_are_of_all_words_of_a_layer() -> None:
    found = evidence(small_run(), options=ASKED)
    analysis = analysed(found)
    (figure,) = analysis.figures
    assert isinstance(figure, StackedBars)
    board = found.boards[0]
    kinds = {"noun": "concrete", "proper noun": "abstract", "verb": "global", "other": "none"}
    for place, (lens, layer) in enumerate(zip(figure.groups, figure.bars, strict=True)):
        said = [RELATION[w] for cell in board.cells[lens, int(layer)] for w in cell.words]
        for part in figure.parts:
            expected = said.count(kinds[part.name]) / len(said) if part.name in kinds else 0.0  # type: ignore[arg-type]
            assert part.values[place] == pytest.approx(expected)
    (table,) = analysis.tables
    assert [row[0] for row in table.rows] == list(found.kinds)
    assert all(
        sum(v for v in row[1:] if isinstance(v, float)) == pytest.approx(1) for row in table.rows
    )
    assert "made-up" in analysis.notes[0]


def test_a_word_is_tagged_in_its_sentence_and_else_alone() -> None:
    run = small_run(1, per_image=1, layers=(0,))
    places: list[Place] = []

    def recorder(given: Sequence[Place]) -> list[str]:
        places.extend(given)
        return ["NOUN"] * len(given)

    analysed(evidence(run, options=ASKED), recorder)
    assert len(places) == len(set(places))
    alone = {place for place in places if place[1:] == (0, len(place[0]))}
    expected = {
        (context, start, end) if context else (word, 0, len(word))
        for word, context, start, end in zip(
            *(run.columns[name] for name in ("word", "context", "start", "end")), strict=True
        )
    }
    assert set(places) == expected
    assert {text for text, _, _ in alone} <= set(RELATION)
    assert any(" house" in text for text, _, _ in places)


def test_missing_words_and_odd_strings_are_no_error() -> None:
    (figure,) = analysed(asked(with_holes())).figures
    assert isinstance(figure, StackedBars)
    assert figure.parts[0].values[0] is None

    def blank_is_never_asked(places: Sequence[Place]) -> list[str]:
        assert all(text.strip() for text, _, _ in places)
        return [""] * len(places)

    analysis = analysed(asked(with_odd_words()), blank_is_never_asked)
    assert {row[5] for row in analysis.tables[0].rows} == {1.0}


@dataclass
class FakeDocument:
    """Text of which every word is tagged by its first letter."""

    text: str

    def char_span(self, start: int, end: int, alignment_mode: str) -> list[Any] | None:
        assert alignment_mode == "expand"
        tags = {"'": "PUNCT", "d": "NOUN", "r": "VERB"}
        tokens = self.text[start:end].split("|")
        return [SimpleNamespace(pos_=tags[token[0]]) for token in tokens] or None


def fake_spacy(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Put a module in the place of spaCy; return the texts that its pipeline is given."""
    piped: list[str] = []

    class Pipeline:
        def pipe(self, texts: list[str]) -> list[FakeDocument]:
            piped.extend(texts)
            return [FakeDocument(text) for text in texts]

    def load(name: str, exclude: list[str]) -> Pipeline:
        assert "parser" in exclude
        if name != "en":
            raise OSError("[E050] Can't find model")
        return Pipeline()

    monkeypatch.setitem(sys.modules, "spacy", SimpleNamespace(load=load))
    return piped


def test_spacy_is_given_each_text_once_and_punctuation_is_skipped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    piped = fake_spacy(monkeypatch)
    text = "dog '|runs '"
    tags = spacy_tagger("en")([(text, 0, 3), (text, 4, 10), (text, 11, 12), ("dog", 0, 3)])
    assert tags == ["NOUN", "VERB", "", "NOUN"]
    assert piped == [text, "dog"]


def test_what_is_not_installed_is_named_with_its_command(monkeypatch: pytest.MonkeyPatch) -> None:
    fake_spacy(monkeypatch)
    with pytest.raises(UsageError, match="part-of-speech='de'.*spacy download de"):
        spacy_tagger("de")
    monkeypatch.setitem(sys.modules, "spacy", None)
    with pytest.raises(UsageError, match=r"part-of-speech='en' needs spaCy.*lensbench\[pos\]"):
        spacy_tagger("en")
