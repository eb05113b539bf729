"""What all providers share: key, settings, and one call made once with its failures returned."""

from __future__ import annotations

import abc
import asyncio
import dataclasses
import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from pydantic import SecretStr

from harness.core.records import Call
from judges.providers.addresses import checked_address
from judges.providers.base import Prompt, Sent
from judges.providers.capabilities import Capabilities, capabilities
from judges.providers.failures import (
    Asked,
    HttpError,
    hidden_status,
    http_failure,
    no_reply,
    request_id,
)
from judges.providers.keys import read_key
from judges.providers.options import ApiOptions, resolve_options
from judges.providers.pictures import picture_problem
from judges.providers.secrets import scrub


class RawReply(Protocol):
    """A reply as the official SDKs' raw interface gives it."""

    @property
    def status_code(self) -> int:
        """Status code."""
        ...

    @property
    def headers(self) -> Any:
        """Headers."""
        ...

    @property
    def http_response(self) -> Any:
        """The reply of the HTTP library, read to its end."""
        ...


class AsyncClient(Protocol):
    """A client of an official SDK."""

    async def close(self) -> None:
        """Close connections."""
        ...


class LiveProvider(abc.ABC):
    """A model behind an official SDK; the SDK never retries, so that every exchange is recorded.

    Args:
        model: Model as it is asked for.
        options: How it is asked; what it does not accept is refused here.
        keys: File of API keys, or None.
        base_url: Address in place of the SDK's own, or None.
        key_names: Names of the API key.

    Raises:
        UsageError: if the model does not accept an option, or the address is none.
    """

    name: str
    """Provider."""
    needs_key: bool = True
    """Whether calls without a key are bound to fail."""
    usual_url: str = ""
    """Address of the provider itself; naming it changes nothing."""

    def __init__(
        self,
        model: str,
        options: ApiOptions,
        keys: Path | None,
        base_url: str | None,
        key_names: tuple[str, ...],
    ) -> None:
        able = capabilities(self.name, model)
        self.model = model
        self.options = resolve_options(self.name, model, options)
        self.capabilities: Capabilities = able.model_copy(
            update={"schema_kind": self.options.format}
        )
        address = checked_address(base_url) if base_url else ""
        self.base_url = address if address != self.usual_url else None
        self.key_names = key_names
        self.parameters: Mapping[str, str | int | float] = {
            **{name: value for name, value in self.options.model_dump().items() if value != ""},
            **({"temperature": 0} if able.temperature else {}),
            **({"base_url": self.base_url} if self.base_url else {}),
        }
        self._keys = keys
        self._key: SecretStr | None = None
        self._client: tuple[asyncio.AbstractEventLoop, AsyncClient] | None = None

    def __repr__(self) -> str:
        """Name the model; keys are never shown."""
        return f"{type(self).__name__}({self.model!r})"

    def key(self) -> str | None:
        """Return the API key, read at the first use.

        Raises:
            UsageError: if the file of keys cannot be read.
        """
        if self._key is None:
            found = read_key(self.key_names, self._keys)
            self._key = SecretStr(found) if found else None
        return self._key.get_secret_value() if self._key else None

    def key_problem(self) -> str:
        """Return why calls cannot be made, in one line; empty if they can."""
        if not self.needs_key or self.key() is not None:
            return ""
        return f"no API key: set {' or '.join(self.key_names)} or give --keys FILE"

    @abc.abstractmethod
    def body(self, prompt: Prompt) -> dict[str, Any]:
        """Return the request's JSON body; the same for live calls and for batches."""

    @abc.abstractmethod
    def read(self, payload: Mapping[str, Any]) -> Call:
        """Return what a reply's JSON body says: text, refusal or truncation, usage, snapshot."""

    @abc.abstractmethod
    def _connect(self) -> AsyncClient:
        """Return a new client of the SDK."""

    @abc.abstractmethod
    async def _post(self, body: dict[str, Any], timeout_s: float) -> RawReply:
        """Send one request by the SDK."""

    @abc.abstractmethod
    def _sdk_error(self) -> type[Exception]:
        """Return the SDK's base class of failed calls."""

    def client(self) -> Any:
        """Return the SDK's client of the running event loop, made at the first use."""
        loop = asyncio.get_running_loop()
        if self._client is None or self._client[0] is not loop:
            self._client = (loop, self._connect())
        return self._client[1]

    async def close(self) -> None:
        """Close connections."""
        if self._client is not None and self._client[0] is asyncio.get_running_loop():
            await self._client[1].close()
        self._client = None

    async def send(self, prompt: Prompt, timeout_s: float) -> Sent:
        """Make one call, once; failures of provider and network are returned, never raised."""
        problems = [picture_problem(png, self.model, self.capabilities) for png in prompt.images]
        if problem := next(filter(None, problems), ""):
            return Sent(Call(status="api_error", error=problem))
        if problem := self.key_problem():
            return Sent(Call(status="api_error", error=problem), fatal=problem)
        asked = Asked(self.name, self.model, self.key_names, self.key())
        body = self.body(prompt)
        self.client()
        started = time.monotonic()
        try:
            async with asyncio.timeout(timeout_s):
                reply = await self._post(body, timeout_s)
        except TimeoutError:
            reason = f"no whole reply within {timeout_s:g} s"
            return no_reply(asked, reason, latency_s=time.monotonic() - started)
        except self._sdk_error() as error:
            return _failed(asked, error, timeout_s, time.monotonic() - started)
        return self._received(asked, reply, time.monotonic() - started)

    def _received(self, asked: Asked, reply: RawReply, latency_s: float) -> Sent:
        """Return what a reply of status 200 brought."""
        headers = {name.lower(): value for name, value in reply.headers.items()}
        text = reply.http_response.text
        try:
            payload = json.loads(text)
        except ValueError:
            payload = None
        if isinstance(payload, Mapping):
            sent = Sent(self.read(payload))
            status = hidden_status(payload)
            if status:
                error = HttpError(status, headers, text)
                failed = http_failure(asked, error, latency_s=latency_s, now=time.time())
                told = {"status": failed.call.status, "error": failed.call.error}
                sent = dataclasses.replace(failed, call=sent.call.model_copy(update=told))
        else:
            sent = no_reply(asked, f"the reply is no JSON object: {text}", latency_s=latency_s)
        known = {
            "error": scrub(sent.call.error, asked.key),
            "http_status": reply.status_code,
            "request_id": request_id(headers) or sent.call.request_id,
            "latency_s": latency_s,
        }
        return dataclasses.replace(sent, call=sent.call.model_copy(update=known))


def _failed(asked: Asked, error: Exception, timeout_s: float, latency_s: float) -> Sent:
    """Return what an exception of an SDK means."""
    response = getattr(error, "response", None)
    if response is not None:
        headers = {name.lower(): value for name, value in response.headers.items()}
        found = HttpError(response.status_code, headers, response.text)
        return http_failure(asked, found, latency_s=latency_s, now=time.time())
    if "Timeout" in type(error).__name__:
        return no_reply(asked, f"no whole reply within {timeout_s:g} s", latency_s=latency_s)
    cause = error.__cause__ or error
    reason = f"connection failed: {type(cause).__name__}: {cause}"
    return no_reply(asked, reason, latency_s=latency_s)
