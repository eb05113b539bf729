"""With attention silenced, a patch knows its own pixels only."""

from __future__ import annotations

import pytest
import torch
from PIL import Image

from harness.core.errors import MismatchError
from harness.vlms.isolation import silenced
from harness.vlms.registry import load_vlm
from tests.vlms.checkpoints import build


def test_a_change_moves_one_token_inside_and_many_outside(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """And the model is the same as before when the block ends."""
    adapter = load_vlm(str(build("llava", tmp_path_factory.mktemp("isolation") / "llava")))
    gray, spotted = (Image.new("RGB", (32, 32), (90, 120, 150)) for _ in range(2))
    spotted.paste((250, 10, 10), (2, 2, 6, 6))

    def moved() -> int:
        states = [adapter.encode(image, [0]).states[0] for image in (gray, spotted)]
        return int(((states[1] - states[0]).norm(dim=1) > 1e-6).sum())

    before = adapter.encode(gray, [3]).states[3]
    with adapter.isolated():
        assert moved() == 1
    assert moved() == 16
    assert torch.equal(adapter.encode(gray, [3]).states[3], before)


def test_a_tower_without_attention_is_refused() -> None:
    """Nothing would be silenced, and the check that relies on it would mean nothing."""
    with (
        pytest.raises(MismatchError, match="no attention module in the vision tower Linear"),
        silenced(torch.nn.Linear(2, 2)),
    ):
        pass
