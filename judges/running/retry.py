"""How long to wait before a call is made again."""

from __future__ import annotations

from dataclasses import dataclass

from harness.core.rng import keyed_rng

_MOST_DOUBLINGS = 30


@dataclass(frozen=True, slots=True)
class Backoff:
    """Exponential backoff with full jitter.

    The n-th wait is drawn evenly between 0 and ``base_s * 2**(n - 1)``, at most ``cap_s`` (Brooker
    2015, "Exponential Backoff and Jitter"): calls that failed together do not come back together.
    """

    base_s: float = 1.0
    """Upper end of the first wait in seconds."""
    cap_s: float = 60.0
    """Upper end of every wait in seconds."""

    def wait(self, key: str, failures: int) -> float:
        """Return the seconds to wait before question ``key`` is asked after ``failures`` >= 1."""
        doublings = min(failures - 1, _MOST_DOUBLINGS)
        longest = min(self.cap_s, self.base_s * 2.0**doublings)
        return float(keyed_rng("backoff", key, failures).uniform(0.0, longest))
