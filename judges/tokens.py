"""How many tokens a question takes, by rules of thumb that need neither network nor tokenizer."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from typing import Final

from harness.core.errors import unknown_name

_PER_TOKEN: Final = 4
_PLAIN: Final = re.compile(r"[A-Za-z0-9 ]+")


def text_tokens(text: str) -> int:
    """Return about how many tokens ``text`` takes, rather too many than too few.

    English takes about four characters a token (OpenAI, "What are tokens and how to count them?").
    Rarer characters cost more in byte-pair vocabularies: signs, line ends and accented Latin
    letters are counted as half a token, other alphabets and Chinese, Japanese and Korean as one
    token a character, emoji and all else beyond the basic plane as two.
    """
    rest = _PLAIN.sub("", text)
    quarters = len(text) - len(rest) + sum(_quarters(character) for character in rest)
    return -(-quarters // _PER_TOKEN)


def image_tokens(rule: str, width: int, height: int, detail: str = "high") -> int:
    """Return about how many tokens a picture of ``width`` x ``height`` pixels takes.

    Args:
        rule: Key of :data:`IMAGE_RULES`.
        width: Pixels.
        height: Pixels.
        detail: ``low``, ``high``, ``auto`` or ``original``; rules of models without such a setting
            ignore it.

    Raises:
        UsageError: Unknown rule.
        ValueError: A side is not positive.
    """
    if rule not in IMAGE_RULES:
        raise unknown_name("image rule", rule, IMAGE_RULES)
    if width < 1 or height < 1:
        raise ValueError(f"a picture of {width} x {height} pixels; expected sides of 1 or more")
    return IMAGE_RULES[rule](width, height, detail)


def _tiles(base: int, tile: int) -> Callable[[int, int, str], int]:
    """Return the tile rule (OpenAI, "Images and vision", costs of GPT-4o and GPT-5).

    Low detail costs ``base``. Else the picture is shrunk into 2048 x 2048, then to a short side of
    768, and costs ``tile`` more for every 512-pixel square it touches. It is never enlarged.
    """

    def count(width: int, height: int, detail: str) -> int:
        if detail == "low":
            return base
        long, short = max(width, height), min(width, height)
        scale = min(1.0, 2048 / long, 768 / short)
        across, down = (math.ceil(round(side * scale, 6) / 512) for side in (width, height))
        return base + tile * across * down

    return count


def _openai_patches(hundredths: int) -> Callable[[int, int, str], int]:
    """Return the rule of some hundredths of a token per 32-pixel patch.

    OpenAI's "Images and vision" gives the patches, their cap, to which a picture is shrunk, and a
    factor per model: 1.62 (GPT-4.1 mini), 2.46 (GPT-4.1 nano), 1.72 (o4-mini). For GPT-5 mini and
    for GPT-5.2 and later, published measurements give 1.2. Caps are 2500 (1536 on the mini models)
    and, for detail ``original`` and on some models ``auto``, 10 000. At low detail a picture is
    shrunk into 512 x 512 first.
    """

    def count(width: int, height: int, detail: str) -> int:
        if detail == "low":
            scale = min(1.0, 512 / max(width, height))
            width, height = max(1, round(width * scale)), max(1, round(height * scale))
        cap = 10_000 if detail in ("original", "auto") else 2500
        # In whole numbers, so that no rounding adds a token.
        return -(-min(_patches(32, width, height), cap) * hundredths // 100)

    return count


def _anthropic_patches(width: int, height: int, detail: str) -> int:
    """Return one token per 28-pixel patch (Anthropic, "Vision").

    A picture is shrunk to a long side of 2576 pixels and 4784 tokens first; models before Claude
    Opus 4.7 stop at 1568 of both, for which this counts too many.
    """
    scale = min(1.0, 2576 / max(width, height))
    width, height = max(1, round(width * scale)), max(1, round(height * scale))
    return min(_patches(28, width, height), 4784)


def _open_patches(width: int, height: int, detail: str) -> int:
    """Return one token per 28-pixel patch: an assumption for servers of unknown models.

    It is exact for Qwen2-VL and Qwen2.5-VL (14-pixel patches merged two by two); models of a fixed
    resolution take a fixed number whatever the picture.
    """
    return _patches(28, width, height)


IMAGE_RULES: Final[Mapping[str, Callable[[int, int, str], int]]] = {
    "openai-tiles-gpt5": _tiles(70, 140),
    "openai-tiles-4o": _tiles(85, 170),
    "openai-tiles-4o-mini": _tiles(2833, 5667),
    "openai-patches": _openai_patches(120),
    "openai-patches-4.1-mini": _openai_patches(162),
    "openai-patches-4.1-nano": _openai_patches(246),
    "openai-patches-o4-mini": _openai_patches(172),
    "anthropic-patches": _anthropic_patches,
    "patches-28": _open_patches,
}
"""Rule to its count by width, height and detail; estimates, which a reply's usage replaces."""


def _patches(side: int, width: int, height: int) -> int:
    return math.ceil(width / side) * math.ceil(height / side)


def _quarters(character: str) -> int:
    """Return how many quarters of a token a sign or a letter that is not plain is counted as."""
    code = ord(character)
    if code < 0x250:
        return 2
    return 4 if code < 0x10000 else 8
