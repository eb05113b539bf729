"""The judges of a run as it records them: how they are asked, and what they were when asked."""

from __future__ import annotations

from pydantic import ValidationError

from harness.core.errors import DataError
from harness.core.files import write_json_atomic
from harness.core.records import Record
from harness.pipeline.context import RunContext


class JudgeSetup(Record):
    """One judge of a run and how it is asked."""

    judge: str
    """Name of the judge."""
    protocol: str
    """Name of the protocol."""
    repeat: float = 0.0
    """Per cent of the questions asked twice."""
    reorder: float = 0.0
    """Per cent of the questions asked again in another order of words."""


class JudgeIdentity(Record):
    """What decides the keys of a judge's questions, kept so that a report needs no judge."""

    judge: str
    """Name of the judge."""
    version: str
    """Hash of its model and parameters, or of its rules."""
    needs_labels: bool
    """Whether it reads ground-truth labels."""
    needs_pixels: bool
    """Whether it looks at pictures."""
    statement: str
    """What kind of judge it is, in one sentence."""


class RunJudges(Record):
    """The judges of a run: those beyond its spec, and what all of them were when last asked."""

    added: tuple[JudgeSetup, ...] = ()
    """Judges beyond those of the spec, in the order they were added."""
    panel: str = "none"
    """How the verdicts of all judges of the run are joined; ``none`` leaves it to the spec."""
    identities: tuple[JudgeIdentity, ...] = ()
    """The judges as they were when the run was last judged."""


def setups(context: RunContext) -> tuple[JudgeSetup, ...]:
    """Return the judges of the spec and those added later, each once, without ``none``."""
    spec = context.spec
    own = [
        JudgeSetup(judge=name, protocol=spec.protocol, repeat=spec.repeat, reorder=spec.reorder)
        for name in spec.judges
        if name != "none"
    ]
    found = {(setup.judge, setup.protocol): setup for setup in own}
    # A judge named again later is the same judge, asked with the later checks.
    found |= {(setup.judge, setup.protocol): setup for setup in run_judges(context).added}
    return tuple(found.values())


def run_judges(context: RunContext) -> RunJudges:
    """Return what is recorded of the run's judges.

    Raises:
        DataError: The file is unreadable.
    """
    try:
        return RunJudges.model_validate_json(context.run.judges.read_bytes())
    except FileNotFoundError:
        return RunJudges()
    except (OSError, ValidationError) as error:
        raise DataError(f"cannot read {context.run.judges}: {error}") from error


def write_judges(context: RunContext, record: RunJudges) -> None:
    """Record the run's judges, if anything about them has changed."""
    if record != run_judges(context):
        write_json_atomic(context.run.judges, record, readable=True)


def panel_rule(context: RunContext) -> str:
    """Return how the run's judges are joined: none or majority."""
    later = run_judges(context).panel
    return context.spec.panel if later == "none" else later
