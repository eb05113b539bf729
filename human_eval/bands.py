"""Groups of neighbouring layers: layers one by one would be too few items each."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

BANDS: Final = 3
"""Most groups that layers are divided into."""


def layer_bands(layers: Iterable[int]) -> dict[int, str]:
    """Return the band of each layer: contiguous thirds of the distinct layers, in layer order.

    Thirds differ by one layer at most, the first ones being longer; up to three layers are a band
    each. A band is named by its first and last layer, ``0-2``, or by its only one, ``4``.
    """
    ordered = sorted(set(layers))
    bands = min(BANDS, len(ordered))
    found: dict[int, str] = {}
    for band in range(bands):
        # Rounded up, so that the layers left over go to the first bands.
        first, end = (-(-len(ordered) * at // bands) for at in (band, band + 1))
        members = ordered[first:end]
        name = f"{members[0]}-{members[-1]}" if len(members) > 1 else f"{members[0]}"
        found.update(dict.fromkeys(members, name))
    return found
