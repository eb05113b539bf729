"""What every token id reads like on its own, with its leading space."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

_ANCHOR = "a"


def decode_alone(tokenizer: PreTrainedTokenizerBase, ids: Iterable[int]) -> dict[int, str]:
    """Return the text of each id alone, leading space kept; broken UTF-8 reads U+FFFD.

    SentencePiece-style decoders drop the space before the first token of a text, so each id is
    decoded after an anchor token, whose text is then cut off.
    """
    anchor = tokenizer.encode(_ANCHOR, add_special_tokens=False)
    lead = len(_decode(tokenizer, anchor))
    return {index: _decode(tokenizer, [*anchor, index])[lead:] for index in ids}


def _decode(tokenizer: PreTrainedTokenizerBase, ids: list[int]) -> str:
    return str(tokenizer.decode(ids, clean_up_tokenization_spaces=False))
