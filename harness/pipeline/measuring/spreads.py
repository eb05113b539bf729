"""How one quantity is spread over tokens."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from harness.core.errors import DataError
from harness.core.measures import LayerSpread, Spread

_QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)


def layer_spread(layer: int, values: NDArray[np.float32], what: str) -> LayerSpread:
    """Return mean and quantiles of ``values`` [tokens], computed in float64.

    Quantiles are interpolated linearly between the sorted values.

    Args:
        layer: Layer they are of.
        values: At least one.
        what: Name of the quantity, for the error.

    Raises:
        DataError: A value is NaN or infinite.
    """
    wide = values.astype(np.float64)
    wrong = int((~np.isfinite(wide)).sum())
    if wrong:
        raise DataError(
            f"{what} of layer {layer}: {wrong} of {len(wide)} values are NaN or infinite; "
            "make the states again with --fresh"
        )
    low, quartile, median, upper, high = np.quantile(wide, _QUANTILES).tolist()
    spread = Spread(
        n=len(wide),
        mean=float(wide.mean()),
        low=low,
        quartile=quartile,
        median=median,
        upper=upper,
        high=high,
        top=float(wide.max()),
    )
    return LayerSpread(layer=layer, spread=spread)
