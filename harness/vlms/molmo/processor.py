"""Text and image become the model's inputs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from PIL import Image
from transformers import AutoTokenizer, PreTrainedTokenizerBase

from harness.core.errors import DataError
from harness.vlms.molmo.config import MolmoConfig
from harness.vlms.molmo.preprocessing import NOT_USED, crop
from harness.vlms.molmo.settings import CropSettings, read_settings

_START, _END, _PATCH, _COLUMN = "<im_start>", "<im_end>", "<im_patch>", "<im_col>"


class MolmoProcessor:
    """Puts the image's tokens in front of the text, as the published processor does."""

    def __init__(self, tokenizer: PreTrainedTokenizerBase, settings: CropSettings) -> None:
        """Look up the ids of the image tokens; DataError if the tokenizer lacks one."""
        self.tokenizer = tokenizer
        self.settings = settings
        known = tokenizer.get_vocab()
        if missing := [token for token in (_START, _END, _PATCH, _COLUMN) if token not in known]:
            raise DataError(f"the tokenizer has no {missing[0]}: not that of a Molmo")
        self.start_id, self.end_id, self.image_token_id, self.column_id = (
            known[token] for token in (_START, _END, _PATCH, _COLUMN)
        )
        # Qwen2 has no token for the beginning; the one that ends texts serves for it.
        first = tokenizer.bos_token_id or tokenizer.eos_token_id
        if first is None:
            raise DataError("the tokenizer has neither a first nor a last token: not a Molmo's")
        self.first_id = int(first)

    @classmethod
    def load(cls, path: Path) -> MolmoProcessor:
        """Return the processor of a checkpoint directory; DataError if it is incomplete."""
        tokenizers: Any = AutoTokenizer
        try:
            # Without a configuration the library reads the checkpoint's, which names remote code,
            # and asks on the terminal whether to run it.
            tokenizer = tokenizers.from_pretrained(
                path, config=MolmoConfig(), trust_remote_code=False, local_files_only=True
            )
        except (OSError, ValueError, ImportError) as error:
            raise DataError(f"cannot load the tokenizer in {path}: {error}") from error
        return cls(tokenizer, read_settings(path))

    @property
    def image_processor(self) -> MolmoProcessor:
        """This object, which does the work of both."""
        return self

    def __call__(self, image: Image.Image, text: str) -> dict[str, torch.Tensor]:
        """Return ``input_ids`` [1, length], ``images``, ``image_masks`` and ``image_input_idx``.

        Args:
            image: Any image.
            text: What follows it, as it is.

        Raises:
            DataError: The image is too long and thin.
        """
        crops = crop(image, self.settings)
        side = self.settings.tokens
        image_ids = [*self._view(side, side), *self._view(*crops.grid)]
        text_ids = self.tokenizer.encode(text, add_special_tokens=False)
        ids = torch.tensor([self.first_id, *image_ids, *text_ids])
        places = (ids == self.image_token_id).nonzero()[:, 0]
        used = crops.tokens != NOT_USED
        return {
            "input_ids": ids[None],
            "images": crops.images,
            "image_masks": crops.masks,
            "image_input_idx": torch.where(used, places[crops.tokens], NOT_USED),
        }

    def _view(self, rows: int, cols: int) -> list[int]:
        row = [*[self.image_token_id] * cols, self.column_id]
        return [self.start_id, *row * rows, self.end_id]
