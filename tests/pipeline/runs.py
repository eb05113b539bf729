"""Small whole runs on the bundled miniature, shared by the tests of this folder."""

from __future__ import annotations

from pathlib import Path

from harness.core.config import RunOptions
from harness.core.rundir import STAGES
from harness.mini.phrases import reference_corpus
from harness.pipeline.engine import run_stages
from harness.pipeline.spec import resolve_spec

RESULTS = (
    "patches.parquet",
    "descriptions.parquet",
    "measures.json",
    "grid.parquet",
    "scores.parquet",
    "leaderboard.csv",
    "report.csv",
)
"""Files that two runs of one spec must have byte for byte alike."""


def write_small_corpus(path: Path) -> Path:
    """Write 400 phrases of the grammar, enough for every lens and quick to encode."""
    path.write_text("\n".join(reference_corpus(400, ())) + "\n", encoding="utf-8")
    return path


def small_options(corpus: Path, runs_dir: Path, **changes: object) -> RunOptions:
    """Return the options of a run of 3 scenes with 4 patches each at 3 layers."""
    options: dict[str, object] = {
        "corpus": str(corpus),
        "runs_dir": str(runs_dir),
        "limit": 3,
        "patches": 4,
        "layers": "0,4,8",
        "grid": 1,
    }
    return RunOptions.model_validate(options | changes)


def execute(options: RunOptions, stages: tuple[str, ...] = STAGES) -> Path:
    """Run stages as the command line does and return the run directory."""
    return run_stages(
        resolve_spec(options), Path(options.runs_dir), stages=stages, fresh=options.fresh
    )


def result_bytes(run: Path) -> dict[str, bytes]:
    """Return the contents of the files that must not differ."""
    return {name: (run / name).read_bytes() for name in RESULTS}
