from __future__ import annotations

import base64
import hashlib
import json
import re
from html.parser import HTMLParser
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.core.errors import DataError, UsageError
from harness.core.quoting import plain
from harness.core.ratings import Rating
from human_eval.payload import (
    content_security_policy,
    page_payload,
    page_words,
    render_page,
)
from tests.human_eval.a_study import ANNOTATORS, SECRET_LAYER, SECRET_WEIGHT, a_study

MODES: tuple[Literal["server", "static"], ...] = ("server", "static")
LOADS = re.compile(r"""(?:src|href|action|poster|srcset)\s*=\s*["']?\s*(?!data:)[^"'\s>]""")


class Page(HTMLParser):
    """Collects elements, checks that they are closed in order, and keeps the text of scripts."""

    void = frozenset({"meta", "img", "input", "link", "br", "hr"})

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.scripts: list[str] = []
        self.styles: list[str] = []
        self.feed(markup)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in self.void:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] == "script":
            self.scripts.append(data)
        if self.open and self.open[-1] == "style":
            self.styles.append(data)

    def embedded(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.scripts[0])
        return found


def page_of(words: tuple[str, ...], mode: Literal["server", "static"] = "static") -> Page:
    return Page(render_page(page_payload(a_study(1, words=[words]), "ada", mode=mode)))


@pytest.mark.parametrize("mode", MODES)
def test_nothing_of_the_board_reaches_the_page(mode: Literal["server", "static"]) -> None:
    study = a_study()
    secret = Rating(
        item_id=study.items[0].item_id,
        annotator="ben",
        state="cant_tell",
        session="SECRET-SESSION",
        source="SECRET-FILE",
    )
    mine = secret.model_copy(update={"annotator": "ada", "session": "mine"})
    saved = [mine, secret]
    page = render_page(page_payload(study, "ada", mode=mode, save="/a/ada", saved=saved))
    assert "SECRET" not in page
    assert str(SECRET_LAYER) not in page
    assert str(SECRET_WEIGHT) not in page
    assert '"mine"' in page
    for word in ("lens", "layer", "verdict", "weight", "control", "patch_type"):
        assert word not in json.dumps(Page(page).embedded())


def test_no_name_of_somebody_else_reaches_the_page() -> None:
    page = render_page(page_payload(a_study(), "ada", mode="server"))
    assert "ada" in page
    assert not re.search(r"\b(ben|cyd)\b", page)


def test_items_come_in_the_order_of_the_annotator() -> None:
    study = a_study()
    for name in ANNOTATORS:
        payload = page_payload(study, name, mode="static")
        assert tuple(item.item_id for item in payload.items) == study.assignments[name]
    assert page_payload(study, "ada", mode="static") != page_payload(study, "ben", mode="static")


def test_words_that_look_the_same_are_asked_once() -> None:
    found = page_words(("dog", "cat", " dog", "dog", "cafe\u0301", "caf\u00e9"), "words")
    assert [(word.text, word.places, word.note) for word in found] == [
        ("dog", (0, 2, 3), "shown 3 times"),
        ("cat", (1,), ""),
        ("caf\u00e9", (4, 5), "shown 2 times"),
    ]


def test_one_word_in_two_sentences_is_asked_twice() -> None:
    found = page_words(("a ⟦dog⟧ runs", "⟦dog⟧", "a ⟦dog⟧ runs", "a dog"), "sentences")
    assert [(word.before, word.word, word.after, word.places) for word in found] == [
        ("a ", "dog", " runs", (0, 2)),
        ("", "dog", "", (1,)),
        ("", "a dog", "", (3,)),
    ]
    assert found[0].text == "a dog runs"


def test_marks_in_a_word_are_only_characters() -> None:
    assert page_words(("a ⟦dog⟧",), "words")[0].word == "a ⟦dog⟧"


def test_hidden_characters_are_seen_and_blank_words_are_not_asked() -> None:
    found = page_words(("a\u202eb", "  ", "\u200b", "x\ny", "\ud800"), "words")
    assert [word.text for word in found] == ["a\\u202eb", "x\\u000ay"]
    assert [word.places for word in found] == [(0,), (3,)]


def test_an_item_of_blank_words_alone_can_still_be_answered() -> None:
    assert [
        (word.text, word.places) for word in page_words(("", " ", "\u200b\u200b"), "words")
    ] == [
        ("␣", (0, 1)),
        ("␣␣", (2,)),
    ]
    found = page_words(("a ⟦ ⟧ b", "⟦⟧"), "sentences")
    assert [word.text for word in found] == ["a ␣ b", "␣"]


@given(st.lists(st.text(max_size=6), min_size=1, max_size=8), st.booleans())
def test_every_word_that_can_be_seen_is_asked_exactly_once(
    words: list[str], sentences: bool
) -> None:
    told = [f"x⟦{word}⟧y".replace("⟦⟦", "⟦") if sentences else word for word in words]
    found = page_words(told, "sentences" if sentences else "words")
    places = sorted(place for word in found for place in word.places)
    assert len(set(places)) == len(places)
    assert len({(word.before, word.word, word.after) for word in found}) == len(found)
    if not sentences:
        seen = [place for place, word in enumerate(words) if plain(word)]
        assert places == (seen or list(range(len(words))))
    assert [word.places[0] for word in found] == sorted(word.places[0] for word in found)


@given(st.lists(st.text(max_size=12), min_size=1, max_size=5).map(tuple))
def test_whatever_the_words_are_the_page_stays_whole(words: tuple[str, ...]) -> None:
    page = page_of(words)
    assert len(page.scripts) == 2
    assert page.embedded()["items"][0]["places"] == len(words)


@pytest.mark.parametrize(
    "word",
    ["</script><script>alert(1)</script>", "<!--", "]]>", "\u2028", "' onerror=alert(1) '", "&lt;"],
)
def test_words_stay_data(word: str) -> None:
    page = page_of((word, "fine"))
    assert [name for name, _ in page.tags].count("script") == 2
    text = page.embedded()["items"][0]["words"][0]["text"]
    assert text == (word if word != "\u2028" else "fine")


@pytest.mark.parametrize("mode", MODES)
def test_the_page_loads_nothing_and_runs_only_its_own_script(
    mode: Literal["server", "static"],
) -> None:
    text = render_page(page_payload(a_study(), "ada", mode=mode))
    page = Page(text)
    assert not LOADS.search(re.sub(r"<script.*?</script>", "", text, flags=re.DOTALL))
    assert not re.search(r"url\(|@import|https?:(?!//www\.w3\.org/2000/svg)", text)
    [policy] = [
        attributes["content"] or ""
        for name, attributes in page.tags
        if attributes.get("http-equiv") == "Content-Security-Policy"
    ]
    assert policy == content_security_policy(mode)
    for source in (page.scripts[1], page.styles[0]):
        digest = base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in policy
    assert "unsafe" not in policy
    assert ("connect-src 'self'" in policy) == (mode == "server")
    assert "style=" not in text
    assert not re.search(r"<[^>]+\son[a-z]+=", text)


def test_what_was_answered_before_is_given_back() -> None:
    study = a_study()
    first, second, third = study.assignments["ada"][:3]
    told: dict[str, Any] = {"annotator": "ada", "seconds": 3.5, "at": "2026-01-01T00:00:00.000Z"}
    ratings = (
        Rating(item_id=first, state="none", relations=("none",) * 5, session="s", **told),
        Rating(item_id=second, state="blank", annotator="ada"),
        Rating(item_id=third, state="cant_tell", annotator="ben"),
        Rating(item_id="of another study", state="cant_tell", annotator="ada"),
    )
    saved = page_payload(study, "ada", mode="server", saved=ratings).saved
    assert {key: value.model_dump() for key, value in saved.items()} == {
        first: {
            "state": "none",
            "relations": ("none",) * 5,
            "seconds": 3.5,
            "at": "2026-01-01T00:00:00.000Z",
            "session": "s",
        }
    }


def test_pictures_are_named_as_addresses() -> None:
    study = a_study(1)
    odd = study.items[0].model_copy(update={"patch_id": "a b#?é"})
    renamed = study.model_copy(update={"items": (odd,)})
    item = page_payload(renamed, "ada", mode="server", pictures="/pictures/token/").items[0]
    assert item.boxed == "/pictures/token/a%20b%23%3F%C3%A9-boxed.png"
    assert item.crop == "/pictures/token/a%20b%23%3F%C3%A9-crop.png"


def test_the_same_payload_gives_the_same_page() -> None:
    made = {render_page(page_payload(a_study(), "ada", mode="static")) for _ in range(2)}
    assert len(made) == 1


def test_somebody_who_is_not_asked_is_named_with_near_names() -> None:
    with pytest.raises(UsageError, match="unknown annotator 'adda': did you mean ada"):
        page_payload(a_study(), "adda", mode="static")


def test_an_item_that_the_study_does_not_have_is_named() -> None:
    study = a_study()
    broken = study.model_copy(update={"items": study.items[1:]})
    with pytest.raises(DataError, match=f"asks ada item '{study.items[0].item_id}'"):
        page_payload(broken, "ada", mode="static")


@pytest.mark.parametrize("shows", ["words", "sentences"])
def test_the_page_tells_what_judges_are_told(shows: str) -> None:
    page = render_page(page_payload(a_study(sentences=shows == "sentences"), "ada", mode="static"))
    text = re.sub(r"<[^>]+>", " ", page)
    for told in ("close-up", "inside the box", "colour", "writing", "elsewhere in the picture"):
        assert told in text
    assert ("Only the marked word counts" in text) == (shows == "sentences")


def test_every_key_of_the_page_is_shown() -> None:
    page = render_page(page_payload(a_study(), "ada", mode="static"))
    shown = set(re.findall(r"<kbd[^>]*>([^<]+)</kbd>", page))
    keys = {"↑", "↓", "←", "→", "1", "9", "c", "a", "g", "n", "Space", "x", "0", "?", "Enter"}
    assert shown == keys | {"u", "Backspace", "z", "+", "-", "h", "Esc"}
