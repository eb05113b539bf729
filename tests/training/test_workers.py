from __future__ import annotations

import multiprocessing
import os
import socket
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from harness.core.errors import UsageError
from harness.training.plan import TrainingRecord
from harness.training.projector import Request, train_projector
from harness.training.workers import Alone, join_workers
from tests.training.parts import PACE, SHORT, train

PLAIN = SHORT.model_copy(update={"dropout": 0.0, "precision": "float32", "steps": 3})


def test_one_process_is_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a launcher there is nothing to exchange, and accelerate is not needed."""
    monkeypatch.setitem(sys.modules, "accelerate", None)
    workers = join_workers("auto")
    assert isinstance(workers, Alone)
    assert (workers.count, workers.number) == (1, 0)
    assert workers.totals([torch.tensor(2.0)]) == [torch.tensor(2.0)]
    with pytest.raises(UsageError, match="device 'cudda'"):
        join_workers("cudda")


def test_several_need_accelerate(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the package is missing, one line says how to get it."""
    monkeypatch.setitem(sys.modules, "accelerate", None)
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(UsageError, match=r"pip install 'lensbench\[models\]'"):
        join_workers("cpu")


def test_two_processes_train_what_one_does(parts: tuple[str, str], tmp_path: Path) -> None:
    """Gradients and held-out losses are those of all captions together, up to rounding."""
    together = tmp_path / "together"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    fork = multiprocessing.get_context("fork")
    pair = [fork.Process(target=one_of_two, args=(n, port, parts, together)) for n in (0, 1)]
    for process in pair:
        process.start()
    for process in pair:
        process.join()
    assert [process.exitcode for process in pair] == [0, 0]
    record = train(parts, tmp_path / "alone", PLAIN)
    stored = TrainingRecord.model_validate_json((together / "training.json").read_bytes())
    assert stored.processes == 2
    assert stored.heldout[-1].tokens == record.heldout[-1].tokens
    assert stored.heldout[-1].loss == pytest.approx(record.heldout[-1].loss, abs=1e-3)
    one, other = (
        load_file(folder / "projector.safetensors") for folder in (together, tmp_path / "alone")
    )
    # AdamW's first steps follow signs, so that a tiny gradient's rounding can show a little.
    assert all(torch.allclose(one[name], other[name], atol=2e-3) for name in one)


def one_of_two(number: int, port: int, parts: tuple[str, str], folder: Path) -> None:
    """Train as a launcher's child would, without the cost of a new interpreter."""
    os.environ.update(RANK=f"{number}", LOCAL_RANK=f"{number}", WORLD_SIZE="2")
    os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT=f"{port}", ACCELERATE_USE_CPU="true")
    request = Request(*parts, "scenes:500+30", folder)
    record = train_projector(request, PLAIN, PACE, device="cpu", cache_gb=1.0)
    assert (record is None) == bool(number)
