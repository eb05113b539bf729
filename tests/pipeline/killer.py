"""Run a spec in a process that kills itself in the middle of a stage.

Usage: ``python -m tests.pipeline.killer STAGE OPTIONS_JSON``; ends by SIGKILL, or with exit code 3
if the stage never reached the place where it was to be killed.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from typing import Any
from unittest.mock import patch

from harness.core.config import RunOptions
from harness.core.ids import canonical_json
from harness.core.journal import Journal
from harness.pipeline import capture, describe, grid, measure, plan, report, score
from tests.pipeline.runs import execute


def kill_after(calls: int, function: Callable[..., Any]) -> Callable[..., Any]:
    """Return ``function`` that, called for the last time, does its work and ends the process."""
    left = calls

    def dying(*args: Any, **kwargs: Any) -> Any:
        nonlocal left
        result = function(*args, **kwargs)
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    return dying


def tear_and_die(journal: Journal, records: Any) -> None:
    """Write one and a half records and end the process, as a power cut would."""
    rows = list(records)
    whole, torn = canonical_json(rows[0]), canonical_json(rows[1])
    with journal.path.open("a") as stream:
        stream.write(whole + "\n" + torn[: len(torn) // 2])
    os.kill(os.getpid(), signal.SIGKILL)


def main(stage: str, options: str) -> None:
    """Plant the kill in ``stage`` and run."""
    victims: dict[str, tuple[Any, str, int]] = {
        "plan": (plan, "write_table", 2),
        "capture": (capture, "_capture_image", 2),
        "describe": (describe, "write_table", 3),
        "measure": (measure, "write_json_atomic", 1),
        "grid": (grid, "write_table", 1),
        "score": (score, "write_table", 1),
        "report": (report, "write_text_atomic", 1),
    }
    if stage == "judge":
        patch.object(Journal, "append_many", tear_and_die).start()
    else:
        module, name, calls = victims[stage]
        patch.object(module, name, kill_after(calls, getattr(module, name))).start()
    execute(RunOptions.model_validate_json(options))
    sys.exit(3)


if __name__ == "__main__":
    main(*sys.argv[1:])
