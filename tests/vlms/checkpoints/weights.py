"""Random weights in which mistakes show: no norm is the identity, no projection is zero."""

from __future__ import annotations

import torch

PROVENANCE = "Random weights, never trained: whatever its visual tokens are said to mean is chance."


def randomise(model: torch.nn.Module, seed: int = 7) -> None:
    """Change all parameters in place, the same way for the same seed.

    Norm weights move off one, since a norm applied twice goes unnoticed there; parameters that a
    family starts at zero are filled; matrices are scaled up so that tokens differ. The saved
    configuration says that the weights are random.
    """
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            noise = torch.rand(parameter.shape, generator=generator).to(parameter.dtype)
            if "norm" in name or "ln_" in name:
                parameter.add_(0.5 * noise)
            elif not parameter.any():
                parameter.copy_(0.2 * (noise - 0.5))
            elif parameter.ndim >= 2:
                parameter.mul_(5)
    config = getattr(model, "config", None)
    if config is not None:
        config.provenance = PROVENANCE
