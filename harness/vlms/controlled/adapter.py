"""A controlled model as the harness sees any other."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from harness.core.model_files import model_hash
from harness.vlms.base import VisualTokens, VlmFacts
from harness.vlms.capture import capture, capture_up_to, check_finite
from harness.vlms.controlled.config import MODEL_TYPE, read_config
from harness.vlms.controlled.images import image_geometry, prepare
from harness.vlms.controlled.model import Embedded, build
from harness.vlms.geometry import Geometry
from harness.vlms.isolation import silenced
from harness.vlms.language import LanguageSide
from harness.vlms.layout import TokenLayout
from harness.vlms.loading import out_of_memory, parse_placement
from harness.vlms.probes import measure_attention, probe_image, prove_readout
from harness.vlms.processing import parse_prompt

if TYPE_CHECKING:
    from PIL import Image
    from transformers import PreTrainedTokenizerBase


class ControlledAdapter(LanguageSide):
    """A controlled directory, proved at load; see :class:`harness.vlms.base.Adapter`."""

    def __init__(
        self,
        path: Path,
        name: str,
        provenance: str,
        dtype: str = "float32",
        device: str = "cpu",
        *,
        view: str = "global",
        prompt: str = "chat",
    ) -> None:
        """Load and prove the model.

        Args:
            path: Controlled directory.
            name: Name it was asked for by.
            provenance: One sentence on what the model is.
            dtype: Type of the frozen parts: float32, bfloat16, float16 or 4bit.
            device: torch device, or auto for all GPUs together.
            view: global; there is no other.
            prompt: chat or plain, which are the same: these models have no chat template.

        Raises:
            UsageError: A part is missing (how to get it), an unknown dtype, view or prompt, or an
                unavailable device.
            DataError: The directory or a part is unreadable, lacks weights, or is too big.
            MismatchError: Parts do not fit together or were changed since training, or the readout
                does not reproduce the model's own logits.
        """
        parse_prompt(prompt)
        self.dtype = parse_placement(dtype, device).dtype
        self.view = view
        self.config = read_config(path)
        self.model = build(self.config, path, dtype, device)
        self.model.load(path)
        self.model.requires_grad_(False).eval()
        self.tokenizer: PreTrainedTokenizerBase = self.model.tokenizer
        self.decoder: Any = self.model.language_model.get_decoder()
        self.blocks: Sequence[torch.nn.Module] = list(self.model.blocks)
        self.facts = self._facts(path, name, provenance, dtype, device)
        probe = probe_image()
        self.layout(probe.width, probe.height).view(view)
        with out_of_memory(f"proving {name}"):
            attention = self._prove()
        self.facts = self.facts.model_copy(update={"image_attention": attention})

    def layout(self, width: int, height: int) -> TokenLayout:
        """Return the visual tokens of an image of this size: one grid."""
        settings, patch = self.config.image, self.model.encoder.patch
        return TokenLayout.single(image_geometry(settings, patch, width, height))

    def geometry(self, width: int, height: int) -> Geometry:
        """Return where each visual token of an image of this size lies."""
        return self.layout(width, height).view(self.view)

    @torch.no_grad()
    def encode(self, image: Image.Image, layers: Sequence[int]) -> VisualTokens:
        """Run the model on one image, no further than needed, and keep the visual tokens.

        Raises:
            UsageError: A layer outside 0..N.
            DataError: NaN or infinite states (names layer and token), or out of memory.
        """
        geometry = self.geometry(image.width, image.height)
        with out_of_memory(f"{self.facts.name} on a {image.width}x{image.height} image"):
            given = self._embedded(image, self.config.prompt)
            states = capture_up_to(
                self.blocks,
                layers,
                lambda states: states[0].index_select(0, given.visual.to(states.device)),
                lambda: self.decoder(inputs_embeds=given.inputs_embeds, use_cache=False),
            )
        check_finite(states, f"{self.facts.name} on an image")
        return VisualTokens(states=states, geometry=geometry)

    @torch.no_grad()
    def own_logits(self, image: Image.Image) -> tuple[torch.Tensor, torch.Tensor]:
        """Return states of layer N [length, d] and the model's own logits [length, vocabulary]."""
        given = self._embedded(image, self.config.prompt)
        last = self.facts.layers
        with capture(self.blocks, [last], lambda states: states[0]) as states:
            output = self.model.language_model(inputs_embeds=given.inputs_embeds, use_cache=False)
        return states[last], output.logits[0]

    def isolated(self) -> AbstractContextManager[None]:
        """Silence the encoder's attention; see :class:`harness.vlms.base.Adapter`."""
        return silenced(self.model.encoder)

    @torch.no_grad()
    def caption(self, image: Image.Image, prompt: str, max_new_tokens: int) -> str:
        """Return the greedy continuation of ``prompt``, taken as it is after the image."""
        given = self._embedded(image, prompt)
        output = self.model.language_model.generate(
            inputs_embeds=given.inputs_embeds,
            attention_mask=given.attention_mask,
            do_sample=False,
            pad_token_id=self.model.start_id,  # never used: one image is never padded
            max_new_tokens=max_new_tokens,
        )
        return str(self.tokenizer.decode(output[0], skip_special_tokens=True)).strip()

    def _language_model(self) -> Any:
        return self.model.language_model

    def _facts(self, path: Path, name: str, provenance: str, dtype: str, device: str) -> VlmFacts:
        marked = "<im_start>" if self.config.sequence == "rows" else ""
        return VlmFacts(
            name=name,
            family=MODEL_TYPE,
            layers=len(self.blocks),
            hidden=self.config.hidden_size,
            vocabulary=self._vocabulary_rows(),
            injection_layers=(),
            image_attention="causal",
            feature_entry="add" if self.config.placeholder else "replace",
            dtype=dtype,
            device=device,
            revision="",
            processor="harness.vlms.controlled.images",
            prefix=f"{self.tokenizer.decode([self.model.start_id])}{marked}",
            question=self.config.prompt,
            view=self.view,
            weights_hash=model_hash(path),
            provenance=provenance,
        )

    def _embedded(self, image: Image.Image, prompt: str) -> Embedded:
        """Return the language model's input for one image and a prompt."""
        prepared = prepare(self.config.image, self.model.encoder.patch, image)
        features = self.model.features(prepared.pixels[None])
        return self.model.embed(
            features, prepared.real[None], self.model.encode_prompt(prompt), [[]]
        )

    @torch.no_grad()
    def _prove(self) -> str:
        """Prove the readout on a drawn image; return how its tokens attend."""
        states, logits = self.own_logits(probe_image())
        check_finite({self.facts.layers: states}, f"{self.facts.name} on a drawn image")
        prove_readout(self.readout(), states, logits, self.dtype)
        given = self._embedded(probe_image(), self.config.prompt)
        last = self.facts.layers

        def run() -> torch.Tensor:
            with capture(self.blocks, [last], lambda states: states[0]) as found:
                self.decoder(inputs_embeds=given.inputs_embeds, use_cache=False)
            return found[last]

        return measure_attention(run, self.blocks[0], int(given.visual[-1]))
