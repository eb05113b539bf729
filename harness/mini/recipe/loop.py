"""One training loop for all stages: warm-up and cosine, clipping, checkpoints without pickle."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

_WEIGHT_DECAY: Final = 0.02
_MUON_RATIO: Final = 13.0


@dataclass(frozen=True, slots=True)
class Schedule:
    """How long and how fast one stage trains."""

    steps: int
    """Optimiser steps."""
    peak: float
    """Highest AdamW learning rate, reached after ``warmup`` steps; Muon's is 13 times that."""
    warmup: int = 100
    """Steps of linear warm-up."""
    floor: float = 0.03
    """Share of the peak left at the end of the cosine."""
    every: int = 200
    """Steps between checkpoints and log lines."""

    def share(self, step: int) -> float:
        """Return the learning rate of a step as a share of the peak."""
        if step < self.warmup:
            return (step + 1) / self.warmup
        done = (step - self.warmup) / max(1, self.steps - self.warmup)
        cosine = 0.5 * (1 + math.cos(math.pi * min(1.0, done)))
        return self.floor + (1 - self.floor) * cosine


Losses = Mapping[str, Tensor]


def optimisers(
    weights: Mapping[str, nn.Parameter], schedule: Schedule
) -> tuple[torch.optim.Optimizer, ...]:
    """Return Muon for the matrices inside blocks and AdamW for everything else.

    Muon (Jordan et al. 2024) orthogonalises the update of a hidden matrix; the encoder leaves its
    first plateau, where kinds look alike, sooner with it than with AdamW alone.
    """
    hidden = {k: p for k, p in weights.items() if p.ndim == 2 and ".layers." in k}
    rest = [p for k, p in weights.items() if k not in hidden]
    found: list[torch.optim.Optimizer] = [
        torch.optim.AdamW(rest, lr=schedule.peak, betas=(0.9, 0.98), weight_decay=_WEIGHT_DECAY)
    ]
    if hidden:
        found.append(
            torch.optim.Muon(
                hidden.values(),
                lr=schedule.peak * _MUON_RATIO,
                momentum=0.95,
                weight_decay=_WEIGHT_DECAY,
                adjust_lr_fn="original",
            )
        )
    return tuple(found)


def train(
    name: str,
    module: nn.Module,
    loss_of: Callable[[int], Losses],
    schedule: Schedule,
    folder: Path,
) -> None:
    """Train ``module`` in place, resuming from ``folder``; ``loss_of(step)`` returns named losses.

    The batch of a step depends on its number alone, so that an interrupted training continues
    with the batches it would have seen. Gradients are clipped to norm 1.
    """
    weights = {key: value for key, value in module.named_parameters() if value.requires_grad}
    updaters = optimisers(weights, schedule)
    groups = [(group, group["lr"]) for updater in updaters for group in updater.param_groups]
    checkpoint = folder / f"{name}.checkpoint.safetensors"
    first = _restore(checkpoint, weights, updaters)
    started, sums, count = time.monotonic(), dict[str, float](), 0
    for step in range(first, schedule.steps):
        for group, peak in groups:
            group["lr"] = peak * schedule.share(step)
        losses = loss_of(step)
        module.zero_grad(set_to_none=True)
        torch.autograd.backward(torch.stack(list(losses.values())).sum())
        nn.utils.clip_grad_norm_(weights.values(), 1.0)
        for updater in updaters:
            updater.step()
        count += 1
        for key, value in losses.items():
            sums[key] = sums.get(key, 0.0) + float(value.detach())
        if (step + 1) % schedule.every == 0 or step + 1 == schedule.steps:
            line = {
                "stage": name,
                "step": step + 1,
                "seconds": round(time.monotonic() - started, 1),
            }
            _log(folder, line | {key: round(value / count, 4) for key, value in sums.items()})
            sums, count = {}, 0
            _save(checkpoint, weights, updaters, step + 1)


def _log(folder: Path, line: Mapping[str, object]) -> None:
    with (folder / "training.jsonl").open("a") as stream:
        stream.write(json.dumps(line) + "\n")


def _save(
    path: Path,
    weights: Mapping[str, nn.Parameter],
    updaters: tuple[torch.optim.Optimizer, ...],
    step: int,
) -> None:
    tensors = {f"weight {key}": value.detach() for key, value in weights.items()}
    for updater in updaters:
        for key, value in weights.items():
            for part, state in updater.state.get(value, {}).items():
                tensors[f"{part} {key}"] = torch.as_tensor(state)
    draft = path.with_suffix(".part")
    save_file({k: v.contiguous() for k, v in tensors.items()}, draft, {"step": str(step)})
    draft.replace(path)


def _restore(
    path: Path, weights: Mapping[str, nn.Parameter], updaters: tuple[torch.optim.Optimizer, ...]
) -> int:
    if not path.exists():
        return 0
    stored: dict[str, dict[str, Tensor]] = {}
    for full, tensor in load_file(path).items():
        part, key = full.split(" ", 1)
        stored.setdefault(key, {})[part] = tensor
    owners = {p: u for u in updaters for group in u.param_groups for p in group["params"]}
    with torch.no_grad():
        for key, parameter in weights.items():
            parameter.copy_(stored[key].pop("weight"))
            if stored[key]:
                owners[parameter].state[parameter] = stored[key]
    return checkpoint_step(path)


def checkpoint_step(path: Path) -> int:
    """Return the number of finished steps a checkpoint file holds; 0 if there is none."""
    if not path.exists():
        return 0
    with safe_open(path, framework="pt") as stored:
        return int(stored.metadata()["step"])
