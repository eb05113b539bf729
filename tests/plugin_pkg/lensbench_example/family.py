"""A family: ViP-LLaVA, which cuts the centre out of an image and sees one grid of patches."""

from __future__ import annotations

from harness.vlms.geometry import Geometry
from harness.vlms.layout import TokenLayout
from harness.vlms.registry import VlmEntry
from harness.vlms.transformer import TransformersAdapter


class VipLlavaAdapter(TransformersAdapter):
    """Any checkpoint of ``VipLlavaForConditionalGeneration``."""

    def layout(self, width: int, height: int) -> TokenLayout:
        """Return the one grid of an image of this size."""
        settings = self.processor.image_processor
        side = settings.crop_size.height
        cells = side // self.model.config.vision_config.patch_size
        return TokenLayout.single(
            Geometry.centre_crop(
                (width, height),
                (side, side),
                (cells, cells),
                shortest=settings.size.shortest_edge,
            )
        )


VIP_LLAVA = VlmEntry(
    name="vip-llava-7b",
    source="llava-hf/vip-llava-7b-hf",
    family="vipllava",
    summary="ViP-LLaVA on Vicuna 7B",
    provenance="ViP-LLaVA 7B, trained on visual instructions with drawn marks.",
    layers=32,
    hidden=4096,
    grid=(24, 24),
)
