"""Under which name a model stands in the published tables."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from harness.core.errors import UsageError, unknown_name
from reports.published.paper import Paper

_ENCODERS: Final = {
    "clip-l": "clip-l-14-336",
    "dinov2-l": "dinov2-large",
    "siglip": "siglip-so400m",
}
_HUB: Final = {
    "allenai/Molmo-7B-D-0924": "molmo-7b-d",
    "allenai/Molmo-72B-0924": "molmo-72b",
    "llava-hf/llava-1.5-7b-hf": "llava-1.5-7b",
    "llava-hf/llava-v1.6-34b-hf": "llava-next-34b",
    "Qwen/Qwen2-VL-7B-Instruct": "qwen2-vl-7b",
    "Qwen/Qwen2.5-VL-32B-Instruct": "qwen2.5-vl-32b",
}

_NAMES: Final[Mapping[str, str]] = MappingProxyType(
    {hub.casefold(): name for hub, name in _HUB.items()}
    | {name: name for name in _HUB.values()}
    | {
        f"{language}+{alias}": f"{language}+{encoder}"
        for language in ("olmo-7b", "llama3-8b", "qwen2-7b")
        for short, encoder in _ENCODERS.items()
        for alias in (short, encoder)
    }
)
"""Registered name, hub id or published name, case folded, to the published name."""


def published_name(model: str) -> str | None:
    """Return the published name of a model as a run names it; None if the paper has none.

    A registered name, the published name itself and a hub id are known, the last with or without
    ``@revision``.
    """
    return _NAMES.get(model.partition("@")[0].casefold())


def find_published(model: str, paper: Paper) -> str:
    """Return the published name of ``model``.

    Raises:
        UsageError: The paper has no such model; near names are given.
    """
    models = published_models(paper)
    found = published_name(model)
    if found is None and model in models:
        found = model
    if found in models:
        return str(found)
    message = str(unknown_name("published model", model, models))
    raise UsageError(f"{message}; name the one to compare with by --model NAME")


def published_models(paper: Paper) -> tuple[str, ...]:
    """Return all models with a published rate, in the order of the tables."""
    return tuple(dict.fromkeys(cell.model for cell in paper.cells if cell.variant == "none"))
