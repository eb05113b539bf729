"""Visual tokens of a captured run: norms and drift of all cells, states of some patches."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import ValidationError
from safetensors import SafetensorError, safe_open

from harness.core.errors import DataError
from harness.core.ids import digest
from harness.core.measures import LayerSpread
from harness.core.progress import progress
from harness.pipeline.capture import MANIFEST, StatesManifest
from harness.pipeline.measuring.spreads import layer_spread


@dataclass(frozen=True, slots=True)
class VisualTokens:
    """What is measured of a run's visual tokens."""

    layers: tuple[int, ...]
    """Visual layers of the run."""
    norms: NDArray[np.float32]
    """L2 norms of all cells of all images, [cells, layers]."""
    drift: NDArray[np.float32]
    """Cosines of all cells with their state at the run's first layer, [cells, layers]."""
    states: torch.Tensor
    """States of some sampled patches, [tokens, layers, d] float32."""


def read_tokens(folder: Path, sample: int, seed: int) -> VisualTokens:
    """Read the states of a run; of the vectors only those of ``sample`` patches are kept.

    The patches are those of the lowest keyed hash of their id, so neither the order of images nor
    the number of files has a part in the choice.

    Args:
        folder: ``states/`` of the run.
        sample: Most patches whose states are read.
        seed: Key of the choice.

    Raises:
        DataError: A file is missing or unreadable.
    """
    path = folder / MANIFEST
    try:
        manifest = StatesManifest.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise DataError(f"cannot read {path}: {error}; run again") from error
    every = [patch for patches in manifest.files.values() for patch in patches]
    chosen = set(sorted(every, key=lambda patch: digest(["measure", seed, patch]))[:sample])
    norms, drift, states = [], [], []
    for name in progress(sorted(manifest.files), description="norms and drift"):
        rows = [row for row, patch in enumerate(manifest.files[name]) if patch in chosen]
        tensors = _tensors(folder / name)
        norms.append(tensors["norms"].numpy())
        # Rounding leaves a token's cosine with itself some units of the last digit above 1.
        drift.append(tensors["drift"].clamp(-1, 1).numpy())
        states.append(tensors["states"][rows].float())
    return VisualTokens(
        layers=manifest.layers,
        norms=np.concatenate(norms),
        drift=np.concatenate(drift),
        states=torch.cat(states),
    )


def visual_norms(tokens: VisualTokens) -> tuple[LayerSpread, ...]:
    """Return the L2 norms of all cells by layer; raises as :func:`layer_spread`."""
    return tuple(
        layer_spread(layer, tokens.norms[:, column], "norm")
        for column, layer in enumerate(tokens.layers)
    )


def visual_drift(tokens: VisualTokens) -> tuple[LayerSpread, ...]:
    """Return the cosines of all cells with themselves at layer 0, by layer.

    Empty if layer 0 is not in the run: what is stored is relative to the run's first layer. A
    token of length 0 counts as cosine 0. Raises as :func:`layer_spread`.
    Source: token drift in Krojer et al., arXiv 2602.00462.
    """
    if tokens.layers[0] != 0:
        return ()
    return tuple(
        layer_spread(layer, tokens.drift[:, column], "drift")
        for column, layer in enumerate(tokens.layers)
    )


def _tensors(path: Path) -> dict[str, torch.Tensor]:
    try:
        with safe_open(path, framework="pt") as stored:
            return {name: stored.get_tensor(name) for name in ("states", "norms", "drift")}
    except (OSError, SafetensorError) as error:
        raise DataError(f"cannot read states {path}: {error}; run again") from error
