"""PaliGemma 1 and 2: one square view; image and question see each other both ways.

Visual states depend on the question, and the language model alone is not causal unless it is given
a causal mask (Beyer et al. 2024, arXiv 2407.07726, section 3.2).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar

import torch

from harness.core.errors import DataError
from harness.vlms.geometry import Geometry
from harness.vlms.layout import TokenLayout
from harness.vlms.transformer import TransformersAdapter

if TYPE_CHECKING:
    from PIL import Image


class PaliGemmaAdapter(TransformersAdapter):
    """Any checkpoint of ``PaliGemmaForConditionalGeneration``."""

    question: ClassVar[str] = "caption en"
    """The task in the words that the model was trained on."""
    # The two backends resize slightly differently; this one does not depend on torchvision.
    processor_options: ClassVar[Mapping[str, Any]] = MappingProxyType({"backend": "pil"})

    def layout(self, width: int, height: int) -> TokenLayout:
        """Return the one view of an image stretched to a square.

        Raises:
            DataError: The settings are a combination whose geometry is not known.
        """
        settings, vision = self.processor.image_processor, self.model.config.vision_config
        side, patch = vision.image_size, vision.patch_size
        cells = side // patch
        if (
            not settings.do_resize
            or dict(settings.size) != {"height": side, "width": side}
            or self.processor.image_seq_length != cells**2
        ):
            raise DataError(
                f"{self.facts.name}: no geometry for {type(settings).__name__} with "
                f"do_resize={settings.do_resize}, size={settings.size}, "
                f"image_seq_length={self.processor.image_seq_length}, where the model has "
                f"image_size={side}, patch_size={patch}"
            )
        square = Geometry.squash((width, height), (side, side), (cells, cells))
        return TokenLayout.single(square.trimmed((cells * patch, cells * patch)))

    def text_states(
        self,
        ids: torch.Tensor,
        layers: Sequence[int],
        *,
        positions: torch.Tensor | None = None,
        attends: torch.Tensor | None = None,
        keep: torch.Tensor | None = None,
    ) -> dict[int, torch.Tensor]:
        """Run the language model alone, as in what it writes: no token sees a later one.

        Left to itself the decoder takes all it is given for a question, and lets it see both ways.
        """
        if attends is None and ids.ndim == 2:
            length = ids.shape[1]
            seen = torch.ones(length, length, dtype=torch.bool, device=ids.device).tril()
            attends = seen.expand(ids.shape[0], length, length)
        return super().text_states(ids, layers, positions=positions, attends=attends, keep=keep)

    def _inputs(self, image: Image.Image, prompt: str) -> dict[str, torch.Tensor]:
        """Return the model's input: image, begin of text, prompt; there is no chat to it."""
        token = self.processor.image_token
        return super()._inputs(image, prompt if token in prompt else f"{token}{prompt}")
