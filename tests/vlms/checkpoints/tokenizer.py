"""A small byte-level tokenizer with the special tokens that a family's processor asks for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import PreTrainedTokenizerFast

_TEXT = (
    "a red ball lies on the green grass under a blue sky",
    "two dogs run past an old wooden house",
    "the boat with a white sail crosses the lake",
    "there is a tall tree beside the road and a small bird in it",
)
_BASE = {"bos_token": "<s>", "eos_token": "</s>", "pad_token": "<pad>", "unk_token": "<unk>"}


def build_tokenizer(
    special: Mapping[str, str], vocabulary: int = 400, *, bos: bool = True
) -> PreTrainedTokenizerFast:
    """Return a byte-level BPE tokenizer.

    Args:
        special: Attribute name to token, for example ``{"image_token": "<image>"}``; the tokenizer
            has these attributes, and ``image_token_id`` and so on.
        vocabulary: Tokens in all, the special ones included, if the text has that many pieces.
        bos: Whether texts begin with ``<s>``.
    """
    inner = Tokenizer(models.BPE(unk_token="<unk>"))
    inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    inner.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=[*_BASE.values(), *special.values()],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    inner.train_from_iterator(_TEXT, trainer)
    if bos:
        inner.post_processor = processors.TemplateProcessing(
            single="<s> $A", special_tokens=[("<s>", inner.token_to_id("<s>"))]
        )
    wrapper: Any = PreTrainedTokenizerFast
    tokenizer: PreTrainedTokenizerFast = wrapper(
        tokenizer_object=inner, extra_special_tokens=dict(special), **_BASE
    )
    return tokenizer
