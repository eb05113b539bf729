"""A vision-language model of the transformers library in this process: messages in, text out."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeAlias

from harness.core.errors import DataError

Message: TypeAlias = Mapping[str, Any]
"""A turn of a chat as transformers' templates take it: role, and content part by part."""

AUTO: Final = "auto"
_LOWER: Final = (
    "take a smaller model, another type (:dtype=bfloat16) or another device (:device=cuda:1); what "
    "is answered is kept"
)


@dataclass(frozen=True, slots=True)
class Generated:
    """What a model said, and how much of it."""

    text: str
    """The reply without special tokens."""
    whole: bool
    """Whether the model ended it by itself rather than at the limit."""
    input_tokens: int
    """Tokens of the chat so far, those of the pictures included."""
    output_tokens: int
    """Tokens of the reply."""


class LocalModel:
    """A checkpoint that is loaded and ready to answer, always in the same way (greedy search).

    Args:
        path: Checkpoint directory; nothing is fetched from a network.
        dtype: float32, bfloat16, float16, or auto for the type it was saved in.
        device: A torch device; auto for the GPUs if there are any, else the CPU.
        max_new_tokens: Longest reply.

    Raises:
        UsageError: There is no such device.
        DataError: It is unreadable, lacks weights, or does not fit into memory.
    """

    def __init__(self, path: Path, *, dtype: str, device: str, max_new_tokens: int) -> None:
        self._processor = _load_processor(path)
        self._model = _load_model(path, dtype, device)
        self._control = _control_tokens(self._processor)
        self._limit = max_new_tokens
        self._ends = self._settle_generation()

    def reply(self, messages: Sequence[Message]) -> Generated:
        """Return the model's reply to a chat that ends with the user's turn.

        What is said in the messages stays text: a word that reads like a control token or like
        the place of a picture is not taken for one, its first character is written as a JSON
        escape. Words are shown as JSON strings, so it still means the same word.

        Raises:
            DataError: Memory ran out.
            ValueError: The processor or the model refuses the chat or its pictures.
        """
        import torch

        from harness.vlms.loading import out_of_memory

        with torch.inference_mode(), out_of_memory("answering", _LOWER), _refusals():
            batch = self._processor.apply_chat_template(
                [self._as_data(message) for message in messages],
                add_generation_prompt=True,
                tokenize=True,
                return_dict=True,
                return_tensors="pt",
            ).to(self._model.device, dtype=self._model.dtype)
            asked = batch["input_ids"].shape[1]
            said = self._model.generate(**batch)[0, asked:].tolist()
        return Generated(
            text=self._processor.tokenizer.decode(said, skip_special_tokens=True),
            whole=len(said) < self._limit or said[-1] in self._ends,
            input_tokens=asked,
            output_tokens=len(said),
        )

    def _as_data(self, message: Message) -> Message:
        parts = [
            {**part, "text": self._control.sub(_escaped, part["text"])}
            if part["type"] == "text"
            else part
            for part in message["content"]
        ]
        return {**message, "content": parts}

    def _settle_generation(self) -> frozenset[int]:
        """Replace the checkpoint's sampling by greedy search and return the end tokens."""
        from transformers import GenerationConfig

        tokenizer, own = self._processor.tokenizer, self._model.generation_config
        stated = own.eos_token_id if own.eos_token_id is not None else tokenizer.eos_token_id
        ends = [] if stated is None else [stated] if isinstance(stated, int) else list(stated)
        pad = next(
            (i for i in (tokenizer.pad_token_id, own.pad_token_id, *ends) if i is not None), 0
        )
        configs: Any = GenerationConfig
        self._model.generation_config = configs(
            do_sample=False,
            num_beams=1,
            max_new_tokens=self._limit,
            bos_token_id=own.bos_token_id,
            eos_token_id=ends or None,
            pad_token_id=pad,
        )
        return frozenset(ends)


def picture(png: bytes) -> Mapping[str, Any]:
    """Return the part of a message that shows a picture."""
    from PIL import Image

    return {"type": "image", "image": Image.open(io.BytesIO(png)).convert("RGB")}


def _control_tokens(processor: Any) -> re.Pattern[str]:
    """Return what matches the texts that the processor reads as something else than text."""
    added = processor.tokenizer.added_tokens_decoder.values()
    found = {token.content for token in added if token.special}
    found |= {getattr(processor, f"{kind}_token", None) or "" for kind in ("image", "video")}
    longest_first = sorted(filter(None, found), key=len, reverse=True)
    return re.compile("|".join(map(re.escape, longest_first)) or "(?!)")


def _escaped(token: re.Match[str]) -> str:
    first = token[0][0].encode("utf-16-be").hex()
    return re.sub("(....)", r"\\u\1", first) + token[0][1:]


@contextmanager
def _refusals() -> Iterator[None]:
    """Turn what a chat template raises about a chat it is not made for into a ValueError."""
    from jinja2 import TemplateError

    try:
        yield
    except TemplateError as error:
        raise ValueError(f"its chat template refuses the chat: {error}") from error


def _load_processor(path: Path) -> Any:
    from transformers import AutoProcessor

    from harness.vlms.loading import brief

    processors: Any = AutoProcessor
    try:
        processor = processors.from_pretrained(path, local_files_only=True, trust_remote_code=False)
    except (OSError, ValueError, ImportError) as error:
        raise DataError(f"cannot load the processor in {path}: {brief(error)}") from error
    if getattr(processor, "image_processor", None) is None:
        raise DataError(f"{path} has no image processor, so the model cannot be shown pictures")
    return processor


def _load_model(path: Path, dtype: str, device: str) -> Any:
    from transformers import AutoConfig, AutoModelForImageTextToText

    from harness.vlms.loading import Placement, load_model, parse_dtype

    if dtype == AUTO:
        config = AutoConfig.from_pretrained(path, local_files_only=True, trust_remote_code=False)
        saved = str(getattr(config, "dtype", None) or "float32")
        dtype = saved.removeprefix("torch.")
    placement = Placement(parse_dtype(dtype), _place(device))
    return load_model(AutoModelForImageTextToText, path, placement, _LOWER)


def _place(device: str) -> Any:
    """Return the torch device of a name; None to spread the model over several GPUs."""
    import torch

    from harness.vlms.loading import parse_device

    if device == AUTO:
        count = torch.cuda.device_count()
        return None if count > 1 else torch.device("cuda" if count else "cpu")
    return parse_device(device)
