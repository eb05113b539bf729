"""How many items an interval of a wanted width takes."""

from __future__ import annotations

from math import ceil

from harness.core.agreement import Estimate, Needed
from harness.core.errors import UsageError


def items_needed(figure: str, estimate: Estimate, half_width: float) -> Needed:
    """Return the number of items at which the 95 % interval has the wanted half-width.

    Definition: n (half-width now / wanted)^2, rounded up: the width of an interval falls with the
    square root of the number of images, so this holds for more images of the same kind, with as
    many items on each and the same people, judge and figure; more items on the same images help
    less. It is a projection from one sample: the half-width now is itself uncertain. With fewer
    than about 15 images now it errs on the side of too many.
    Degenerate: no number where there is no interval, or one without width.

    Args:
        figure: Name of the figure, such as ``cohen_kappa``.
        estimate: The figure as it is now.
        half_width: Wanted half-width, inside (0, 1).

    Raises:
        UsageError: ``half_width`` is not inside (0, 1).
    """
    if not 0 < half_width < 1:
        raise UsageError(f"half_width={half_width}: expected a number between 0 and 1, such as .05")
    if estimate.interval is None:
        reason = f"{figure} has no interval to start from: {estimate.reason}"
        return Needed(figure=figure, half_width=half_width, items=None, reason=reason)
    now = (estimate.interval[1] - estimate.interval[0]) / 2
    if now == 0:
        reason = f"the interval of {figure} has no width to start from"
        return Needed(figure=figure, half_width=half_width, items=None, reason=reason)
    items = ceil(estimate.n * (now / half_width) ** 2)
    return Needed(figure=figure, half_width=half_width, items=items)
