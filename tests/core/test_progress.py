from __future__ import annotations

import contextlib
import io
import logging
import subprocess
import sys
from collections.abc import Iterator

import pytest

from harness.core.progress import LOGGER_NAME, announce, progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@contextlib.contextmanager
def bare_logging() -> Iterator[logging.Logger]:
    """The logger as in a process that has not configured logging."""
    root, logger = logging.getLogger(), logging.getLogger(LOGGER_NAME)
    kept = (root.handlers[:], logger.handlers[:], logger.level)
    root.handlers[:], logger.handlers[:] = [], []
    logger.setLevel(logging.NOTSET)
    try:
        yield logger
    finally:
        root.handlers[:], logger.handlers[:] = kept[0], kept[1]
        logger.setLevel(kept[2])


def test_silent_where_there_is_no_terminal(capfd: pytest.CaptureFixture[str]) -> None:
    assert list(progress(range(3), description="capture")) == [0, 1, 2]
    assert capfd.readouterr() == ("", "")


def test_a_bar_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal, output = Terminal(), io.StringIO()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setattr(sys, "stdout", output)
    items = progress((number for number in range(4)), description="capture", total=4)
    assert list(items) == [0, 1, 2, 3]
    assert "capture" in terminal.getvalue()
    assert "100%" in terminal.getvalue()
    assert output.getvalue() == ""


def test_a_bar_with_counts_rate_and_a_note(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    items = progress(range(4), description="judge", total=4, note=lambda item: f"${item}.00")
    assert list(items) == [0, 1, 2, 3]
    for part in ("judge", "4/4", "/min", "$3.00"):
        assert part in terminal.getvalue()


def test_items_are_not_read_ahead() -> None:
    taken: list[int] = []
    source = (taken.append(number) or number for number in range(9))  # type: ignore[func-returns-value]
    assert next(progress(source, description="x", total=9)) == 0
    assert taken == [0]


def test_announce_writes_one_bare_line_to_standard_error() -> None:
    code = "from harness.core.progress import announce; announce('50% done'); announce('end')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr == "50% done\nend\n"
    assert done.stdout == ""


def test_announce_follows_standard_error(monkeypatch: pytest.MonkeyPatch) -> None:
    with bare_logging() as logger:
        for expected in ("first", "second"):
            stream = io.StringIO()
            monkeypatch.setattr(sys, "stderr", stream)
            announce(expected)
            assert stream.getvalue() == expected + "\n"
        assert len(logger.handlers) == 1


def test_announce_goes_to_configured_logging_instead(
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    with caplog.at_level(logging.INFO, logger=LOGGER_NAME):
        announce("hello")
    assert caplog.messages == ["hello"]
    assert capfd.readouterr().err == ""


def test_a_level_set_by_the_application_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    with bare_logging() as logger:
        logger.setLevel(logging.ERROR)
        announce("quiet")
        logger.setLevel(logging.INFO)
        announce("loud")
    assert stream.getvalue() == "loud\n"


def test_rich_is_not_imported_without_a_terminal() -> None:
    code = (
        "import sys; from harness.core.progress import progress; "
        "list(progress([1], description='x')); sys.exit('rich' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], stderr=subprocess.PIPE, check=True)
