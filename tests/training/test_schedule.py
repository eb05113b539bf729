from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from transformers import get_cosine_with_min_lr_schedule_with_warmup

from harness.training.schedule import learning_rate


@pytest.mark.parametrize(("steps", "warmup"), [(40, 7), (12, 0), (5, 4)])
def test_the_rates_are_those_of_transformers(steps: int, warmup: int) -> None:
    """Warm-up and cosine agree with the library's scheduler, which counts from 1 here."""
    weight = torch.nn.Parameter(torch.zeros(1))
    optimiser = torch.optim.AdamW([weight], lr=2e-4)
    scheduler = get_cosine_with_min_lr_schedule_with_warmup(
        optimiser, warmup, steps, min_lr_rate=0.1
    )
    for step in range(steps):
        optimiser.step()
        scheduler.step()
        own = learning_rate(step, peak=2e-4, warmup=warmup, steps=steps, floor=0.1)
        assert own == pytest.approx(scheduler.get_last_lr()[0], rel=1e-12)


def test_the_cosine_is_that_of_torch() -> None:
    """Without warm-up the rates are torch's cosine annealing down to the floor."""
    weight = torch.nn.Parameter(torch.zeros(1))
    optimiser = torch.optim.SGD([weight], lr=1.0)
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, T_max=20, eta_min=0.1)
    for step in range(20):
        optimiser.step()
        scheduler.step()
        own = learning_rate(step, peak=1.0, warmup=0, steps=20, floor=0.1)
        assert own == pytest.approx(scheduler.get_last_lr()[0], rel=1e-9)


@given(st.integers(1, 50), st.integers(0, 49), st.floats(0, 1))
def test_it_rises_to_the_peak_and_falls_to_the_floor(steps: int, warmup: int, floor: float) -> None:
    """Never above the peak, rising in the warm-up, falling after it, the floor at the end."""
    warmup = min(warmup, steps - 1)
    rates = [
        learning_rate(step, peak=1.0, warmup=warmup, steps=steps, floor=floor)
        for step in range(steps)
    ]
    assert all(0 <= rate <= 1 + 1e-12 for rate in rates)
    assert rates[:warmup] == sorted(rates[:warmup])
    assert rates[warmup:] == sorted(rates[warmup:], reverse=True)
    assert rates[-1] == pytest.approx(floor, abs=1e-12)
