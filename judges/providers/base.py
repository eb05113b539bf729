"""What a provider of judge models is: one call's contents in, what came of it out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from harness.core.records import Call
from judges.providers.capabilities import Capabilities


@dataclass(frozen=True, slots=True)
class Mend:
    """A reply that did not fit and the pinned request to put it right."""

    reply: str
    """The reply, verbatim."""
    request: str
    """What is asked for."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """Everything one call says and shows."""

    text: str
    """The question in full."""
    images: tuple[bytes, ...]
    """Pictures as PNG, in order: the boxed canvas stands before the text, the crop after it."""
    schema_name: str
    """Name of the reply's layout."""
    schema: Mapping[str, Any]
    """JSON schema that the reply must fit."""
    mend: Mend | None = None
    """The earlier reply to put right, if this is the second try."""


@dataclass(frozen=True, slots=True)
class Sent:
    """What came of one call, and what follows for the next."""

    call: Call
    """The exchange; ``ok`` means that a whole text was received, which nobody has read yet."""
    retry: bool = False
    """Whether the same call may succeed later."""
    overload: bool = False
    """Whether the provider asks for fewer calls (429, 503, 529)."""
    retry_after_s: float | None = None
    """Seconds the provider asks to wait, if it says so."""
    fatal: str = ""
    """Why no call of this judge can succeed (wrong key, unknown model), in one line; else empty."""


class Provider(Protocol):
    """A model behind a web interface."""

    name: str
    """Provider: openai, anthropic or compatible."""
    model: str
    """Model as it is asked for."""
    capabilities: Capabilities
    """What the model can be asked for."""
    parameters: Mapping[str, str | int | float]
    """Everything besides the prompt that shapes a reply; part of the judge's version."""

    def key_problem(self) -> str:
        """Return why calls cannot be made (no key), in one line; empty if they can."""
        ...

    def body(self, prompt: Prompt) -> dict[str, Any]:
        """Return the request's JSON body; the same for live calls and for batches."""
        ...

    def read(self, payload: Mapping[str, Any]) -> Call:
        """Return what a reply's JSON body says: text, refusal or truncation, usage, snapshot."""
        ...

    async def send(self, prompt: Prompt, timeout_s: float) -> Sent:
        """Make one call, once; failures of provider and network are returned, never raised."""
        ...

    async def close(self) -> None:
        """Close connections."""
        ...
