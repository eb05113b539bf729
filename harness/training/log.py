"""The log of a training: JSON lines of steps and held-out losses, cut back where it resumes."""

from __future__ import annotations

from pathlib import Path

from harness.core.files import write_text_atomic
from harness.core.ids import canonical_json
from harness.core.journal import Journal
from harness.core.records import Record
from harness.training.heldout import HeldOutLoss


class StepLine(Record):
    """What happened since the last line."""

    step: int
    """Updates done."""
    loss: float
    """Mean cross-entropy per predicted token of the captions trained on, in nats, with dropout."""
    z: float
    """Mean squared log of the softmax's denominator."""
    lr: float
    """Learning rate of the last update."""
    norm: float
    """Norm of the last update's gradient before clipping."""
    rate: float
    """Captions per second."""


class TrainingLog:
    """The file ``log.jsonl``; held-out losses are told apart by their field ``captions``."""

    def __init__(self, path: Path, first: int) -> None:
        """Open the log and drop what came after step ``first``, which is done again.

        Raises:
            DataError: It is unreadable or cannot be written.
        """
        self._journal = Journal(path)
        lines = list(self._journal.records())
        kept = [line for line in lines if int(line["step"]) <= first]
        if len(kept) < len(lines):
            write_text_atomic(path, "".join(canonical_json(line) + "\n" for line in kept))
            self._journal = Journal(path)
        self.measured = [HeldOutLoss.model_validate(line) for line in kept if "captions" in line]
        """Held-out losses in the order of their steps."""

    def step(self, line: StepLine) -> None:
        """Add a line; raises DataError if the disk refuses."""
        self._journal.append(line)

    def heldout(self, loss: HeldOutLoss) -> None:
        """Add a held-out loss; raises DataError if the disk refuses."""
        self._journal.append(loss)
        self.measured.append(loss)
