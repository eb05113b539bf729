"""What lenses said, as judges are asked about it: one question per distinct cell."""

from __future__ import annotations

from harness.pipeline.context import RunContext
from judges.protocols.base import JudgingProtocol, Question
from judges.protocols.marking import mark

CellName = tuple[str, int, str]
"""Lens, layer and patch id."""


def shown_texts(context: RunContext, protocol: JudgingProtocol) -> list[str]:
    """Return what a judge is shown of every row of the description table."""
    columns = context.descriptions
    if protocol.shows == "words":
        return list(columns["word"])
    names = ("context", "start", "end", "word")
    return [mark(*row) for row in zip(*(columns[name] for name in names), strict=True)]


def cells(context: RunContext, protocol: JudgingProtocol) -> dict[CellName, Question]:
    """Return the question of every cell, in the order of the description table."""
    names = ("lens", "layer", "patch_id", "rank")
    columns = [context.descriptions[name] for name in names]
    found: dict[CellName, dict[int, str]] = {}
    for lens, layer, patch_id, rank, text in zip(
        *columns, shown_texts(context, protocol), strict=True
    ):
        found.setdefault((lens, layer, patch_id), {})[rank] = text
    return {
        name: (name[2], tuple(texts[rank] for rank in sorted(texts)))
        for name, texts in found.items()
    }
