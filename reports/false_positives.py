"""What a judge finds where there should be nothing: controls, probe words, and its own flag."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from harness.core.records import Judgement, LensKind, Record, Relation
from reports.outcomes import Outcomes
from reports.retest import related
from reports.shares import Share, plain_share, wilson_share
from reports.stats import cluster_bootstrap_mean


class ControlRate(Record):
    """How often a judge accepts the words of one control."""

    lens: str
    """Control."""
    cells: Share
    """Cells with a related word among those scored, over all layers; the interval resamples images
    and is that of the mean over layers."""
    words: Share
    """Words called related among those scored; without an interval."""


class ProbeRate(Record):
    """How often a judge accepts words that no lens said of the patch."""

    related: Share
    """Probe words called anything but none; the interval takes words as independent."""
    by_relation: dict[Relation, int]
    """What they were called, ``none`` left out."""


def control_rates(
    board: Outcomes, kinds: Mapping[str, LensKind], seed: int = 0
) -> tuple[ControlRate, ...]:
    """Return the false positives of one judge on every control of its board.

    A control's word may fit a region by chance, so even a perfect judge is not at 0; what a lens
    has to beat is this rate.
    """
    return tuple(
        _control_rate(board, lens, seed) for lens in board.lenses if kinds.get(lens) == "control"
    )


def probe_rate(judgements: Sequence[Judgement]) -> ProbeRate | None:
    """Return what became of probe words in scored answers; None if there are none.

    Questions that were asked again do not count a second time.
    """
    calls: Counter[Relation] = Counter()
    for judgement in judgements:
        if judgement.status == "ok" and not judgement.check and judgement.probes:
            calls.update(
                relation
                for word, relation in zip(judgement.words, judgement.relations, strict=True)
                if word in judgement.probes
            )
    n = calls.total()
    if n == 0:
        return None
    named: tuple[Relation, ...] = ("concrete", "abstract", "global")
    return ProbeRate(
        related=wilson_share(n - calls["none"], n),
        by_relation={relation: calls[relation] for relation in named if calls[relation]},
    )


def flag_disagreement(judgements: Sequence[Judgement]) -> Share | None:
    """Return how often a reply's own flag contradicts its lists; None if no reply has a flag.

    Verdicts are made from the lists; replies to the paper's protocol also hold a flag
    ``interpretable``, which is not used.
    """
    flags = [
        (flag, related(judgement))
        for judgement in judgements
        if judgement.status == "ok"
        and not judgement.check
        and (flag := _flag(judgement.raw)) is not None
    ]
    return wilson_share(sum(a != b for a, b in flags), len(flags)) if flags else None


def _control_rate(board: Outcomes, lens: str, seed: int) -> ControlRate:
    values = board.hits(lens, None, "interpretable")
    relations = [
        relation
        for layer in board.layers
        for cell in board.cells[lens, layer]
        for relation in cell.relations
        if relation is not None
    ]
    return ControlRate(
        lens=lens,
        cells=plain_share(
            int(np.nansum(values)),
            int((~np.isnan(values)).sum()),
            cluster_bootstrap_mean(board.by_image(values), seed=seed),
        ),
        words=plain_share(sum(relation != "none" for relation in relations), len(relations)),
    )


def _flag(raw: str) -> bool | None:
    """Return the flag of a reply, or None if it has none that can be read."""
    start, end = raw.find("{"), raw.rfind("}")
    try:
        reply: Any = json.loads(raw[start : end + 1])
    except (ValueError, RecursionError):
        return None
    flag = reply.get("interpretable") if isinstance(reply, dict) else None
    return flag if isinstance(flag, bool) else None
