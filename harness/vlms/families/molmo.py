"""Molmo-7B-D-0924 and Molmo-72B-0924 (Deitke et al. 2024, arXiv 2409.17146).

The image is seen twice: whole, and as overlapping crops of its enlargement. All visual tokens of
both have the placeholder's id; the tokens that end rows have another. transformers does not know
this model, so :mod:`harness.vlms.molmo` has it.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

import torch

from harness.core.errors import MismatchError
from harness.vlms.layout import TokenLayout
from harness.vlms.loading import Placement, load_model
from harness.vlms.molmo.layout import token_layout
from harness.vlms.molmo.model import MolmoForConditionalGeneration
from harness.vlms.molmo.processor import MolmoProcessor
from harness.vlms.prompts import CHAT
from harness.vlms.transformer import TransformersAdapter

if TYPE_CHECKING:
    from PIL import Image


class MolmoAdapter(TransformersAdapter):
    """Any checkpoint of ``model_type`` molmo whose language model is Qwen2."""

    feature_entry: ClassVar[Literal["replace", "add"]] = "add"

    processor: MolmoProcessor

    def layout(self, width: int, height: int) -> TokenLayout:
        """Return the whole view as ``global`` and the grid over all crops as ``tiles``.

        Raises:
            DataError: The image is too long and thin.
        """
        return token_layout(width, height, self.processor.settings)

    def _load_processor(self, path: Path) -> MolmoProcessor:
        return MolmoProcessor.load(path)

    def _load_model(self, path: Path, placement: Placement) -> MolmoForConditionalGeneration:
        model: MolmoForConditionalGeneration = load_model(
            MolmoForConditionalGeneration, path, placement
        )
        vision, settings = model.config.vision_config, self.processor.settings
        if (vision.patch_size, vision.patches_per_side) != (settings.patch, settings.patches):
            raise MismatchError(
                f"{path}: the image encoder takes {vision.patches_per_side} patches of "
                f"{vision.patch_size} pixels a side, the image settings make {settings.patches} of "
                f"{settings.patch}"
            )
        model.config.image_token_id = self.processor.image_token_id
        model.generation_config.eos_token_id = self.processor.tokenizer.eos_token_id
        model.generation_config.pad_token_id = self.processor.tokenizer.pad_token_id
        return model

    def _vision_tower(self) -> torch.nn.Module:
        # Not the pooling behind it, whose attention stays inside a cell.
        tower: torch.nn.Module = self.model.model.vision_backbone.image_vit
        return tower

    def _inputs(self, image: Image.Image, prompt: str) -> dict[str, torch.Tensor]:
        # The published processor puts a space before any text.
        text = f" User: {prompt} Assistant:" if self.prompt == CHAT else f" {prompt}"
        inputs = self.processor(image, text)
        inputs["images"] = inputs["images"].to(self.dtype)
        return {name: value.to(self.model.device) for name, value in inputs.items()}
