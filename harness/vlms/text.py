"""A language model alone, for libraries of models that see no images."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedTokenizerBase

from harness.core.errors import DataError
from harness.core.model_files import model_hash
from harness.core.records import Record
from harness.vlms.language import TextSide
from harness.vlms.loading import brief, load_model, parse_placement


class TextFacts(Record):
    """Declared facts of a loaded language model."""

    name: str
    """Name of its directory."""
    family: str
    """``model_type`` of its configuration."""
    layers: int
    """Number of decoder blocks N; layers are 0 to N."""
    hidden: int
    """Width d of the residual stream."""
    vocabulary: int
    """Rows of the input matrix that the tokenizer can produce."""
    dtype: str
    """Floating-point type of the forward pass."""
    weights_hash: str
    """sha256 over weight and tokenizer files."""


class CausalTextModel(TextSide):
    """A checkpoint directory that ``AutoModelForCausalLM`` understands."""

    facts: TextFacts
    """Declared facts."""

    def __init__(self, path: Path, dtype: str = "float32", device: str = "cpu") -> None:
        """Load the model and its tokenizer; nothing is fetched from a network.

        Args:
            path: Checkpoint directory.
            dtype: float32, bfloat16, float16 or 4bit.
            device: torch device, or auto for all GPUs together.

        Raises:
            UsageError: Unknown dtype or unavailable device.
            DataError: The checkpoint is unreadable, lacks weights or has no stack of blocks.
        """
        placement = parse_placement(dtype, device)
        self.tokenizer = _load_tokenizer(path)
        self.model = load_model(AutoModelForCausalLM, path, placement)
        self.decoder = self.model.get_decoder()
        config = self.model.config.get_text_config()
        self.blocks = _blocks(self.decoder, config.num_hidden_layers, path)
        self.facts = TextFacts(
            name=path.resolve().name,
            family=self.model.config.model_type,
            layers=len(self.blocks),
            hidden=config.hidden_size,
            vocabulary=min(len(self.tokenizer), self.model.get_input_embeddings().weight.shape[0]),
            dtype=dtype,
            weights_hash=model_hash(path),
        )


def _load_tokenizer(path: Path) -> PreTrainedTokenizerBase:
    tokenizers: Any = AutoTokenizer
    try:
        tokenizer: PreTrainedTokenizerBase = tokenizers.from_pretrained(
            path, local_files_only=True, trust_remote_code=False
        )
    except (OSError, ValueError, ImportError) as error:
        raise DataError(f"cannot load the tokenizer in {path}: {brief(error)}") from error
    return tokenizer


def _blocks(decoder: torch.nn.Module, depth: int, path: Path) -> Sequence[torch.nn.Module]:
    """Return the stack of blocks, whatever the family calls it."""
    for module in decoder.modules():
        if isinstance(module, torch.nn.ModuleList) and len(module) == depth:
            return list(module)
    raise DataError(f"cannot find the {depth} decoder blocks of the model in {path}")
