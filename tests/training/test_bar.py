from __future__ import annotations

import io
import sys

import pytest

from harness.core.progress import progress
from harness.training.bar import TrainingBar


class Terminal(io.StringIO):
    """A standard error that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def test_a_terminal_sees_loss_and_rate(monkeypatch: pytest.MonkeyPatch) -> None:
    """The bar counts steps, and makes room for the bar of a measurement."""
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("COLUMNS", "120")
    with TrainingBar("training", 3, 10) as bar:
        bar.show(4, 0.12345, 6.7)
        with bar.paused():
            assert list(progress(range(2), description="measuring")) == [0, 1]
        bar.show(5, 0.2, 8.0)
    shown = terminal.getvalue()
    assert "loss 0.1235" in shown
    assert "8.0 captions/s" in shown
    assert "5/10" in shown.replace(" ", "")
    assert "measuring" in shown


def test_elsewhere_it_is_silent(capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is written where nobody looks."""
    with TrainingBar("training", 0, 2) as bar, bar.paused():
        bar.show(1, 0.5, 1.0)
    assert capsys.readouterr().err == ""
