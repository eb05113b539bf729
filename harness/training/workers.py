"""One process or many: the few things a training needs from ``accelerate``."""

from __future__ import annotations

import importlib
import os
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from harness.core.errors import UsageError
from harness.vlms.loading import parse_device


class Workers(Protocol):
    """The processes that train together, each with one device."""

    count: int
    """Number of processes."""
    number: int
    """Number of this one; 0 writes files and speaks."""
    device: torch.device
    """Its device."""

    def share(self, module: nn.Module) -> nn.Module:
        """Return ``module`` so that gradients are averaged over the processes."""
        ...

    def hold(self, module: nn.Module) -> AbstractContextManager[None]:
        """Inside, gradients are added up without being exchanged."""
        ...

    def backward(self, loss: Tensor) -> None:
        """Add the gradients of ``loss``."""
        ...

    def totals(self, values: Sequence[Tensor]) -> list[Tensor]:
        """Return scalars added up over the processes."""
        ...

    def wait(self) -> None:
        """Return when all processes have come here."""
        ...


class Alone:
    """The only process."""

    count, number = 1, 0

    def __init__(self, device: str) -> None:
        """Take a device by name; ``auto`` is a GPU where there is one. Raises UsageError."""
        if device == "auto":
            device = "cuda" if torch.cuda.is_available() else "cpu"
        self.device = parse_device(device)

    def share(self, module: nn.Module) -> nn.Module:
        """Return the module itself."""
        return module

    def hold(self, module: nn.Module) -> AbstractContextManager[None]:
        """Return a context that does nothing."""
        return nullcontext()

    def backward(self, loss: Tensor) -> None:
        """Add the gradients of ``loss``."""
        torch.autograd.backward(loss)

    def totals(self, values: Sequence[Tensor]) -> list[Tensor]:
        """Return the scalars as they are."""
        return list(values)

    def wait(self) -> None:
        """Return at once."""


class Accelerated:
    """One of several processes that ``accelerate launch`` or ``torchrun`` started."""

    def __init__(self, device: str) -> None:
        """Join the others; raises UsageError without the package or for a device that is named."""
        try:
            accelerate: Any = importlib.import_module("accelerate")
        except ModuleNotFoundError as error:
            raise UsageError(
                "training on several devices needs accelerate: pip install 'lensbench[models]'"
            ) from error
        if device not in ("auto", "cpu"):
            raise UsageError(
                f"device {device!r}: several processes were launched, expected auto or cpu"
            )
        # Learned padding vectors take no part in a batch whose images fill the canvas.
        unused = accelerate.DistributedDataParallelKwargs(find_unused_parameters=True)
        self._accelerator: Any = accelerate.Accelerator(
            cpu=device == "cpu", kwargs_handlers=[unused]
        )
        self.count: int = self._accelerator.num_processes
        self.number: int = self._accelerator.process_index
        self.device: torch.device = self._accelerator.device

    def share(self, module: nn.Module) -> nn.Module:
        """Return the module as a replica among replicas."""
        shared: nn.Module = self._accelerator.prepare_model(module)
        return shared

    def hold(self, module: nn.Module) -> AbstractContextManager[None]:
        """Return a context without exchange of gradients."""
        held: AbstractContextManager[None] = self._accelerator.no_sync(module)
        return held

    def backward(self, loss: Tensor) -> None:
        """Add the gradients of ``loss``."""
        self._accelerator.backward(loss)

    def totals(self, values: Sequence[Tensor]) -> list[Tensor]:
        """Return the scalars added up over the processes."""
        return [self._accelerator.reduce(value, reduction="sum") for value in values]

    def wait(self) -> None:
        """Return when all processes have come here."""
        self._accelerator.wait_for_everyone()


def join_workers(device: str) -> Workers:
    """Return this process alone, or among those it was launched with (``WORLD_SIZE``)."""
    if int(os.environ.get("WORLD_SIZE", "1")) > 1:
        return Accelerated(device)
    return Alone(device)
