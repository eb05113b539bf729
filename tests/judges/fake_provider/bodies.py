"""Request bodies field by field, as the three interfaces accept them; all else is refused."""

from __future__ import annotations

import binascii
from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tests.judges.fake_provider.asked import Asked, find_layout, find_words
from tests.judges.fake_provider.models import ANTHROPIC, OPENAI, SERVED, Model
from tests.judges.fake_provider.png import png_size

Body = TypeVar("Body", bound=BaseModel)


class BadBodyError(Exception):
    """A request that is refused."""

    def __init__(self, status: int, message: str, *, code: str = "", param: str = "") -> None:
        super().__init__(message)
        self.status, self.message, self.code, self.param = status, message, code, param


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class _InputText(_Strict):
    type: Literal["input_text"]
    text: str = Field(min_length=1)


class _InputImage(_Strict):
    type: Literal["input_image"]
    image_url: str
    detail: Literal["low", "high", "auto", "original"]


class _UserTurn(_Strict):
    role: Literal["user", "assistant"]
    content: str | list[Annotated[_InputText | _InputImage, Field(discriminator="type")]]


class _JsonSchema(_Strict):
    name: str = Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")
    schema_: dict[str, Any] = Field(alias="schema")
    strict: bool


class _TextSchema(_JsonSchema):
    type: Literal["json_schema"]


class _JsonObject(_Strict):
    type: Literal["json_object"]


class _Text(_Strict):
    format: Annotated[_TextSchema | _JsonObject, Field(discriminator="type")] | None = None
    verbosity: Literal["low", "medium", "high"] = "medium"


class _Reasoning(_Strict):
    effort: str


class ResponsesBody(_Strict):
    """POST /v1/responses."""

    model: str
    input: list[_UserTurn] = Field(min_length=1)
    max_output_tokens: int = Field(ge=16)
    store: bool = True
    text: _Text = _Text()
    reasoning: _Reasoning | None = None
    temperature: float | None = Field(None, ge=0, le=2)


class _ChatText(_Strict):
    type: Literal["text"]
    text: str = Field(min_length=1)


class _ImageUrl(_Strict):
    url: str
    detail: Literal["low", "high", "auto"] = "auto"


class _ChatImage(_Strict):
    type: Literal["image_url"]
    image_url: _ImageUrl


class _ChatTurn(_Strict):
    role: Literal["user", "assistant"]
    content: str | list[Annotated[_ChatText | _ChatImage, Field(discriminator="type")]]


class _ChatSchema(_Strict):
    type: Literal["json_schema"]
    json_schema: _JsonSchema


class ChatBody(_Strict):
    """POST /v1/chat/completions."""

    model: str
    messages: list[_ChatTurn] = Field(min_length=1)
    max_tokens: int = Field(ge=1)
    response_format: Annotated[_ChatSchema | _JsonObject, Field(discriminator="type")] | None = None
    temperature: float | None = Field(None, ge=0, le=2)
    reasoning_effort: str | None = None


class _Source(_Strict):
    type: Literal["base64"]
    media_type: Literal["image/png"]
    data: str


class _Transformations(_Strict):
    oversized_image: Literal["downsize", "error"] = "downsize"


class _ImageBlock(_Strict):
    type: Literal["image"]
    source: _Source
    transformations: _Transformations = _Transformations()


class _Turn(_Strict):
    role: Literal["user", "assistant"]
    content: str | list[Annotated[_ChatText | _ImageBlock, Field(discriminator="type")]]


class _OutputFormat(_Strict):
    type: Literal["json_schema"]
    schema_: dict[str, Any] = Field(alias="schema")


class _OutputConfig(_Strict):
    format: _OutputFormat | None = None
    effort: str | None = None


class MessagesBody(_Strict):
    """POST /v1/messages."""

    model: str
    max_tokens: int = Field(ge=1)
    messages: list[_Turn] = Field(min_length=1)
    output_config: _OutputConfig = _OutputConfig()


def read_responses(body: Any, models: Mapping[str, Model] = OPENAI) -> Asked:
    """Return what a body for the Responses interface asks; raise BadBodyError if it is refused."""
    parsed = _parse(ResponsesBody, body)
    model = _served(models, parsed.model)
    if parsed.temperature is not None and not model.temperature:
        _unsupported("temperature", "unsupported_parameter")
    if parsed.reasoning is not None:
        _check_effort(model, parsed.reasoning.effort, "reasoning.effort")
    if parsed.text.verbosity != "medium" and not model.verbosity:
        _unsupported("text.verbosity", "unsupported_value")
    schema = None
    if isinstance(parsed.text.format, _TextSchema):
        schema = parsed.text.format.schema_
        _check_schema(schema, all_required=True)
    text, images = _first_turn(parsed.input[0].content)
    return _asked("responses", parsed.model, text, images, schema, body, parsed.max_output_tokens)


def read_chat(body: Any, models: Mapping[str, Model] = SERVED) -> Asked:
    """Return what a body for chat completions asks; raise BadBodyError if it is refused."""
    parsed = _parse(ChatBody, body)
    model = _served(models, parsed.model)
    if parsed.temperature is not None and not model.temperature:
        _unsupported("temperature", "unsupported_value")
    if parsed.reasoning_effort is not None:
        _check_effort(model, parsed.reasoning_effort, "reasoning_effort")
    schema = None
    if isinstance(parsed.response_format, _ChatSchema):
        schema = parsed.response_format.json_schema.schema_
        _check_schema(schema, all_required=True)
    text, images = _first_turn(parsed.messages[0].content)
    return _asked("chat", parsed.model, text, images, schema, body, parsed.max_tokens)


def read_messages(body: Any, models: Mapping[str, Model] = ANTHROPIC) -> Asked:
    """Return what a body for the Messages interface asks; raise BadBodyError if it is refused."""
    parsed = _parse(MessagesBody, body)
    model = _served(models, parsed.model)
    if parsed.messages[-1].role != "user":
        raise BadBodyError(400, "This model does not support assistant message prefill.")
    if parsed.output_config.effort is not None:
        _check_effort(model, parsed.output_config.effort, "output_config.effort")
    schema = None
    if parsed.output_config.format is not None:
        schema = parsed.output_config.format.schema_
        _check_schema(schema, all_required=False)
    text, images = _first_turn(parsed.messages[0].content)
    for number, image in enumerate(images):
        width, height = png_size(image)
        if max(width, height) > model.max_image_side:
            raise BadBodyError(
                400,
                f"messages.0.content.{number}.image: image dimensions {width}x{height} exceed the "
                f"largest that fits, {model.max_image_side}",
            )
    return _asked("messages", parsed.model, text, images, schema, body, parsed.max_tokens)


# Where content may be text or parts, both tries are listed; the telling one is of the parts.
_ORDER = {"extra_forbidden": 0, "missing": 1}


def _parse(kind: type[Body], body: Any) -> Body:
    try:
        return kind.model_validate(body)
    except ValidationError as error:
        first = min(error.errors(), key=lambda found: _ORDER.get(found["type"], 2))
        param = ".".join(str(part) for part in first["loc"])
        code = {"extra_forbidden": "unknown_parameter", "missing": "missing_required_parameter"}
        message = f"{param}: {first['msg']}"
        known = code.get(first["type"], "invalid_value")
        raise BadBodyError(400, message, code=known, param=param) from error


def _served(models: Mapping[str, Model], name: str) -> Model:
    if name not in models:
        raise BadBodyError(
            404, f"The model `{name}` does not exist.", code="model_not_found", param="model"
        )
    return models[name]


def _check_effort(model: Model, effort: str, param: str) -> None:
    if not model.efforts:
        _unsupported(param, "unsupported_parameter")
    if effort not in model.efforts:
        _unsupported(param, "unsupported_value")


def _unsupported(param: str, code: str) -> None:
    message = f"Unsupported parameter: '{param}' is not supported with this model."
    raise BadBodyError(400, message, code=code, param=param)


def _check_schema(schema: Any, *, all_required: bool) -> None:
    """Refuse a JSON schema that leaves something open, wherever it is nested."""
    if isinstance(schema, list):
        for item in schema:
            _check_schema(item, all_required=all_required)
    if not isinstance(schema, dict):
        return
    if schema.get("type") == "object":
        fields = schema.get("properties", {})
        closed = schema.get("additionalProperties") is False
        if not closed or (all_required and set(schema.get("required", ())) != set(fields)):
            message = "Invalid schema: additionalProperties must be false and all keys required"
            raise BadBodyError(400, message, code="invalid_json_schema", param="text.format.schema")
    for value in schema.values():
        _check_schema(value, all_required=all_required)


def _first_turn(content: Any) -> tuple[str, tuple[bytes, ...]]:
    """Return text and pictures of the question."""
    if isinstance(content, str):
        return content, ()
    texts = [part.text for part in content if hasattr(part, "text")]
    images = []
    for number, part in enumerate(content):
        if hasattr(part, "text"):
            continue
        if isinstance(part, _ImageBlock):
            encoded = part.source.data
        else:
            url = part.image_url if isinstance(part.image_url, str) else part.image_url.url
            prefix = "data:image/png;base64,"
            if not url.startswith(prefix):
                raise BadBodyError(400, "Invalid image.", code="invalid_image_url")
            encoded = url.removeprefix(prefix)
        try:
            image = binascii.a2b_base64(encoded, strict_mode=True)
            png_size(image)
        except ValueError as error:
            raise BadBodyError(400, f"content {number}: bad image: {error}") from error
        images.append(image)
    return "\n".join(texts), tuple(images)


def _asked(
    api: Literal["responses", "chat", "messages"],
    model: str,
    text: str,
    images: tuple[bytes, ...],
    schema: Mapping[str, Any] | None,
    body: Any,
    most_tokens: int,
) -> Asked:
    turns = body["input"] if api == "responses" else body["messages"]
    return Asked(
        api=api,
        model=model,
        text=text,
        words=find_words(text),
        images=images,
        layout=find_layout(text, schema),
        mend=len(turns) > 1,
        most_tokens=most_tokens,
    )
