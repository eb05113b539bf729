"""Where candidates are read from: a matrix in memory, or a layer of a library on disk."""

from __future__ import annotations

from typing import Protocol

import torch


class Vectors(Protocol):
    """Candidates of one group, [rows, width], read in pieces."""

    @property
    def width(self) -> int:
        """Length of each vector."""
        ...

    def __len__(self) -> int:
        """Return the number of rows."""
        ...

    def read(self, start: int, stop: int) -> torch.Tensor:
        """Return rows ``start`` to ``stop``, [stop - start, width] float32."""
        ...

    def gather(self, rows: torch.Tensor) -> torch.Tensor:
        """Return the rows of ascending numbers [r], [r, width] float32."""
        ...


class TensorVectors:
    """A matrix in memory, float32 or narrower, [rows, width]."""

    def __init__(self, matrix: torch.Tensor) -> None:
        self.matrix = matrix

    @property
    def width(self) -> int:
        """Length of each vector."""
        return self.matrix.shape[1]

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.matrix)

    def read(self, start: int, stop: int) -> torch.Tensor:
        """Return a range of rows as float32."""
        return self.matrix[start:stop].float()

    def gather(self, rows: torch.Tensor) -> torch.Tensor:
        """Return some rows as float32."""
        return self.matrix[rows.to(self.matrix.device)].float()
