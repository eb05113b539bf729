"""What all models of the transformers library have in common; a family adds only its geometry."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import torch
from transformers import AutoModelForImageTextToText, AutoProcessor

from harness.core.decoding import decode_alone
from harness.core.errors import DataError, MismatchError
from harness.vlms.base import VisualTokens, VlmFacts
from harness.vlms.capture import capture, check_finite
from harness.vlms.decoder import decoder_states
from harness.vlms.geometry import Geometry
from harness.vlms.loading import load_model, parse_device, parse_dtype
from harness.vlms.probes import measure_attention, probe_image, prove_readout
from harness.vlms.readout import VocabularyReadout
from harness.vlms.registry import vlm_hash

if TYPE_CHECKING:
    from PIL import Image
    from transformers import PreTrainedTokenizerBase


class TransformersAdapter(ABC):
    """A checkpoint directory loaded through transformers' own classes, proved at load."""

    prompt: ClassVar[str] = "Describe this image."
    """Text after the image; causal models' visual tokens do not see it."""
    feature_entry: ClassVar[Literal["replace", "add"]] = "replace"
    """Whether image features replace the placeholder embedding or are added to it."""
    injection_layers: ClassVar[tuple[int, ...]] = ()
    """Blocks after which vision features are added again."""
    processor_options: ClassVar[Mapping[str, Any]] = {}
    """Extra arguments for loading the processor."""

    def __init__(
        self, path: Path, name: str, provenance: str, dtype: str = "float32", device: str = "cpu"
    ) -> None:
        """Load and prove the model.

        Args:
            path: Checkpoint directory; nothing is fetched from a network.
            name: Name it was asked for by.
            provenance: One sentence on what the model is.
            dtype: float32, bfloat16 or float16.
            device: torch device.

        Raises:
            UsageError: Unknown dtype or unavailable device.
            DataError: The checkpoint is unreadable or lacks weights.
            MismatchError: The readout does not reproduce the model's own logits.
        """
        self.dtype = parse_dtype(dtype)
        self.device = parse_device(device)
        self.processor = _load_processor(path, self.processor_options)
        model = load_model(AutoModelForImageTextToText, path, self.dtype)
        self.model = model.to(self.device).eval()
        self.tokenizer: PreTrainedTokenizerBase = self.processor.tokenizer
        self.decoder = self.model.get_decoder()
        self.blocks: Sequence[torch.nn.Module] = self.decoder.layers
        text = self.model.config.get_text_config()
        self.facts = VlmFacts(
            name=name,
            family=self.model.config.model_type,
            layers=len(self.blocks),
            hidden=text.hidden_size,
            vocabulary=min(
                len(self.tokenizer),
                self.model.get_input_embeddings().weight.shape[0],
                self.model.get_output_embeddings().weight.shape[0],
            ),
            injection_layers=self.injection_layers,
            image_attention="causal",
            feature_entry=self.feature_entry,
            dtype=dtype,
            weights_hash=vlm_hash(path),
            provenance=provenance,
        )
        self.facts = self.facts.model_copy(update={"image_attention": self._prove()})

    @abstractmethod
    def geometry(self, width: int, height: int) -> Geometry:
        """Return the geometry of an image of this size without running the model."""

    @torch.no_grad()
    def encode(self, image: Image.Image, layers: Sequence[int]) -> VisualTokens:
        """Run the model on one image and keep the visual tokens at ``layers``.

        Raises:
            UsageError: A layer outside 0..N.
            MismatchError: The model has another number of visual tokens than the geometry.
            DataError: NaN or infinite states; names layer and token.
        """
        inputs = self._inputs(image, self.prompt)
        visual = self._visual(inputs)
        geometry = self.geometry(image.width, image.height)
        expected = geometry.first_token + geometry.tokens
        if int(visual.sum()) != expected:
            raise MismatchError(
                f"{self.facts.name}: {int(visual.sum())} visual tokens for a "
                f"{image.width}x{image.height} image, but the geometry has {expected}"
            )
        with capture(self.blocks, layers, lambda states: states[0, visual]) as states:
            self.model.base_model(**inputs, use_cache=False)
        check_finite(states, f"{self.facts.name} on an image")
        return VisualTokens(states=states, geometry=geometry)

    def text_states(
        self,
        ids: torch.Tensor,
        layers: Sequence[int],
        *,
        positions: torch.Tensor | None = None,
        attends: torch.Tensor | None = None,
        keep: torch.Tensor | None = None,
    ) -> dict[int, torch.Tensor]:
        """Run the language model alone; see :func:`harness.vlms.decoder.decoder_states`."""
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

    def readout(self) -> VocabularyReadout:
        """Return final norm, input and output matrices in float32."""
        return self._readout

    def vocabulary(self) -> tuple[str, ...]:
        """Return the text of every id of the readout, decoded alone, leading space kept."""
        return tuple(decode_alone(self.tokenizer, range(self.facts.vocabulary)).values())

    @torch.no_grad()
    def caption(self, image: Image.Image, prompt: str, max_new_tokens: int) -> str:
        """Return the greedy continuation of ``prompt`` for the image, stripped.

        A prompt that contains the image placeholder is used as it is; otherwise the image comes
        first, then a line break and the prompt, or nothing if the prompt is empty.
        """
        inputs = self._inputs(image, prompt)
        length = inputs["input_ids"].shape[1]
        output = self.model.generate(**inputs, do_sample=False, max_new_tokens=max_new_tokens)
        return str(self.tokenizer.decode(output[0, length:], skip_special_tokens=True)).strip()

    @cached_property
    def _readout(self) -> VocabularyReadout:
        return VocabularyReadout.from_model(
            self.decoder,
            self.model.get_input_embeddings(),
            self.model.get_output_embeddings(),
            self.facts.vocabulary,
        )

    def _inputs(self, image: Image.Image, prompt: str) -> dict[str, torch.Tensor]:
        """Return everything the processor makes of image and prompt, on the model's device."""
        token = self.processor.image_token
        text = prompt if token in prompt else f"{token}\n{prompt}" if prompt else token
        batch = self.processor(images=[image], text=[text], return_tensors="pt")
        return {
            name: value.to(self.device, self.dtype if value.is_floating_point() else value.dtype)
            for name, value in batch.items()
        }

    def _visual(self, inputs: dict[str, torch.Tensor]) -> torch.Tensor:
        """Return which positions [length] hold visual tokens."""
        ids = inputs["input_ids"][0]
        return ids == torch.tensor(self.model.config.image_token_id, device=ids.device)

    @torch.no_grad()
    def _prove(self) -> Literal["causal", "bidirectional"]:
        """Prove the readout and measure the attention on a drawn image."""
        inputs = self._inputs(probe_image(), self.prompt)
        last = self.facts.layers

        def run() -> torch.Tensor:
            with capture(self.blocks, [last], lambda states: states[0]) as states:
                self.model.base_model(**inputs, use_cache=False)
            return states[last]

        with capture(self.blocks, [last], lambda states: states[0]) as states:
            logits = self.model(**inputs, use_cache=False).logits[0]
        check_finite(states, f"{self.facts.name} on a drawn image")
        prove_readout(self.readout(), states[last], logits, self.dtype)
        position = int(self._visual(inputs).nonzero()[-1])
        return measure_attention(run, self.blocks[0], position)


def _load_processor(path: Path, options: Mapping[str, Any]) -> Any:
    processors: Any = AutoProcessor
    try:
        return processors.from_pretrained(path, local_files_only=True, **options)
    except (OSError, ValueError, ImportError) as error:
        raise DataError(f"cannot load the processor in {path}: {error}") from error
