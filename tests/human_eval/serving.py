"""A server of a study in a process of its own, as the command line starts it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

_ROOT = Path(__file__).parents[2]
_SERVE = """
import sys
from pathlib import Path
from human_eval.server import serve
from human_eval.study import read_study
folder = Path(sys.argv[1])
serve(read_study(folder), folder, host=sys.argv[2], port=int(sys.argv[3]),
      announce_links=lambda line: print(line, flush=True))
print("ended", flush=True)
"""


def started(folder: Path, host: str = "127.0.0.1", port: int = 0) -> subprocess.Popen[str]:
    """Start a server of the study in ``folder``; its standard output begins with the links."""
    return subprocess.Popen(
        [sys.executable, "-c", _SERVE, str(folder), host, str(port)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=_ROOT,
        env=os.environ | {"PYTHONPATH": str(_ROOT)},
    )


def links(server: subprocess.Popen[str], people: int) -> dict[str, str]:
    """Read the links of a server that was started: annotator to address."""
    assert server.stdout is not None
    lines = [server.stdout.readline().strip() for _ in range(people)]
    return {name: link for name, _, link in (line.partition(": ") for line in lines)}
