"""The miniature's tokenizer: byte-level BPE over texts of the grammar."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import PreTrainedTokenizerFast

from harness.core.rng import keyed_rng
from harness.mini.grammar import Turn, dialogue, notes
from harness.mini.phrases import phrase
from harness.mini.recipe.architecture import IMAGE_TOKEN
from harness.mini.scenes import sample_scene

BOS: Final = "<s>"
EOS: Final = "</s>"
PAD: Final = "<pad>"
VOCABULARY: Final = 1152
_TEXTS: Final = 20_000


def training_texts(count: int) -> list[str]:
    """Return phrases and dialogues in equal number, as the language model will read them."""
    lot = keyed_rng("mini", "tokenizer")
    texts = [phrase(lot) for _ in range(count // 2)]
    for seed in range(count // 2):
        scene = sample_scene(seed + 2_000_000_000)
        texts.append(notes(scene, lot))
        texts.append(dialogue_text(dialogue(scene, lot)))
    return texts


def dialogue_text(turns: Sequence[Turn]) -> str:
    """Return turns as one text: a new line, the question, a space, the answer."""
    return "".join(f"\n{question} {answer}" for question, answer in turns)


def build_tokenizer() -> PreTrainedTokenizerFast:
    """Train the tokenizer: 1152 entries, beginning-of-sequence token in front of every text."""
    tokenizer = Tokenizer(models.BPE(byte_fallback=False))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=[PAD, BOS, EOS, IMAGE_TOKEN],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(training_texts(_TEXTS), trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{BOS} $A",
        pair=f"{BOS} $A $B",
        special_tokens=[(BOS, tokenizer.token_to_id(BOS))],
    )
    fast: PreTrainedTokenizerFast = PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=tokenizer,
        bos_token=BOS,
        eos_token=EOS,
        pad_token=PAD,
        padding_side="right",
        extra_special_tokens={"image_token": IMAGE_TOKEN},
        clean_up_tokenization_spaces=False,
    )
    return fast
