"""One file from a web address: bounded in size, time and attempts; every failure has a reason."""

from __future__ import annotations

import email.utils
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import httpx2

_AGENT: Final = "lensbench (research; fetches each image once)"
_ACCEPT: Final = "image/*;q=1.0, */*;q=0.1"
_WORTH_RETRYING: Final = frozenset({408, 425, 429, 500, 502, 503, 504})
_MIB: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class FetchPolicy:
    """How patient and how polite downloads are."""

    timeout_s: float = 20.0
    """Longest silence of a server, in seconds."""
    deadline_s: float = 120.0
    """Longest time for one attempt at one file, in seconds."""
    attempts: int = 3
    """Attempts at a file whose failure may pass (no connection, silence, busy server)."""
    backoff_s: float = 1.0
    """Wait before the second attempt, in seconds; it doubles for each one after it."""
    longest_wait_s: float = 30.0
    """Longest wait between attempts, also if the server asks for more (``Retry-After``)."""
    largest_bytes: int = 64 * _MIB
    """Largest file, in bytes."""
    workers: int = 8
    """Files downloaded at a time."""


@dataclass(frozen=True, slots=True)
class Failure:
    """Why there is no file behind an address."""

    reason: str
    """A few words, the same for the same kind of failure."""
    reached: bool = True
    """Whether a server answered at all."""
    passing: bool = False
    """Whether another attempt may go better."""
    wait_s: float = 0.0
    """What the server asks to wait, in seconds."""


def open_client(policy: FetchPolicy) -> httpx2.Client:
    """Return a client for many downloads; it follows redirects and is closed by the caller."""
    return httpx2.Client(
        timeout=policy.timeout_s,
        follow_redirects=True,
        headers={"User-Agent": _AGENT, "Accept": _ACCEPT},
        limits=httpx2.Limits(max_connections=policy.workers),
    )


def fetch(client: httpx2.Client, url: str, policy: FetchPolicy) -> bytes | Failure:
    """Return the content behind an ``http`` or ``https`` address, or why there is none."""
    wait_s = policy.backoff_s
    for attempt in range(1, policy.attempts + 1):
        outcome = _attempt(client, url, policy)
        if isinstance(outcome, bytes) or not outcome.passing or attempt == policy.attempts:
            break
        time.sleep(min(policy.longest_wait_s, max(wait_s, outcome.wait_s)))
        wait_s *= 2
    return outcome


def _attempt(client: httpx2.Client, url: str, policy: FetchPolicy) -> bytes | Failure:
    try:
        with client.stream("GET", url) as response:
            if response.status_code != httpx2.codes.OK:
                return _refused(response)
            return _body(response, policy)
    except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.ProxyError):
        return Failure("no connection", reached=False, passing=True)
    except httpx2.TimeoutException:
        return Failure("timeout", passing=True)
    except (httpx2.NetworkError, httpx2.RemoteProtocolError):
        return Failure("connection broken", passing=True)
    except httpx2.TooManyRedirects:
        return Failure("too many redirects")
    # A host name that no name can be is an error of its encoder.
    except (httpx2.UnsupportedProtocol, httpx2.InvalidURL, UnicodeError, ValueError):
        return Failure("not a web address")
    except httpx2.HTTPError as error:
        return Failure(type(error).__name__)


def _refused(response: httpx2.Response) -> Failure:
    code = response.status_code
    return Failure(
        f"HTTP {code}",
        passing=code in _WORTH_RETRYING,
        wait_s=_retry_after(response.headers.get("Retry-After", "")),
    )


def _body(response: httpx2.Response, policy: FetchPolicy) -> bytes | Failure:
    started, data = time.monotonic(), bytearray()
    for block in response.iter_bytes():
        data += block
        if len(data) > policy.largest_bytes:
            return Failure(f"larger than {policy.largest_bytes / _MIB:g} MiB")
        if time.monotonic() - started > policy.deadline_s:
            return Failure("timeout", passing=True)
    return bytes(data)


def _retry_after(text: str) -> float:
    """Return the seconds that a ``Retry-After`` header asks for, as a number or a date."""
    if text.strip().isdecimal():
        return float(text)
    try:
        moment = email.utils.parsedate_to_datetime(text)
    except ValueError:
        return 0.0
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())
