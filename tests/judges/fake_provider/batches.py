"""The batch interfaces of both providers, as routes of the fake server.

Batches are answered by the same rules as live calls; ``FakeBatches`` holds what tests turn and
look at: how long a batch takes, which questions are not answered, whether it fails as a whole.
"""

from __future__ import annotations

import email
import email.policy
import itertools
import json
import re
import time
from collections import Counter
from collections.abc import Callable
from typing import Any, Literal

from tests.judges.fake_provider.batch_files import (
    FakeBatch,
    Outcome,
    iso_time,
    jsonl,
    read_lines,
    whole_error,
)
from tests.judges.fake_provider.replies import error_body
from tests.judges.fake_provider.server import FakeProvider
from tests.judges.fake_provider.web import HttpReply, HttpRequest

_CUSTOM_ID = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_MODEL_LIMITS = {"responses": 50_000, "messages": 100_000}


class FakeBatches:
    """State of the batch interfaces; mounts itself on a server.

    Args:
        server: The server.
        clock: Unix time in seconds.
    """

    def __init__(self, server: FakeProvider, clock: Callable[[], float] = time.time) -> None:
        self.clock = clock
        self.polls = 1
        """Looks at its state until a new batch has ended; the last one finds it ended."""
        self.fail_next = ""
        """Reason for which the next batch fails as a whole."""
        self.usual: Outcome = "answer"
        """What becomes of questions."""
        self.outcomes: dict[str, Outcome] = {}
        """What becomes of the questions with these keys."""
        self.lost_replies: set[str] = set()
        """Routes (``create``, ``state``, ``results``, ``list``) that act and then hang up."""
        self.refused: dict[str, tuple[int, str]] = {}
        """Routes that answer with a status and a message, and do nothing."""
        self.refuse_first = 10**9
        """How many requests of such a route are answered so; later ones are not."""
        self.retry_after = ""
        """Value of a Retry-After header of refusals."""
        self.cut_results = False
        """Whether the connection is closed in the middle of results."""
        self.calls: Counter[str] = Counter()
        """Requests by route."""
        self.uploads: dict[str, tuple[str, str, bytes]] = {}
        """Files: id to name, purpose and content."""
        self.created: list[dict[str, Any]] = []
        """Bodies of the requests that made batches."""
        self.batches: dict[str, FakeBatch] = {}
        """Batches by id, in the order they were made."""
        self._server = server
        self._numbers = itertools.count(1)
        for prefix in ("/v1/files", "/v1/batches", "/v1/messages/batches"):
            server.mount(prefix, self._serve)

    @property
    def paid(self) -> Counter[str]:
        """How often each key was handed in by a batch that did not fail as a whole."""
        return Counter(
            key for batch in self.batches.values() if not batch.failure for key, _ in batch.items
        )

    def finish(self) -> None:
        """End every batch."""
        for batch in self.batches.values():
            batch.polls = 0

    def _outcome(self, key: str) -> Outcome:
        return self.outcomes.get(key, self.usual)

    async def _serve(self, server: FakeProvider, request: HttpRequest) -> HttpReply:
        route, act = self._route(request)
        self.calls[route] += 1
        if route in self.refused and self.calls[route] <= self.refuse_first:
            status, message = self.refused[route]
            headers = {"retry-after": self.retry_after} if self.retry_after else {}
            return HttpReply(status, _error(request, status, message).payload, headers)
        reply = act()
        if route == "results" and self.cut_results:
            return HttpReply(reply.status, reply.payload, reply.headers, drop=True)
        return HttpReply(0, drop=True) if route in self.lost_replies else reply

    def _route(self, request: HttpRequest) -> tuple[str, Callable[[], HttpReply]]:
        anthropic = request.path.startswith("/v1/messages/batches")
        prefix = "/v1/messages/batches" if anthropic else "/v1/batches"
        rest = request.path.removeprefix(prefix).strip("/").split("/")
        if request.path == "/v1/files" and request.method == "POST":
            return "upload", lambda: self._upload(request)
        if request.path.startswith("/v1/files/") and request.path.endswith("/content"):
            return "results", lambda: self._content(request)
        if request.path == prefix and request.method == "POST":
            create = self._create_messages if anthropic else self._create_responses
            return "create", lambda: create(request)
        if request.path == prefix:
            return "list", lambda: self._list(request, anthropic=anthropic)
        batch = self.batches.get(rest[0])
        if batch is None or (batch.api == "messages") != anthropic:
            return "state", lambda: _error(request, 404, f"No batch found with id '{rest[0]}'.")
        if rest[1:] == ["results"]:
            return "results", lambda: self._results(batch)
        return "state", lambda: self._state(batch)

    def _upload(self, request: HttpRequest) -> HttpReply:
        head = f"content-type: {request.headers['content-type']}\r\n\r\n".encode()
        message = email.message_from_bytes(head + request.body, policy=email.policy.HTTP)
        purpose, name, content = "", "", b""
        for part in message.iter_parts():
            data = part.get_payload(decode=True)
            assert isinstance(data, bytes)
            if part.get_filename():
                name, content = str(part.get_filename()), data
            else:
                assert part.get_param("name", header="content-disposition") == "purpose"
                purpose = data.decode().strip()
        if purpose != "batch" or not name.endswith(".jsonl"):
            return _error(request, 400, "Invalid file for purpose batch.")
        file_id = self._new("file-")
        self.uploads[file_id] = (name, purpose, content)
        payload = {
            "id": file_id,
            "object": "file",
            "bytes": len(content),
            "created_at": int(self.clock()),
            "filename": name,
            "purpose": purpose,
            "status": "processed",
        }
        return HttpReply(200, payload)

    def _create_responses(self, request: HttpRequest) -> HttpReply:
        body = json.loads(request.body)
        known = {"input_file_id", "endpoint", "completion_window", "metadata"}
        if set(body) - known or body.get("completion_window") != "24h":
            return _error(request, 400, "Invalid request.")
        if body.get("input_file_id") not in self.uploads or body["endpoint"] != "/v1/responses":
            return _error(request, 400, "Invalid input_file_id or endpoint.")
        self.created.append(body)
        lines = self.uploads[body["input_file_id"]][2].decode().split("\n")
        items, failure = read_lines(line for line in lines if line)
        batch = self._add("batch_", "responses", items, self.fail_next or failure)
        batch.metadata, batch.file_id = body.get("metadata", {}), body["input_file_id"]
        return HttpReply(200, self._batch_object(batch) | {"status": "validating"})

    def _create_messages(self, request: HttpRequest) -> HttpReply:
        body = json.loads(request.body)
        if set(body) != {"requests"} or not body["requests"]:
            return _error(request, 400, "requests: Field required")
        items = []
        for entry in body["requests"]:
            if set(entry) != {"custom_id", "params"} or not _CUSTOM_ID.fullmatch(
                entry["custom_id"]
            ):
                return _error(request, 400, "requests: malformed entry")
            items.append((entry["custom_id"], entry["params"]))
        if len({key for key, _ in items}) != len(items):
            return _error(request, 400, "requests: custom_id must be unique")
        self.created.append(body)
        return HttpReply(200, self._message_batch(self._add("msgbatch_", "messages", items, "")))

    def _add(
        self,
        prefix: str,
        api: Literal["responses", "messages"],
        items: list[tuple[str, dict[str, Any]]],
        failure: str,
    ) -> FakeBatch:
        assert len(items) <= _MODEL_LIMITS[api]
        batch = FakeBatch(self._new(prefix), api, items, self.clock(), self.polls)
        batch.failure, self.fail_next = failure, ""
        self.batches[batch.id] = batch
        return batch

    def _new(self, prefix: str) -> str:
        return f"{prefix}{next(self._numbers):06d}"

    def _state(self, batch: FakeBatch) -> HttpReply:
        batch.polls -= 1
        if batch.api == "messages":
            return HttpReply(200, self._message_batch(batch))
        return HttpReply(200, self._batch_object(batch))

    def _list(self, request: HttpRequest, *, anthropic: bool) -> HttpReply:
        api = "messages" if anthropic else "responses"
        listed = [batch for batch in reversed(self.batches.values()) if batch.api == api]
        after = request.query.get("after_id" if anthropic else "after")
        ids = [batch.id for batch in listed]
        begin = ids.index(after) + 1 if after else 0
        page = listed[begin : begin + int(request.query.get("limit", 20))]
        show = self._message_batch if anthropic else self._batch_object
        payload = {
            "data": [show(batch) for batch in page],
            "first_id": page[0].id if page else None,
            "last_id": page[-1].id if page else None,
            "has_more": begin + len(page) < len(listed),
        }
        return HttpReply(200, payload if anthropic else {"object": "list", **payload})

    def _content(self, request: HttpRequest) -> HttpReply:
        file_id = request.path.split("/")[3]
        for batch in self.batches.values():
            for kind, known in batch.files.items():
                if known == file_id:
                    return HttpReply(200, jsonl(self._openai_lines(batch)[kind]))
        return _error(request, 404, f"No such File object: {file_id}")

    def _openai_lines(self, batch: FakeBatch) -> dict[str, list[dict[str, Any]]]:
        """Return the lines of the output and error files, out of order."""
        files: dict[str, list[dict[str, Any]]] = {"output": [], "error": []}
        for number, (key, body) in enumerate(reversed(batch.items)):
            outcome = self._outcome(key)
            line: dict[str, Any] = {"id": f"batch_req_{number}", "custom_id": key}
            if outcome == "answer":
                status, payload, _, _ = self._server.answer_body("responses", body, number)
                response = {"status_code": status, "request_id": f"req_{number}", "body": payload}
                files["output" if status == 200 else "error"].append(
                    line | {"response": response, "error": None}
                )
            elif outcome != "lose":
                error = {"code": f"batch_{outcome}d", "message": "This was not executed in time."}
                files["error"].append(line | {"response": None, "error": error})
        return files

    def _results(self, batch: FakeBatch) -> HttpReply:
        lines: list[dict[str, Any]] = []
        for number, (key, body) in enumerate(reversed(batch.items)):
            outcome = self._outcome(key)
            if outcome == "answer":
                status, payload, _, _ = self._server.answer_body("messages", body, number)
                result = (
                    {"type": "succeeded", "message": payload}
                    if status == 200
                    else {"type": "errored", "error": payload}
                )
            elif outcome == "lose":
                continue
            else:
                result = {"type": {"expire": "expired", "cancel": "canceled"}[outcome]}
            lines.append({"custom_id": key, "result": result})
        return HttpReply(200, jsonl(lines), {"content-type": "application/binary"})

    def _batch_object(self, batch: FakeBatch) -> dict[str, Any]:
        status = "failed" if batch.failure else batch.status if batch.ended else "in_progress"
        if batch.ended and not batch.failure and not batch.files:
            lines = self._openai_lines(batch)
            batch.files = {kind: self._new("file-") for kind in lines if lines[kind]}
        over = batch.ended and not batch.failure
        done = sum(self._outcome(key) == "answer" for key, _ in batch.items) if over else 0
        errors = {"object": "list", "data": [whole_error(batch.failure)]} if batch.failure else None
        return {
            "id": batch.id,
            "object": "batch",
            "endpoint": "/v1/responses",
            "errors": errors,
            "input_file_id": batch.file_id,
            "completion_window": "24h",
            "status": status,
            "output_file_id": batch.files.get("output"),
            "error_file_id": batch.files.get("error"),
            "created_at": int(batch.created),
            "request_counts": {
                "total": len(batch.items),
                "completed": done,
                "failed": len(batch.items) - done if over else 0,
            },
            "metadata": batch.metadata,
        }

    def _message_batch(self, batch: FakeBatch) -> dict[str, Any]:
        outcomes = Counter(self._outcome(key) for key, _ in batch.items)
        over = batch.ended
        url = f"{self._server.anthropic_url}/v1/messages/batches/{batch.id}/results"
        return {
            "id": batch.id,
            "type": "message_batch",
            "processing_status": "ended" if over else "in_progress",
            "request_counts": {
                "processing": 0 if over else len(batch.items),
                "succeeded": outcomes["answer"] + outcomes["lose"] if over else 0,
                "errored": 0,
                "canceled": outcomes["cancel"] if over else 0,
                "expired": outcomes["expire"] if over else 0,
            },
            "created_at": iso_time(batch.created),
            "expires_at": iso_time(batch.created + 86_400),
            "ended_at": iso_time(self.clock()) if over else None,
            "archived_at": iso_time(self.clock()) if batch.archived else None,
            "cancel_initiated_at": None,
            "results_url": url if over and not batch.archived else None,
        }


def _error(request: HttpRequest, status: int, message: str) -> HttpReply:
    api = "messages" if request.path.startswith("/v1/messages") else "responses"
    return HttpReply(status, error_body(api, status, message))
