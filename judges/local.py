"""A judge in this process: a vision-language model of the transformers library."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import Field, ValidationError

from harness.core.errors import UsageError
from harness.core.ids import digest
from harness.core.progress import announce
from harness.core.records import Call, Judgement, Record
from judges.base import JudgeRequest, judgement
from judges.local_files import checkpoint_hash, locate
from judges.local_model import AUTO, LocalModel, Message, picture
from judges.outcome import outcome
from judges.protocols.reading import read_reply
from judges.protocols.wording import prompt_text, repair_text

PREFIX: Final = "local:"
FORM: Final = "local:PATH_OR_HUB_ID[:option=value]"
_OPTION: Final = re.compile(r":(?=[a-z_]+=)")


class LocalOptions(Record):
    """What can be set in the name of a local judge."""

    max_new_tokens: int = Field(2048, ge=1)
    """Longest reply in tokens; one that reaches it without an end is truncated."""
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = "auto"
    """Type the model runs in; auto for the type it was saved in."""
    device: str = AUTO
    """Torch device, such as cpu or cuda:1; auto for the GPUs if there are any, else the CPU."""


class LocalJudge:
    """A vision-language model that looks at both pictures and answers in this process.

    It is found, and downloaded if need be, when the judge is made, and loaded at its first
    question. A reply that does not fit is asked for once more by the protocol's repair request.
    The version covers the model's files and the options that shape a reply.

    Args:
        name: Name as the run names it.
        rest: Directory or hub id, with options behind it.

    Raises:
        UsageError: An option is unknown or its value is wrong, there is no such checkpoint, it is
            neither on this machine nor to be had, or it has no chat template.
    """

    needs_labels: bool = False
    needs_pixels: bool = True

    def __init__(self, name: str, rest: str) -> None:
        self.name = name
        source, self.options = split_options(name, rest)
        self._path = locate(source)
        self._snapshot = checkpoint_hash(self._path)
        self.version = digest([self._snapshot, self.options.model_dump(exclude={"device"})])

    def judge(self, requests: Sequence[JudgeRequest]) -> Iterator[Judgement]:
        """Yield one judgement per request, in order.

        Raises:
            UsageError: Its device does not exist.
            DataError: It cannot be loaded, or memory ran out.
        """
        for request in requests:
            if request.render is None:
                yield judgement(self, request, "refusal", error="no picture to look at")
            else:
                yield outcome(self, request, list(self._calls(request, *request.render())))

    def _calls(self, request: JudgeRequest, boxed: bytes, crop: bytes) -> Iterator[Call]:
        """Yield the first exchange, and the second if the first reply does not fit."""
        text = prompt_text(request.protocol, request.words)
        shown = [picture(boxed), _text(text), picture(crop)]
        chat: list[Message] = [{"role": "user", "content": shown}]
        first = self._exchange(chat)
        yield first
        if first.status != "ok":
            return
        reading = read_reply(request.protocol, request.words, first.raw)
        if reading.status != "ok":
            mend = repair_text(request.protocol, reading.error)
            chat.append({"role": "assistant", "content": [_text(first.raw)]})
            chat.append({"role": "user", "content": [_text(mend)]})
            yield self._exchange(chat)

    def _exchange(self, chat: Sequence[Message]) -> Call:
        model, start = self._model, time.monotonic()
        try:
            said = model.reply(chat)
        except ValueError as error:
            reason = " ".join(str(error).split())
            return Call(status="api_error", error=f"the model refuses this question: {reason}")
        limit = self.options.max_new_tokens
        return Call(
            status="ok" if said.whole else "truncated",
            raw=said.text,
            error="" if said.whole else f"the reply did not end within {limit} tokens",
            snapshot=self._snapshot,
            input_tokens=said.input_tokens,
            output_tokens=said.output_tokens,
            latency_s=time.monotonic() - start,
        )

    @cached_property
    def _model(self) -> LocalModel:
        announce(f"loading judge {self.name}")
        options = self.options
        return LocalModel(
            self._path,
            dtype=options.dtype,
            device=options.device,
            max_new_tokens=options.max_new_tokens,
        )


def split_options(name: str, rest: str) -> tuple[str, LocalOptions]:
    """Return directory or hub id, and options, of what stands behind ``local:``.

    Raises:
        UsageError: An option is unknown, given twice, or its value is wrong.
    """
    if Path(rest).is_dir():
        return rest, LocalOptions()
    source, *parts = _OPTION.split(rest)
    given = [part.partition("=")[::2] for part in parts]
    options = dict(given)
    known = LocalOptions.model_fields
    unknown = [option for option in options if option not in known]
    if unknown or len(options) < len(given):
        problem = f"unknown option {unknown[0]!r}" if unknown else "an option is given twice"
        raise UsageError(f"judge {name!r}: {problem}; expected {FORM}, options: {', '.join(known)}")
    try:
        return source, LocalOptions.model_validate(options)
    except ValidationError as error:
        first = error.errors()[0]
        raise UsageError(
            f"judge {name!r}: {first['loc'][0]} = {first['input']!r}: {first['msg']}"
        ) from error


def _text(text: str) -> Mapping[str, Any]:
    return {"type": "text", "text": text}
