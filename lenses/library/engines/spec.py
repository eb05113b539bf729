"""Names of faiss engines, such as ``faiss:flat`` or ``faiss:ivf1024,nprobe=32``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, cast, get_args

from harness.core.errors import UsageError, unknown_name

EXACT = "exact"
"""The engine of our own, whose answers are proven (``lenses.topk``)."""

PREFIX = "faiss:"
"""What the name of every engine of this folder begins with."""

Kind = Literal["flat", "ivf", "sq8", "pq"]
"""``flat``: all vectors as float32; ``ivf``: the same, but only some cells of them are visited;
``sq8``: a byte per value; ``pq``: a byte per few values."""

_SIZED = ("ivf", "pq")
_OPTIONS: dict[str, tuple[str, ...]] = {
    "flat": (),
    "ivf": ("nprobe",),
    "sq8": ("refine",),
    "pq": ("refine",),
}
_NAME = re.compile(r"(sq8|[a-z]+)(\d*)")
_OPTION = re.compile(r"([a-z]+)=(\d+)")
_REFINE: dict[str, int] = {"flat": 1, "ivf": 1, "sq8": 16, "pq": 64}


@dataclass(frozen=True, slots=True)
class FaissSpec:
    """What an engine's name asks for."""

    kind: Kind
    """Kind of index."""
    size: int | None
    """``ivf``: cells; ``pq``: bytes per vector. None leaves the choice to the engine."""
    nprobe: int | None
    """``ivf``: cells visited per query. None leaves the choice to the engine."""
    refine: int
    """Candidates rescored exactly, as a multiple of k."""


def parse_spec(text: str) -> FaissSpec:
    """Read ``faiss:KIND[SIZE][,nprobe=N][,refine=N]``.

    The kinds are ``flat``, ``ivf`` (size: cells; option ``nprobe``), ``sq8`` (option ``refine``)
    and ``pq`` (size: bytes per vector; option ``refine``).

    Raises:
        UsageError: Another form, an unknown kind or option, or a number that is not positive.
    """
    name, *options = text.removeprefix(PREFIX).split(",")
    matched = _NAME.fullmatch(name)
    if not text.startswith(PREFIX) or matched is None or matched[1] not in get_args(Kind):
        known = (EXACT, *(PREFIX + kind for kind in get_args(Kind)))
        raise unknown_name("search engine", text, known)
    kind = cast(Kind, matched[1])
    if matched[2] and kind not in _SIZED:
        raise UsageError(f"search engine {text!r}: {kind} takes no size, only ivf and pq do")
    given = dict(_option(text, kind, option) for option in options)
    size = int(matched[2]) if matched[2] else None
    spec = FaissSpec(kind, size, given.get("nprobe"), given.get("refine", _REFINE[kind]))
    if 0 in (spec.size, spec.nprobe, spec.refine):
        raise UsageError(f"search engine {text!r}: numbers must be at least 1")
    return spec


def _option(text: str, kind: str, option: str) -> tuple[str, int]:
    matched = _OPTION.fullmatch(option)
    allowed = _OPTIONS[kind]
    if matched is None or matched[1] not in allowed:
        known = " or ".join(f"{name}=N" for name in allowed) or "no option"
        raise UsageError(f"search engine {text!r}: {option!r}: {kind} takes {known}")
    return matched[1], int(matched[2])
