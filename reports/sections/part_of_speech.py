"""What kinds of words lenses show, by a tagger: nouns, names, verbs, adjectives, others."""

from __future__ import annotations

import importlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeAlias

from harness.core.errors import UsageError
from reports.figures.records import Column, StackedBars, StackPart, Table
from reports.outcomes import Columns, Outcomes
from reports.sections.base import Analysis, Evidence
from reports.sections.phrases import listed, percent

Place: TypeAlias = tuple[str, int, int]
"""A text with first and one past the last character of a word in it."""

Tagger: TypeAlias = Callable[[Sequence[Place]], Sequence[str]]
"""Returns the tag of each word: a universal part of speech (universaldependencies.org)."""

KINDS: Final[Mapping[str, str]] = {
    "NOUN": "noun",
    "PROPN": "proper noun",
    "VERB": "verb",
    "ADJ": "adjective",
}
"""Tags that are shown, most frequent first in the paper; all others are put together."""

OTHER: Final = "other"
"""Everything else: function words, numbers, pieces of words, punctuation."""

_NAMES: Final = (*KINDS.values(), OTHER)
_STYLES: Final = ("lens-0", "lens-1", "lens-2", "lens-3", "none")
_IDLE: Final = ("ner", "parser", "lemmatizer")
_NO_WORD: Final = frozenset(("PUNCT", "SPACE", "SYM"))

_DEFINITION: Final = (
    "Share = words with that universal part of speech / all words that a lens shows at a layer, "
    "repeated words counted as often as they are shown, scored or not. A word is tagged in the "
    "sentence it was read in where the lens has one, and alone otherwise; where the tagger splits "
    "it, the first part that is no punctuation counts. Means over layers give each layer one "
    "vote. Source: LatentLens (arXiv 2602.00462), which tags words with spaCy and reports 45–50 % "
    "nouns, 10–20 % proper nouns, 10–15 % verbs and about 5 % adjectives."
)

_ALONE: Final = (
    "A word without its sentence, and more so a piece of a word, is tagged by guess: shares of "
    "vocabulary lenses are less certain than those of lenses with sentences."
)


def spacy_tagger(model: str) -> Tagger:
    """Return the tagger of a spaCy pipeline, such as ``en_core_web_sm``.

    Raises:
        UsageError: spaCy or the pipeline is not installed.
    """
    try:
        spacy: Any = importlib.import_module("spacy")
    except ImportError as error:
        raise UsageError(
            f"part-of-speech={model!r} needs spaCy: pip install 'lensbench[pos]'"
        ) from error
    try:
        pipeline = spacy.load(model, exclude=list(_IDLE))
    except OSError as error:
        raise UsageError(
            f"part-of-speech={model!r} is no installed pipeline of spaCy; "
            f"python -m spacy download {model}"
        ) from error

    def tags(places: Sequence[Place]) -> list[str]:
        texts = list(dict.fromkeys(text for text, _, _ in places))
        documents = dict(zip(texts, pipeline.pipe(texts), strict=True))
        return [_tag(documents[text], start, end) for text, start, end in places]

    return tags


class PartOfSpeech:
    """Stacked shares of parts of speech by lens and layer; made only where it is asked for.

    Args:
        load: Returns the tagger that the option names.
    """

    name = "part-of-speech"
    title = "Parts of speech"

    def __init__(self, load: Callable[[str], Tagger] = spacy_tagger) -> None:
        self._load = load

    def analyse(self, evidence: Evidence) -> Analysis | None:
        """Return the shares; None unless the option ``part-of-speech`` names a pipeline.

        Raises:
            UsageError: the tagger is not installed.
        """
        model = evidence.options.get(self.name)
        if model is None:
            return None
        board = evidence.boards[0]
        counts = _counts(evidence.descriptions, board, self._load(model))
        if not any(found.total() for found in counts.values()):
            return None
        means = {lens: _means(board, lens, counts) for lens in evidence.kinds}
        return Analysis(
            name=self.name,
            title=self.title,
            finding=_finding(evidence, means),
            definition=_DEFINITION,
            figures=(_bars(evidence, board, counts),),
            tables=(_table(means),),
            notes=(f"Tagged by spaCy's {model}. {_ALONE}",),
        )


_Counts: TypeAlias = Mapping[tuple[str, int], Counter[str]]
_Means: TypeAlias = Mapping[str, float]


def _tag(document: Any, start: int, end: int) -> str:
    """Return the tag of the word in a tagged text; empty where there is none."""
    span = document.char_span(start, end, alignment_mode="expand")
    found = [str(token.pos_) for token in span] if span is not None else []
    return next((tag for tag in found if tag not in _NO_WORD), "")


def _counts(descriptions: Columns, board: Outcomes, tagger: Tagger) -> _Counts:
    """Return how many words of each kind every lens shows at every layer."""
    columns = [descriptions[name] for name in ("word", "context", "start", "end")]
    places: list[Place] = [
        (context, start, end) if context else (word, 0, len(word))
        for word, context, start, end in zip(*columns, strict=True)
    ]
    distinct = list(dict.fromkeys(place for place in places if place[0].strip()))
    tags = dict(zip(distinct, tagger(distinct), strict=True))
    kinds = [KINDS.get(tags.get(place, ""), OTHER) for place in places]
    return {
        key: Counter(kinds[row] for cell in cells for row in cell.rows)
        for key, cells in board.cells.items()
    }


def _share(found: Counter[str], kind: str) -> float | None:
    return found[kind] / found.total() if found.total() else None


def _means(board: Outcomes, lens: str, counts: _Counts) -> _Means:
    """Return the mean share over the layers at which the lens gave words; empty without any."""
    layers = [counts[lens, layer] for layer in board.layers if counts[lens, layer].total()]
    if not layers:
        return {}
    return {
        kind: sum(found[kind] / found.total() for found in layers) / len(layers) for kind in _NAMES
    }


def _bars(evidence: Evidence, board: Outcomes, counts: _Counts) -> StackedBars:
    places = [(lens, layer) for lens in evidence.lenses for layer in board.layers]
    return StackedBars(
        name=PartOfSpeech.name,
        title=f"Parts of speech by lens and layer, {evidence.model}",
        x_label="visual layer; share of words",
        bars=tuple(str(layer) for _, layer in places),
        groups=tuple(lens for lens, _ in places),
        parts=tuple(
            StackPart(
                name=kind,
                style=style,
                values=tuple(_share(counts[place], kind) for place in places),
            )
            for kind, style in zip(_NAMES, _STYLES, strict=True)
        ),
    )


def _finding(evidence: Evidence, means: Mapping[str, _Means]) -> str:
    parts = [
        f"of the words of {lens}, "
        + listed([f"{percent(means[lens][kind])} {kind}" for kind in _NAMES])
        for lens in evidence.lenses
        if means[lens]
    ]
    return f"Mean over layers: {'; '.join(parts)}." if parts else "No lens under test gave words."


def _table(means: Mapping[str, _Means]) -> Table:
    return Table(
        name="part-of-speech-means",
        caption="Parts of speech, share of words, mean over layers.",
        columns=(Column(name="lens"), *(Column(name=kind, numeric=True) for kind in _NAMES)),
        rows=tuple((lens, *(found.get(kind) for kind in _NAMES)) for lens, found in means.items()),
    )


SECTION: Final = PartOfSpeech()
"""The analysis as the registry knows it."""
