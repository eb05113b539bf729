"""The adapter protocol: what the harness asks of any vision-language model."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

from harness.core.records import Record

if TYPE_CHECKING:
    import torch
    from PIL import Image
    from transformers import PreTrainedTokenizerBase

    from harness.vlms.geometry import Geometry
    from harness.vlms.layout import TokenLayout
    from harness.vlms.readout import VocabularyReadout


class VlmFacts(Record):
    """Declared facts of a loaded model, recorded in every run."""

    name: str
    """Name it was asked for by."""
    family: str
    """``model_type`` of its configuration."""
    layers: int
    """Number of decoder blocks N; visual layers are 0 to N."""
    hidden: int
    """Width d of the residual stream."""
    vocabulary: int
    """Rows of the output matrix that the tokenizer can produce."""
    injection_layers: tuple[int, ...]
    """Blocks, from 0, behind which vision features are added again (DeepStack); usually none."""
    image_attention: Literal["causal", "bidirectional"]
    """Whether image tokens see later image tokens."""
    feature_entry: Literal["replace", "add"]
    """Whether image features replace the placeholder embedding or are added to it."""
    dtype: str
    """Floating-point type of the forward pass, or the kind of quantisation."""
    device: str
    """Where the forward pass ran: the last digits depend on it."""
    revision: str
    """Commit of a hub checkpoint; empty for a directory of another kind."""
    processor: str
    """Class that turned images into the model's input; backends differ in the last digits."""
    prefix: str
    """Text before the image, special tokens included: visual tokens depend on it."""
    question: str
    """Text after the image: visual tokens depend on it only where they see later tokens."""
    view: str
    """Which of the model's views of an image is looked at."""
    weights_hash: str
    """sha256 over weight and processor files."""
    provenance: str
    """One sentence on what the model is and was trained on, shown in report headers."""


@dataclass(frozen=True, slots=True)
class VisualTokens:
    """Hidden states of all visual tokens of one image at the requested layers."""

    states: dict[int, torch.Tensor]
    """Layer to [n_visual, d] float32, separators and all views included; layer i is the residual
    stream after i blocks, un-normed."""
    geometry: Geometry
    """Where the tokens of the chosen view lie in the original image."""


class Adapter(Protocol):
    """One loaded model."""

    facts: VlmFacts
    tokenizer: PreTrainedTokenizerBase

    def layout(self, width: int, height: int) -> TokenLayout:
        """Return all visual tokens of an image of this size without running the model.

        Raises:
            DataError: The model does not take images of this size.
        """
        ...

    def geometry(self, width: int, height: int) -> Geometry:
        """Return the geometry of the chosen view; DataError as :meth:`layout`."""
        ...

    def encode(self, image: Image.Image, layers: Sequence[int]) -> VisualTokens:
        """Run the model on one image, no further than the highest layer.

        Raises:
            UsageError: A layer outside 0..N.
            MismatchError: The model has another number of visual tokens than the layout.
            DataError: NaN or infinite states (names layer and token), or out of memory.
        """
        ...

    def own_logits(self, image: Image.Image) -> tuple[torch.Tensor, torch.Tensor]:
        """Return states of layer N [length, d] and the model's own logits [length, vocabulary]."""
        ...

    def isolated(self) -> AbstractContextManager[None]:
        """While inside, patches do not see each other before they enter the language model.

        What is encoded then means nothing, but shows which pixels a token is made of.
        """
        ...

    def text_states(
        self,
        ids: torch.Tensor,
        layers: Sequence[int],
        *,
        positions: torch.Tensor | None = None,
        attends: torch.Tensor | None = None,
        keep: torch.Tensor | None = None,
    ) -> dict[int, torch.Tensor]:
        """Run the language model on [batch, length] ids, padded on the right.

        Args:
            ids: Token ids.
            layers: Layers, each 0 to N.
            positions: [batch, length] position of each token in its text; counted from 0 if None.
            attends: [batch, length, length], true where a row's token may see a column's; if None,
                every token sees itself and all before it.
            keep: [batch, length], true for the states to return.

        Returns:
            Layer to [batch, length, d] float32 on the CPU, or to [kept, d] in row-major order.
            With ``keep`` NaN and Inf are the caller's to look for, without it they are a DataError.

        Raises:
            UsageError: A layer outside 0..N, wrong shapes, or ``attends`` cannot be honoured.
            DataError: NaN or infinite states; names layer and token.
        """
        ...

    def readout(self) -> VocabularyReadout:
        """Return final norm, input and output matrices in float32."""
        ...

    def vocabulary(self) -> tuple[str, ...]:
        """Return the text of every id of the readout, decoded alone, leading space kept."""
        ...

    def caption(self, image: Image.Image, prompt: str, max_new_tokens: int) -> str:
        """Return the greedy continuation of ``prompt`` for the image."""
        ...
