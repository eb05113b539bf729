"""Contents: the prompt of a question and its size."""

from __future__ import annotations

from dataclasses import replace

from judges.protocols.wording import prompt_text, reply_schema
from judges.providers.base import Mend
from judges.running.contents import compose, png_size, received_tokens, sent_tokens
from judges.tokens import text_tokens
from tests.judges.running.scripted import PICTURES, ScriptedProvider, png, requests


def test_a_prompt_holds_the_protocols_words_schema_and_both_pictures() -> None:
    asked = requests(1)[0]
    prompt = compose(asked, PICTURES)
    assert prompt.text == prompt_text(asked.protocol, asked.words)
    assert prompt.images == PICTURES
    assert prompt.schema == reply_schema(asked.protocol)
    assert prompt.schema_name == "paper_1"
    assert prompt.mend is None
    mend = Mend("{", "again")
    assert compose(asked, PICTURES, mend) == replace(prompt, mend=mend)


def test_the_size_of_a_png_is_read_from_its_header() -> None:
    assert png_size(png(640, 31)) == (640, 31)
    assert png_size(b"no picture of any kind at all") is None
    assert png_size(b"") is None


def test_tokens_grow_with_text_pictures_and_the_repair() -> None:
    provider = ScriptedProvider()
    asked = requests(1)[0]
    prompt = compose(asked, PICTURES)
    size = sent_tokens(prompt, provider)
    # Two pictures of one tile each at 70 + 140 tokens, and the text.
    assert size > 2 * 210 + text_tokens(prompt.text)
    assert sent_tokens(replace(prompt, images=()), provider) == size - 420
    assert sent_tokens(replace(prompt, images=(b"broken",)), provider) == size - 420
    mended = replace(prompt, mend=Mend("x" * 400, "y" * 40))
    assert sent_tokens(mended, provider) == size + 110
    provider.parameters = {"detail": "low"}
    assert sent_tokens(prompt, provider) == size - 280


def test_the_longest_reply_is_the_one_asked_for_or_the_models() -> None:
    provider = ScriptedProvider()
    assert received_tokens(provider) == 1000
    provider.parameters = {"max_output_tokens": 77}
    assert received_tokens(provider) == 77
