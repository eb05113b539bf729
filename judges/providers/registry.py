"""The providers by kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from harness.core.errors import unknown_name
from judges.providers.addresses import split_address
from judges.providers.anthropic_messages import AnthropicMessages
from judges.providers.base import Provider
from judges.providers.openai_chat import OpenAIChat
from judges.providers.openai_responses import OpenAIResponses
from judges.providers.options import split_model


def _openai(text: str, keys: Path | None) -> Provider:
    """Return a model of OpenAI."""
    model, options = split_model(text)
    return OpenAIResponses(model, options, keys)


def _anthropic(text: str, keys: Path | None) -> Provider:
    """Return a model of Anthropic."""
    model, options = split_model(text)
    return AnthropicMessages(model, options, keys)


def _compatible(text: str, keys: Path | None) -> Provider:
    """Return a model behind an address of the user's."""
    served, options = split_model(text)
    base_url, model = split_address(served)
    return OpenAIChat(base_url, model, options, keys)


PROVIDERS: Mapping[str, Callable[[str, Path | None], Provider]] = {
    "openai": _openai,
    "anthropic": _anthropic,
    "compatible": _compatible,
}
"""Makers of providers by kind."""


def make_provider(kind: str, text: str, keys: Path | None) -> Provider:
    """Return a provider; needs no key and no network, imports no SDK.

    Args:
        kind: ``openai``, ``anthropic`` or ``compatible``.
        text: Model with options, such as ``gpt-5:effort=medium``; for ``compatible`` after the
            address: ``http://localhost:8000/v1/MODEL``.
        keys: File of API keys, or None.

    Raises:
        UsageError: if kind, address or an option is not possible.
    """
    if kind not in PROVIDERS:
        raise unknown_name("provider", kind, PROVIDERS)
    return PROVIDERS[kind](text, keys)
