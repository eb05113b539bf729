"""Projectors against the formulas written out."""

from __future__ import annotations

import pytest
import torch

from harness.vlms.controlled.config import ProjectorSettings
from harness.vlms.controlled.projector import Projector


def test_gated_projector_gates_the_third_matrix_by_the_first() -> None:
    """w2 (silu(w1 x) * w3 x); exchanging w1 and w3 gives another result."""
    projector = Projector(ProjectorSettings(kind="gated", in_size=6, hidden_size=9, out_size=4))
    x = torch.randn(5, 6)
    w1, w2, w3 = (getattr(projector, name).weight.detach() for name in ("w1", "w2", "w3"))
    gate = x @ w1.T
    expected = (gate / (1 + torch.exp(-gate)) * (x @ w3.T)) @ w2.T
    assert torch.allclose(projector(x), expected, atol=1e-6)
    assert sorted(name for name, _ in projector.named_parameters()) == [
        "w1.weight",
        "w2.weight",
        "w3.weight",
    ]


def test_mlp_is_two_layers_with_exact_gelu() -> None:
    """As LLaVA 1.5's, biases included."""
    settings = ProjectorSettings(kind="mlp", in_size=6, hidden_size=9, out_size=4, bias=True)
    projector = Projector(settings)
    x = torch.randn(5, 6)
    inner = x @ projector.w1.weight.T + projector.w1.bias
    active = inner * 0.5 * (1 + torch.erf(inner / 2**0.5))
    expected = active @ projector.w2.weight.T + projector.w2.bias
    assert torch.allclose(projector(x), expected, atol=1e-6)


def test_linear_is_one_matrix() -> None:
    """Without bias unless asked for."""
    projector = Projector(ProjectorSettings(kind="linear", in_size=6, out_size=4))
    x = torch.randn(2, 5, 6)
    assert torch.allclose(projector(x), x @ projector.w1.weight.T, atol=1e-6)
    assert len(list(projector.parameters())) == 1


@pytest.mark.parametrize("kind", ["gated", "mlp", "linear"])
def test_first_values_depend_on_the_seed_alone(kind: str) -> None:
    """Gated ones spread by 0.02 in every matrix."""
    settings = ProjectorSettings.model_validate(
        {"kind": kind, "in_size": 64, "hidden_size": 0 if kind == "linear" else 96, "out_size": 80}
    )
    drawn = []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        drawn.append(Projector(settings).state_dict())
    assert all(torch.equal(drawn[0][name], drawn[1][name]) for name in drawn[0])
    assert not any(torch.equal(drawn[0][name], drawn[2][name]) for name in drawn[0])
    if kind == "gated":
        for tensor in drawn[0].values():
            assert float(tensor.std()) == pytest.approx(0.02, rel=0.05)
