"""What a call to a model says and shows, and what it may cost at worst."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Final

from judges.base import JudgeRequest
from judges.estimate import question_size
from judges.protocols.base import JudgingProtocol
from judges.protocols.wording import prompt_text, reply_schema
from judges.providers.base import Mend, Prompt, Provider
from judges.running.pictures import Pictures

_OVERHEAD_TOKENS: Final = 100
"""For the frame of a message that providers add and count: roles, separators, names of formats."""

_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"


def compose(request: JudgeRequest, pictures: Pictures, mend: Mend | None = None) -> Prompt:
    """Return the prompt of a question, or of the second try at it."""
    return Prompt(
        text=prompt_text(request.protocol, request.words),
        images=pictures,
        schema_name=f"{request.protocol.name}_{request.protocol.version}",
        schema=_schema(request.protocol),
        mend=mend,
    )


@lru_cache
def _schema(protocol: JudgingProtocol) -> Mapping[str, Any]:
    return MappingProxyType(reply_schema(protocol))


def sent_tokens(prompt: Prompt, provider: Provider) -> int:
    """Return about how many tokens a prompt takes, rather too many than too few."""
    texts = [prompt.text, prompt.schema_name, json.dumps(dict(prompt.schema))]
    if prompt.mend is not None:
        texts += [prompt.mend.reply, prompt.mend.request]
    size = question_size(
        0,
        texts,
        [seen for image in prompt.images if (seen := png_size(image)) is not None],
        provider.capabilities.image_rule,
        str(provider.parameters.get("detail") or "high"),
    )
    return _OVERHEAD_TOKENS + size.text_tokens + size.image_tokens


def received_tokens(provider: Provider) -> int:
    """Return how many tokens a reply may have at most."""
    given = provider.parameters.get("max_output_tokens")
    return int(given or provider.capabilities.max_output_tokens)


def png_size(image: bytes) -> tuple[int, int] | None:
    """Return width and height in pixels from the header of a PNG (ISO/IEC 15948, 11.2.2).

    None if it is not a PNG: providers do not send it, so it has no size to count.
    """
    if not image.startswith(_SIGNATURE) or len(image) < 24:
        return None
    width, height = struct.unpack(">II", image[16:24])
    return int(width), int(height)
