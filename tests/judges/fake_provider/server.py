"""A provider of judge models on the loopback interface: three live interfaces in one server."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from harness.core.ids import sha256_bytes
from tests.judges.fake_provider.answers import Answer, by_hash, reply_text
from tests.judges.fake_provider.asked import Asked
from tests.judges.fake_provider.bodies import (
    BadBodyError,
    read_chat,
    read_messages,
    read_responses,
)
from tests.judges.fake_provider.faults import Fault, Rule, never
from tests.judges.fake_provider.models import ANTHROPIC, OPENAI, SERVED, Model
from tests.judges.fake_provider.replies import error_body, reply_body
from tests.judges.fake_provider.web import HttpReply, HttpRequest, WebServer

KEY = "sk-fake-1234567890abcdef"
LIVE = {"/v1/responses": "responses", "/v1/chat/completions": "chat", "/v1/messages": "messages"}
_STATUSES = {
    "rate_limit": 429,
    "quota": 429,
    "error_500": 500,
    "unavailable": 503,
    "overloaded": 529,
    "conflict": 409,
    "image_too_large": 400,
    "unsupported": 400,
}


@dataclass(frozen=True, slots=True)
class Seen:
    """One request and what it got."""

    number: int
    """Order of arrival, from 0, over all paths."""
    at: float
    """Clock when it arrived, in seconds (monotonic)."""
    request: HttpRequest
    body: Any
    """The JSON body; None if it is none."""
    asked: Asked | None
    """What it asks; None if it was refused before that was known."""
    status: int
    """Status of the reply; 0 if the connection was closed instead."""
    fault: str
    """Kind of the injected fault, or empty."""


Mounted = Callable[["FakeProvider", HttpRequest], Awaitable[HttpReply]]
"""Serves the paths under a prefix, such as the batch interfaces."""


class FakeProvider:
    """The server with its script; a context manager.

    Args:
        answer: Verdicts from words and model.
        faults: Which calls fail and how; counted in the order of arrival.
        key: The only key that is accepted; None to accept any.
        latency_s: Pause before every reply to a well-formed request.
        requests_per_minute: Calls accepted in any 60 s; more are answered by 429.
        log: File that gets one JSON line per answered request, before the reply is sent.
        keep: Whether to keep every request in ``seen``.
        port: Port, 0 for a free one.
        models: Models in place of the built-in ones, by interface.
    """

    def __init__(
        self,
        answer: Answer = by_hash,
        *,
        faults: Rule = never,
        key: str | None = KEY,
        latency_s: float = 0.0,
        requests_per_minute: int | None = None,
        log: Path | None = None,
        keep: bool = True,
        port: int = 0,
        models: Mapping[str, Mapping[str, Model]] | None = None,
    ) -> None:
        self.answer = answer
        self.faults = faults
        self.key = key
        self.latency_s = latency_s
        self.requests_per_minute = requests_per_minute
        self.models = {"responses": OPENAI, "chat": SERVED, "messages": ANTHROPIC} | dict(
            models or {}
        )
        self.seen: list[Seen] = []
        self.most_at_once = 0
        self._keep = keep
        self._log = log.open("a", encoding="utf-8") if log is not None else None
        self._mounts: dict[str, Mounted] = {}
        self._lock = threading.Lock()
        self._count = 0
        self._under_way = 0
        self._accepted: deque[float] = deque()
        self._web = WebServer(self._handle, port=port)

    def __enter__(self) -> Self:
        self._web.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self._web.__exit__(*error)
        if self._log is not None:
            self._log.close()

    @property
    def port(self) -> int:
        return self._web.port

    @property
    def openai_url(self) -> str:
        """Address for the OpenAI SDK and for ``compatible``."""
        return f"http://127.0.0.1:{self.port}/v1"

    @property
    def anthropic_url(self) -> str:
        """Address for the Anthropic SDK."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def questions(self) -> list[Asked]:
        """Questions that got a reply of status 200, in the order of arrival."""
        found = [seen.asked for seen in self.seen if seen.status == 200 and not seen.fault]
        return [asked for asked in found if asked is not None]

    def mount(self, prefix: str, handler: Mounted) -> None:
        """Serve the paths that begin with ``prefix`` (but for the live ones) by ``handler``."""
        self._mounts[prefix] = handler

    def serve_forever(self) -> None:
        """Serve until the process is ended."""
        self._web.join()

    def refused_key(self, request: HttpRequest) -> HttpReply | None:
        """Return the reply to a wrong key; None if the key is right."""
        given = request.headers.get("authorization", "").removeprefix("Bearer ")
        given = request.headers.get("x-api-key") or given
        if self.key is None or given == self.key:
            return None
        api = "messages" if request.path.startswith("/v1/messages") else "responses"
        message = f"Incorrect API key provided: {given}. You can find your API key elsewhere."
        return HttpReply(401, error_body(api, 401, message, code="invalid_api_key"))

    def answer_body(
        self, api: str, body: Any, number: int
    ) -> tuple[int, dict[str, Any], Asked | None, Fault | None]:
        """Return status, JSON body, question and fault of one request's body, without delay.

        ``api`` is ``responses``, ``chat`` or ``messages``; live calls and batches both end here.
        """
        read = {"responses": read_responses, "chat": read_chat, "messages": read_messages}[api]
        try:
            asked = read(body, self.models[api])
        except BadBodyError as error:
            payload = error_body(
                api, error.status, error.message, code=error.code, param=error.param
            )
            return error.status, payload, None, None
        fault = self.faults(number, asked)
        kind = fault.kind if fault is not None else ""
        if kind in _STATUSES:
            return _STATUSES[kind], _fault_body(api, kind), asked, fault
        text = reply_text(asked, self.answer(asked.words, asked.model), spoil=kind)
        snapshot = self.models[api][asked.model].snapshot
        return 200, reply_body(asked, text, kind, snapshot, number), asked, fault

    async def _handle(self, request: HttpRequest) -> HttpReply:
        at = time.monotonic()
        with self._lock:
            number, self._count = self._count, self._count + 1
            self._under_way += 1
            self.most_at_once = max(self.most_at_once, self._under_way)
        try:
            if request.path in LIVE and request.method == "POST":
                return await self._live(LIVE[request.path], request, number, at)
            return await self._mounted(request, number, at)
        finally:
            self._under_way -= 1

    async def _mounted(self, request: HttpRequest, number: int, at: float) -> HttpReply:
        fitting = [prefix for prefix in self._mounts if request.path.startswith(prefix)]
        reply = self.refused_key(request)
        if reply is None and fitting:
            reply = await self._mounts[max(fitting, key=len)](self, request)
        elif reply is None:
            message = f"Invalid URL ({request.method} {request.path})"
            reply = HttpReply(404, error_body("responses", 404, message))
        self._record(Seen(number, at, request, None, None, reply.status, ""))
        return reply

    async def _live(self, api: str, request: HttpRequest, number: int, at: float) -> HttpReply:
        headers = {"request-id" if api == "messages" else "x-request-id": f"req_{number}"}
        refused = self.refused_key(request) or self._over_the_limit(api, at)
        if refused is not None:
            self._record(Seen(number, at, request, None, None, refused.status, ""))
            return HttpReply(refused.status, refused.payload, {**refused.headers, **headers})
        body = json.loads(request.body)
        status, payload, asked, fault = self.answer_body(api, body, number)
        if asked is not None:
            pause = fault.seconds if fault is not None and fault.kind == "slow" else self.latency_s
            await asyncio.sleep(pause)
        kind = fault.kind if fault is not None else ""
        sent = 0 if kind in {"drop", "cut"} else status
        self._record(Seen(number, at, request, body, asked, sent, kind))
        return _shaped(HttpReply(status, payload, headers), fault)

    def _over_the_limit(self, api: str, at: float) -> HttpReply | None:
        """Count a call and return the reply to one too many within a minute."""
        if self.requests_per_minute is None:
            return None
        with self._lock:
            while self._accepted and self._accepted[0] <= at - 60:
                self._accepted.popleft()
            if len(self._accepted) < self.requests_per_minute:
                self._accepted.append(at)
                return None
            wait = self._accepted[0] + 60 - at
        body = error_body(api, 429, "Rate limit reached.", code="rate_limit_exceeded")
        return HttpReply(429, body, {"retry-after": f"{wait:.3f}"})

    def _record(self, seen: Seen) -> None:
        """Keep a request, and log it if it was answered."""
        if self._keep:
            with self._lock:
                self.seen.append(seen)
        if self._log is None or seen.asked is None or seen.status == 0:
            return
        asked = seen.asked
        pictures = [sha256_bytes(png) for png in asked.images]
        question = json.dumps([asked.model, asked.text, pictures])
        line = {
            "number": seen.number,
            "at": seen.at,
            "path": seen.request.path,
            "model": asked.model,
            "words": list(asked.words),
            "question": sha256_bytes(question.encode()),
            "mend": asked.mend,
            "status": seen.status,
            "fault": seen.fault,
        }
        with self._lock:
            self._log.write(json.dumps(line) + "\n")
            self._log.flush()


def _fault_body(api: str, kind: str) -> dict[str, Any]:
    """Return the body of an injected error."""
    status = _STATUSES[kind]
    if kind == "quota":
        message = "You exceeded your current quota, please check your plan and billing details."
        return error_body(
            api, status, message, code="insufficient_quota", kind="insufficient_quota"
        )
    if kind == "image_too_large":
        message = "messages.0.content.0.image.source.base64: image exceeds 5 MB maximum"
        return error_body(api, status, message, code="image_too_large", param="input")
    if kind == "unsupported":
        message = "temperature: Extra inputs are not permitted"
        return error_body(api, status, message, code="unknown_parameter", param="temperature")
    code = "rate_limit_exceeded" if status == 429 else ""
    return error_body(api, status, f"Injected: {kind}.", code=code)


def _shaped(reply: HttpReply, fault: Fault | None) -> HttpReply:
    """Return a reply with what a fault does to its headers and its way."""
    if fault is None:
        return reply
    headers = dict(reply.headers)
    if fault.retry_after is not None:
        headers["retry-after"] = fault.retry_after
    if fault.retry_after_ms is not None:
        headers["retry-after-ms"] = fault.retry_after_ms
    payload = reply.payload
    if fault.kind == "html":
        payload, headers["content-type"] = b"<html>Bad gateway</html>", "text/html"
    return HttpReply(
        reply.status,
        None if fault.kind == "drop" else payload,
        headers,
        drop=fault.kind in {"drop", "cut"},
        seconds_per_byte=fault.seconds if fault.kind == "trickle" else 0.0,
    )
