"""Loose values of other tools' files as names, numbers and times; what cannot be read is absent."""

from __future__ import annotations

import datetime
import hashlib
import math
import unicodedata
from collections.abc import Mapping
from typing import Any, Final

from human_eval.formats.reading import parsed

_KEY: Final = b"lensbench annotator"
_LONGEST_NAME: Final = 200


def name_of(value: Any) -> str:
    """Return an identity as text: text itself, or a whole number; empty if it is neither."""
    if isinstance(value, str):
        return unicodedata.normalize("NFC", value).strip()[:_LONGEST_NAME]
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)[:_LONGEST_NAME]
    return ""


def person_of(value: Any) -> str:
    """Return the pseudonym of a person as a tool names one; empty if nobody is named.

    E-mail addresses become ``person-`` and six hexadecimal digits of a keyed hash, so that no
    address is stored (who knows an address can still compute its pseudonym); whole numbers become
    ``person-7``; other names stay, as they are pseudonyms already.
    """
    if isinstance(value, Mapping):
        return person_of(value.get("email")) or person_of(value.get("id"))
    name = name_of(value)
    if "@" in name:
        digest = hashlib.blake2b(name.casefold().encode(), key=_KEY, digest_size=3)
        return f"person-{digest.hexdigest()}"
    return f"person-{name}" if name.isascii() and name.isdigit() else name


def seconds_of(value: Any) -> float | None:
    """Return a duration in seconds; None if it is not a number or below 0."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        seconds = float(value)
    except (ValueError, OverflowError):
        return None
    return seconds if math.isfinite(seconds) and seconds >= 0 else None


def moment_of(text: str) -> datetime.datetime | None:
    """Return an ISO 8601 time, in UTC if it names no zone; None if it is none."""
    try:
        moment = datetime.datetime.fromisoformat(text)
        return moment if moment.tzinfo else moment.replace(tzinfo=datetime.UTC)
    except ValueError:
        return None


def time_of(value: Any) -> str:
    """Return the text of an ISO 8601 time as it is; empty if it is none."""
    return value if isinstance(value, str) and moment_of(value) else ""


def words_of(value: Any) -> tuple[str, ...] | None:
    """Return words from a list, a JSON list as text, or text joined by ``|``; None if it is none.

    Words are kept to the last character: spaces and line ends belong to them.
    """
    if isinstance(value, str):
        try:
            listed = parsed(value) if value.lstrip().startswith("[") else None
        except ValueError:
            listed = None
        value = listed if isinstance(listed, list) else value.split("|") if value else []
    if not isinstance(value, list):
        return None
    if not all(isinstance(word, str) for word in value):
        return None
    return tuple(value) or None
