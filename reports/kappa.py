"""Agreement of two raters beyond chance."""

from __future__ import annotations

from collections.abc import Sequence

from harness.core.records import Record


class Kappa(Record):
    """Cohen's kappa, or why there is none."""

    value: float | None
    """1 for full agreement, 0 for what chance gives at these rates; None if undefined."""
    reason: str = ""
    """Why it is undefined; empty if it is defined."""

    def __str__(self) -> str:
        """Return it as a reader sees it."""
        return f"no kappa: {self.reason}" if self.value is None else f"kappa {self.value:.3f}"


def cohen_kappa(first: Sequence[str], second: Sequence[str]) -> Kappa:
    """Return the unweighted kappa of two raters who named the class of the same things.

    Definition: (observed - expected agreement) / (1 - expected), the expected one from each
    rater's own rates. Degenerate: undefined where nothing was rated by both, or where both named
    one and the same class every time, so that chance alone gives full agreement; 0 where only one
    rater never varies. It falls as classes become uneven, so read it beside the rates.
    Reference: Cohen 1960, Educ. Psychol. Meas. 20(1).
    """
    if not first:
        return Kappa(value=None, reason="nothing was rated by both")
    classes = {*first, *second}
    if len(classes) == 1:
        return Kappa(value=None, reason=f"both said {classes.pop()} every time")
    from sklearn.metrics import cohen_kappa_score

    return Kappa(value=float(cohen_kappa_score(first, second)))
