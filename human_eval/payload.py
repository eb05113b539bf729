"""What the annotation page is given, and the page itself: questions, pictures and nothing else.

Of lens, layer, weight and verdict nothing enters: annotators are as blind as judges are.
"""

from __future__ import annotations

import base64
import hashlib
import unicodedata
from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Final, Literal
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from harness.core.errors import DataError, unknown_name
from harness.core.ids import canonical_json
from harness.core.quoting import escaped, plain
from harness.core.ratings import Item, Rating, RatingState
from harness.core.records import Record, Relation
from human_eval.study import Study, picture_names

Mode = Literal["server", "static"]
"""Where answers go: to a server, or into the browser and from there into a file."""

SCRIPTS: Final = ("answers.js", "clock.js", "keeping.js", "zoom.js", "page.js")
"""Parts of the page's script, in the order in which they run."""

_PAGE: Final = Path(__file__).parent / "page"
_MARKS: Final = ("⟦", "⟧")
_BLANK: Final = "␣"


class PageWord(Record):
    """One thing to decide: a word, or a sentence with one word marked."""

    text: str
    """Word or whole sentence as it is shown, without marks."""
    places: tuple[int, ...]
    """Positions in the item's words that it stands for."""
    before: str = ""
    """What stands before the marked word."""
    word: str
    """The word to decide on."""
    after: str = ""
    """What stands after the marked word."""
    note: str = ""
    """What else is to be known of it, such as ``shown 3 times``."""


class PageItem(Record):
    """One screen."""

    item_id: str
    """Item."""
    words: tuple[PageWord, ...]
    """Distinct words as seen, in rank order."""
    boxed: str
    """URL of the image with the region boxed."""
    crop: str
    """URL of the close-up."""
    places: int
    """Number of the item's words; an answer has as many relations."""


class SavedAnswer(Record):
    """What was answered before."""

    state: RatingState
    """Kind of answer."""
    relations: tuple[Relation, ...] = ()
    """One per word of the item."""
    seconds: float | None = None
    """Time taken."""
    at: str = ""
    """When, ISO 8601."""
    session: str = ""
    """Sitting."""


class PagePayload(Record):
    """Everything that the page of one annotator knows."""

    study: str
    """Identity of the study."""
    annotator: str
    """Pseudonym."""
    shows: Literal["words", "sentences"]
    """What is rated."""
    items: tuple[PageItem, ...]
    """Items in this annotator's order."""
    mode: Mode
    """Where answers go."""
    save: str
    """URL to post answers to; empty if there is no server."""
    saved: dict[str, SavedAnswer]
    """Item id to the latest answer."""


def page_payload(
    study: Study,
    annotator: str,
    *,
    mode: Mode,
    pictures: str = "pictures/",
    save: str = "",
    saved: Sequence[Rating] = (),
) -> PagePayload:
    """Return what the page of ``annotator`` shows.

    Args:
        study: The study.
        annotator: One of its annotators.
        mode: Where answers go.
        pictures: URL that the file names of the pictures are appended to.
        save: URL to post answers to; empty for a static page.
        saved: Latest ratings; those of other people, other items and blank ones are ignored.

    Raises:
        UsageError: The study has no such annotator.
        DataError: An item that the annotator is to be asked is not in the study.
    """
    if annotator not in study.assignments:
        raise unknown_name("annotator", annotator, study.assignments)
    known = {item.item_id: item for item in study.items}
    asked = dict.fromkeys(study.assignments[annotator])
    if missing := [item_id for item_id in asked if item_id not in known]:
        raise DataError(
            f"study {study.study_id} asks {annotator} item {missing[0]!r}, which it does not have: "
            "the file was changed, draw the study again"
        )
    return PagePayload(
        study=study.study_id,
        annotator=annotator,
        shows=study.shows,
        items=tuple(_page_item(known[item_id], study.shows, pictures) for item_id in asked),
        mode=mode,
        save=save,
        saved={
            rating.item_id: SavedAnswer(
                state=rating.state,
                relations=rating.relations,
                seconds=rating.seconds,
                at=rating.at,
                session=rating.session,
            )
            for rating in saved
            if rating.annotator == annotator and rating.item_id in asked and rating.state != "blank"
        },
    )


def page_words(words: Iterable[str], shows: Literal["words", "sentences"]) -> tuple[PageWord, ...]:
    """Return the distinct words as a person sees them, each with its positions in ``words``.

    Hidden characters are shown as escapes. Words that show nothing are left out, as they are for
    judges; if all of them are such, they are shown as open boxes.
    """
    told = [_parts(text, shows) for text in words]
    blank = [not plain(word) for _, word, _ in told]
    seen: dict[tuple[str, str, str], list[int]] = {}
    for place, (before, word, after) in enumerate(told):
        if blank[place] and not all(blank):
            continue
        text = _BLANK * max(1, len(word)) if blank[place] else _shown(word)
        seen.setdefault((_shown(before), text, _shown(after)), []).append(place)
    return tuple(
        PageWord(
            text=before + word + after,
            places=tuple(places),
            before=before,
            word=word,
            after=after,
            note=f"shown {len(places)} times" if len(places) > 1 else "",
        )
        for (before, word, after), places in seen.items()
    )


def content_security_policy(mode: Mode) -> str:
    """Return what a page of this mode may load: its own script, style and pictures, no more."""
    return "; ".join(
        [
            "default-src 'none'",
            # Not every browser takes a file of the same folder for one of the page's own origin.
            "img-src 'self' data:" + (" file:" if mode == "static" else ""),
            f"style-src '{_source_hash(_asset('page.css'))}'",
            f"script-src '{_source_hash(_script())}'",
            "connect-src " + ("'self'" if mode == "server" else "'none'"),
            "base-uri 'none'",
            "form-action 'none'",
        ]
    )


def render_page(payload: PagePayload) -> str:
    """Return the page as one HTML document that loads nothing but its pictures."""
    return (
        _environment()
        .get_template("page.html.j2")
        .render(
            payload=payload,
            policy=Markup(content_security_policy(payload.mode)),
            css=Markup(_asset("page.css")),
            script=Markup(_script()),
            data=Markup(_embedded(canonical_json(payload))),
        )
    )


def _page_item(item: Item, shows: Literal["words", "sentences"], pictures: str) -> PageItem:
    boxed, crop = (pictures + quote(name) for name in picture_names(item.patch_id))
    return PageItem(
        item_id=item.item_id,
        words=page_words(item.words, shows),
        boxed=boxed,
        crop=crop,
        places=len(item.words),
    )


def _parts(text: str, shows: Literal["words", "sentences"]) -> tuple[str, str, str]:
    """Return what stands before the word in question, the word, and what stands after it."""
    if shows == "sentences":
        before, opened, rest = text.partition(_MARKS[0])
        word, closed, after = rest.partition(_MARKS[1])
        if opened and closed:
            return before.lstrip(), word, after.rstrip()
    return "", text.strip(), ""


def _shown(text: str) -> str:
    return escaped(unicodedata.normalize("NFC", text))


def _embedded(text: str) -> str:
    """Return JSON that can stand inside a script element whatever strings it holds."""
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def _source_hash(text: str) -> str:
    """Return the content-security-policy hash of an inline script or style."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _script() -> str:
    return "\n".join(_asset(name) for name in SCRIPTS)


def _asset(name: str) -> str:
    return (_PAGE / name).read_text("utf-8")


@lru_cache(maxsize=1)
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(_PAGE, encoding="utf-8"),
        undefined=StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        newline_sequence="\n",
    )
