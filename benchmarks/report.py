"""What it takes to build the report of a finished run: seconds, memory and bytes.

``python -m benchmarks.report RUN`` builds the page, its JSON and its CSV in a fresh process, as the
stage ``report`` and the command ``report`` do, and prints how long that took from the first import
to the last byte, the most memory that the process ever held, and the sizes of what it wrote.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

_BUILD = """
import sys
from pathlib import Path
from harness.pipeline.report_files import ReportRequest, write_report
write_report(ReportRequest(runs=(Path(sys.argv[1]),), output=Path(sys.argv[2])))
"""


def main() -> None:
    """Build once and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("run", type=Path, help="directory of a finished run")
    run = parser.parse_args().run
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "report.html"
        began = time.perf_counter()
        subprocess.run([sys.executable, "-c", _BUILD, str(run), str(page)], check=True)
        seconds = time.perf_counter() - began
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        print(f"build: {seconds:.1f} s, {peak:,.0f} MiB at most")
        for path in sorted(Path(folder).iterdir()):
            print(f"{path.name}: {path.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
