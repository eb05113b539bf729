"""What a report shows, as records: from them the page, the JSON file and the tables are made."""

from __future__ import annotations

from harness.core.agreement import Agreement
from harness.core.ids import canonical_json
from harness.core.records import Definition, LensKind, Record, RunSpec
from reports.board_page import BoardPage
from reports.judging import Judging
from reports.ranking import Ranking
from reports.sections.base import Analysis

SCHEMA_VERSION = 4
"""Version of the layout of ``report.json``."""


class JudgeNote(Record):
    """A judge as the page names it."""

    name: str
    """Registered name."""
    version: str
    """Hash of model and parameters, or of the rules; empty for a panel."""
    statement: str
    """What kind of judge it is, in one plain sentence."""
    protocol: str = ""
    """Name and version of the protocol it was asked by, such as ``paper.1``; empty if unknown."""
    prompt_hash: str = ""
    """sha256 over the protocol's templates, schema and settings; empty if unknown."""


class LensNote(Record):
    """A lens or control as the page names it."""

    name: str
    """Registered name."""
    kind: LensKind
    """Lens under test or control."""
    summary: str
    """What it compares with what."""
    score: str = ""
    """What its score is: ``cosine``, ``logit``, or empty if it has none."""


class Panel(Record):
    """The result by one judge and one definition of a hit."""

    judge: str
    """Judge or panel of judges."""
    definition: Definition
    """What counts as a hit."""
    headline: str
    """Who leads by how much, and who is above chance."""
    overall: Ranking
    """Lenses and controls by their means over layers."""
    layers: tuple[Ranking, ...]
    """The same, layer by layer."""


class RunView(Record):
    """Everything a report shows of one run."""

    model: str
    """The model as the page names it; unique in a report."""
    spec: RunSpec
    """The run."""
    spec_hash: str
    """First digits of its hash."""
    provenance: str
    """What the model is and was trained on."""
    notices: tuple[str, ...]
    """What a reader must know before the figures."""
    missing: tuple[str, ...]
    """What this run does not have and a reader may look for."""
    images: int
    """Images with a sampled patch."""
    patches: int
    """Sampled patches."""
    judges: tuple[JudgeNote, ...]
    """Panels, then judges, whose figures are shown; empty if nothing was judged."""
    lenses: tuple[LensNote, ...]
    """Lenses and controls."""
    same_layers: tuple[int, ...]
    """Visual layers whose states are practically those of layer 0."""
    stamp: dict[str, str]
    """Software, machine and revision."""
    panels: tuple[Panel, ...]
    """Results by judge and definition."""
    judging: Judging
    """How far the judges hold, and what they cost."""
    analyses: tuple[Analysis, ...]
    """Analyses of the run, in the order of the page."""
    agreement: Agreement | None = None
    """How far people agree with the judges; None if no people were asked."""


class ReportView(Record):
    """Everything a report shows, except the words of single patches."""

    schema_version: int = SCHEMA_VERSION
    """Version of this layout."""
    title: str
    """Heading of the page."""
    runs: tuple[RunView, ...]
    """The runs; empty for a report of published figures alone."""
    board: BoardPage
    """All rates of all runs, and of the paper if it is shown, and how models compare."""
    paper_source: str = ""
    """Where the published figures come from; empty if they are not shown."""
    paper: tuple[Analysis, ...]
    """The runs against the published figures, or the published figures alone."""


def report_json(view: ReportView) -> str:
    """Return ``report.json``: the whole view as canonical JSON with a final newline."""
    return canonical_json(view) + "\n"
