"""What the benchmarks are run on: caption-like phrases, a tokenizer for them, a random model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib.resources import files
from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from harness.core.rng import keyed_rng

VOCABULARY = 50_000
_SPECIAL = ("<bos>", "<eos>", "<pad>")


def published_sentences() -> list[str]:
    """Return the lines of the sentence file inside the installed latentlens package."""
    text = (files("latentlens") / "data" / "concepts.txt").read_text(encoding="utf-8")
    return [line.strip() for line in text.splitlines() if line.strip()]


def caption_like(sentences: Sequence[str], count: int, seed: int = 0) -> list[str]:
    """Return ``count`` distinct runs of 2 to 9 words of the sentences, in no order."""
    draw = keyed_rng("caption-like phrases", seed)
    words = [sentence.split() for sentence in sentences]
    phrases: dict[str, None] = {}
    while len(phrases) < count:
        line = words[draw.integers(len(words))]
        length = int(draw.integers(2, 10))
        if length <= len(line):
            start = int(draw.integers(len(line) - length + 1))
            phrases[" ".join(line[start : start + length]).strip(".,;:").lower()] = None
    return list(phrases)


def train_tokenizer(sentences: Sequence[str], pieces: int = VOCABULARY) -> PreTrainedTokenizerFast:
    """Return a byte-level BPE of ``pieces`` pieces that begins every text with <bos>."""
    core = Tokenizer(models.BPE())
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    core.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=pieces,
        special_tokens=list(_SPECIAL),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    core.train_from_iterator(sentences, trainer)
    core.post_processor = processors.TemplateProcessing(
        single="<bos> $A", special_tokens=[("<bos>", core.token_to_id("<bos>"))]
    )
    make: Callable[..., PreTrainedTokenizerFast] = PreTrainedTokenizerFast
    return make(tokenizer_object=core, bos_token="<bos>", eos_token="<eos>", pad_token="<pad>")


def save_llama(path: Path, tokenizer: PreTrainedTokenizerFast, hidden: int, layers: int) -> Path:
    """Save a random Llama with heads of 32 dimensions and its tokenizer in ``path``."""
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=hidden,
        intermediate_size=4 * hidden,
        num_hidden_layers=layers,
        num_attention_heads=hidden // 32,
        num_key_value_heads=hidden // 32,
        max_position_embeddings=1024,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    LlamaForCausalLM(config).save_pretrained(path)
    tokenizer.save_pretrained(path)
    return path
