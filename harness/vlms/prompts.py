"""The ways text is put around an image; causal models' visual tokens see what comes before it."""

from __future__ import annotations

from typing import Final

CHAT: Final = "chat"
"""The model's own chat template, where it has one."""
PLAIN: Final = "plain"
"""Image, line break, question."""
PROMPTS: Final = (CHAT, PLAIN)
