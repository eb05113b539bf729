from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from transformers import PreTrainedTokenizerBase, PythonBackend

from harness.core.decoding import decode_alone
from harness.core.errors import DataError, UsageError
from lenses.library.tokenise import tokenise, tokenizer_hash
from tests.lenses.fixtures import PHRASES, make_tokenizer, token_id


class SlowTokenizer(PythonBackend):
    """A tokenizer of the kind that has no character offsets."""

    def get_vocab(self) -> dict[str, int]:
        return {"a": 0}


def test_flat_layout_matches_the_tokenizer_phrase_by_phrase() -> None:
    tokenizer = make_tokenizer()
    tokenised = tokenise(PHRASES, tokenizer)
    for index, phrase in enumerate(PHRASES):
        part = slice(tokenised.starts[index], tokenised.starts[index + 1])
        assert tokenised.ids[part].tolist() == tokenizer(phrase)["input_ids"]
        assert tokenised.special[part].tolist() == [True] + [False] * (part.stop - part.start - 1)
        spans = tokenised.spans[part][1:]
        covered = {character for start, end in spans for character in range(start, end)}
        assert {i for i, letter in enumerate(phrase) if letter != " "} <= covered


def test_special_tokens_written_in_a_phrase_are_not_text() -> None:
    tokenised = tokenise(["a <pad> cat"], make_tokenizer())
    pad = make_tokenizer().pad_token_id
    assert tokenised.special[tokenised.ids == pad].tolist() == [True]


def test_long_phrases_are_cut_and_counted() -> None:
    tokenised = tokenise(["cat", "cat " * 40], make_tokenizer(), max_tokens=10)
    assert np.diff(tokenised.starts).tolist() == [2, 10]
    assert tokenised.truncated == 1


def test_single_ids_keep_their_leading_space_and_broken_bytes_are_marked() -> None:
    tokenizer = make_tokenizer()
    cat, half = token_id("Ġcat"), token_id("Ã")
    assert decode_alone(tokenizer, [cat, half]) == {cat: " cat", half: "\ufffd"}


def test_hash_follows_the_vocabulary_and_not_past_calls() -> None:
    tokenizer = make_tokenizer()
    before = tokenizer_hash(tokenizer)
    tokenizer(["a cat", "sky"], padding=True, truncation=True, max_length=3)
    assert tokenizer_hash(tokenizer) == before
    assert tokenizer_hash(make_tokenizer(300)) != before


def test_slow_tokenizers_are_refused() -> None:
    make: Callable[[], PreTrainedTokenizerBase] = SlowTokenizer
    slow = make()
    with pytest.raises(UsageError, match="SlowTokenizer is slow"):
        tokenise(["a cat"], slow)
    with pytest.raises(UsageError, match="SlowTokenizer is slow"):
        tokenizer_hash(slow)


def test_no_phrase_is_an_error() -> None:
    with pytest.raises(DataError, match="no token in 0 phrases"):
        tokenise([], make_tokenizer())
