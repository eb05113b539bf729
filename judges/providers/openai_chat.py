"""Any server that speaks OpenAI's Chat Completions: vLLM, Ollama, OpenRouter and others."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harness.core.records import Call, Status
from judges.providers.addresses import host_of
from judges.providers.base import Prompt
from judges.providers.conversation import finished, turns
from judges.providers.live import AsyncClient, LiveProvider, RawReply
from judges.providers.options import ApiOptions
from judges.providers.payload import count_at, list_at, member, text_at
from judges.providers.pictures import data_url

_NO_KEY = "none"
"""Sent where there is no key: the SDK demands one, local servers look at none."""


class OpenAIChat(LiveProvider):
    """A model behind ``base_url``; raises as :class:`~judges.providers.live.LiveProvider` does.

    The server's own sampling settings hold for everything but the temperature, which is 0.
    """

    name = "compatible"

    def __init__(self, base_url: str, model: str, options: ApiOptions, keys: Path | None) -> None:
        host = host_of(base_url)
        routed = host == "openrouter.ai" or host.endswith(".openrouter.ai")
        self.needs_key = routed
        names = ("OPENROUTER_API_KEY",) if routed else ("COMPATIBLE_API_KEY",)
        super().__init__(model, options, keys, base_url, names)

    def body(self, prompt: Prompt) -> dict[str, Any]:
        """Return the request's JSON body (documentation of ``POST /v1/chat/completions``)."""
        first, *others = prompt.images
        content = [
            self._picture(first),
            {"type": "text", "text": prompt.text},
            *map(self._picture, others),
        ]
        body: dict[str, Any] = {
            "model": self.model,
            "messages": turns(content, prompt.mend),
            "max_tokens": self.options.max_output_tokens,
        }
        if self.options.format == "json_schema":
            layout = {
                "name": prompt.schema_name,
                "schema": dict(prompt.schema),
                "strict": True,
            }
            body["response_format"] = {"type": "json_schema", "json_schema": layout}
        elif self.options.format == "json_object":
            body["response_format"] = {"type": "json_object"}
        if self.options.effort:
            body["reasoning_effort"] = self.options.effort
        if self.capabilities.temperature:
            body["temperature"] = 0
        return body

    def _picture(self, png: bytes) -> dict[str, Any]:
        """Return a picture as a part of the content."""
        return {
            "type": "image_url",
            "image_url": {"url": data_url(png), "detail": self.options.detail},
        }

    def read(self, payload: Mapping[str, Any]) -> Call:
        """Return what a reply's JSON body says."""
        message = member(payload, "choices", 0, "message")
        text = text_at(message, "content") or "".join(
            text_at(part, "text") for part in list_at(message, "content")
        )
        refusal = text_at(message, "refusal")
        status, error = self._outcome(payload, text, refusal)
        return Call(
            status=status,
            raw=text or refusal,
            error=error,
            request_id=text_at(payload, "id"),
            snapshot=_snapshot(payload),
            input_tokens=count_at(payload, "usage", "prompt_tokens"),
            cached_tokens=count_at(payload, "usage", "prompt_tokens_details", "cached_tokens"),
            output_tokens=count_at(payload, "usage", "completion_tokens"),
            reasoning_tokens=count_at(
                payload, "usage", "completion_tokens_details", "reasoning_tokens"
            ),
        )

    def _outcome(self, payload: Mapping[str, Any], text: str, refusal: str) -> tuple[Status, str]:
        """Return the status of a reply and what went wrong."""
        if refusal:
            return "refusal", f"the model refused: {refusal}"
        reason = text_at(payload, "choices", 0, "finish_reason")
        if reason == "content_filter":
            return "refusal", "the provider's content filter stopped the reply"
        if reason == "length":
            return "truncated", "the reply was cut short: length"
        if reason not in {"stop", ""} or member(payload, "choices", 0) is None:
            said = text_at(payload, "error", "message") or f"finish reason {reason or 'missing'}"
            return "api_error", f"the reply failed: {said}"
        used = count_at(payload, "usage", "completion_tokens")
        return finished(text, used, self.options.max_output_tokens)

    def _connect(self) -> AsyncClient:
        """Return a new client of the SDK."""
        from openai import AsyncOpenAI

        key = self.key() or _NO_KEY
        client = AsyncOpenAI(api_key=key, base_url=self.base_url, max_retries=0)
        # Read from the environment by the SDK; an account at OpenAI is no business of other hosts.
        client.organization = client.project = None
        return client

    async def _post(self, body: dict[str, Any], timeout_s: float) -> RawReply:
        """Send one request by the SDK."""
        create = self.client().chat.completions.with_raw_response.create
        reply: RawReply = await create(**body, timeout=timeout_s)
        return reply

    def _sdk_error(self) -> type[Exception]:
        """Return the SDK's base class of failed calls."""
        from openai import OpenAIError

        return OpenAIError


def _snapshot(payload: Mapping[str, Any]) -> str:
    """Return the model that answered, and where a router says so, the host that served it."""
    model = text_at(payload, "model")
    host = text_at(payload, "provider")
    return f"{model} ({host})" if host else model
