"""Random draws that depend on what they are for, never on the order of the calls."""

from __future__ import annotations

import hashlib

import numpy as np

from harness.core.ids import canonical_json

_KEY_BYTES = 16


def keyed_rng(*parts: str | int) -> np.random.Generator:
    """Return a generator keyed by ``parts``: equal parts give equal draws on every platform.

    The key is the first 128 bits of the sha256 of the canonical JSON of ``parts``, for the
    counter-based Philox4x64 generator (Salmon et al. 2011, "Parallel random numbers: as easy as
    1, 2, 3"); so ``1`` and ``"1"``, or ``("a", "b")`` and ``("ab",)``, are different keys.

    Args:
        parts: What the draw is for, such as ``("patches", image_id, seed)``; at least one.

    Raises:
        ValueError: No parts are given.
    """
    if not parts:
        raise ValueError("keyed_rng needs at least one part, such as the purpose of the draw")
    hashed = hashlib.sha256(canonical_json(list(parts)).encode()).digest()
    return np.random.Generator(np.random.Philox(key=int.from_bytes(hashed[:_KEY_BYTES], "big")))
