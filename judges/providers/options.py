"""Settings of a model in its name: ``gpt-5:effort=medium:detail=low``."""

from __future__ import annotations

import re
from typing import Literal

from pydantic import Field, ValidationError

from harness.core.errors import UsageError, unknown_name
from harness.core.records import Record
from judges.providers.capabilities import SchemaKind, capabilities


class ApiOptions(Record):
    """How a model is asked, as far as it has the setting; every field shapes its replies."""

    effort: str = "low"
    """Reasoning effort; empty if the model has none."""
    detail: str = "high"
    """Image detail; empty if the interface has none."""
    verbosity: str = "low"
    """Length of the reply; empty if the model has no such setting."""
    max_output_tokens: int = Field(0, ge=0)
    """Most tokens of a reply, hidden reasoning included; 0: what the capability table says."""
    format: SchemaKind | Literal[""] = ""
    """How the reply is held to its layout; empty: the strictest that the model has."""


_OPTION = re.compile(r":([A-Za-z_-]+)=([^:=/]*)$")


def split_model(text: str) -> tuple[str, ApiOptions]:
    """Return the model and its options; only trailing ``:name=value`` parts are options.

    Raises:
        UsageError: if an option is unknown, given twice or not a value of its kind, or if no
            model is left.
    """
    given: dict[str, str] = {}
    rest = text
    while match := _OPTION.search(rest):
        name, value = match.groups()
        if name not in ApiOptions.model_fields:
            raise unknown_name(f"option in judge model {text!r}", name, ApiOptions.model_fields)
        if name in given:
            raise UsageError(f"judge model {text!r} gives {name} twice")
        given[name] = value
        rest = rest[: match.start()]
    if not rest:
        raise UsageError(f"judge {text!r} names no model")
    try:
        return rest, ApiOptions.model_validate(given)
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0])
        raise UsageError(
            f"judge model {text!r}: {name}={given[name]} is not possible: {first['msg']}"
        ) from error


def resolve_options(provider: str, model: str, options: ApiOptions) -> ApiOptions:
    """Return ``options`` as they hold for a model: what it lacks is empty, the rest is explicit.

    Raises:
        UsageError: if an option was given that the model does not accept; lists what it does.
    """
    able = capabilities(provider, model)
    kinds = {
        "json_schema": ("json_schema", "json_object", "none"),
        "json_object": ("json_object", "none"),
        "none": ("none",),
    }[able.schema_kind]
    if provider == "anthropic":
        kinds = tuple(kind for kind in kinds if kind != "json_object")
    return ApiOptions.model_validate(
        {
            "effort": _choose("effort", options, able.efforts, model),
            "detail": _choose("detail", options, able.details, model),
            "verbosity": _choose("verbosity", options, able.verbosities, model),
            "max_output_tokens": options.max_output_tokens or able.max_output_tokens,
            "format": _choose("format", options, kinds, model),
        }
    )


def _choose(name: str, options: ApiOptions, accepted: tuple[str, ...], model: str) -> str:
    """Return the option's value if the model accepts it; else its first, unless it was given."""
    value = str(getattr(options, name))
    if value in accepted:
        return value
    if name in options.model_fields_set and value:
        known = f"accepts {', '.join(accepted)}" if accepted else "has no such setting"
        raise UsageError(f"judge model {model}: {name}={value} is not possible: it {known}")
    return accepted[0] if accepted else ""
