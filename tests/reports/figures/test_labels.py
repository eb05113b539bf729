from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.figures.labels import (
    clean,
    compact,
    figure_text,
    isolated,
    mark_text,
    shorten,
    slug,
    text_width,
)
from reports.figures.records import Mark


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.55149, "0.551"),
        (0.0, "0.000"),
        (-0.25, "−0.250"),
        (123.4567, "123.457"),
        (12345.678, "12,346"),
        (0.000123456, "0.000123"),
        (-1e15, "−1e+15"),
    ],
)
def test_figures_as_a_reader_wants_them(value: float, text: str) -> None:
    assert figure_text(value) == text


def test_a_mark_is_written_with_its_interval() -> None:
    assert mark_text(Mark(x=0, y=0.5, low=0.4, high=0.6)) == "0.500 [0.400, 0.600]"
    assert mark_text(Mark(x=0, y=0.5)) == "0.500"


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (500, "500"), (1000, "1000"), (2e4, "20k"), (7e5, "700k"), (2.5e6, "2.5M"),
     (1e-5, "1e−05"), (0.005, "0.005"), (-3e4, "−30k")],
)  # fmt: skip
def test_tick_marks_are_short(value: float, text: str) -> None:
    assert compact(value) == text


@given(st.text(max_size=60), st.floats(20, 300))
def test_cut_names_fit_and_short_ones_are_left_alone(name: str, room: float) -> None:
    cut = shorten(name, room)
    if text_width(name) <= room:
        assert cut == name
    else:
        head, _, tail = cut.partition("…") if "…" not in name else (cut, "", "")
        assert text_width(cut) <= room
        assert "…" in name or (name.startswith(head) and name.endswith(tail))


def test_names_that_differ_at_the_end_differ_when_cut() -> None:
    names = [f"olmo-7b+clip-l-14-336 (top-bottom-{i})" for i in (3, 5)]
    cut = [shorten(name, 160) for name in names]
    assert cut[0] != cut[1] and all(name.startswith("olmo-7b+c") for name in cut)
    assert cut[0].endswith("-3)") and "…" in cut[0]


def test_wide_letters_take_more_room_and_combining_ones_none() -> None:
    assert text_width("日本語") > text_width("abc") > text_width("ill")
    assert text_width("e\u0301") == text_width("e")


@given(st.text())
def test_cleaned_text_has_only_what_xml_allows(text: str) -> None:
    from xml.etree import ElementTree
    from xml.sax.saxutils import escape

    ElementTree.fromstring(f"<a>{escape(clean(text))}</a>")


def test_cleaning_keeps_what_is_allowed() -> None:
    assert clean("a\x00b\ufffe\ud800") == "a\ufffdb\ufffd\ufffd"
    assert clean("שלום\t日本\ufffd😀") == "שלום\t日本\ufffd😀"


def test_right_to_left_names_do_not_reorder_the_figures_after_them() -> None:
    assert isolated("שלום") == "\u2068שלום\u2069"
    assert isolated("latent") == "latent"


@given(st.text())
def test_slugs_are_safe_in_ids_and_file_names(text: str) -> None:
    made = slug(text)
    assert made and len(made) <= 80
    assert all(letter in "abcdefghijklmnopqrstuvwxyz0123456789-" for letter in made)
    assert made == made.strip("-")


def test_slugs_keep_the_words() -> None:
    assert slug("shuffled-patch: Latent (é)") == "shuffled-patch-latent-e"
    assert slug("שלום") == "figure"
