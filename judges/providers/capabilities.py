"""What the models of each provider can be asked for: one table per provider.

Sources: the providers' documentation of models, structured outputs, effort and images, and the
type definitions of their official SDKs (openai 3.52, anthropic 2.11), as of November 2026.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal

from harness.core.errors import unknown_name
from harness.core.records import Record

SchemaKind = Literal["json_schema", "json_object", "none"]


class Capabilities(Record):
    """What one model accepts; a request never holds anything that is not in here."""

    schema_kind: SchemaKind = "json_schema"
    """Whether a reply can be held to a JSON schema, to any JSON object, or to nothing."""
    efforts: tuple[str, ...] = ()
    """Reasoning efforts, least first; empty if the model has no such setting."""
    details: tuple[str, ...] = ()
    """Levels of image detail; empty if the interface has no such setting."""
    verbosities: tuple[str, ...] = ()
    """Lengths of the reply that can be asked for; empty if the model has no such setting."""
    temperature: bool = False
    """Whether a temperature may be sent; reasoning models refuse it."""
    image_rule: str = "patches-28"
    """Name of the rule by which ``judges.tokens`` counts an image's tokens."""
    max_image_side: int = 0
    """Longest side in pixels; a larger picture would be scaled down. 0: not known, not checked."""
    max_image_bytes: int = 0
    """Most bytes of one picture; 0: not known, not checked."""
    batch: bool = False
    """Whether there is a batch interface at a lower price."""
    max_output_tokens: int = 4096
    """Most tokens of a reply that we ask for, hidden reasoning included."""


_MIB = 1024 * 1024


def _but(base: Capabilities, **changes: Any) -> Capabilities:
    """Return ``base`` with some fields changed, checked as a new record."""
    return Capabilities.model_validate({**base.model_dump(), **changes})


# Models with hidden reasoning get twice the room: what they think counts as output.
_GPT = Capabilities(
    efforts=("none", "low", "medium", "high", "xhigh", "max"),
    details=("low", "high", "auto", "original"),
    verbosities=("low", "medium", "high"),
    image_rule="openai-patches",
    max_image_side=2048,
    max_image_bytes=20 * _MIB,
    batch=True,
    max_output_tokens=8192,
)
_GPT_5X = _but(_GPT, efforts=("none", "low", "medium", "high", "xhigh"))
_GPT_5 = _but(_GPT, efforts=("minimal", "low", "medium", "high"), details=("low", "high", "auto"))
_GPT_5_TILES = _but(_GPT_5, image_rule="openai-tiles-gpt5")
_PRO = _but(_GPT_5X, efforts=("medium", "high", "xhigh"), max_output_tokens=32768)
_PRO_FREE = _but(_PRO, schema_kind="none")
_O = _but(_GPT_5, efforts=("low", "medium", "high"), verbosities=(), image_rule="openai-tiles-4o")
_GPT_4 = _but(_O, efforts=(), temperature=True, max_output_tokens=4096)
# The chat variants think as they like and refuse a temperature, but for the first of them.
_CHAT = _but(_GPT_4, temperature=False, image_rule="openai-tiles-gpt5")

_CLAUDE = Capabilities(
    efforts=("low", "medium", "high", "xhigh", "max"),
    image_rule="anthropic-patches",
    max_image_side=2576,
    max_image_bytes=5 * _MIB,
    batch=True,
    max_output_tokens=8192,
)
_CLAUDE_46 = _but(_CLAUDE, efforts=("low", "medium", "high", "max"), max_image_side=1568)
_CLAUDE_45 = _but(_CLAUDE_46, efforts=(), max_output_tokens=4096)
_CLAUDE_OLD = _but(_CLAUDE_45, schema_kind="none")

_OPEN = Capabilities(details=("low", "high", "auto"), temperature=True)
_ROUTED = _but(_OPEN, temperature=False, max_output_tokens=8192)

TABLES: Mapping[str, Mapping[str, Capabilities]] = {
    "openai": {
        "": _GPT,
        "gpt-6-astra": _but(_GPT, efforts=("low", "medium", "high", "xhigh", "max")),
        "gpt-6.1-sol": _but(_GPT, efforts=("low", "medium", "high", "xhigh", "max")),
        "gpt-5": _GPT_5_TILES,
        "gpt-5-mini": _GPT_5,
        "gpt-5-nano": _GPT_5,
        "gpt-5-pro": _but(_GPT_5_TILES, efforts=("high",), max_output_tokens=32768),
        "gpt-5-chat": _but(_CHAT, temperature=True),
        "gpt-5.": _GPT_5X,
        "gpt-5.1": _but(_GPT_5_TILES, efforts=("none", "low", "medium", "high")),
        "gpt-5.1-chat": _CHAT,
        "gpt-5.2": _but(_GPT_5X, details=_GPT_5.details),
        "gpt-5.2-chat": _CHAT,
        "gpt-5.2-pro": _PRO,
        "gpt-5.3-chat": _CHAT,
        "gpt-5.4-pro": _PRO_FREE,
        "gpt-5.5-pro": _PRO_FREE,
        "gpt-4": _GPT_4,
        "gpt-4-": _but(_GPT_4, schema_kind="json_object"),
        "gpt-4o-2024-05-13": _but(_GPT_4, schema_kind="json_object"),
        "gpt-4o-mini": _but(_GPT_4, image_rule="openai-tiles-4o-mini"),
        "gpt-4.1-mini": _but(_GPT_4, image_rule="openai-patches-4.1-mini"),
        "gpt-4.1-nano": _but(_GPT_4, image_rule="openai-patches-4.1-nano"),
        "chatgpt-4o": _but(_GPT_4, schema_kind="json_object"),
        "o1": _O,
        "o3": _O,
        "o4": _but(_O, image_rule="openai-patches-o4-mini"),
    },
    "anthropic": {
        "": _CLAUDE,
        "claude-opus-4-6": _CLAUDE_46,
        "claude-sonnet-4-6": _CLAUDE_46,
        "claude-opus-4-5": _but(_CLAUDE_45, efforts=("low", "medium", "high")),
        "claude-sonnet-4-5": _CLAUDE_45,
        "claude-haiku-4-5": _CLAUDE_45,
        "claude-opus-4-1": _CLAUDE_45,
        "claude-opus-4-0": _CLAUDE_OLD,
        "claude-opus-4-2": _CLAUDE_OLD,
        "claude-sonnet-4-0": _CLAUDE_OLD,
        "claude-sonnet-4-2": _CLAUDE_OLD,
        "claude-3": _CLAUDE_OLD,
    },
    "compatible": {
        "": _OPEN,
        # Names of OpenRouter for models that refuse a temperature.
        "openai/gpt-5": _ROUTED,
        "openai/gpt-6": _ROUTED,
        "openai/o": _ROUTED,
        "anthropic/claude-": _ROUTED,
    },
}
"""Capabilities by provider and the beginning of the model's name; the longest one wins.

A model in no table gets what the provider's newest models accept.
"""

_DATED = re.compile(r"-20\d\d-?[01]\d-?[0-3]\d$")
# Since its 4.6 generation Anthropic gives no dates: each name is one fixed model
# (documentation, "Model IDs and versioning").
_CLAUDE_ALIAS = re.compile(r"-latest$|^claude-(3|(opus|sonnet|haiku)-4(-[0-5])?$)")


def capabilities(provider: str, model: str) -> Capabilities:
    """Return what ``model`` of ``provider`` accepts.

    Raises:
        UsageError: if there is no such provider.
    """
    if provider not in TABLES:
        raise unknown_name("provider", provider, TABLES)
    table = TABLES[provider]
    return table[max((prefix for prefix in table if model.startswith(prefix)), key=len)]


def is_dated(provider: str, model: str) -> bool:
    """Tell whether ``model`` names one snapshot for good rather than an alias that may move.

    The name ends in a date, or it is one of Anthropic's names from 4.6 on, which never move.
    """
    if _DATED.search(model):
        return True
    return provider == "anthropic" and _CLAUDE_ALIAS.search(model) is None
