"""Lens options in a lens's name: ``latent:centred:dedup=word`` is latent with two options.

A lens class names the record of its options in the attribute ``options`` and is called with one.
A flag is written alone, a list with ``+`` between its items (``layers=4+8``).
"""

from __future__ import annotations

from typing import Literal, TypeVar

from pydantic import Field, ValidationError

from harness.core.errors import UsageError, unknown_name
from harness.core.records import Record

R = TypeVar("R", bound=Record)


class LatentOptions(Record):
    """Options of LatentLens."""

    layers: tuple[int, ...] = ()
    """Contextual layers to search; none for all that the library holds."""
    same_layer: bool = False
    """Search the one contextual layer that is nearest to the visual layer, the lower of two."""
    dedup: Literal["none", "word", "phrase"] = "none"
    """Keep only the best row of each word (case ignored) or of each phrase."""
    centred: bool = False
    """Subtract each contextual layer's mean unit vector from its rows and from the query."""
    fraction: float = Field(1.0, gt=0, le=1)
    """Use the library of this share of the corpus' phrases."""


class VocabularyOptions(Record):
    """Options of LogitLens and EmbeddingLens."""

    matched: bool = False
    """Search only tokens that occur in the reference library, as LatentLens does."""


def split_name(name: str) -> tuple[str, tuple[str, ...]]:
    """Return the lens and its options in a name such as ``latent:same-layer``."""
    base, *given = name.split(":")
    return base, tuple(given)


def parse_options(name: str, given: tuple[str, ...], options: type[R]) -> R:
    """Return the options written in a lens's name.

    Args:
        name: The whole name, for messages.
        given: Its parts after the lens, such as ``dedup=word``.
        options: Record of the options there are.

    Raises:
        UsageError: An unknown option, one given twice, or a value that is not accepted.
    """
    values: dict[str, object] = {}
    for part in given:
        key, separator, value = part.partition("=")
        field = key.replace("-", "_")
        if field not in options.model_fields:
            known = [known.replace("_", "-") for known in options.model_fields]
            raise UsageError(f"lens {name!r}: {unknown_name('option', key, known)}")
        if field in values:
            raise UsageError(f"lens {name!r}: option {key!r} is given twice")
        many = options.model_fields[field].annotation == tuple[int, ...]
        values[field] = value.split("+") if many else value if separator else True
    try:
        return options.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        key = str(first["loc"][0]).replace("_", "-")
        raise UsageError(
            f"lens {name!r}: option {key} = {first['input']!r}: {first['msg']}"
        ) from error
