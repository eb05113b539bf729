"""What every token id reads like on its own, with its leading space."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

_ANCHOR = "a"


def decode_alone(tokenizer: PreTrainedTokenizerBase, size: int) -> tuple[str, ...]:
    """Return the text of ids 0 to ``size`` - 1, each decoded alone; broken UTF-8 reads U+FFFD.

    SentencePiece-style decoders drop the space before the first token of a text, so each id is
    decoded after an anchor token, whose text is then cut off.
    """
    anchor = tokenizer.encode(_ANCHOR, add_special_tokens=False)
    lead = len(_decode(tokenizer, anchor))
    return tuple(_decode(tokenizer, [*anchor, index])[lead:] for index in range(size))


def _decode(tokenizer: PreTrainedTokenizerBase, ids: list[int]) -> str:
    return str(tokenizer.decode(ids, clean_up_tokenization_spaces=False))
