"""Run the command ``judge`` and press Ctrl-C once a number of calls was answered.

Usage: ``python -m tests.pipeline.interrupted RUN LOG ANSWERED``.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from pathlib import Path

from harness.cli.main import main


def press_when_answered(log: Path, goal: int) -> None:
    """Send SIGINT to this process when ``log`` has ``goal`` lines."""
    while not log.exists() or log.read_bytes().count(b"\n") < goal:
        time.sleep(0.005)
    os.kill(os.getpid(), signal.SIGINT)


if __name__ == "__main__":
    run, log, goal = sys.argv[1:]
    threading.Thread(target=press_when_answered, args=(Path(log), int(goal)), daemon=True).start()
    judge = "gpt-5-mini"
    sys.argv = ["lensbench", "judge", run, "--judge", judge, "--concurrency", "4"]
    main()
