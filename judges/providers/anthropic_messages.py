"""Anthropic's models by the Messages API."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harness.core.records import Call, Status
from judges.providers.base import Prompt
from judges.providers.conversation import finished, turns
from judges.providers.live import AsyncClient, LiveProvider, RawReply
from judges.providers.options import ApiOptions
from judges.providers.payload import count_at, list_at, text_at
from judges.providers.pictures import base64_text


class AnthropicMessages(LiveProvider):
    """A model of Anthropic; raises as :class:`~judges.providers.live.LiveProvider` does."""

    name = "anthropic"
    usual_url = "https://api.anthropic.com"

    def __init__(
        self,
        model: str,
        options: ApiOptions,
        keys: Path | None,
        base_url: str | None = None,
    ) -> None:
        address = base_url or os.environ.get("ANTHROPIC_BASE_URL") or None
        super().__init__(model, options, keys, address, ("ANTHROPIC_API_KEY",))

    def body(self, prompt: Prompt) -> dict[str, Any]:
        """Return the request's JSON body (documentation of ``POST /v1/messages``)."""
        first, *others = prompt.images
        content = [_picture(first), {"type": "text", "text": prompt.text}, *map(_picture, others)]
        body: dict[str, Any] = {
            "model": self.model,
            "max_tokens": self.options.max_output_tokens,
            "messages": turns(content, prompt.mend),
        }
        layout: dict[str, Any] = {}
        if self.options.format == "json_schema":
            layout["format"] = {"type": "json_schema", "schema": dict(prompt.schema)}
        if self.options.effort:
            layout["effort"] = self.options.effort
        if layout:
            body["output_config"] = layout
        return body

    def read(self, payload: Mapping[str, Any]) -> Call:
        """Return what a reply's JSON body says."""
        text = "".join(text_at(block, "text") for block in list_at(payload, "content"))
        status, error = self._outcome(payload, text)
        cached = count_at(payload, "usage", "cache_read_input_tokens")
        written = count_at(payload, "usage", "cache_creation_input_tokens")
        return Call(
            status=status,
            raw=text,
            error=error,
            snapshot=text_at(payload, "model"),
            input_tokens=count_at(payload, "usage", "input_tokens") + cached + written,
            cached_tokens=cached,
            output_tokens=count_at(payload, "usage", "output_tokens"),
            reasoning_tokens=count_at(payload, "usage", "output_tokens_details", "thinking_tokens"),
        )

    def _outcome(self, payload: Mapping[str, Any], text: str) -> tuple[Status, str]:
        """Return the status of a reply and what went wrong."""
        reason = text_at(payload, "stop_reason")
        if reason == "refusal":
            said = text_at(payload, "stop_details", "explanation") or "no reason given"
            return "refusal", f"the model refused: {said}"
        if reason in {"max_tokens", "model_context_window_exceeded"}:
            return "truncated", f"the reply was cut short: {reason}"
        if reason not in {"end_turn", "stop_sequence"}:
            return "api_error", f"the reply failed: stop reason {reason or 'missing'}"
        used = count_at(payload, "usage", "output_tokens")
        return finished(text, used, self.options.max_output_tokens)

    def _connect(self) -> AsyncClient:
        """Return a new client of the SDK."""
        from anthropic import AsyncAnthropic

        return AsyncAnthropic(
            api_key=self.key(), base_url=self.base_url or self.usual_url, max_retries=0
        )

    async def _post(self, body: dict[str, Any], timeout_s: float) -> RawReply:
        """Send one request by the SDK."""
        create = self.client().messages.with_raw_response.create
        reply: RawReply = await create(**body, timeout=timeout_s)
        return reply

    def _sdk_error(self) -> type[Exception]:
        """Return the SDK's base class of failed calls."""
        from anthropic import AnthropicError

        return AnthropicError


def _picture(png: bytes) -> dict[str, Any]:
    """Return a picture as a part of the content, which the server may not scale down."""
    return {
        "type": "image",
        "source": {"type": "base64", "media_type": "image/png", "data": base64_text(png)},
        "transformations": {"oversized_image": "error"},
    }
