"""The whole model, of the shape that transformers gives its own vision-language models."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import nn
from transformers import GenerationMixin, PreTrainedModel, Qwen2Config, Qwen2Model
from transformers.modeling_outputs import BaseModelOutputWithPast, CausalLMOutputWithPast

from harness.vlms.molmo.config import MolmoConfig, read_config
from harness.vlms.molmo.connector import VisionBackbone
from harness.vlms.molmo.weights import convert, read_weights

_IMAGE = ("images", "image_masks", "image_input_idx")


class MolmoPreTrainedModel(PreTrainedModel):  # type: ignore[no-untyped-call]
    """What the model with and without the output head share."""

    config_class = MolmoConfig
    base_model_prefix = "model"
    input_modalities = ["image", "text"]
    _no_split_modules = ["Qwen2DecoderLayer", "VisionBackbone"]
    _supports_sdpa = True


class MolmoModel(MolmoPreTrainedModel):  # type: ignore[no-untyped-call]
    """Image encoder, connector and language model; the language model's final norm included."""

    def __init__(self, config: MolmoConfig) -> None:
        super().__init__(config)
        text = config.get_text_config()
        assert isinstance(text, Qwen2Config)
        self.vision_backbone = VisionBackbone(config)
        self.language_model = Qwen2Model(text)
        self.post_init()  # type: ignore[no-untyped-call]

    def get_input_embeddings(self) -> nn.Module:
        """Return the embedding of all tokens, the 128 added ones behind the others."""
        embedding: nn.Module = self.language_model.embed_tokens
        return embedding

    def forward(
        self,
        input_ids: torch.Tensor,
        images: torch.Tensor | None = None,
        image_masks: torch.Tensor | None = None,
        image_input_idx: torch.Tensor | None = None,
        **options: Any,
    ) -> BaseModelOutputWithPast:
        """Run the language model on token ids, with visual features added where they belong.

        Args:
            input_ids: [1, length] token ids.
            images: [crops, patches, pixels].
            image_masks: [crops, patches] share of each patch that is image.
            image_input_idx: [crops, tokens] position of each token in ``input_ids``, negative for
                a token that is not used.
            options: Passed on to the language model.
        """
        embeddings = self.get_input_embeddings()(input_ids)
        if images is not None:
            features = self.vision_backbone(images, image_masks).to(embeddings.device)
            assert image_input_idx is not None
            places = image_input_idx.to(embeddings.device)
            used = places >= 0
            embeddings[0, places[used]] += features[used]
        output: BaseModelOutputWithPast = self.language_model(inputs_embeds=embeddings, **options)
        return output


class MolmoForConditionalGeneration(MolmoPreTrainedModel, GenerationMixin):  # type: ignore[no-untyped-call]
    """The model with its output head, loaded from a checkpoint as it was published."""

    def __init__(self, config: MolmoConfig) -> None:
        super().__init__(config)
        self.model = MolmoModel(config)
        text = config.get_text_config()
        # The head has no rows for the added tokens.
        self.lm_head = nn.Linear(text.hidden_size, config.output_size, bias=False)
        self.post_init()  # type: ignore[no-untyped-call]

    @classmethod
    def from_pretrained(cls, pretrained_model_name_or_path: Any, *_: Any, **options: Any) -> Any:
        """Load a published checkpoint directory, with the options of ``PreTrainedModel``.

        Raises:
            DataError: It is unreadable or another kind of Molmo.
        """
        path = Path(pretrained_model_name_or_path)
        weights = read_weights(path)
        config = read_config(path, weights)
        state = convert(weights, config)
        return super().from_pretrained(None, config=config, state_dict=state, **options)

    def get_decoder(self) -> Qwen2Model:
        """Return the language model without head."""
        decoder: Qwen2Model = self.model.language_model
        return decoder

    def get_input_embeddings(self) -> nn.Module:
        """Return the embedding of all tokens."""
        embedding: nn.Module = self.model.get_input_embeddings()
        return embedding

    def get_output_embeddings(self) -> nn.Module:
        """Return the output head."""
        head: nn.Module = self.lm_head
        return head

    def forward(
        self,
        input_ids: torch.Tensor,
        images: torch.Tensor | None = None,
        image_masks: torch.Tensor | None = None,
        image_input_idx: torch.Tensor | None = None,
        logits_to_keep: int = 0,
        **options: Any,
    ) -> CausalLMOutputWithPast:
        """Run the model; arguments as :meth:`MolmoModel.forward`.

        Args:
            input_ids: [1, length] token ids.
            images: [crops, patches, pixels].
            image_masks: [crops, patches].
            image_input_idx: [crops, tokens].
            logits_to_keep: How many last positions get logits; 0 for all.
            options: Passed on to the language model.
        """
        output = self.model(input_ids, images, image_masks, image_input_idx, **options)
        states = output.last_hidden_state[:, -logits_to_keep:]
        return CausalLMOutputWithPast(
            logits=self.lm_head(states), past_key_values=output.past_key_values
        )

    def prepare_inputs_for_generation(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Give the image to the first step only; later ones have it in the cache."""
        parent: Any = super()
        prepared: dict[str, Any] = parent.prepare_inputs_for_generation(*args, **kwargs)
        if not kwargs.get("is_first_iteration") and kwargs.get("use_cache", True):
            for name in _IMAGE:
                prepared.pop(name, None)
        return prepared
