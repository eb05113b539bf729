from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

from harness.core.errors import DataError, MismatchError
from harness.training.checkpoint import restore_checkpoint, save_checkpoint

Weights = dict[str, nn.Parameter]


def start() -> tuple[Weights, torch.optim.AdamW]:
    weights = {"a.b": nn.Parameter(torch.ones(3, 2)), "c": nn.Parameter(torch.zeros(4))}
    return weights, torch.optim.AdamW(list(weights.values()), lr=0.1)


def update(weights: Weights, optimiser: torch.optim.AdamW, times: int) -> None:
    for _ in range(times):
        optimiser.zero_grad()
        torch.stack([((p - 2) ** 2).sum() for p in weights.values()]).sum().backward()  # type: ignore[no-untyped-call]
        optimiser.step()


def test_going_on_from_a_checkpoint_is_going_on(tmp_path: Path) -> None:
    """Weights and both moments come back to the bit, so that later updates are the same."""
    path = tmp_path / "state.safetensors"
    weights, optimiser = start()
    update(weights, optimiser, 3)
    save_checkpoint(path, weights, optimiser, 3, "plan")
    update(weights, optimiser, 2)
    other, fresh = start()
    assert restore_checkpoint(path, other, fresh, "plan") == 3
    update(other, fresh, 2)
    assert all(torch.equal(other[name], weights[name]) for name in weights)


def test_no_file_is_step_0(tmp_path: Path) -> None:
    """A training without a checkpoint begins."""
    assert restore_checkpoint(tmp_path / "none", *start(), "plan") == 0


def test_what_does_not_fit_is_refused(tmp_path: Path) -> None:
    """Another plan, other weights and a damaged file are told apart."""
    path = tmp_path / "state.safetensors"
    weights, optimiser = start()
    save_checkpoint(path, weights, optimiser, 1, "plan")
    with pytest.raises(MismatchError, match="another training"):
        restore_checkpoint(path, *start(), "other plan")
    more = {"a.b": nn.Parameter(torch.ones(3, 2)), "c": nn.Parameter(torch.zeros(5))}
    with pytest.raises(MismatchError, match=r"lacks c \[5\]"):
        restore_checkpoint(path, more, torch.optim.AdamW(list(more.values())), "plan")
    less = {"a.b": nn.Parameter(torch.ones(3, 2))}
    with pytest.raises(MismatchError, match="holds c, which is not trained here"):
        restore_checkpoint(path, less, torch.optim.AdamW(list(less.values())), "plan")
    path.write_bytes(path.read_bytes()[:40])
    with pytest.raises(DataError, match="delete it to start over"):
        restore_checkpoint(path, *start(), "plan")
