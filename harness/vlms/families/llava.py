"""LLaVA 1.5: one view, square cells, row by row (Liu et al. 2023, arXiv 2310.03744)."""

from __future__ import annotations

from types import MappingProxyType

from harness.core.errors import DataError
from harness.vlms.geometry import Geometry
from harness.vlms.layout import TokenLayout
from harness.vlms.transformer import TransformersAdapter


class LlavaAdapter(TransformersAdapter):
    """Any checkpoint of ``LlavaForConditionalGeneration`` with a patch-based encoder."""

    # The two backends resize slightly differently; this one does not depend on torchvision.
    processor_options = MappingProxyType({"backend": "pil"})

    def layout(self, width: int, height: int) -> TokenLayout:
        """Return the one grid of an image of this size, read off the image processor's settings.

        Raises:
            DataError: The settings are a combination whose geometry is not known.
        """
        image = (width, height)
        processed = self._processed()
        patch = self.model.config.vision_config.patch_size
        grid = (processed[1] // patch, processed[0] // patch)
        settings = self.processor.image_processor
        if getattr(settings, "do_pad", None):
            fill = tuple(int(value * 255) for value in settings.image_mean)
            placed = Geometry.pad(
                image, processed, grid, square_first=True, fill=(fill[0], fill[1], fill[2])
            )
        elif shortest := settings.size.shortest_edge:
            placed = Geometry.centre_crop(image, processed, grid, shortest=shortest)
        else:
            placed = Geometry.squash(image, processed, grid)
        seen = placed.trimmed((grid[1] * patch, grid[0] * patch))
        return TokenLayout.single(seen.model_copy(update={"first_token": self._leading_tokens()}))

    def _processed(self) -> tuple[int, int]:
        """Return width and height of the processor's output; DataError if they are not fixed."""
        settings = self.processor.image_processor
        size, crop = settings.size, settings.crop_size
        cropped = (crop.width, crop.height) if settings.do_center_crop and crop else None
        squared = (size.width, size.height) if size and size.width and size.height else None
        pads_square = hasattr(settings, "pad_to_square")
        shortest = size.shortest_edge if size else None
        known = settings.do_resize and (
            (squared and cropped in (None, squared))
            or (shortest and cropped and shortest >= max(cropped))
        )
        if getattr(settings, "do_pad", None):
            side = (shortest, shortest) if shortest else squared
            known = settings.do_resize and pads_square and side and cropped in (None, side)
            cropped = side
        result = cropped or squared
        if not known or result is None:
            raise DataError(
                f"{self.facts.name}: no geometry for {type(settings).__name__} with "
                f"do_resize={settings.do_resize}, size={size}, "
                f"do_center_crop={settings.do_center_crop}, crop_size={crop}, "
                f"do_pad={getattr(settings, 'do_pad', None)}"
            )
        return result

    def _leading_tokens(self) -> int:
        """Return how many visual tokens (a class token) precede the grid."""
        extra = int(self.processor.num_additional_image_tokens)
        dropped = self.model.config.vision_feature_select_strategy == "default"
        return extra - int(dropped)
