"""Checkpoints of a training: weights and optimiser state in one file, replaced at once."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from harness.core.errors import DataError, MismatchError
from harness.core.files import replacing

_WEIGHT: Final = "weight"


def save_checkpoint(
    path: Path,
    weights: Mapping[str, nn.Parameter],
    optimiser: torch.optim.Optimizer,
    step: int,
    plan: str,
) -> None:
    """Write weights, optimiser state and position; a kill leaves the file before or after it.

    Order of the data and random draws follow from the number of the step and the seed, so that
    the number is all there is to keep of them.

    Args:
        path: File to replace.
        weights: Trained parameters by name.
        optimiser: The optimiser of all of them.
        step: Updates done.
        plan: Digest of what is trained on what, checked by :func:`restore_checkpoint`.

    Raises:
        DataError: The file cannot be written.
    """
    tensors = {f"{_WEIGHT} {name}": value.detach() for name, value in weights.items()}
    for name, value in weights.items():
        for part, state in optimiser.state.get(value, {}).items():
            tensors[f"{part} {name}"] = torch.as_tensor(state)
    with replacing(path) as temporary:
        plain = {name: tensor.contiguous().cpu() for name, tensor in tensors.items()}
        save_file(plain, temporary, {"step": str(step), "plan": plan})


def restore_checkpoint(
    path: Path, weights: Mapping[str, nn.Parameter], optimiser: torch.optim.Optimizer, plan: str
) -> int:
    """Put a checkpoint into weights and optimiser and return the updates done; 0 without a file.

    Raises:
        DataError: The file is unreadable.
        MismatchError: It belongs to another plan or to other weights.
    """
    if not path.exists():
        return 0
    try:
        with safe_open(path, framework="pt") as stored:
            notes = stored.metadata()
            tensors = {name: stored.get_tensor(name) for name in stored.keys()}  # noqa: SIM118
    except (OSError, SafetensorError) as error:
        raise DataError(
            f"cannot read checkpoint {path}: {error}; delete it to start over"
        ) from error
    if notes.get("plan") != plan:
        raise MismatchError(f"checkpoint {path} is of another training; choose another folder")
    parts: dict[str, dict[str, Tensor]] = {name: {} for name in weights}
    for full, tensor in tensors.items():
        part, name = full.split(" ", 1)
        if name not in parts:
            raise MismatchError(f"checkpoint {path} holds {name}, which is not trained here")
        parts[name][part] = tensor
    with torch.no_grad():
        for name, parameter in weights.items():
            if _WEIGHT not in parts[name] or parts[name][_WEIGHT].shape != parameter.shape:
                raise MismatchError(f"checkpoint {path} lacks {name} {list(parameter.shape)}")
            parameter.copy_(parts[name].pop(_WEIGHT))
            if parts[name]:
                optimiser.state[parameter] = {
                    part: state if part == "step" else state.to(parameter.device)
                    for part, state in parts[name].items()
                }
    return int(notes["step"])
