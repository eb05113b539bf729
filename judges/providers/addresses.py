"""Web addresses of providers: checked before use, and free of secrets."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from harness.core.errors import UsageError

_VERSIONED = re.compile(r"^(https?://[^/]+(?:/[^/]+)*?/v\d+)/(.+)$")
_BARE = re.compile(r"^(https?://[^/]+)/(?!v\d+$)([^/]+)$")


def checked_address(url: str) -> str:
    """Return an address without a trailing slash.

    Raises:
        UsageError: if it is no http or https address, or holds a password or a query, which would
            be written into the run's records.
    """
    parts = urlsplit(url)
    if parts.username is not None or parts.password is not None or parts.query:
        raise UsageError(
            f"the judge's address at {parts.hostname} holds a user name or a query, which would be "
            "stored with the run: give keys by environment variable or --keys"
        )
    try:
        possible = parts.port is None or parts.port > 0
    except ValueError:
        possible = False
    if parts.scheme not in {"http", "https"} or not parts.hostname or not possible:
        raise UsageError(f"judge address {url!r}: expected http://HOST[:PORT]/PATH or https://...")
    return url.rstrip("/")


def split_address(text: str) -> tuple[str, str]:
    """Return address and model of ``BASE_URL/MODEL``.

    The address ends with its version part (``/v1``), or with the host if only one part follows
    it; ``BASE_URL#MODEL`` says for any address where it ends.

    Raises:
        UsageError: if it cannot be told where the address ends.
    """
    address, marked, model = text.partition("#")
    if not marked:
        match = _VERSIONED.match(text) or _BARE.match(text)
        address, model = match.groups() if match else (text, "")
    address = checked_address(address)
    if not model:
        raise UsageError(
            f"judge compatible:{text}: expected compatible:BASE_URL/MODEL such as "
            "compatible:http://localhost:8000/v1/MODEL, or compatible:BASE_URL#MODEL"
        )
    return address, model


def host_of(url: str) -> str:
    """Return the host's name of an address."""
    return urlsplit(url).hostname or ""
