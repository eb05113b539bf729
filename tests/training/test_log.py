from __future__ import annotations

import json
from pathlib import Path

from harness.training.heldout import HeldOutLoss
from harness.training.log import StepLine, TrainingLog


def line(step: int) -> StepLine:
    return StepLine(step=step, loss=1.5, z=2.0, lr=0.1, norm=0.5, rate=3.0)


def loss(step: int) -> HeldOutLoss:
    return HeldOutLoss(step=step, loss=1.0, tokens=7, captions=2)


def test_what_will_be_done_again_is_cut(tmp_path: Path) -> None:
    """Lines up to the checkpoint stay, held-out losses come back, and new lines follow."""
    path = tmp_path / "log.jsonl"
    log = TrainingLog(path, 0)
    for step in (2, 4, 6):
        log.step(line(step))
        log.heldout(loss(step))
    with path.open("a") as stream:
        stream.write('{"step": 7, "lo')  # a kill in the middle of a write
    again = TrainingLog(path, 4)
    assert again.measured == [loss(2), loss(4)]
    again.step(line(6))
    steps = [json.loads(text)["step"] for text in path.read_text().splitlines()]
    assert steps == [2, 2, 4, 4, 6]
