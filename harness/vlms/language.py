"""The language side of an adapter: texts through the decoder, and the vocabulary readout."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

import torch

from harness.core.decoding import decode_alone
from harness.vlms.base import VlmFacts
from harness.vlms.decoder import decoder_states
from harness.vlms.loading import out_of_memory
from harness.vlms.readout import VocabularyReadout, logit_cap, logit_factor

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


class _Named(Protocol):
    @property
    def name(self) -> str: ...


class TextSide:
    """A decoder that texts can be run through, as reference libraries need it."""

    facts: _Named
    """Declared facts; messages have the name."""
    decoder: Any
    """Stack of blocks with embedding and final norm, as transformers has it."""
    blocks: Sequence[torch.nn.Module]
    """The blocks of ``decoder``."""

    def text_states(
        self,
        ids: torch.Tensor,
        layers: Sequence[int],
        *,
        positions: torch.Tensor | None = None,
        attends: torch.Tensor | None = None,
        keep: torch.Tensor | None = None,
    ) -> dict[int, torch.Tensor]:
        """Run the language model alone; see :func:`harness.vlms.decoder.decoder_states`.

        Raises:
            DataError: As there, or out of memory.
        """
        with out_of_memory(f"{self.facts.name} on {ids.shape[0]} texts"):
            return decoder_states(
                self.decoder,
                self.blocks,
                ids,
                layers,
                positions=positions,
                attends=attends,
                keep=keep,
                source=self.facts.name,
            )


class LanguageSide(TextSide, ABC):
    """What an adapter answers about its language model, whatever its images go through."""

    facts: VlmFacts
    """Declared facts."""
    tokenizer: PreTrainedTokenizerBase
    """Tokenizer of the language model."""

    @abstractmethod
    def _language_model(self) -> Any:
        """Return the model that has input and output embeddings and a configuration."""

    def readout(self) -> VocabularyReadout:
        """Return final norm, input and output matrices in float32."""
        return self._readout

    def vocabulary(self) -> tuple[str, ...]:
        """Return the text of every id of the readout, decoded alone, leading space kept."""
        return tuple(decode_alone(self.tokenizer, range(self.facts.vocabulary)).values())

    @cached_property
    def _readout(self) -> VocabularyReadout:
        model = self._language_model()
        text = model.config.get_text_config()
        return VocabularyReadout.from_model(
            self.decoder,
            model.get_input_embeddings(),
            model.get_output_embeddings(),
            self.facts.vocabulary,
            logit_scale=logit_factor(text),
            softcap=logit_cap(text),
        )

    def _vocabulary_rows(self) -> int:
        """Return how many rows both matrices have and the tokenizer can produce."""
        model = self._language_model()
        matrices = (model.get_input_embeddings().weight, model.get_output_embeddings().weight)
        return min(len(self.tokenizer), *(len(matrix) for matrix in matrices))
