"""What all models of the transformers library have in common; a family adds only its layout."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import torch
from transformers import AutoModelForImageTextToText

from harness.core.errors import MismatchError
from harness.core.model_files import model_hash
from harness.vlms.base import VisualTokens, VlmFacts
from harness.vlms.capture import capture, capture_up_to, check_finite
from harness.vlms.checkpoint import revision
from harness.vlms.geometry import Geometry
from harness.vlms.isolation import silenced
from harness.vlms.language import LanguageSide
from harness.vlms.layout import TokenLayout
from harness.vlms.loading import Placement, load_model, out_of_memory, parse_placement
from harness.vlms.probes import measure_attention, probe_image, prove_readout
from harness.vlms.processing import load_processor, model_inputs, parse_prompt

if TYPE_CHECKING:
    from PIL import Image
    from transformers import PreTrainedTokenizerBase


class TransformersAdapter(LanguageSide):
    """A checkpoint directory loaded through transformers' own classes, proved at load."""

    question: ClassVar[str] = "Describe this image."
    """Text after the image; causal models' visual tokens do not see it."""
    feature_entry: ClassVar[Literal["replace", "add"]] = "replace"
    """Whether image features replace the placeholder embedding or are added to it."""
    processor_options: ClassVar[Mapping[str, Any]] = {}
    """Extra arguments for loading the processor."""
    scales_images: ClassVar[bool] = False
    """Whether the number of visual tokens grows with the image, so that it can be limited."""

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
        max_pixels: int = 0,
    ) -> None:
        """Load and prove the model.

        Args:
            path: Checkpoint directory; nothing is fetched from a network.
            name: Name it was asked for by.
            provenance: One sentence on what the model is.
            dtype: float32, bfloat16, float16 or 4bit.
            device: torch device, or auto for all GPUs together.
            view: global or tiles.
            prompt: chat, the model's own template where it has one, or plain, nothing but image
                and question.
            max_pixels: Most pixels at which the model is shown an image, if it scales images; 0
                for its own limit.

        Raises:
            UsageError: Unknown dtype, view or prompt, too few pixels, or unavailable device.
            DataError: The checkpoint is unreadable, lacks weights or a processor, or is too big.
            MismatchError: The readout does not reproduce the model's own logits.
        """
        placement = parse_placement(dtype, device)
        self.path, self.view, self.max_pixels = path, view, max_pixels
        self.prompt = parse_prompt(prompt)
        self.processor: Any = self._load_processor(path)
        self.tokenizer: PreTrainedTokenizerBase = self.processor.tokenizer
        self.model: Any = self._load_model(path, placement)
        self.dtype = placement.dtype
        self.decoder = self.model.get_decoder()
        self.blocks: Sequence[torch.nn.Module] = self.decoder.layers
        self.facts = self._facts(name, provenance, dtype, device)
        probe = probe_image()
        self.layout(probe.width, probe.height).view(view)
        with out_of_memory(f"proving {name}"):
            self.facts = self.facts.model_copy(update=self._prove())

    @abstractmethod
    def layout(self, width: int, height: int) -> TokenLayout:
        """Return all visual tokens of an image of this size without running the model.

        Raises:
            DataError: The model does not take such images, or its settings are not known here.
        """

    def geometry(self, width: int, height: int) -> Geometry:
        """Return the geometry of the chosen view; DataError as :meth:`layout`."""
        return self.layout(width, height).view(self.view)

    @torch.no_grad()
    def encode(self, image: Image.Image, layers: Sequence[int]) -> VisualTokens:
        """Run the model on one image, no further than needed, and keep the visual tokens.

        Raises:
            UsageError: A layer outside 0..N.
            MismatchError: The model has another number of visual tokens than the layout.
            DataError: NaN or infinite states (names layer and token), or out of memory.
        """
        layout = self.layout(image.width, image.height)
        inputs = self._inputs(image, self.question)
        visual = self._visual(inputs).nonzero()[:, 0]
        if len(visual) != layout.total:
            raise MismatchError(
                f"{self.facts.name}: {len(visual)} visual tokens for a "
                f"{image.width}x{image.height} image, but the geometry has {layout.total}"
            )
        with out_of_memory(f"{self.facts.name} on a {image.width}x{image.height} image"):
            states = capture_up_to(
                self.blocks,
                layers,
                lambda states: states[0].index_select(0, visual.to(states.device)),
                lambda: self.model.base_model(**inputs, use_cache=False),
            )
        check_finite(states, f"{self.facts.name} on an image")
        return VisualTokens(states=states, geometry=layout.view(self.view))

    @torch.no_grad()
    def own_logits(self, image: Image.Image) -> tuple[torch.Tensor, torch.Tensor]:
        """Return states of layer N [length, d] and the model's own logits [length, vocabulary]."""
        inputs = self._inputs(image, self.question)
        last = len(self.blocks)
        with capture(self.blocks, [last], lambda states: states[0]) as states:
            logits = self.model(**inputs, use_cache=False).logits[0]
        return states[last], logits

    def isolated(self) -> AbstractContextManager[None]:
        """Silence the attention of the vision tower; see :class:`harness.vlms.base.Adapter`."""
        return silenced(self._vision_tower())

    @torch.no_grad()
    def caption(self, image: Image.Image, prompt: str, max_new_tokens: int) -> str:
        """Return the greedy continuation of ``prompt`` for the image, stripped.

        A prompt that contains the image placeholder is used as it is; otherwise it follows the
        image as the model's chat template or the plain prompt has it.
        """
        inputs = self._inputs(image, prompt)
        length = inputs["input_ids"].shape[1]
        output = self.model.generate(**inputs, do_sample=False, max_new_tokens=max_new_tokens)
        return str(self.tokenizer.decode(output[0, length:], skip_special_tokens=True)).strip()

    def _language_model(self) -> Any:
        return self.model

    def _load_processor(self, path: Path) -> Any:
        """Return what turns image and text into the model's input."""
        return load_processor(path, self.processor_options)

    def _load_model(self, path: Path, placement: Placement) -> Any:
        """Return the model, ready for inference."""
        return load_model(AutoModelForImageTextToText, path, placement)

    def _facts(self, name: str, provenance: str, dtype: str, device: str) -> VlmFacts:
        """Return what is known before the model has run."""
        return VlmFacts(
            name=name,
            family=self.model.config.model_type,
            layers=len(self.blocks),
            hidden=self.model.config.get_text_config().hidden_size,
            vocabulary=self._vocabulary_rows(),
            injection_layers=self._injection_layers(),
            image_attention="causal",
            feature_entry=self.feature_entry,
            dtype=dtype,
            device=device,
            revision=revision(self.path),
            processor=type(self.processor.image_processor).__name__,
            prefix="",
            question=self.question,
            view=self.view,
            weights_hash=model_hash(self.path),
            provenance=provenance,
        )

    def _injection_layers(self) -> tuple[int, ...]:
        """Return the blocks after which vision features are added again; usually none."""
        return ()

    def _vision_tower(self) -> torch.nn.Module:
        """Return the module that turns pixels into patch features."""
        tower: torch.nn.Module = self.model.get_encoder(modality="image")
        if tower in (self.model, self.model.base_model):
            raise MismatchError(f"{self.facts.name}: its vision tower has no known name")
        return tower

    def _inputs(self, image: Image.Image, prompt: str) -> dict[str, torch.Tensor]:
        """Return everything the processor makes of image and prompt, on the model's device."""
        inputs = model_inputs(self.processor, self.prompt, image, prompt)
        return {
            name: value.to(
                self.model.device, self.dtype if value.is_floating_point() else value.dtype
            )
            for name, value in inputs.items()
        }

    def _visual(self, inputs: Mapping[str, torch.Tensor]) -> torch.Tensor:
        """Return which positions [length] hold visual tokens."""
        ids = inputs["input_ids"][0]
        return ids == torch.tensor(self.model.config.image_token_id, device=ids.device)

    @torch.no_grad()
    def _prove(self) -> dict[str, object]:
        """Prove the readout on a drawn image; return measured attention and text before it."""
        states, logits = self.own_logits(probe_image())
        check_finite({self.facts.layers: states}, f"{self.facts.name} on a drawn image")
        prove_readout(self.readout(), states, logits, self.dtype)
        inputs = self._inputs(probe_image(), self.question)
        visual = self._visual(inputs).nonzero()[:, 0]
        if not len(visual):
            raise MismatchError(
                f"{self.facts.name}: no position has the id {self.model.config.image_token_id} of "
                "the image placeholder; model and processor do not belong together"
            )

        def run() -> torch.Tensor:
            last = self.facts.layers
            with capture(self.blocks, [last], lambda states: states[0]) as found:
                self.model.base_model(**inputs, use_cache=False)
            return found[last]

        before = inputs["input_ids"][0, : int(visual[0])]
        return {
            "image_attention": measure_attention(run, self.blocks[0], int(visual[-1])),
            "prefix": str(self.tokenizer.decode(before)),
        }
