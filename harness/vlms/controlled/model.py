"""A frozen language model, a frozen encoder and the projector between them, as one module."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import nn

from harness.core.errors import DataError, MismatchError
from harness.core.files import write_bytes_atomic
from harness.core.model_files import model_hash
from harness.vlms.controlled.components import locate, verified
from harness.vlms.controlled.config import (
    MARKERS,
    PATCH,
    WEIGHTS,
    ControlledConfig,
    write_config,
)
from harness.vlms.controlled.encoders import Encoder, load_encoder
from harness.vlms.controlled.projector import Projector
from harness.vlms.loading import parse_placement
from harness.vlms.text import CausalTextModel

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

IGNORED = -100
"""Label of positions without a loss, as transformers has it."""
_SPREAD = 0.02
"""Standard deviation of new markers' first values (Molmo's new_embedding_init_range)."""


@dataclass(frozen=True, slots=True)
class Embedded:
    """The language model's input for a batch, padded on the right."""

    inputs_embeds: torch.Tensor
    """[batch, length, d]."""
    attention_mask: torch.Tensor
    """[batch, length], 1 for tokens and 0 for padding."""
    labels: torch.Tensor
    """[batch, length] ids of caption tokens, -100 elsewhere; not shifted."""
    visual: torch.Tensor
    """[patches] positions of the visual tokens, row by row; the same for the whole batch."""


class ControlledModel(nn.Module):
    """What ``build`` makes; only the projector, the markers and the pad vectors can be trained.

    The trained parts are float32 whatever the type of the language model, since projected
    features can exceed what 16 bits hold.
    """

    borrowed: torch.Tensor
    """Rows [4, d] of the language model's input matrix in place of markers, if so configured."""

    def __init__(
        self, config: ControlledConfig, language_model: CausalTextModel, encoder: Encoder
    ) -> None:
        """Join the parts; first values of the trained ones come from torch's global generator.

        Raises:
            MismatchError: Widths or depth of the parts are not those of the configuration.
            DataError: The tokenizer has neither a start nor an end token.
        """
        super().__init__()
        self.config = config
        self.tokenizer: PreTrainedTokenizerBase = language_model.tokenizer
        self.start_id = _start_id(self.tokenizer, language_model.facts.name)
        _check_parts(config, language_model, encoder)
        self.language_model: Any = language_model.model.requires_grad_(False).eval()
        self.blocks = tuple(language_model.blocks)
        self.encoder = encoder
        self.projector = Projector(config.projector)
        self.markers = nn.ParameterDict()
        if config.marker_ids:
            self.register_buffer("borrowed", self._borrowed(), persistent=False)
        else:
            for name in config.markers:
                self.markers[name] = nn.Parameter(torch.randn(config.hidden_size) * _SPREAD)
        if config.pad_embed:
            self.pad_embed = nn.Parameter(torch.zeros(2, config.projector.in_size))
        self._place()

    @property
    def grid(self) -> tuple[int, int]:
        """Rows and columns of visual tokens."""
        return self.encoder.grid, self.encoder.grid

    def train(self, mode: bool = True) -> ControlledModel:
        """Set the mode of the trained parts; the frozen ones stay in evaluation mode."""
        super().train(mode)
        self.language_model.eval()
        return self

    def features(self, pixels: torch.Tensor) -> torch.Tensor:
        """Return [batch, patches, in_size] of [batch, 3, size, size] pixels, without gradients."""
        return cast(torch.Tensor, self.encoder(pixels))

    def project(self, features: torch.Tensor, real: torch.Tensor) -> torch.Tensor:
        """Return [batch, patches, d] float32 of features and [batch, patches] shares of image."""
        device = self.projector.w1.weight.device
        inputs, share = features.to(device, torch.float32), real.to(device)
        if self.config.pad_embed:
            empty, partial = share == 0, (share > 0) & (share < 1)
            inputs = inputs + empty[..., None] * self.pad_embed[0]
            inputs = inputs + partial[..., None] * self.pad_embed[1]
        projected = cast(torch.Tensor, self.projector(inputs))
        return projected + self._marker(PATCH) if self.config.placeholder else projected

    def embed(
        self,
        features: torch.Tensor,
        real: torch.Tensor,
        prompt_ids: Sequence[int],
        caption_ids: Sequence[Sequence[int]],
    ) -> Embedded:
        """Return the language model's input.

        Args:
            features: [batch, patches, in_size] of :meth:`features`.
            real: [batch, patches] share of each patch that is image.
            prompt_ids: Ids after the image, the same for all.
            caption_ids: Ids to be predicted for each image, its end token among them; empty lists
                to ask for them.
        """
        image, visual = self._image(self.project(features, real))
        batch, head = image.shape[0], 1 + image.shape[1] + len(prompt_ids)
        longest = max(map(len, caption_ids), default=0)
        device = image.device
        text = torch.full((batch, longest), self.start_id, device=device)
        labels = torch.full((batch, head + longest), IGNORED, device=device)
        attends = torch.ones((batch, head + longest), dtype=torch.long, device=device)
        for row, ids in enumerate(caption_ids):
            told = torch.tensor(ids, dtype=torch.long, device=device)
            text[row, : len(ids)] = told
            labels[row, head : head + len(ids)] = told
            attends[row, head + len(ids) :] = 0
        table = self.language_model.get_input_embeddings()
        start = table(torch.tensor([self.start_id], device=device)).expand(batch, 1, -1)
        prompt = torch.tensor(list(prompt_ids), dtype=torch.long, device=device)
        asked = table(prompt).expand(batch, -1, -1)
        parts = (start, image.to(start.dtype), asked, table(text))
        return Embedded(torch.cat(parts, dim=1), attends, labels, visual + 1)

    def forward(
        self,
        features: torch.Tensor,
        real: torch.Tensor,
        prompt_ids: Sequence[int],
        caption_ids: Sequence[Sequence[int]],
    ) -> Any:
        """Run the language model with labels; arguments as :meth:`embed`."""
        given = self.embed(features, real, prompt_ids, caption_ids)
        return self.language_model(
            inputs_embeds=given.inputs_embeds,
            attention_mask=given.attention_mask,
            labels=given.labels,
            use_cache=False,
        )

    def encode_prompt(self, prompt: str) -> list[int]:
        """Return the ids of a text without start and end tokens."""
        ids: list[int] = self.tokenizer(prompt, add_special_tokens=False)["input_ids"]
        return ids

    def trainable(self) -> dict[str, nn.Parameter]:
        """Return the parameters that training changes, by the names they are stored under."""
        return {
            name: parameter
            for name, parameter in self.named_parameters()
            if name.startswith(("projector.", "markers.", "pad_embed"))
        }

    def save(self, folder: Path, config: ControlledConfig | None = None) -> None:
        """Write trained parts and configuration; ``config`` must describe the same model.

        Raises:
            DataError: The disk refuses.
        """
        tensors = {name: p.detach().cpu().contiguous() for name, p in self.trainable().items()}
        write_bytes_atomic(folder / WEIGHTS, save(tensors))
        write_config(folder, config or self.config)

    def load(self, folder: Path) -> None:
        """Read the trained parts of a controlled directory.

        Raises:
            DataError: The file is missing or unreadable, or lacks a tensor; the first is named.
            MismatchError: A tensor has another shape than the configuration says, or is not in it.
        """
        path = folder / WEIGHTS
        try:
            stored = load_file(path)
        except (OSError, SafetensorError) as error:
            raise DataError(f"cannot read {path}: {error}") from error
        own = self.trainable()
        if missing := sorted(own.keys() - stored.keys()):
            raise DataError(f"{path} lacks {len(missing)} tensors, the first is {missing[0]}")
        if foreign := sorted(stored.keys() - own.keys()):
            raise MismatchError(
                f"{path} has {len(foreign)} tensors that its configuration has not, the first is "
                f"{foreign[0]}"
            )
        for name, parameter in own.items():
            if stored[name].shape != parameter.shape:
                raise MismatchError(
                    f"{path}: {name} is {list(stored[name].shape)}, expected "
                    f"{list(parameter.shape)} by its configuration"
                )
            parameter.data.copy_(stored[name])

    def _image(self, projected: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return [batch, length, d] with the markers, and [patches] places of the patches."""
        batch, patches, width = projected.shape
        places = torch.arange(patches, device=projected.device)
        if self.config.sequence == "bare":
            return projected, places
        rows, cols = self.grid
        start, end, col = (self._marker(name) for name in ("im_start", "im_end", "im_col"))
        lines = projected.reshape(batch, rows, cols, width)
        closed = torch.cat([lines, col.expand(batch, rows, 1, width)], dim=2).flatten(1, 2)
        edge = (batch, 1, width)
        framed = torch.cat([start.expand(edge), closed, end.expand(edge)], dim=1)
        return framed, places + places // cols + 1

    def _marker(self, name: str) -> torch.Tensor:
        if self.config.marker_ids:
            return self.borrowed[MARKERS.index(name)]
        return cast(torch.Tensor, self.markers[name])

    def _borrowed(self) -> torch.Tensor:
        """Return the rows [4, d] of the language model's input matrix that serve as markers."""
        weight = self.language_model.get_input_embeddings().weight
        if max(self.config.marker_ids) >= weight.shape[0]:
            raise MismatchError(
                f"marker_ids {self.config.marker_ids}: the language model has {weight.shape[0]} "
                "rows of input"
            )
        return cast(torch.Tensor, weight[list(self.config.marker_ids)].detach().float())

    def _place(self) -> None:
        """Bring the trained parts to the device of the language model's input."""
        device = self.language_model.get_input_embeddings().weight.device
        self.projector.to(device)
        self.markers.to(device)
        for name in ("pad_embed", "borrowed"):
            if (tensor := getattr(self, name, None)) is not None:
                tensor.data = tensor.data.to(device)


def build(
    config: ControlledConfig, folder: Path, dtype: str = "float32", device: str = "cpu"
) -> ControlledModel:
    """Return the model with freshly drawn trained parts; :meth:`ControlledModel.load` reads them.

    Args:
        config: What it is made of.
        folder: Directory that relative paths in ``config`` start from.
        dtype: Type of the frozen parts: float32, bfloat16, float16 or 4bit.
        device: torch device, or auto for all GPUs together.

    Raises:
        UsageError: A part is missing (how to get it), unknown dtype or unavailable device.
        DataError: A part is unreadable or lacks weights.
        MismatchError: The parts do not fit the configuration, or were changed since training.
    """
    placement = parse_placement(dtype, device)
    encoder_path = locate(config.encoder, "encoder", folder)
    model_path = locate(config.language_model, "language_model", folder)
    if config.encoder_hash:
        verified("encoder", model_hash(encoder_path), config.encoder_hash, encoder_path)
    encoder = load_encoder(encoder_path, config.features, config.image, placement)
    language_model = CausalTextModel(model_path, dtype, device)
    found = language_model.facts.weights_hash
    verified("language_model", found, config.language_model_hash, model_path)
    return ControlledModel(config, language_model, encoder)


def _start_id(tokenizer: PreTrainedTokenizerBase, name: str) -> int:
    """Return the id that begins every sequence; models without one use their end token."""
    for found in (tokenizer.bos_token_id, tokenizer.eos_token_id):
        if isinstance(found, int):
            return found
    raise DataError(f"the tokenizer of {name} has neither a start nor an end token")


def _check_parts(config: ControlledConfig, model: CausalTextModel, encoder: Encoder) -> None:
    for what, found, expected in (
        ("the language model's width", model.facts.hidden, config.hidden_size),
        ("the language model's number of blocks", model.facts.layers, config.num_hidden_layers),
        ("the width of the joined features", encoder.out_size, config.projector.in_size),
    ):
        if found != expected:
            raise MismatchError(f"{what} is {found}, but the configuration says {expected}")
