"""Gemma 3: one square view, patches averaged to fewer tokens that see each other both ways.

(Gemma Team 2025, arXiv 2503.19786, section 2.1.)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from types import MappingProxyType
from typing import Any, ClassVar

from harness.core.errors import DataError
from harness.vlms.geometry import Geometry
from harness.vlms.layout import TokenLayout
from harness.vlms.readout import VocabularyReadout
from harness.vlms.transformer import TransformersAdapter


class Gemma3Adapter(TransformersAdapter):
    """Any checkpoint of ``Gemma3ForConditionalGeneration``."""

    # The two backends resize slightly differently; this one does not depend on torchvision.
    processor_options: ClassVar[Mapping[str, Any]] = MappingProxyType({"backend": "pil"})

    def layout(self, width: int, height: int) -> TokenLayout:
        """Return the one view of an image stretched to a square.

        Raises:
            DataError: The settings are a combination whose geometry is not known, pan and scan
                (further views cut out of long images) among them.
        """
        settings, model = self.processor.image_processor, self.model.config
        side, patch = model.vision_config.image_size, model.vision_config.patch_size
        patches, cells = side // patch, int(model.mm_tokens_per_image**0.5)
        if (
            settings.do_pan_and_scan
            or not settings.do_resize
            or dict(settings.size) != {"height": side, "width": side}
            or not cells
            or patches % cells
            or {cells**2} != {model.mm_tokens_per_image, self.processor.image_seq_length}
        ):
            raise DataError(
                f"{self.facts.name}: no geometry for {type(settings).__name__} with "
                f"do_pan_and_scan={settings.do_pan_and_scan}, do_resize={settings.do_resize}, "
                f"size={settings.size}, image_seq_length={self.processor.image_seq_length}, where "
                f"the model has image_size={side}, patch_size={patch}, "
                f"mm_tokens_per_image={model.mm_tokens_per_image}"
            )
        square = Geometry.squash((width, height), (side, side), (cells, cells))
        return TokenLayout.single(square.trimmed((patches * patch, patches * patch)))

    @cached_property
    def _readout(self) -> VocabularyReadout:
        # The model with images does not cap its logits, whatever its text configuration says.
        return replace(super()._readout, softcap=None)
