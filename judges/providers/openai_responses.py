"""OpenAI's models by the Responses API."""

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
from judges.providers.pictures import data_url


class OpenAIResponses(LiveProvider):
    """A model of OpenAI; raises as :class:`~judges.providers.live.LiveProvider` does."""

    name = "openai"
    usual_url = "https://api.openai.com/v1"

    def __init__(
        self,
        model: str,
        options: ApiOptions,
        keys: Path | None,
        base_url: str | None = None,
    ) -> None:
        address = base_url or os.environ.get("OPENAI_BASE_URL") or None
        super().__init__(model, options, keys, address, ("OPENAI_API_KEY",))

    def body(self, prompt: Prompt) -> dict[str, Any]:
        """Return the request's JSON body (documentation of ``POST /v1/responses``)."""
        first, *others = prompt.images
        content = [
            self._picture(first),
            {"type": "input_text", "text": prompt.text},
            *map(self._picture, others),
        ]
        body: dict[str, Any] = {
            "model": self.model,
            "input": turns(content, prompt.mend),
            "max_output_tokens": self.options.max_output_tokens,
            "store": False,
        }
        text = self._text(prompt)
        if text:
            body["text"] = text
        if self.options.effort:
            body["reasoning"] = {"effort": self.options.effort}
        if self.capabilities.temperature:
            body["temperature"] = 0
        return body

    def _picture(self, png: bytes) -> dict[str, Any]:
        """Return a picture as a part of the content."""
        return {
            "type": "input_image",
            "image_url": data_url(png),
            "detail": self.options.detail,
        }

    def _text(self, prompt: Prompt) -> dict[str, Any]:
        """Return the settings of the reply's text."""
        text: dict[str, Any] = {}
        if self.options.format == "json_schema":
            text["format"] = {
                "type": "json_schema",
                "name": prompt.schema_name,
                "schema": dict(prompt.schema),
                "strict": True,
            }
        elif self.options.format == "json_object":
            text["format"] = {"type": "json_object"}
        if self.options.verbosity:
            text["verbosity"] = self.options.verbosity
        return text

    def read(self, payload: Mapping[str, Any]) -> Call:
        """Return what a reply's JSON body says."""
        parts = [
            part
            for item in list_at(payload, "output")
            if text_at(item, "type") == "message"
            for part in list_at(item, "content")
        ]
        text = "".join(text_at(part, "text") for part in parts)
        refusal = " ".join(filter(None, (text_at(part, "refusal") for part in parts)))
        status, error = self._outcome(payload, text, refusal)
        return Call(
            status=status,
            raw=text or refusal,
            error=error,
            snapshot=text_at(payload, "model"),
            input_tokens=count_at(payload, "usage", "input_tokens"),
            cached_tokens=count_at(payload, "usage", "input_tokens_details", "cached_tokens"),
            output_tokens=count_at(payload, "usage", "output_tokens"),
            reasoning_tokens=count_at(
                payload, "usage", "output_tokens_details", "reasoning_tokens"
            ),
        )

    def _outcome(self, payload: Mapping[str, Any], text: str, refusal: str) -> tuple[Status, str]:
        """Return the status of a reply and what went wrong."""
        if refusal:
            return "refusal", f"the model refused: {refusal}"
        state = text_at(payload, "status")
        if state == "incomplete":
            reason = text_at(payload, "incomplete_details", "reason") or "no reason given"
            if reason == "content_filter":
                return "refusal", "the provider's content filter stopped the reply"
            return "truncated", f"the reply was cut short: {reason}"
        if state != "completed":
            said = text_at(payload, "error", "message") or f"status {state or 'missing'}"
            return "api_error", f"the reply failed: {said}"
        used = count_at(payload, "usage", "output_tokens")
        return finished(text, used, self.options.max_output_tokens)

    def _connect(self) -> AsyncClient:
        """Return a new client of the SDK."""
        from openai import AsyncOpenAI

        return AsyncOpenAI(
            api_key=self.key(), base_url=self.base_url or self.usual_url, max_retries=0
        )

    async def _post(self, body: dict[str, Any], timeout_s: float) -> RawReply:
        """Send one request by the SDK."""
        create = self.client().responses.with_raw_response.create
        reply: RawReply = await create(**body, timeout=timeout_s)
        return reply

    def _sdk_error(self) -> type[Exception]:
        """Return the SDK's base class of failed calls."""
        from openai import OpenAIError

        return OpenAIError
