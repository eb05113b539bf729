"""The models that the server serves and what each of them refuses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

_GPT_5 = ("minimal", "low", "medium", "high")
_NEWER = ("none", "low", "medium", "high", "xhigh")
_CLAUDE = ("low", "medium", "high", "xhigh", "max")


@dataclass(frozen=True, slots=True)
class Model:
    """One served model."""

    snapshot: str
    """Name in its replies."""
    efforts: tuple[str, ...] = ()
    """Efforts it accepts; empty if it knows no such setting."""
    temperature: bool = False
    """Whether it accepts a temperature."""
    verbosity: bool = True
    """Whether it accepts another verbosity than medium."""
    max_image_side: int = 2048
    """Longest side of an image."""


OPENAI: Mapping[str, Model] = {
    "gpt-5": Model("gpt-5-2025-08-07", _GPT_5),
    "gpt-5-2025-08-07": Model("gpt-5-2025-08-07", _GPT_5),
    "gpt-5-mini": Model("gpt-5-mini-2025-08-07", _GPT_5),
    "gpt-5-nano": Model("gpt-5-nano-2025-08-07", _GPT_5),
    "gpt-5.1": Model("gpt-5.1-2025-11-13", _NEWER[:-1]),
    "gpt-5.5": Model("gpt-5.5-2026-04-23", _NEWER),
    "gpt-6-luna": Model("gpt-6-luna", (*_NEWER, "max")),
    "gpt-4o": Model("gpt-4o-2024-08-06", (), temperature=True, verbosity=False),
    "o3": Model("o3-2025-04-16", ("low", "medium", "high"), verbosity=False),
}
ANTHROPIC: Mapping[str, Model] = {
    "claude-haiku-4-5": Model("claude-haiku-4-5-20251001", max_image_side=1568),
    "claude-haiku-4-5-20251001": Model("claude-haiku-4-5-20251001", max_image_side=1568),
    "claude-sonnet-4-5": Model("claude-sonnet-4-5-20250929", max_image_side=1568),
    "claude-opus-4-8": Model("claude-opus-4-8", _CLAUDE, max_image_side=2576),
    "claude-sonnet-5-5": Model("claude-sonnet-5-5", _CLAUDE, max_image_side=2576),
    "claude-haiku-5-5": Model("claude-haiku-5-5", _CLAUDE, max_image_side=2576),
}
SERVED: Mapping[str, Model] = {
    name: Model(name, temperature=True)
    for name in ("qwen2.5vl:7b", "Qwen/Qwen2.5-VL-7B-Instruct", "tiny")
}
"""Models behind chat completions, like those of a server in one's own house."""
