"""``python -m tests.vlms.checkpoints FAMILY DIR``: save a tiny random checkpoint to try out."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.vlms.checkpoints import CHECKPOINTS, build

if __name__ == "__main__":
    if len(sys.argv) != 3 or sys.argv[1] not in CHECKPOINTS:
        sys.exit(f"usage: python -m tests.vlms.checkpoints {'|'.join(CHECKPOINTS)} DIR")
    build(sys.argv[1], Path(sys.argv[2]))
