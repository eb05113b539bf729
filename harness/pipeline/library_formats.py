"""Changing the form of a library: its stored type, and to and from the published layout."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.core.errors import DataError, UsageError
from harness.core.model_files import model_hash
from harness.vlms.checkpoint import width
from harness.vlms.registry import text_directory, vlm_path

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

    from lenses.library.store import Library


@dataclass(frozen=True, slots=True)
class TextSide:
    """What of a model a library must fit, read without loading its weights."""

    tokenizer: PreTrainedTokenizerBase
    """Its tokenizer."""
    hidden: int
    """Width of its states."""
    weights_hash: str
    """sha256 of its files."""


def text_side(vlm: str | None, model: str | None) -> TextSide:
    """Read tokenizer, width and hash of a model.

    Args:
        vlm: Registered model or checkpoint folder.
        model: Checkpoint folder of a language model.

    Raises:
        UsageError: Not exactly one of both, or an unknown one.
        DataError: Its files are unreadable.
    """
    if (vlm is None) == (model is None):
        raise UsageError(
            "a published library needs the model it was made with: give --vlm NAME or --model "
            "FOLDER of a language model"
        )
    path = vlm_path(vlm) if vlm is not None else Path(str(model))
    if not (path / "config.json").is_file():
        raise UsageError(f"--model {path}: no checkpoint there; expected a folder with config.json")
    from transformers import AutoTokenizer

    tokenizers: Any = AutoTokenizer
    try:
        tokenizer = tokenizers.from_pretrained(
            text_directory(path), local_files_only=True, trust_remote_code=False
        )
    except (OSError, ValueError, ImportError) as error:
        raise DataError(f"cannot read the tokenizer in {path}: {error}") from error
    return TextSide(tokenizer, width(path), model_hash(path))


def import_published(
    source: str,
    out: Path,
    side: TextSide,
    *,
    revision: str | None,
    model_name: str | None,
    dtype: str | None,
) -> Library:
    """Write a published library as one of ours that belongs to the model of ``side``.

    Width and every token are checked against the model; that the weights are the same is the word
    of whoever calls. Raises as ``read_published``.
    """
    from lenses.library.foreign.published import read_published

    return read_published(
        source,
        out,
        side.tokenizer,
        revision=revision,
        dtype=dtype or "float16",
        model=model_name,
        hidden=side.hidden,
        model_hash=side.weights_hash,
    )
