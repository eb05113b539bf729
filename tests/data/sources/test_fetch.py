"""Downloads: what is tried again, for how long, and the reason when there is nothing."""

from __future__ import annotations

import gzip
import socket
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from harness.data.sources.fetch import Failure, FetchPolicy, fetch, open_client
from tests.data.sources.server import Reply, Site


def get(url: str, policy: FetchPolicy) -> bytes | Failure:
    with open_client(policy) as client:
        return fetch(client, url, policy)


def test_content_comes_as_it_is(site: Site, quick: FetchPolicy) -> None:
    assert get(site.url("/a", b"\0content"), quick) == b"\0content"
    assert site.asked == {"/a": 1}
    (agent,) = site.agents
    assert agent.startswith("lensbench")


def test_redirects_are_followed_but_not_in_circles(site: Site, quick: FetchPolicy) -> None:
    site.url("/end", b"here")
    start = site.url("/start", Reply(code=302, headers={"Location": "/end"}))
    circle = site.url("/circle", Reply(code=301, headers={"Location": "/circle"}))
    assert get(start, quick) == b"here"
    assert get(circle, quick) == Failure("too many redirects")


@pytest.mark.parametrize("code", [429, 500, 502, 503, 504])
def test_a_busy_server_is_asked_again(site: Site, quick: FetchPolicy, code: int) -> None:
    assert get(site.url("/a", Reply(code=code), b"at last"), quick) == b"at last"
    assert site.asked["/a"] == 2


@pytest.mark.parametrize("code", [204, 400, 401, 403, 404, 410])
def test_a_refusal_is_final(site: Site, quick: FetchPolicy, code: int) -> None:
    assert get(site.url("/a", Reply(code=code), b"content"), quick) == Failure(f"HTTP {code}")
    assert site.asked["/a"] == 1


def test_attempts_are_bounded(site: Site, quick: FetchPolicy) -> None:
    outcome = get(site.url("/a", Reply(code=503)), quick)
    assert isinstance(outcome, Failure)
    assert outcome.reason == "HTTP 503"
    assert site.asked["/a"] == 3


def test_waits_grow_and_are_those_the_server_asks_for(
    site: Site, quick: FetchPolicy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In seconds or until a date, but never longer than we are willing to."""
    waits: list[float] = []
    monkeypatch.setattr(time, "sleep", waits.append)
    policy = replace(quick, attempts=6, backoff_s=0.01, longest_wait_s=50)
    soon = format_datetime(datetime.now(UTC) + timedelta(seconds=20))
    asked = ("7", soon, "1000", "nonsense", "")
    replies = [Reply(code=429, headers={"Retry-After": text}) for text in asked]
    assert get(site.url("/a", *replies, b"content"), policy) == b"content"
    # The server's own thread sleeps too, for no time.
    waits = [wait for wait in waits if wait]
    assert waits[0] == 7
    assert 15 < waits[1] <= 20
    assert waits[2] == 50
    assert waits[3:] == pytest.approx([0.08, 0.16])


def test_silent_servers_time_out(site: Site, quick: FetchPolicy) -> None:
    policy = replace(quick, attempts=2)
    outcome = get(site.url("/a", Reply(b"late", delay_s=1)), policy)
    assert outcome == Failure("timeout", passing=True)
    assert site.asked["/a"] == 2


def test_an_answer_after_a_silence_counts(site: Site, quick: FetchPolicy) -> None:
    assert get(site.url("/a", Reply(b"late", delay_s=1), b"content"), quick) == b"content"


def test_files_beyond_the_size_limit_are_not_read(site: Site, quick: FetchPolicy) -> None:
    """Also if they are small on the way."""
    policy = replace(quick, largest_bytes=1 << 20)
    packed = gzip.compress(bytes(3 << 20))
    big = site.url("/big", bytes(3 << 20))
    bomb = site.url("/bomb", Reply(packed, headers={"Content-Encoding": "gzip"}))
    assert get(site.url("/fits", bytes(1 << 20)), policy) == bytes(1 << 20)
    for url in (big, bomb):
        assert get(url, policy) == Failure("larger than 1 MiB")


def test_a_slow_trickle_ends_at_the_deadline(site: Site, quick: FetchPolicy) -> None:
    """Each byte in time, the whole never."""
    policy = replace(quick, attempts=1, deadline_s=0.0)
    outcome = get(site.url("/a", bytes(1 << 20)), policy)
    assert outcome == Failure("timeout", passing=True)


def test_broken_off_content_is_no_content(site: Site, quick: FetchPolicy) -> None:
    half = Reply(b"half", headers={"Content-Length": "8", "Connection": "close"})
    outcome = get(site.url("/a", half), quick)
    assert outcome == Failure("connection broken", passing=True)
    assert site.asked["/a"] == 3
    assert get(site.url("/b", half, b"whole"), quick) == b"whole"


def test_nobody_there(quick: FetchPolicy) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    outcome = get(f"http://127.0.0.1:{port}/a", quick)
    assert outcome == Failure("no connection", reached=False, passing=True)


@pytest.mark.parametrize(
    "url",
    ["", "a.jpg", "ftp://a.b/c", "file:///etc/passwd", "http://", "http://[::1", "http://a:x/"],
)
def test_what_is_no_web_address(quick: FetchPolicy, url: str) -> None:
    """Files of this machine among them."""
    assert get(url, quick) == Failure("not a web address")
