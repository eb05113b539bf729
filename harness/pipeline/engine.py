"""Running stages in order: what is done is kept, what is not is done."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Final

from harness.core.errors import UsageError
from harness.core.progress import announce
from harness.core.rundir import STAGES, RunDir
from harness.pipeline import capture, describe, grid, judge, measure, plan, report, score
from harness.pipeline.context import RunContext
from harness.pipeline.spec import Plan

_MODULES: Final[dict[str, ModuleType]] = {
    "plan": plan,
    "capture": capture,
    "describe": describe,
    "measure": measure,
    "grid": grid,
    "judge": judge,
    "score": score,
    "report": report,
}


def run_stages(
    resolved: Plan, runs_dir: Path, *, stages: Sequence[str] = STAGES, fresh: bool = False
) -> Path:
    """Run stages of a spec that are not done yet and return the run directory.

    Args:
        resolved: Spec with opened inputs.
        runs_dir: Folder of runs and of reference libraries.
        stages: Stages to run; those before them must be done.
        fresh: Remove everything computed before, except human labels.

    Raises:
        UsageError: A stage is asked for before the ones it reads from are done.
        LensbenchError: Whatever a stage raises; everything finished stays.
    """
    with RunDir.open(runs_dir, resolved.spec, fresh=fresh) as run:
        context = RunContext(run, resolved)
        for stage in STAGES:
            if stage in stages:
                run_stage(context, stage)
            elif STAGES.index(stage) < max(STAGES.index(name) for name in stages):
                _require_done(context, stage)
        return run.path


def run_stage(context: RunContext, stage: str) -> None:
    """Run one stage unless it is done; raises whatever the stage raises."""
    module = _MODULES[stage]
    inputs = module.inputs(context)
    if context.run.done(stage, inputs):
        announce(f"{stage}: done before")
        return
    announce(stage)
    complete = module.run(context)
    # A stage with unscored questions stays open, so that the same command asks them again.
    if complete is not False:
        context.run.mark_done(stage, module.inputs(context))


def _require_done(context: RunContext, stage: str) -> None:
    if stage != "judge" and not context.run.done(stage, _MODULES[stage].inputs(context)):
        raise UsageError(f"stage {stage} of {context.run.path} is not done; run it first")
