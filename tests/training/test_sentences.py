from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.training.sentences import first_sentence


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A red ball. It lies on grass.", "A red ball."),
        ("  A red ball  ", "A red ball"),
        ("Dr. Smith meets Mr. J. Doe at 3.5 p.m. today. Then they leave.", None),
        ("A sign says “Stop!” Behind it is a car.", "A sign says “Stop!”"),
        ('He says "go." Then he goes.', 'He says "go."'),
        ("What is it? A cat!", "What is it?"),
        ("A page about i.e. commas, e.g. Oxford ones. Next.", None),
        ("It costs 3.50 dollars. 12 of them are here.", "It costs 3.50 dollars."),
        ("So do I. Now he goes.", "So do I."),
        ("a heading\n\nThe text. More.", "a heading"),
        ("no capital follows. like here", "no capital follows. like here"),
        ("An ellipsis... It ends it.", "An ellipsis..."),
        ("Visit example.com today. Now.", "Visit example.com today."),
        ("", ""),
    ],
)
def test_first_sentence(text: str, expected: str | None) -> None:
    """Stops end a sentence unless they belong to an abbreviation, an initial or a number."""
    if expected is None:
        expected = text[: text.rindex(". ") + 1]
    assert first_sentence(text) == expected


@given(st.text(alphabet="aA1.!? \n\"'()", max_size=40))
def test_a_first_sentence_begins_the_text_and_has_itself_as_first(text: str) -> None:
    """It is a prefix of the stripped text, never empty for a text, and stays as it is."""
    found = first_sentence(text)
    assert text.strip().startswith(found)
    assert bool(found) == bool(text.strip())
    assert first_sentence(found) == found
