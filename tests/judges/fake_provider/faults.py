"""What can go wrong with a call, and when it does."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from tests.judges.fake_provider.asked import Asked

Kind = Literal[
    "rate_limit",  # 429
    "quota",  # 429, no credit left
    "error_500",
    "unavailable",  # 503
    "overloaded",  # 529
    "conflict",  # 409
    "slow",  # a reply after `seconds`
    "trickle",  # a reply byte by byte, `seconds` apart
    "drop",  # the connection is closed without a reply
    "cut",  # the connection is closed in the middle of the reply
    "html",  # status 200, but a page of some proxy
    "failed",  # status 200, but an error in the body
    "image_too_large",  # 400 for this question
    "unsupported",  # 400 for every question: a setting the model does not have
    "truncated",  # cut at the most output tokens
    "thought_away",  # all output tokens went into reasoning
    "refusal",
    "filtered",  # stopped by a content filter
    "empty",  # no text
    "malformed",  # text that is no JSON
    "fenced",  # JSON in a Markdown fence
    "foreign_word",  # a word that was not asked about
    "missing_word",  # a verdict is left out; lists cannot show it
    "null_lists",
]


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that goes wrong."""

    kind: Kind
    retry_after: str | None = None
    """Value of a Retry-After header: seconds or a date; None for no header."""
    retry_after_ms: str | None = None
    """Value of a retry-after-ms header."""
    seconds: float = 30.0
    """Length of the pause of slow and trickle."""


Rule = Callable[[int, Asked], Fault | None]
"""Whether a call fails: from its number in the order of arrival, from 0, and what is asked."""


def never(_: int, __: Asked) -> Fault | None:
    """No call fails."""
    return None


def always(fault: Fault) -> Rule:
    """Every call fails."""
    return lambda number, asked: fault


def in_turn(faults: Iterable[Fault | None]) -> Rule:
    """The calls fail as listed, in the order of arrival; later calls do not."""
    listed = list(faults)
    return lambda number, asked: listed[number] if number < len(listed) else None


def for_words(words: Iterable[str], fault: Fault, *, times: int | None = None) -> Rule:
    """A call fails if it asks about one of ``words``; only the first ``times`` such calls."""
    wanted, left, lock = set(words), [times], threading.Lock()

    def rule(_: int, asked: Asked) -> Fault | None:
        if not wanted & set(asked.words):
            return None
        with lock:
            if left[0] is None:
                return fault
            left[0] -= 1
            return fault if left[0] >= 0 else None

    return rule


def at_random(shares: Mapping[Fault, float], *, seed: int) -> Rule:
    """Each call fails by its own draw, with the given share of all calls for each fault."""

    def rule(number: int, _: Asked) -> Fault | None:
        draw = random.Random(f"{seed}:{number}").random()
        for fault, share in shares.items():
            draw -= share
            if draw < 0:
                return fault
        return None

    return rule
