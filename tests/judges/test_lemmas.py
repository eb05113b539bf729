from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from judges.ground_truth import load_rules
from judges.lemmas import lemmas, normalise, noun_forms

IRREGULAR = load_rules().irregular_forms


@pytest.mark.parametrize(
    ("word", "lemma"),
    [
        ("dogs", "dog"),
        ("Dogs", "dog"),
        (" dog", "dog"),
        ("dog's", "dog"),
        ("dogs'", "dog"),
        ("dog\u2019s", "dog"),
        ("dog,", "dog"),
        ("cherries", "cherry"),
        ("leaves", "leaf"),
        ("shelves", "shelf"),
        ("scarves", "scarf"),
        ("benches", "bench"),
        ("foxes", "fox"),
        ("boxes", "box"),
        ("potatoes", "potato"),
        ("teeth", "tooth"),
        ("geese", "goose"),
        ("glasses", "glass"),
        ("buses", "bus"),
        ("roses", "rose"),
        ("sitting", "sit"),
        ("climbing", "climb"),
        ("sailing", "sail"),
        ("riding", "ride"),
        ("baked", "bake"),
        ("painted", "paint"),
        ("dotted", "dot"),
        ("striped", "stripe"),
        ("carried", "carry"),
        ("bigger", "big"),
        ("brighter", "bright"),
        ("happiest", "happy"),
        ("slept", "sleep"),
        ("flew", "fly"),
        ("polka-dots", "polka-dot"),
    ],
)
def test_an_inflected_form_has_its_dictionary_form(word: str, lemma: str) -> None:
    assert lemma in lemmas(word, IRREGULAR)


@pytest.mark.parametrize(
    ("word", "stranger"),
    [
        ("caring", "car"),
        ("bus", "bu"),
        ("grass", "gras"),
        ("string", "str"),
        ("wing", "w"),
        ("red", "r"),
        ("bed", "b"),
        ("striped", "strip"),
        ("flower", "flow"),
        ("tower", "tow"),
        ("hoped", "hop"),
        ("forest", "for"),
        ("hatch", "hat"),
    ],
)
def test_a_look_alike_is_no_lemma(word: str, stranger: str) -> None:
    assert stranger not in lemmas(word, IRREGULAR)


@pytest.mark.parametrize(
    "word", ["", " ", "s", "!", "##ing", "12", "3d", "dog cat", "犬", "\u2581", "do\ufffd", "_dog"]
)
def test_anything_but_a_whole_word_has_no_lemma(word: str) -> None:
    assert normalise(word) == ""
    assert lemmas(word, IRREGULAR) == frozenset()
    assert noun_forms(word) == frozenset()


def test_a_label_is_held_to_noun_forms_only() -> None:
    assert noun_forms("trees") == {"trees", "tree"}
    assert noun_forms("building") == {"building"}


def test_an_irregular_word_has_no_regular_readings() -> None:
    assert lemmas("leaves", {"leaves": ("leaf",)}) == {"leaves", "leaf"}
    assert "leave" in lemmas("leaves", {})


@given(st.text(max_size=12))
def test_case_and_outer_spaces_never_matter(word: str) -> None:
    assert lemmas(f"  {word.upper()} ", IRREGULAR) == lemmas(word.upper().lower(), IRREGULAR)


@given(st.from_regex(r"[a-z]{2,10}", fullmatch=True))
def test_a_whole_word_is_among_its_own_lemmas(word: str) -> None:
    assert word in lemmas(word, IRREGULAR)
