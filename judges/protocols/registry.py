"""The judging protocols known by name."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from harness.core.errors import unknown_name
from judges.protocols.base import JudgingProtocol

_CELLS: Final = (
    JudgingProtocol(
        name="paper",
        version=1,
        summary="One lens's words at a time, sorted into three lists, with the paper's meanings.",
        template="paper.1.txt.j2",
        unit="cell",
        shows="words",
        order="ranked",
        reply="lists",
    ),
    JudgingProtocol(
        name="paper-strict",
        version=1,
        summary="As paper, but a word that is only related in some way does not count as abstract.",
        template="paper-strict.1.txt.j2",
        unit="cell",
        shows="words",
        order="ranked",
        reply="lists",
    ),
    JudgingProtocol(
        name="sentence",
        version=1,
        summary="One lens's words at a time, each marked in the sentence it was read in.",
        template="sentence.1.txt.j2",
        unit="cell",
        shows="sentences",
        order="ranked",
        reply="verdicts",
    ),
)

_POOLED: Final = JudgingProtocol(
    name="pooled",
    version=1,
    summary="The words of all lenses and layers for a patch at once, shuffled, one verdict each.",
    template="pooled.1.txt.j2",
    unit="pool",
    shows="words",
    order="shuffled",
    reply="verdicts",
    chunk=30,
)

_PROBES: Final = {
    "name": "probe-control",
    "summary": "As pooled, with words said of other images mixed in to measure false positives.",
    "probe_share": 0.2,
}

PROTOCOLS: Final[Mapping[str, JudgingProtocol]] = MappingProxyType(
    {protocol.name: protocol for protocol in (*_CELLS, _POOLED, _POOLED.model_copy(update=_PROBES))}
)
"""Every protocol by name. ``probe-control`` is worded like ``pooled``, so a judge cannot tell."""


def find_protocol(name: str) -> JudgingProtocol:
    """Return the protocol called ``name``.

    Raises:
        UsageError: There is none; near names and all names are listed.
    """
    if name not in PROTOCOLS:
        raise unknown_name("protocol", name, PROTOCOLS)
    return PROTOCOLS[name]
