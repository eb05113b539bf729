from __future__ import annotations

import unicodedata
from collections.abc import Callable

import numpy as np
import pytest
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers
from transformers import PreTrainedTokenizerBase, PreTrainedTokenizerFast, PythonBackend

from harness.core.decoding import decode_alone
from harness.core.errors import DataError, UsageError
from lenses.library import tokenise as module
from lenses.library.tokenise import TokenisedCorpus, tokenise, tokenizer_hash
from lenses.library.words import whole_word
from tests.lenses.fixtures import PHRASES, make_tokenizer, token_id

ODD = (
    "a 👩‍👩‍👧 family 😀 at the beach",
    "cafe\u0301 and nai\u0308ve signs, Z\u0336a\u0334l\u0335go",
    "猫 beside a ネコ",
    "\u200b\u2028 odd   spaces\u00a0and tabs\tin a line",
    "🏳️‍🌈",
)
"""Texts of characters that take many bytes or combine with others."""


class SlowTokenizer(PythonBackend):
    """A tokenizer of the kind that has no character offsets."""

    def get_vocab(self) -> dict[str, int]:
        return {"a": 0}


def wrapped(core: Tokenizer) -> PreTrainedTokenizerBase:
    make: Callable[..., PreTrainedTokenizerBase] = PreTrainedTokenizerFast
    return make(tokenizer_object=core)


def byte_fallback_tokenizer() -> PreTrainedTokenizerBase:
    """Return a SentencePiece-style tokenizer: spaces as ▁, unknown characters as their bytes."""
    pieces = ["<unk>", *(f"<0x{byte:02X}>" for byte in range(256)), "▁", "a", "▁a", "c", "t"]
    vocabulary = {piece: index for index, piece in enumerate(pieces)}
    core = Tokenizer(
        models.BPE(vocabulary, [("▁", "a")], byte_fallback=True, unk_token="<unk>", fuse_unk=True)
    )
    core.normalizer = normalizers.Sequence(
        [normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")]
    )
    core.decoder = decoders.Sequence(
        [
            decoders.Replace("▁", " "),
            decoders.ByteFallback(),
            decoders.Fuse(),
            decoders.Strip(" ", 1, 0),
        ]
    )
    return wrapped(core)


def composing_tokenizer() -> PreTrainedTokenizerBase:
    """Return a tokenizer that composes characters (NFC) before it looks at them."""
    core = Tokenizer.from_str(make_tokenizer().backend_tokenizer.to_str())
    core.normalizer = normalizers.NFC()
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    return wrapped(core)


def pieces(tokenised: TokenisedCorpus, phrase: int) -> list[int]:
    ids: list[int] = tokenised.ids[tokenised.starts[phrase] : tokenised.starts[phrase + 1]].tolist()
    return ids


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


def test_chunks_join_without_a_seam(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = tokenise(PHRASES, make_tokenizer())
    monkeypatch.setattr(module, "_CHUNK", 5)
    chunked = tokenise(PHRASES, make_tokenizer())
    for name in ("starts", "ids", "spans", "special"):
        assert np.array_equal(getattr(chunked, name), getattr(whole, name)), name
    assert {whole.ids.itemsize, whole.spans.itemsize} == {4}


def test_special_tokens_written_in_a_phrase_are_not_text() -> None:
    tokenised = tokenise(["a <pad> cat"], make_tokenizer())
    pad = make_tokenizer().pad_token_id
    assert tokenised.special[tokenised.ids == pad].tolist() == [True]


@pytest.mark.parametrize("bos", [True, False])
@pytest.mark.parametrize("eos", [True, False])
def test_long_phrases_are_cut_as_the_tokenizer_cuts_them(bos: bool, eos: bool) -> None:
    phrases = ["cat", "cat " * 10_000, "a red barn under a tree and more", "sky"]
    tokenizer = make_tokenizer(bos=bos, eos=eos)
    tokenised = tokenise(phrases, tokenizer, max_tokens=8)
    expected = tokenizer(phrases, truncation=True, max_length=8)["input_ids"]
    assert [pieces(tokenised, phrase) for phrase in range(4)] == expected
    assert tokenised.truncated == 2
    last = tokenised.starts[1:] - 1
    assert tokenised.special[last].tolist() == [eos] * 4
    long = slice(tokenised.starts[1], tokenised.starts[2])
    text = tokenised.spans[long][~tokenised.special[long]]
    assert (text[1:, 0] >= text[:-1, 0]).all()
    assert text[-1, 1] < 40


def test_the_padding_side_and_earlier_calls_have_no_say() -> None:
    right = make_tokenizer()
    left = make_tokenizer(padding_side="left")
    left(list(PHRASES), padding=True, truncation=True, max_length=4)
    ours, theirs = tokenise(PHRASES, left), tokenise(PHRASES, right)
    assert np.array_equal(ours.ids, theirs.ids)
    assert np.array_equal(ours.starts, theirs.starts)


@pytest.mark.parametrize("bos", [True, False])
def test_phrases_without_text_hold_no_text_token(bos: bool) -> None:
    tokenised = tokenise(["", "cat", ""], make_tokenizer(bos=bos))
    assert tokenised.lengths.tolist() == [bos, 1 + bos, bos]
    assert int((~tokenised.special).sum()) == 1


@pytest.mark.parametrize(
    "tokenizer", [make_tokenizer(), byte_fallback_tokenizer(), composing_tokenizer()]
)
def test_spans_of_odd_characters_lie_in_the_text_and_cover_it(
    tokenizer: PreTrainedTokenizerBase,
) -> None:
    tokenised = tokenise(ODD, tokenizer)
    for index, text in enumerate(ODD):
        own = slice(tokenised.starts[index], tokenised.starts[index + 1])
        spans = tokenised.spans[own][~tokenised.special[own]].tolist()
        for start, end in spans:
            first, past = whole_word(text, start, end)
            assert 0 <= first <= past <= len(text)
        covered = {character for start, end in spans for character in range(start, end)}
        visible = {i for i, letter in enumerate(text) if not letter.isspace()}
        composed = {i for i in visible if unicodedata.combining(text[i])}
        assert visible - composed <= covered


def test_a_byte_of_a_character_spans_the_character() -> None:
    tokenised = tokenise(["a 😀"], byte_fallback_tokenizer())
    face = tokenised.spans[-4:].tolist()
    assert face == [[2, 3]] * 4
    assert {tokenised.texts[index] for index in tokenised.ids[-4:].tolist()} == {"\ufffd"}


def test_single_ids_keep_their_leading_space_and_broken_bytes_are_marked() -> None:
    tokenizer = make_tokenizer()
    cat, half = token_id("Ġcat"), token_id("Ã")
    assert decode_alone(tokenizer, [cat, half]) == {cat: " cat", half: "\ufffd"}


def test_strings_are_those_of_the_tokenizer_alone() -> None:
    tokenizer = byte_fallback_tokenizer()
    tokenised = tokenise(["a ca"], tokenizer)
    start, inside = tokenised.ids[0], tokenised.ids[-1]
    assert [tokenised.texts[start], tokenised.texts[inside]] == [" a", "a"]
    assert [tokenised.strings[start], tokenised.strings[inside]] == ["a", "a"]


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


def test_bad_input() -> None:
    with pytest.raises(DataError, match="no token in 0 phrases"):
        tokenise([], make_tokenizer())
    with pytest.raises(DataError, match="no token in 2 phrases"):
        tokenise(["", ""], make_tokenizer(bos=False))
    with pytest.raises(UsageError, match="max_tokens=0: expected at least 1"):
        tokenise(["a cat"], make_tokenizer(), max_tokens=0)
