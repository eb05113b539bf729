"""What a controlled model is made of: the ``config.json`` of its directory."""

from __future__ import annotations

from pathlib import Path
from typing import Final, Literal, Self

from pydantic import ValidationError, model_validator

from harness.core.errors import DataError
from harness.core.files import write_json_atomic
from harness.core.records import Record

MODEL_TYPE: Final = "lensbench_controlled"
"""``model_type`` of a controlled directory."""
CONFIG: Final = "config.json"
WEIGHTS: Final = "projector.safetensors"
COMPONENTS: Final = "components"
"""Folder for parts that are kept inside the directory; any other place will do as well."""
PATCH: Final = "im_patch"
MARKERS: Final = ("im_start", "im_end", PATCH, "im_col")
"""Marker tokens in the order of Molmo's extra vocabulary; ``im_patch`` is the placeholder."""


class ImageSettings(Record):
    """How an image becomes the encoder's square input; every value is explicit."""

    mode: Literal["pad", "squash", "crop"]
    """Keep the shape and pad with black, stretch, or resize the short side and cut the centre."""
    size: int
    """Side of the input in pixels."""
    resample: Literal["bilinear", "bicubic"]
    """Interpolation of the resizing."""
    antialias: bool
    """Whether the kernel is widened when the image shrinks."""
    whole_levels: bool
    """Whether resized values are rounded to whole levels 0 to 255, as 8-bit resizing does."""
    mean: tuple[float, float, float]
    """Subtracted from red, green and blue in 0 to 1; padding is black before that."""
    std: tuple[float, float, float]
    """Divisors after the subtraction."""
    position_offset: float = 0.0
    """Added to rows and columns where DINOv2's position embedding is resized (0.1 in its code)."""


class ProjectorSettings(Record):
    """Kind and sizes of the map from patch features to the language model's input."""

    kind: Literal["gated", "mlp", "linear"]
    """Gated (SwiGLU) with three matrices, two layers with GELU, or one matrix."""
    in_size: int
    """Width of the concatenated features."""
    hidden_size: int = 0
    """Rows of the first matrix; 0 for linear. Half of what Molmo's files call mlp_hidden_size."""
    out_size: int
    """Width of the language model."""
    bias: bool = False
    """Whether the matrices have biases."""


class ControlledConfig(Record):
    """A frozen language model and a frozen encoder joined by a trained projector."""

    model_type: Literal["lensbench_controlled"] = MODEL_TYPE
    """Marks the directory for the registry of families."""
    schema_version: Literal[1] = 1
    """Version of this record's layout."""
    language_model: str
    """Hub id, path, or path relative to the directory."""
    encoder: str
    """Hub id, path, or path relative to the directory, of the vision model."""
    language_model_hash: str = ""
    """sha256 (``model_hash``) of the language model trained with; empty if not recorded."""
    encoder_hash: str = ""
    """sha256 (``model_hash``) of the encoder trained with; empty if not recorded."""
    num_hidden_layers: int
    """Blocks of the language model."""
    hidden_size: int
    """Width of the language model."""
    features: tuple[int, ...]
    """Encoder layers joined per patch, in order: i for the output of i blocks, -1 for the last."""
    image: ImageSettings
    """Preprocessing."""
    projector: ProjectorSettings
    """Projector."""
    sequence: Literal["rows", "bare"]
    """Start, image start, rows of patches each closed by a column marker, image end, prompt; or
    start, patches, prompt."""
    prompt: str
    """Text after the image, taken as it is."""
    placeholder: bool
    """Whether projected features are added to a learned placeholder or stand alone."""
    pad_embed: bool
    """Whether learned vectors are added to the features of padded and half padded patches."""
    marker_ids: tuple[int, ...] = ()
    """Rows of the language model's input matrix that serve as the markers, in the order of
    ``MARKERS``; empty if markers are stored with the projector."""
    provenance: str
    """One sentence on what it is and was trained on, shown in report headers."""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.projector.out_size != self.hidden_size:
            raise ValueError(
                f"projector.out_size {self.projector.out_size} is not the language model's "
                f"hidden_size {self.hidden_size}"
            )
        if not self.features:
            raise ValueError("features: expected at least one encoder layer")
        if len(self.marker_ids) not in (0, len(MARKERS)):
            raise ValueError(f"marker_ids: expected none or {len(MARKERS)} ids")
        if (self.projector.kind == "linear") != (self.projector.hidden_size == 0):
            raise ValueError("projector.hidden_size: expected 0 for linear, more for others")
        return self

    @property
    def markers(self) -> tuple[str, ...]:
        """Names of the marker embeddings in use."""
        names = MARKERS if self.sequence == "rows" else (PATCH,)
        return tuple(name for name in names if name != PATCH or self.placeholder)


def read_config(folder: Path) -> ControlledConfig:
    """Return the configuration of a controlled directory.

    Raises:
        DataError: It is missing, unreadable, or a field is wrong; the first one is named.
    """
    path = folder / CONFIG
    try:
        return ControlledConfig.model_validate_json(path.read_bytes())
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror}") from error
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"]) or "the record"
        raise DataError(f"{path}: {field}: {first['msg']}") from error


def write_config(folder: Path, config: ControlledConfig) -> None:
    """Write the configuration atomically; DataError if the disk refuses."""
    write_json_atomic(folder / CONFIG, config, readable=True)
