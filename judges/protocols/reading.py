"""From the text of a reply to one relation per shown word, or to the reason why there is none."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, NoReturn

from pydantic import ValidationError

from harness.core.quoting import plain, quoted
from harness.core.records import Relation
from judges.protocols.base import JudgingProtocol
from judges.protocols.marking import MARKS, marked_word
from judges.protocols.replies import ListReply, VerdictReply, reply_model

READER_VERSION: Final = 1
"""Version of the rules below; part of every prompt hash."""

_LONGEST_NAME: Final = 60


@dataclass(frozen=True, slots=True)
class Reading:
    """What a reply says, once read."""

    status: Literal["ok", "parse_error", "schema_error"]
    """``parse_error``: no JSON object could be read; ``schema_error``: it does not fit."""
    relations: tuple[Relation, ...] = ()
    """One per shown word; empty unless ``status`` is ok."""
    error: str = ""
    """What does not fit, in one line without hidden characters; empty if ok."""


@dataclass(frozen=True, slots=True)
class _Shown:
    """The plain forms under which a reply may repeat one word."""

    seen: frozenset[str]
    """As the word looks."""
    escaped: frozenset[str]
    """As its JSON string is written, for replies that escape twice."""


class _UnreadableError(ValueError):
    """The text holds no single JSON object."""


class _UnfitError(ValueError):
    """The object is not a reply to what was asked."""


def read_reply(protocol: JudgingProtocol, words: Sequence[str], text: str) -> Reading:
    """Read the reply ``text`` to the question about ``words``; the same text reads the same always.

    The text must be one JSON object; a code fence or prose around it is allowed if everything from
    the first brace to the last is that object. Words are compared by what can be seen of them
    (:func:`harness.core.quoting.plain`), also if the reply repeats them with their escapes.

    Lists: every listed word must be a candidate; a word in several lists takes the first of
    concrete, abstract, global; candidates that look the same get the same relation; a candidate
    that is not listed gets ``none``. Verdicts: every number once, with the word it was shown with.

    Args:
        protocol: How it was asked.
        words: What was shown, in display order.
        text: The reply, verbatim.
    """
    try:
        reply = _fit(protocol, _object(text))
        shown = [_shown(protocol, word) for word in words]
        match reply:
            case ListReply():
                return Reading("ok", _from_lists(reply, shown))
            case VerdictReply():
                return Reading("ok", _from_verdicts(reply, shown))
    except _UnreadableError as error:
        return Reading("parse_error", error=str(error))
    except _UnfitError as error:
        return Reading("schema_error", error=str(error))


def _object(text: str) -> dict[str, Any]:
    """Return the one JSON object of ``text``."""
    first, last = text.find("{"), text.rfind("}")
    if not text.strip():
        raise _UnreadableError("the reply is empty")
    if first < 0 or last < first:
        raise _UnreadableError("the reply holds no JSON object")
    try:
        found: dict[str, Any] = json.loads(
            text[first : last + 1], object_pairs_hook=_distinct, parse_constant=_refuse
        )
    except json.JSONDecodeError as error:
        raise _UnreadableError(
            f"the reply is not one JSON object: {error.msg} at character {first + error.pos}"
        ) from None
    except RecursionError:
        raise _UnreadableError("the reply is nested too deeply") from None
    except ValueError as error:
        raise _UnreadableError(f"the reply is not one JSON object: {error}") from None
    return found


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key is given twice")
    return found


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON value")


def _fit(protocol: JudgingProtocol, found: dict[str, Any]) -> ListReply | VerdictReply:
    try:
        return reply_model(protocol).model_validate(found, strict=True)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        place = ".".join(_name(str(part))[1:-1] for part in first["loc"])
        raise _UnfitError(f"{place}: {first['msg']}") from None


def _shown(protocol: JudgingProtocol, text: str) -> _Shown:
    texts = {text}
    if protocol.shows == "sentences":
        word = marked_word(text)
        texts |= {word, f"{MARKS[0]}{word}{MARKS[1]}"}
    return _Shown(
        frozenset(plain(each) for each in texts),
        frozenset(plain(quoted(each)[1:-1]) for each in texts),
    )


def _from_lists(reply: ListReply, shown: Sequence[_Shown]) -> tuple[Relation, ...]:
    lists: tuple[tuple[Relation, list[str]], ...] = (
        ("concrete", reply.concrete_words),
        ("abstract", reply.abstract_words),
        ("global", reply.global_words),
    )
    said: dict[int, Relation] = {}
    for relation, listed in lists:
        for word in listed:
            form = plain(word)
            meant = [place for place, each in enumerate(shown) if form in each.seen]
            meant = meant or [place for place, each in enumerate(shown) if form in each.escaped]
            if not meant:
                raise _UnfitError(f"{relation}_words: {_name(word)} is not among the candidates")
            for place in meant:
                said.setdefault(place, relation)
    return tuple(said.get(place, "none") for place in range(len(shown)))


def _from_verdicts(reply: VerdictReply, shown: Sequence[_Shown]) -> tuple[Relation, ...]:
    said: dict[int, Relation] = {}
    for verdict in reply.verdicts:
        number = verdict.number
        if not 1 <= number <= len(shown):
            raise _UnfitError(
                f"verdicts: number {str(number)[:_LONGEST_NAME]} is not among 1 to {len(shown)}"
            )
        if number in said:
            raise _UnfitError(f"verdicts: number {number} is given twice")
        if plain(verdict.word) not in shown[number - 1].seen | shown[number - 1].escaped:
            raise _UnfitError(f"verdicts: {_name(verdict.word)} is not the word number {number}")
        said[number] = verdict.relation
    missing = [number for number in range(1, len(shown) + 1) if number not in said]
    if missing:
        raise _UnfitError(f"verdicts: number {missing[0]} is missing ({len(missing)} in all)")
    return tuple(said[number] for number in range(1, len(shown) + 1))


def _name(word: str) -> str:
    """Return a word of the reply for a message: quoted, without hidden characters, not too long."""
    return quoted(word if len(word) <= _LONGEST_NAME else word[:_LONGEST_NAME] + "…")
