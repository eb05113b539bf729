from __future__ import annotations

import pytest
import torch

from harness.training.loss import IGNORED, caption_sums


def test_the_sums_are_those_of_the_definition() -> None:
    """Each position predicts the next label; ignored labels count in nothing."""
    logits = torch.randn(2, 5, 7, generator=torch.Generator().manual_seed(0))
    labels = torch.tensor([[3, IGNORED, 2, 4, IGNORED], [IGNORED, IGNORED, IGNORED, 6, 1]])
    predicted = [(0, 1, 2), (0, 2, 4), (1, 2, 6), (1, 3, 1)]
    logs = logits.log_softmax(-1)
    sums = caption_sums(logits, labels)
    assert int(sums.tokens) == len(predicted)
    entropy = -sum(float(logs[row, at, token]) for row, at, token in predicted)
    assert float(sums.entropy) == pytest.approx(entropy, rel=1e-5)
    squares = sum(float(logits[row, at].logsumexp(-1)) ** 2 for row, at, _ in predicted)
    assert float(sums.squared) == pytest.approx(squares, rel=1e-5)


def test_a_constant_on_all_logits_changes_only_the_second_sum() -> None:
    """The z-loss is what keeps the denominators near one."""
    logits = torch.randn(1, 4, 5, generator=torch.Generator().manual_seed(1))
    labels = torch.tensor([[IGNORED, 1, 2, 3]])
    plain, moved = caption_sums(logits, labels), caption_sums(logits + 3, labels)
    assert float(moved.entropy) == pytest.approx(float(plain.entropy), rel=1e-5)
    assert float(moved.squared) > float(plain.squared) + 1
