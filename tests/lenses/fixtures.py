"""A synthetic model for lens tests: tokenizer, causal text states, readout and library."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import PreTrainedTokenizerBase, PreTrainedTokenizerFast

from harness.core.ids import digest
from lenses.base import LensContext, Queries
from lenses.library.build import build_library
from lenses.library.corpora.phrases import Phrases
from lenses.library.corpus import Corpus, collect
from lenses.library.key import make_key
from lenses.library.search import LibrarySearch
from lenses.library.store import Library

HIDDEN = 24
LAYERS = (1, 2, 4)
MODEL_HASH = "5" * 64
PHRASES = (
    "a cat beside a catfish",
    "an elephant and a man near the chat",
    "a red barn under a grey sky",
    "a red barn under a tree",
    "the man's hat is well-known",
    "two dogs run along the beach, one barks",
    "a black cat on a black mat",
    "a wooden chair with a red cushion",
    "a café with a naïve sign",
    "the sky",
    "cat",
    "a catalogue of catfish and cattle",
)
_TRAINING = (*PHRASES, *("a cat and a fish", "a man", "the elephant", "red", "black") * 4)


@cache
def make_tokenizer(
    vocab_size: int = 330, *, bos: bool = True, eos: bool = False, padding_side: str = "right"
) -> PreTrainedTokenizerBase:
    """Return a byte-level BPE tokenizer, small enough to cut words into pieces.

    With ``bos`` it begins every text with <bos>, with ``eos`` it ends every text with <eos>.
    """
    core = Tokenizer(models.BPE())
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    core.decoder = decoders.ByteLevel()
    special = ["<bos>", "<pad>", *(["<eos>"] if eos else [])]
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size,
        special_tokens=special,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    core.train_from_iterator(_TRAINING, trainer)
    ends = [name for name, wanted in (("<bos>", bos), ("<eos>", eos)) if wanted]
    if ends:
        core.post_processor = processors.TemplateProcessing(
            single=" ".join((["<bos>"] if bos else []) + ["$A"] + (["<eos>"] if eos else [])),
            special_tokens=[(name, core.token_to_id(name)) for name in ends],
        )
    make: Callable[..., PreTrainedTokenizerBase] = PreTrainedTokenizerFast
    return make(
        tokenizer_object=core, bos_token="<bos>", pad_token="<pad>", padding_side=padding_side,
        **({"eos_token": "<eos>"} if eos else {}),
    )  # fmt: skip


@dataclass
class CausalStates:
    """Text states that depend on the ids up to a position, as those of a causal model.

    A token's state follows from that of the token before it in its text: in a tree, the one among
    those it attends to whose position is one less.
    """

    size: int = 512
    hidden: int = HIDDEN
    calls: list[tuple[int, int]] = field(default_factory=list)

    def __call__(
        self,
        ids: torch.Tensor,
        layers: Sequence[int],
        *,
        positions: torch.Tensor | None = None,
        attends: torch.Tensor | None = None,
        keep: torch.Tensor | None = None,
    ) -> dict[int, torch.Tensor]:
        self.calls.append((ids.shape[0], ids.shape[1]))
        generator = torch.Generator().manual_seed(3)
        table = torch.randn(self.size, self.hidden, generator=generator) + 0.5
        base = table[ids]
        lines = torch.arange(len(ids))
        for column in range(ids.shape[1]):
            if attends is None or positions is None:
                previous, first = base[:, column - 1], torch.full((len(ids), 1), column == 0)
            else:
                before = attends[:, column] & (positions == positions[:, column, None] - 1)
                previous = base[lines, before.int().argmax(1)]
                first = ~before.any(1, keepdim=True)
            base[:, column] += 0.6 * previous.roll(1, dims=1).masked_fill(first, 0.0)
        if keep is not None:
            base = base[keep]
        return {layer: base.roll(layer, dims=-1) * (1 + layer) + layer for layer in layers}


@dataclass
class SyntheticReadout:
    """A readout with a root-mean-square norm and, on request, a bias and a scale of the logits."""

    embed: torch.Tensor
    unembed: torch.Tensor
    gain: torch.Tensor
    head_bias: torch.Tensor
    scale: float = 1.0

    def normalise(self, states: torch.Tensor) -> torch.Tensor:
        return states * torch.rsqrt(states.pow(2).mean(-1, keepdim=True) + 1e-6) * self.gain

    def logits(self, states: torch.Tensor) -> torch.Tensor:
        return self.uncapped(states)

    def uncapped(self, states: torch.Tensor) -> torch.Tensor:
        return self.scale * (self.normalise(states) @ self.unembed.T + self.head_bias)

    def fingerprint(self) -> str:
        tensors = (self.embed, self.unembed, self.gain, self.head_bias)
        return digest([*(tensor.tolist() for tensor in tensors), self.scale])


def make_readout(
    *, rows: int = 330, hidden: int = HIDDEN, bias: float = 0.0, scale: float = 1.0
) -> SyntheticReadout:
    """Return a random readout in which rows 7 and 11 are equal, so that ties occur."""
    generator = torch.Generator().manual_seed(rows + hidden)
    embed = torch.randn(rows, hidden, generator=generator)
    unembed = torch.randn(rows, hidden, generator=generator)
    embed[11], unembed[11] = embed[7], unembed[7]
    head_bias = bias * torch.randn(rows, generator=generator)
    head_bias[11] = head_bias[7]
    gain = 1 + 0.1 * torch.randn(hidden, generator=generator)
    return SyntheticReadout(embed, unembed, gain, head_bias, scale)


def token_id(token: str) -> int:
    """Return the id of a byte-level token of ``make_tokenizer()``, such as ``Ġcat``."""
    return int(make_tokenizer().get_vocab()[token])


def make_corpus(lines: Sequence[str] = PHRASES) -> Corpus:
    """Return a corpus of ``lines``."""
    return collect(Phrases("test", iter(lines)))


def make_library(
    path: Path, lines: Sequence[str] = PHRASES, *, cap: int = 4, **settings: Any
) -> Library:
    """Build the library of ``lines`` at ``path``, in several parts.

    ``settings`` are further parts of its key.
    """
    corpus, tokenizer = make_corpus(lines), make_tokenizer()
    settings = {"part_rows": 32} | settings
    key = make_key(corpus, tokenizer, LAYERS, model_hash=MODEL_HASH, cap=cap, **settings)
    library = build_library(path, corpus, tokenizer, CausalStates(), key)
    assert library is not None
    return library


def make_context(library: Library, *, readout: SyntheticReadout | None = None) -> LensContext:
    """Return what a lens is prepared with."""
    tokenizer = make_tokenizer()
    vocabulary = tuple(str(tokenizer.decode([index])) for index in range(len(tokenizer)))
    return LensContext(
        readout=readout or make_readout(rows=len(vocabulary)),
        vocabulary=vocabulary,
        library=lambda fraction=1.0: library,
        search=LibrarySearch,
        seed=42,
    )


def make_queries(n: int = 12, *, layer: int = 2, images: int = 3, seed: int = 0) -> Queries:
    """Return random states of ``n`` patches that take turns between ``images`` images."""
    generator = torch.Generator().manual_seed(seed)
    return Queries(
        states=3 * torch.randn(n, HIDDEN, generator=generator) + 1,
        layer=layer,
        patch_ids=tuple(f"{row:016x}" for row in range(n)),
        image_ids=tuple(f"image-{row % images}" for row in range(n)),
    )


def select(queries: Queries, rows: Sequence[int]) -> Queries:
    """Return some rows of ``queries`` in the given order."""
    return Queries(
        states=queries.states[list(rows)],
        layer=queries.layer,
        patch_ids=tuple(queries.patch_ids[row] for row in rows),
        image_ids=tuple(queries.image_ids[row] for row in rows),
    )
