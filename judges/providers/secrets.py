"""Taking API keys out of text that others wrote."""

from __future__ import annotations

import re

MOST_CHARACTERS = 500
"""Longest error text that is kept."""

_LIKE_A_KEY = re.compile(r"(?i)\b(?:(?:sk|pk|gsk|key)[-_]|bearer )[a-z0-9*._\-]{8,}")


def scrub(text: str, key: str | None) -> str:
    """Return ``text`` on one line, cut, without ``key`` and without what looks like one.

    Providers quote a refused key, whole or with its middle starred out.
    """
    if key:
        text = text.replace(key, "[key]")
    text = _LIKE_A_KEY.sub("[key]", " ".join(text.split()))
    return text if len(text) <= MOST_CHARACTERS else text[: MOST_CHARACTERS - 1] + "…"
