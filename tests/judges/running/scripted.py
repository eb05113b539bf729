"""A provider in this process that says what a script tells it to."""

from __future__ import annotations

import asyncio
import io
import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from PIL import Image

from harness.core.records import Call
from judges.base import JudgeRequest, request_key
from judges.protocols.registry import find_protocol
from judges.providers.base import Prompt, Sent
from judges.providers.capabilities import Capabilities

Script: TypeAlias = Callable[[Prompt, int], Sent]
"""The prompt and the number of calls before it to what comes of the call."""


def png(width: int = 64, height: int = 48) -> bytes:
    """Return a grey picture."""
    stream = io.BytesIO()
    Image.new("RGB", (width, height), "grey").save(stream, "PNG")
    return stream.getvalue()


PICTURES = (png(), png(16, 16))

WORDS = ("dog", "grass", "joy", "boat", "the")


def shown(prompt: Prompt) -> list[str]:
    """Return the words of a prompt of the paper's protocol."""
    found = re.search(r"^\[.*\]$", prompt.text, re.MULTILINE)
    assert found is not None
    words: list[str] = json.loads(found.group())
    return words


def reply_text(words: Sequence[str]) -> str:
    """Return a reply that takes the first word as concrete and the last one as unrelated."""
    lists = {"concrete_words": words[:1], "abstract_words": words[1:2], "global_words": []}
    return json.dumps({"reasoning": "so", "interpretable": True, **lists})


def answered(
    text: str, *, input_tokens: int = 100, output_tokens: int = 10, snapshot: str = "fake-1"
) -> Sent:
    """Return a whole reply of ``text``."""
    return Sent(
        Call(
            status="ok",
            raw=text,
            http_status=200,
            snapshot=snapshot,
            input_tokens=input_tokens,
            output_tokens=output_tokens,
            latency_s=0.5,
        )
    )


def fitting(prompt: Prompt, number: int = 0) -> Sent:
    """Answer the question as asked."""
    return answered(reply_text(shown(prompt)))


def failed(
    status: int = 500, *, retry_after_s: float | None = None, retry: bool = True, fatal: str = ""
) -> Sent:
    """Return a call that brought no reply."""
    return Sent(
        Call(status="api_error", error=f"HTTP {status}", http_status=status, latency_s=0.1),
        retry=retry and not fatal,
        overload=status in (429, 503, 529),
        retry_after_s=retry_after_s,
        fatal=fatal,
    )


class ScriptedProvider:
    """Answers by a script after a while; keeps what it was sent, when, and how much at once."""

    name = "openai"
    model = "gpt-5-2025-08-07"
    capabilities = Capabilities(image_rule="openai-tiles-gpt5", max_output_tokens=1000)

    def __init__(self, script: Script = fitting, *, latency_s: float = 0.0) -> None:
        self.parameters: Mapping[str, str | int | float] = {"effort": "low"}
        self.prompts: list[Prompt] = []
        self.times: list[float] = []
        self.timeouts: list[float] = []
        self.under_way = 0
        self.most_at_once = 0
        self.tasks_at_once = 0
        self.closed = 0
        self.key_error = ""
        self._script = script
        self._latency_s = latency_s

    def key_problem(self) -> str:
        return self.key_error

    def body(self, prompt: Prompt) -> dict[str, Any]:
        raise AssertionError("the scripted provider has no wire format")

    def read(self, payload: Mapping[str, Any]) -> Call:
        raise AssertionError("the scripted provider has no wire format")

    async def send(self, prompt: Prompt, timeout_s: float) -> Sent:
        number = len(self.prompts)
        self.prompts.append(prompt)
        self.times.append(asyncio.get_running_loop().time())
        self.timeouts.append(timeout_s)
        self.under_way += 1
        self.most_at_once = max(self.most_at_once, self.under_way)
        self.tasks_at_once = max(self.tasks_at_once, len(asyncio.all_tasks()))
        try:
            await asyncio.sleep(self._latency_s)
        finally:
            self.under_way -= 1
        return self._script(prompt, number)

    async def close(self) -> None:
        self.closed += 1


def requests(
    count: int,
    *,
    protocol: str = "paper",
    words: Sequence[str] = WORDS,
    per_patch: int = 1,
    render: Callable[[], tuple[bytes, bytes]] = lambda: PICTURES,
) -> list[JudgeRequest]:
    """Return questions that differ in their patch, ``per_patch`` of each also in one word."""
    return [
        JudgeRequest(
            key=request_key("fake", "v", f"p{number // per_patch}", (*words, f"w{number}")),
            patch_id=f"p{number // per_patch}",
            words=(*words, f"w{number}"),
            protocol=find_protocol(protocol),
            render=render,
        )
        for number in range(count)
    ]
