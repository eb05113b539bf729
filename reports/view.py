"""What a report shows: one record, from which the page, the JSON file and the table are made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from harness.core.agreement import Agreement
from harness.core.ids import canonical_json
from harness.core.records import Definition, LensKind, Patch, Record, RunSpec, Score
from reports.alignment import (
    CHANCE_LENS,
    AlignmentMatrix,
    alignment_matrix,
    lenses_with_sources,
)
from reports.judging import Journals, Judging, build_judging, snapshot_notices
from reports.old_explorer import BUDGET_BYTES, Explorer, ExplorerImage, build_explorer
from reports.outcomes import DEFINITIONS, NO_JUDGE, Answers, Columns, Outcomes
from reports.panel import all_boards
from reports.ranking import Ranking, rank_lenses, winner_statement

SCHEMA_VERSION = 3
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


class Headline(Record):
    """The result in words, made from the rankings."""

    judge: str
    """Judge name."""
    definition: Definition
    """What counts as a hit."""
    text: str
    """Who leads by how much, and who is above chance."""


class ReportView(Record):
    """Everything a report shows."""

    schema_version: int = SCHEMA_VERSION
    """Version of this layout."""
    spec: RunSpec
    """The run."""
    spec_hash: str
    """Its hash."""
    provenance: str
    """What the model is and was trained on."""
    notices: tuple[str, ...]
    """What a reader must know before the figures."""
    images: int
    """Images with a sampled patch."""
    patches: int
    """Sampled patches."""
    judges: tuple[JudgeNote, ...]
    """Panels, then judges, whose figures are shown; empty if nothing was judged."""
    lenses: tuple[LensNote, ...]
    """Lenses and controls."""
    stamp: dict[str, str]
    """Software, machine and revision."""
    headlines: tuple[Headline, ...]
    """One per judge and definition."""
    scores: tuple[Score, ...]
    """All board cells."""
    judging: Judging
    """How far the judges hold, and what they cost."""
    rankings: tuple[Ranking, ...]
    """Per judge and definition: over all layers first, then layer by layer."""
    alignments: tuple[AlignmentMatrix, ...]
    """Source layers of neighbours, for lenses that have them."""
    agreement: Agreement | None = None
    """How far people agree with the judges; None if no people were asked."""
    explorer: Explorer
    """Patches and words."""


@dataclass(frozen=True, slots=True)
class RunTables:
    """The tables of a finished run, as the report reads them."""

    spec: RunSpec
    """The run."""
    patches: Sequence[Patch]
    """All sampled patches."""
    descriptions: Columns
    """All description records by column."""
    answers: Mapping[str, Answers]
    """Judge name to its answers; empty if nothing was judged."""
    scores: Sequence[Score]
    """Scores of all boards, from :func:`reports.scoring.score_outcomes`; panels first."""
    judgements: Journals = field(default_factory=dict)
    """Judge name to all its journal rows in the order written; empty if they are not known."""
    panels: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Panel name to the names of its judges; see :func:`reports.panel.panel_name`."""
    shown: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Judge name to what it was shown of every description row, where that is not the word."""


def build_view(
    tables: RunTables,
    *,
    spec_hash: str,
    provenance: str,
    lenses: Sequence[LensNote],
    judges: Sequence[JudgeNote] = (),
    notices: Sequence[str] = (),
    stamp: Mapping[str, str] | None = None,
    images: Sequence[ExplorerImage] = (),
    budget: int = BUDGET_BYTES,
    agreement: Agreement | None = None,
) -> ReportView:
    """Assemble a report.

    Args:
        tables: The finished run.
        spec_hash: Hash of the run's spec.
        provenance: What the model is, from its facts.
        lenses: One note per lens and control of the run.
        judges: One note per judge of ``tables.answers``; panels are added.
        notices: Warnings shown before the figures; unscored answers, and judges that several
            models answered for, add their own.
        stamp: Environment, shown at the end.
        images: Pictures for the explorer, in the order in which they may be dropped last.
        budget: Bytes the explorer may take.
        agreement: Results of a human evaluation of the run.

    Raises:
        MismatchError: tables that do not belong together.
    """
    spec = tables.spec
    kinds = {note.name: note.kind for note in lenses}
    boards = all_boards(
        tables.descriptions, tables.answers, tables.patches, spec, tables.panels, tables.shown
    )
    ranked = [board for board in boards if board.judge != NO_JUDGE]
    single = [board for board in ranked if board.judge in tables.answers]
    rankings = tuple(ranking for board in ranked for ranking in _rankings(board, spec, kinds))
    judging = build_judging(single, tables.judgements, tables.answers, kinds, spec.seed)
    own_notices = [*_unscored_notices(tables.scores), *snapshot_notices(judging.costs)]
    return ReportView(
        spec=spec,
        spec_hash=spec_hash,
        provenance=provenance,
        notices=(*notices, *own_notices),
        images=len({patch.image_id for patch in tables.patches}),
        patches=len(tables.patches),
        judges=(*_panel_notes(tables.panels), *judges),
        lenses=tuple(lenses),
        stamp=dict(stamp or {}),
        headlines=tuple(_headline(ranking) for ranking in rankings if _overall(ranking)),
        scores=tuple(tables.scores),
        judging=judging,
        rankings=rankings,
        alignments=_alignments(tables.descriptions, kinds),
        agreement=agreement,
        explorer=build_explorer(boards[0], tables.descriptions, images, budget),
    )


def report_json(view: ReportView) -> str:
    """Return ``report.json``: the whole view as canonical JSON with a final newline."""
    return canonical_json(view) + "\n"


def _panel_notes(panels: Mapping[str, Sequence[str]]) -> list[JudgeNote]:
    return [
        JudgeNote(
            name=name,
            version="",
            statement=f"A hit or a miss is what more than half of its {len(members)} judges found; "
            "where there is no such majority, nothing is scored.",
        )
        for name, members in panels.items()
    ]


def _alignments(
    descriptions: Columns, kinds: Mapping[str, LensKind]
) -> tuple[AlignmentMatrix, ...]:
    """Return the source layers of every lens that has them, and those that chance gives."""
    return tuple(
        alignment_matrix(descriptions, lens)
        for lens in lenses_with_sources(descriptions)
        if kinds.get(lens) == "lens" or lens == CHANCE_LENS
    )


def _rankings(board: Outcomes, spec: RunSpec, kinds: Mapping[str, LensKind]) -> list[Ranking]:
    return [
        rank_lenses(board, spec, kinds, definition, layer)
        for definition in DEFINITIONS
        for layer in (None, *board.layers)
    ]


def _overall(ranking: Ranking) -> bool:
    return bool(ranking.rows) and ranking.rows[0].layer is None


def _headline(ranking: Ranking) -> Headline:
    first = ranking.rows[0]
    return Headline(judge=first.judge, definition=first.definition, text=winner_statement(ranking))


def _unscored_notices(scores: Sequence[Score]) -> list[str]:
    """Return one line per judge that left questions unscored, with the reasons."""
    notices = []
    for judge in dict.fromkeys(score.judge for score in scores if score.judge != NO_JUDGE):
        cells = [
            score
            for score in scores
            if score.judge == judge and score.layer is None and score.definition == DEFINITIONS[0]
        ]
        total = sum(score.total for score in cells)
        reasons: dict[str, int] = {}
        for score in cells:
            for status, count in score.unscored.items():
                reasons[status] = reasons.get(status, 0) + count
        if reasons:
            listed = ", ".join(f"{status} {count}" for status, count in sorted(reasons.items()))
            notices.append(
                f"Judge {judge} left {sum(reasons.values())} of {total} answers unscored "
                f"({listed}). They are neither hits nor misses; the table gives bounds."
            )
    return notices
