"""Single tokens read with their leading space."""

from __future__ import annotations

from typing import Any

from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from harness.core.decoding import decode_alone
from tests.vlms.tiny import build_tokenizer


def test_byte_level_tokens_keep_space_and_broken_bytes() -> None:
    """Special tokens, bytes of unfinished characters and words, each by its id."""
    tokenizer = build_tokenizer()
    strings = tuple(decode_alone(tokenizer, range(len(tokenizer))).values())
    assert strings[:2] == ("<s>", "</s>")
    assert " tree" not in strings[:5]
    for text in (" tw", "a", " house"):
        ids = tokenizer.encode(text, add_special_tokens=False)
        assert "".join(strings[index] for index in ids) == text
    (first, *_) = tokenizer.encode("é", add_special_tokens=False)
    assert strings[first] == "\N{REPLACEMENT CHARACTER}"


def test_sentencepiece_tokens_keep_their_space() -> None:
    """Decoders of this kind strip the first space of a text; the token keeps it all the same."""
    pieces = {"<unk>": 0, "▁a": 1, "▁cat": 2, "s": 3}
    inner = Tokenizer(models.WordLevel(pieces, unk_token="<unk>"))
    inner.pre_tokenizer = pre_tokenizers.Metaspace()
    inner.decoder = decoders.Metaspace()
    wrapper: Any = PreTrainedTokenizerFast
    tokenizer = wrapper(tokenizer_object=inner, unk_token="<unk>")
    assert tokenizer.decode([2]) == "cat"
    assert decode_alone(tokenizer, [1, 2, 3]) == {1: " a", 2: " cat", 3: "s"}
