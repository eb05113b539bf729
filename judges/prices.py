"""What a call to a judge model costs: a dated price table that a user's file can correct."""

from __future__ import annotations

import json
import re
import tomllib
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from pydantic import Field, ValidationError

from harness.core.errors import UsageError
from harness.core.records import Call, Record

_MILLION: Final = 1_000_000
_DATE: Final = re.compile(r"-20\d\d-?[01]\d-?[0-3]\d$")
_EXAMPLE: Final = '[models."NAME"] with input = and output = in US dollars per million tokens'


class Price(Record):
    """What one model costs, in US dollars per million tokens."""

    provider: str = ""
    """Who sells it; names such as ``openai/gpt-5`` then find it too."""
    input: float = Field(ge=0, allow_inf_nan=False)
    """Tokens sent. Higher prices of very long prompts do not apply to a judge's questions."""
    cached_input: float | None = Field(None, ge=0, allow_inf_nan=False)
    """Tokens sent that the provider had cached; None if they cost what other tokens cost."""
    output: float = Field(ge=0, allow_inf_nan=False)
    """Tokens received, hidden reasoning included."""
    batch_factor: float = Field(1.0, gt=0, le=1, allow_inf_nan=False)
    """Share of these prices that is paid for a call of a batch."""


class _PriceFile(Record):
    """Layout of the shipped table and of a user's file."""

    date: str = ""
    source: str = ""
    models: dict[str, Price]


class PriceTable(Record):
    """Prices by model, with where they come from."""

    date: str
    """Month the shipped prices were looked up, such as ``2026-11``."""
    source: str
    """Where the prices were looked up, and the user's file if there is one."""
    prices: dict[str, Price]
    """Model to its price."""

    def find(self, model: str) -> Price | None:
        """Return the price of ``model``, or None if it is not known; it is never guessed.

        A name is found as it is, without the date of its snapshot (``-2025-08-07``,
        ``-20250929``), or without the provider in front if that is the provider of the entry
        (``openai/gpt-5``). Similar names are other models: ``gpt-5-mini`` is not ``gpt-5``.
        """
        for name in (model, _DATE.sub("", model)):
            if name in self.prices:
                return self.prices[name]
            provider, _, bare = name.partition("/")
            price = self.prices.get(bare)
            if price is not None and price.provider == provider:
                return price
        return None

    def require(self, model: str) -> Price:
        """Return the price of ``model``.

        Raises:
            UsageError: It is not known, so that no limit of costs can be kept.
        """
        price = self.find(model)
        if price is None:
            raise UsageError(
                f"no price for model {model!r} in the table of {self.date}, so its cost cannot be "
                f"limited; give it in a price file: {_EXAMPLE}, or leave the limit out"
            )
        return price


def load_prices(override: Path | None = None) -> PriceTable:
    """Return the shipped prices, corrected entry by entry by a user's file.

    Args:
        override: JSON or TOML file with a table ``models``: model to ``input``, ``output`` and, if
            wanted, ``cached_input``, ``batch_factor`` and ``provider``; 0 for a model of one's own.
            An entry replaces the shipped one whole.

    Raises:
        UsageError: The file is missing, unreadable, or not of this layout; names model and field.
    """
    text = files("judges").joinpath("prices.json").read_text(encoding="utf-8")
    shipped = _PriceFile.model_validate_json(text)
    if override is None:
        return PriceTable(date=shipped.date, source=shipped.source, prices=shipped.models)
    own = _read(override)
    named = f"{override} of {own.date}" if own.date else str(override)
    return PriceTable(
        date=shipped.date,
        source=f"{shipped.source}; {', '.join(own.models) or 'nothing'} from {named}",
        prices=shipped.models | own.models,
    )


def call_cost(price: Price | None, call: Call, *, batch: bool = False) -> float | None:
    """Return what ``call`` cost in US dollars; None if the price is not known, never 0 for that.

    Tokens are charged as the provider counted them, whether or not the reply was of use.
    """
    cached = min(call.cached_tokens, call.input_tokens)
    fresh = call.input_tokens - cached
    return token_cost(price, fresh, call.output_tokens, cached=cached, batch=batch)


def token_cost(
    price: Price | None, sent: float, received: float, *, cached: float = 0, batch: bool = False
) -> float | None:
    """Return the price of tokens in US dollars; None if the price of the model is not known.

    Args:
        price: Price of the model.
        sent: Tokens sent, without cached ones.
        received: Tokens received, hidden reasoning included.
        cached: Tokens sent that the provider had cached.
        batch: Whether they belong to a batch.
    """
    if price is None:
        return None
    cached_price = price.input if price.cached_input is None else price.cached_input
    full = sent * price.input + cached * cached_price + received * price.output
    return full / _MILLION * (price.batch_factor if batch else 1.0)


def _read(path: Path) -> _PriceFile:
    try:
        return _PriceFile.model_validate(_parse(path))
    except ValidationError as error:
        first = error.errors()[0]
        place = _place([str(part) for part in first["loc"]])
        raise UsageError(
            f"price file {path}: {place}: {first['msg'][:1].lower()}{first['msg'][1:]}; "
            f"expected {_EXAMPLE}"
        ) from error


def _parse(path: Path) -> Any:
    try:
        text = path.read_text(encoding="utf-8")
        return json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
    except (OSError, UnicodeDecodeError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise UsageError(
            f"cannot read prices from {path}: {reason}; expected a TOML or .json file: {_EXAMPLE}"
        ) from error


def _place(where: list[str]) -> str:
    """Return where in the file a problem is: the model and its field, or the table at fault."""
    if len(where) < 2 or where[0] != "models":
        return ".".join(where) or "whole file"
    field = f", {'.'.join(where[2:])}" if where[2:] else ""
    return f"model {where[1]!r}{field}"
