"""What labels without a single error leave open: errors too rare to have been met."""

from __future__ import annotations

from collections.abc import Sequence
from math import hypot

import numpy as np
import numpy.typing as npt

from harness.core.agreement import Estimate
from harness.core.bootstrap import Floats

TAIL = 0.081
"""Chance of labels without any error at the largest share of errors that is allowed for: that at
the end of Jeffreys' 95 % interval for no event, exp(-q / 2) with q the 0.975 quantile of chi-square
with one degree of freedom."""


def with_unseen_errors(
    found: Estimate, judged: Floats, labelled: Floats, images: Sequence[str]
) -> Estimate:
    """Return a corrected rate whose interval allows for errors of a kind that no label shows.

    Resampling labels without an error never gives one, as if the judge made none. Where all
    labelled hits of the judge are hits for people, up to a share u of its unlabelled hits may be
    misses, and the lower end goes down; where all its labelled misses are misses, the upper end
    goes up. u is the share with which no error on m images still has the chance 0.081, about
    2.5 / m, with m the images of such labels: 1 - 0.081^(1/m). The distances add in squares.
    Nothing changes where both kinds of errors are among the labels, or everything is labelled.
    Reference: Brown, Cai and DasGupta 2001, Statist. Sci. 16(2) (Jeffreys' interval); Zou and
    Donner 2008, Stat. Med. 27(10) (sum of squares).

    Args:
        found: Corrected rate.
        judged: The judge's verdict of each cell of the board, 1 or 0, [n].
        labelled: People's verdict where there is one, else NaN, [n].
        images: Image of each cell, [n].
    """
    if found.estimate is None or found.interval is None:
        return found
    low, high = found.interval
    down = _unseen(judged == 1, labelled, 0.0, images)
    up = _unseen(judged == 0, labelled, 1.0, images)
    if down:
        low = max(0.0, found.estimate - hypot(found.estimate - low, down))
    if up:
        high = min(1.0, found.estimate + hypot(high - found.estimate, up))
    return found.model_copy(update={"interval": (low, high)})


def _unseen(
    said: npt.NDArray[np.bool_], labelled: Floats, error: float, images: Sequence[str]
) -> float:
    """Return the largest share of the board that unseen errors can be; 0 if errors were seen.

    Args:
        said: Cells with one verdict of the judge, [n].
        labelled: People's verdict where there is one, else NaN, [n].
        error: People's verdict that makes it an error.
        images: Image of each cell, [n].
    """
    rated = ~np.isnan(labelled)
    if bool((labelled[said & rated] == error).any()):
        return 0.0
    places = {image for image, used in zip(images, said & rated, strict=True) if used}
    bound = 1 - TAIL ** (1 / len(places)) if places else 1.0
    return bound * float((said & ~rated).mean())
