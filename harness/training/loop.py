"""The training loop: update, measure, keep; it goes on where it stopped, bit for bit."""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

import torch
from torch import Tensor, nn

from harness.core.errors import DataError, UsageError
from harness.core.ids import digest
from harness.core.progress import announce
from harness.training.bar import TrainingBar
from harness.training.captions import CaptionSplit, Example, Order, share_of
from harness.training.checkpoint import restore_checkpoint, save_checkpoint
from harness.training.feed import Batch, Feed
from harness.training.heldout import HeldOutLoss, measure
from harness.training.log import StepLine, TrainingLog
from harness.training.objective import CaptionObjective
from harness.training.recipe import ProjectorRecipe
from harness.training.schedule import learning_rate
from harness.training.workers import Workers

CHECKPOINT: Final = "checkpoint.safetensors"
LOG: Final = "log.jsonl"
_KEY_DIGITS: Final = 15
_GPU_MICRO: Final = 2


@dataclass(frozen=True, slots=True)
class Pace:
    """What decides how fast a training runs and how much a stop costs."""

    micro: int | None
    """Most captions that one device computes at once; gradients of a step are added up. None for
    two on a GPU (the paper's), and for the whole step elsewhere."""
    checkpoint_every: int
    """Steps between checkpoints."""
    log_every: int
    """Steps between lines of the log."""


class _Update(NamedTuple):
    """Sums over all devices of one update."""

    entropy: float
    squared: float
    tokens: float
    norm: float


class Training:
    """One training of a projector in a folder."""

    def __init__(
        self,
        objective: CaptionObjective,
        feed: Feed,
        split: CaptionSplit,
        recipe: ProjectorRecipe,
        pace: Pace,
        workers: Workers,
    ) -> None:
        """Put the parts together; raises UsageError if the devices cannot share a batch evenly."""
        if recipe.batch % workers.count:
            raise UsageError(
                f"batch = {recipe.batch}: expected a multiple of the {workers.count} processes"
            )
        self.objective, self.feed, self.split = objective, feed, split
        self.recipe, self.pace, self.workers = recipe, pace, workers
        self.weights = objective.model.trainable()
        self.optimiser = torch.optim.AdamW(
            list(self.weights.values()),
            lr=recipe.lr,
            betas=recipe.betas,
            eps=recipe.eps,
            weight_decay=recipe.weight_decay,
        )
        self.micro = pace.micro or (_GPU_MICRO if workers.device.type == "cuda" else recipe.batch)
        self._shared: nn.Module = objective
        self._kept = 0

    def run(self, folder: Path, plan: str) -> tuple[HeldOutLoss, ...]:
        """Train to the last step, from the checkpoint in ``folder`` if there is one.

        Args:
            folder: Where checkpoint and log are.
            plan: Digest of what is trained on what.

        Returns:
            The held-out losses, the last one after the last step.

        Raises:
            DataError: A loss is not finite (the last checkpoint stays), an image is broken, or the
                disk refuses.
            MismatchError: The checkpoint is of another plan.
        """
        recipe, checkpoint = self.recipe, folder / CHECKPOINT
        first = restore_checkpoint(checkpoint, self.weights, self.optimiser, plan)
        self._kept = first
        log = TrainingLog(folder / LOG, first) if self.workers.number == 0 else None
        if first and log:
            announce(f"continuing after step {first} of {recipe.steps}")
        self._shared = self.workers.share(self.objective)
        measured = list(log.measured) if log else []
        spoken = _Means()
        batches = self.feed.batches(self._parts(first))
        with TrainingBar("training", first, recipe.steps) as bar, contextlib.closing(batches):
            for step in range(first, recipe.steps):
                update = self._update(step, batches)
                done = step + 1
                spoken.add(update, recipe.batch)
                bar.show(done, update.entropy / update.tokens, spoken.rate)
                last = done == recipe.steps
                if log and (last or done % self.pace.log_every == 0):
                    log.step(spoken.line(done, self._rate(step)))
                if last or done % recipe.evaluate_every == 0:
                    with bar.paused():
                        found = self._measure(done)
                    measured.append(found)
                    if log:
                        announce(f"step {done}: held-out loss {found.loss:.4f}")
                        log.heldout(found)
                if log and (last or done % self.pace.checkpoint_every == 0):
                    save_checkpoint(checkpoint, self.weights, self.optimiser, done, plan)
                    self._kept = done
        self.workers.wait()
        return tuple(measured)

    def _update(self, step: int, batches: Iterator[Batch]) -> _Update:
        """Do one update and return its sums."""
        for group in self.optimiser.param_groups:
            group["lr"] = self._rate(step)
        self.optimiser.zero_grad(set_to_none=True)
        parts = [next(batches) for _ in range(self._micros)]
        own = sum(len(caption) for part in parts for caption in part.captions)
        device = self.workers.device
        tokens = float(self.workers.totals([torch.tensor(float(own), device=device)])[0])
        sums = torch.zeros(2, device=device)
        for number, part in enumerate(parts):
            sums += self._backward(part, self._key(step, number), tokens, number + 1 == len(parts))
        norm = nn.utils.clip_grad_norm_(self.weights.values(), self.recipe.clip)
        entropy, squared = (float(total) for total in self.workers.totals(list(sums)))
        update = _Update(entropy, squared, tokens, float(norm))
        if not all(map(math.isfinite, update)):
            kept = (
                f"the checkpoint of step {self._kept} is kept"
                if self._kept
                else "no checkpoint was due yet"
            )
            raise DataError(
                f"step {step + 1}: loss {entropy / tokens} with gradient norm {update.norm}, "
                f"expected finite numbers; {kept}; try a lower lr, more warmup or another seed"
            )
        self.optimiser.step()
        return update

    def _backward(self, part: Batch, key: int, tokens: float, last: bool) -> Tensor:
        """Add the gradients of one part and return its sums [2]."""
        hold = contextlib.nullcontext() if last else self.workers.hold(self._shared)
        with hold:
            found = self._shared(part, key)
            loss = (found.entropy + self.recipe.z_loss * found.squared) / tokens
            # Gradients are averaged over the processes, but the tokens are counted over all.
            self.workers.backward(loss * self.workers.count)
        return torch.stack([found.entropy, found.squared]).detach()

    def _measure(self, done: int) -> HeldOutLoss:
        return measure(
            self.objective, self.feed, self.split.heldout, self.micro, self.workers, done
        )

    @property
    def _micros(self) -> int:
        """Number of parts of a step in each process."""
        return math.ceil(self.recipe.batch // self.workers.count / self.micro)

    def _parts(self, first: int) -> Iterator[Sequence[Example]]:
        """Yield the parts of all steps from ``first`` on that are this process's own."""
        recipe, micro = self.recipe, self.micro
        order = Order(len(self.split.train), recipe.batch, recipe.seed)
        for numbers in order.steps(first, recipe.steps):
            own = share_of(numbers, self.workers.number, self.workers.count)
            examples = [self.split.train[number] for number in own]
            for start in range(0, len(examples), micro):
                yield examples[start : start + micro]

    def _rate(self, step: int) -> float:
        recipe = self.recipe
        return learning_rate(
            step, peak=recipe.lr, warmup=recipe.warmup, steps=recipe.steps, floor=recipe.floor
        )

    def _key(self, step: int, part: int) -> int:
        """Return the seed of the dropout of one part of a step."""
        drawn_for = ["projector", "dropout", self.recipe.seed, step, self.workers.number, part]
        return int(digest(drawn_for)[:_KEY_DIGITS], 16)


class _Means:
    """Sums since the last line of the log."""

    def __init__(self) -> None:
        self._clear()
        self.norm = 0.0

    def _clear(self) -> None:
        self.entropy = self.squared = self.tokens = 0.0
        self.captions, self.began = 0, time.monotonic()

    def add(self, update: _Update, captions: int) -> None:
        """Add one update."""
        self.entropy += update.entropy
        self.squared += update.squared
        self.tokens += update.tokens
        self.norm = update.norm
        self.captions += captions

    @property
    def rate(self) -> float:
        """Captions per second."""
        return self.captions / max(1e-9, time.monotonic() - self.began)

    def line(self, step: int, lr: float) -> StepLine:
        """Return the line and start anew."""
        line = StepLine(
            step=step,
            loss=self.entropy / self.tokens,
            z=self.squared / self.tokens,
            lr=lr,
            norm=self.norm,
            rate=round(self.rate, 2),
        )
        self._clear()
        return line
