"""The trained map from patch features to the language model's input."""

from __future__ import annotations

import torch
from torch import nn

from harness.vlms.controlled.config import ProjectorSettings

_SPREAD = 0.02
"""Standard deviation of the gated projector's first values (Molmo's initializer_range)."""


class Projector(nn.Module):
    """Gated (SwiGLU), two-layer or linear projector.

    - gated: ``w2(silu(w1 x) * w3 x)`` (Shazeer 2020, arXiv 2002.05202; Molmo, arXiv 2409.17146);
    - mlp: ``w2 gelu(w1 x)``, as LLaVA 1.5 (arXiv 2310.03744);
    - linear: ``w1 x``.

    First values are drawn from torch's global generator.
    """

    def __init__(self, settings: ProjectorSettings) -> None:
        super().__init__()
        self.settings = settings
        inner = settings.out_size if settings.kind == "linear" else settings.hidden_size
        self.w1 = nn.Linear(settings.in_size, inner, bias=settings.bias)
        if settings.kind != "linear":
            self.w2 = nn.Linear(inner, settings.out_size, bias=settings.bias)
        if settings.kind == "gated":
            self.w3 = nn.Linear(settings.in_size, inner, bias=settings.bias)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw first values: normal 0.02 (gated), Xavier (linear), torch's own (mlp)."""
        for layer in self.children():
            if not isinstance(layer, nn.Linear):
                continue
            layer.reset_parameters()
            if self.settings.kind == "gated":
                nn.init.normal_(layer.weight, std=_SPREAD)
            elif self.settings.kind == "linear":
                nn.init.xavier_uniform_(layer.weight)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Map [..., in_size] features to [..., out_size]."""
        mapped: torch.Tensor = self.w1(features)
        if self.settings.kind == "gated":
            mapped = self.w2(nn.functional.silu(mapped) * self.w3(features))
        elif self.settings.kind == "mlp":
            mapped = self.w2(nn.functional.gelu(mapped))
        return mapped
