"""Two ways of doing one thing, timed in turns in one process, so that both meet the same noise."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

import torch


@dataclass(frozen=True, slots=True)
class Ratios:
    """Seconds of each round and how many times faster ours was."""

    peer: tuple[float, ...]
    ours: tuple[float, ...]

    @property
    def values(self) -> tuple[float, ...]:
        """Peer's seconds over ours, of each round."""
        return tuple(peer / ours for peer, ours in zip(self.peer, self.ours, strict=True))

    def __str__(self) -> str:
        low, high = min(self.values), max(self.values)
        return (
            f"{statistics.median(self.values):.2f}x (min {low:.2f}, max {high:.2f}) over "
            f"{len(self.values)} alternations; median peer {statistics.median(self.peer):.2f} s, "
            f"ours {statistics.median(self.ours):.2f} s"
        )


def alternate(
    peer: Callable[[], object],
    ours: Callable[[], object],
    rounds: int,
    *,
    each: Callable[[Ratios], None] = lambda so_far: None,
) -> Ratios:
    """Time ``peer``, ``ours``, ``peer``, ``ours``, ... after one unmeasured call of ``ours``.

    Args:
        peer: What to compare with.
        ours: What is compared.
        rounds: Alternations.
        each: Called after each alternation with all ratios so far.
    """
    ours()
    seconds: tuple[list[float], list[float]] = ([], [])
    for _ in range(rounds):
        for call, times in zip((peer, ours), seconds, strict=True):
            gc.collect()
            times.append(_seconds(call))
        each(Ratios(tuple(seconds[0]), tuple(seconds[1])))
    return Ratios(tuple(seconds[0]), tuple(seconds[1]))


def _seconds(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter() - start
