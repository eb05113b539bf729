"""How large a difference between two lenses must be to be found."""

from __future__ import annotations

from math import sqrt
from statistics import NormalDist

from harness.core.errors import UsageError


def detectable_difference(
    n: float, discordance: float, power: float = 0.8, alpha: float = 0.05
) -> float | None:
    """Return the difference of two paired rates that a test of ``n`` patches finds often enough.

    Definition: the d for which n = (z(1 - alpha / 2) sqrt(D) + z(power) sqrt(D - d^2))^2 / d^2,
    where D is the discordance, solved for d: the two-sided test of McNemar at level ``alpha``
    rejects in a share ``power`` of all runs whose true difference is d. Denominator: patches.
    Where each patch is a mean over layers, D is the mean of the squared difference per patch.
    Clustered patches count by their effective number, n over the design effect.
    Degenerate: None for no patches, no discordance, or where not even a difference as large as
    the discordance (every disagreement on one side) would be found.
    Reference: Miettinen 1968, Biometrics 24(2); Connor 1987, Biometrics 43(1), equation 3.

    Args:
        n: Patches that both lenses were scored on, or their effective number.
        discordance: Share of patches that only one of the two hit, 0 to 1.
        power: Share of runs in which the difference shall be found, inside (0.5, 1).
        alpha: Level of the two-sided test, inside (0, 0.5).

    Raises:
        UsageError: an argument out of its range.
    """
    if n < 0 or not 0 <= discordance <= 1 or not 0.5 < power < 1 or not 0 < alpha < 0.5:
        raise UsageError(
            f"detectable_difference: n={n}, discordance={discordance}, power={power}, "
            f"alpha={alpha}: expected n >= 0, discordance from 0 to 1, power inside (0.5, 1) and "
            "alpha inside (0, 0.5)"
        )
    size, wanted = (NormalDist().inv_cdf(level) for level in (1 - alpha / 2, power))
    rest = n + wanted**2 - size**2
    if discordance == 0 or rest < 0:
        return None
    found = sqrt(discordance) * (sqrt(n) * size + wanted * sqrt(rest)) / (n + wanted**2)
    return found if found <= discordance else None
