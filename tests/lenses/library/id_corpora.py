"""Small corpora of token ids without a tokenizer, for tests over many of them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

import numpy as np
from hypothesis import strategies as st

from lenses.library.plan import Plan
from lenses.library.tokenise import TokenisedCorpus

Ids = tuple[int, ...]

SPECIAL = 0
"""The one id that is no text."""


def text_of(ids: Ids, copy: int = 0) -> str:
    """Return the text of a phrase; texts of different ``copy`` have the same ids."""
    return f"{' '.join(map(str, ids))} ({copy})"


def ids_of(text: str) -> Ids:
    """Return the ids of a text made by ``text_of``."""
    return tuple(int(word) for word in text[: text.index("(")].split())


def corpus_of(texts: Sequence[str]) -> TokenisedCorpus:
    """Return the corpus of some texts made by ``text_of``; ids 7 and 8 decode to one string."""
    phrases = [ids_of(text) for text in texts]
    ids = np.asarray(list(chain.from_iterable(phrases)), dtype=np.int32)
    names = {index: f"t{min(index, 7) if index < 9 else index}" for index in set(ids.tolist())}
    return TokenisedCorpus(
        phrases=tuple(texts),
        starts=np.cumsum([0, *map(len, phrases)]),
        ids=ids,
        spans=np.zeros((len(ids), 2), dtype=np.int32),
        special=ids == SPECIAL,
        texts=names,
        strings=names,
        truncated=0,
    )


def rows_of(tokenised: TokenisedCorpus, plan: Plan) -> list[tuple[str, int]]:
    """Return text and position of every row."""
    pairs = zip(plan.phrases.tolist(), plan.positions.tolist(), strict=True)
    return [(tokenised.phrases[phrase], position) for phrase, position in pairs]


def prefix_of(tokenised: TokenisedCorpus, plan: Plan, row: int) -> list[int]:
    """Return the ids up to and including the token of a row."""
    start = int(tokenised.starts[plan.phrases[row]])
    ids: list[int] = tokenised.ids[start : start + int(plan.positions[row]) + 1].tolist()
    return ids


_LINES = st.lists(st.integers(1, 9), max_size=7).map(lambda ids: (SPECIAL, *ids))
TEXTS = st.builds(text_of, _LINES, st.integers(0, 1))
"""Texts with many common prefixes; some different texts have equal ids."""
CORPORA = st.lists(TEXTS, min_size=1, max_size=25, unique=True).filter(
    lambda texts: any(len(ids_of(text)) > 1 for text in texts)
)
"""Distinct texts with at least one text token."""
