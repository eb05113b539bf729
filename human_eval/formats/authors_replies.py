"""Replies of the judge in the layout of the paper's human study."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from harness.core.errors import DataError
from harness.core.ratings import Item, JudgeReply
from human_eval.formats.authors import REPLIES_FILE
from human_eval.formats.intake import EntryError, Intake
from human_eval.formats.reading import document, excerpt, place
from human_eval.formats.reasons import UNUSABLE_REPLY
from human_eval.formats.replies import listed_relations, replied
from human_eval.formats.values import name_of

JUDGE: Final = "gpt-5"
"""Judge of the study, unless a reply names another one."""

_FIELDS: Final = ("interpretable", "concrete_words", "abstract_words", "global_words")


def read_replies(
    path: Path, items: Mapping[str, Item], prefix: str, intake: Intake
) -> list[tuple[str, JudgeReply]]:
    """Return the replies of ``human_study_llm_results.json`` with their places.

    The lists of words decide, as in the paper: any listed word makes a hit. An entry with
    ``error`` instead of a reply is a failed call; a reply without any of the fields was not parsed,
    nor was one whose reasoning is itself a reply: the study's code kept the raw text of what it
    could not read there, with empty lists, as if nothing had fitted.

    Args:
        path: The file, or the folder it is in.
        items: Item by the id in the file.
        prefix: What stands before that id in the names of items left out.
        intake: Takes down what cannot be used.

    Raises:
        UsageError: There is no such file.
        DataError: It has no list of results.
    """
    file = path / REPLIES_FILE if path.is_dir() else path
    value = document(file)
    results = value.get("results") if isinstance(value, dict) else None
    if not isinstance(results, list):
        raise DataError(f"{place(file)}: expected a JSON object with a list of results")
    judge = name_of(value.get("judge")) or JUDGE
    found = []
    for number, entry in enumerate(results, start=1):
        source = place(file, f"entry {number}")
        given = entry if isinstance(entry, dict) else {}
        found_id = name_of(given.get("instance_id"))
        item_id = f"{prefix}{found_id}" if found_id else ""
        with intake.entry(source, item_id=item_id, fault=UNUSABLE_REPLY):
            if not isinstance(entry, dict):
                raise EntryError(UNUSABLE_REPLY, f"{excerpt(entry)}: expected a JSON object")
            item = replied(items, found_id)
            found.append((source, _reply(entry, item, judge, source, intake)))
    return found


def _reply(
    entry: Mapping[str, Any], item: Item, judge: str, source: str, intake: Intake
) -> JudgeReply:
    named = name_of(entry.get("judge")) or judge
    given = entry.get("gpt_response")
    if given is None:
        return JudgeReply(item_id=item.item_id, judge=named, status="api_error")
    if not isinstance(given, dict) or not any(field in given for field in _FIELDS) or _raw(given):
        return JudgeReply(item_id=item.item_id, judge=named, status="parse_error")
    shown = _shown(entry.get("candidates"), item)
    relations, of_words = listed_relations(given, shown, source, item.item_id, intake)
    return JudgeReply(
        item_id=item.item_id,
        judge=named,
        status="ok",
        relations=relations,
        aligned=of_words and len(shown) == len(item.words),
    )


def _raw(given: Mapping[str, Any]) -> bool:
    """Return whether a reply holds the raw text of one that could not be read."""
    text = given.get("reasoning")
    empty = not any(given.get(field) for field in _FIELDS)
    return empty and isinstance(text, str) and '"concrete_words"' in text


def _shown(candidates: Any, item: Item) -> tuple[str, ...]:
    """Return the words that the judge was shown; the item's if the reply does not say."""
    if isinstance(candidates, list) and candidates:
        words = [name_of(word) if isinstance(word, int) else word for word in candidates]
        if all(isinstance(word, str) for word in words):
            return tuple(words)
    return item.words
