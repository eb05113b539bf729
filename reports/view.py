"""What a report shows: one record, from which the page, the JSON file and the table are made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness.core.ids import canonical_json
from harness.core.records import Definition, LensKind, Patch, Record, RunSpec, Score
from reports.alignment import (
    CHANCE_LENS,
    AlignmentMatrix,
    alignment_matrix,
    lenses_with_sources,
)
from reports.explorer import BUDGET_BYTES, Explorer, ExplorerImage, build_explorer
from reports.outcomes import DEFINITIONS, NO_JUDGE, Answers, Columns, Outcomes, join
from reports.ranking import Ranking, rank_lenses, winner_statement

SCHEMA_VERSION = 1
"""Version of the layout of ``report.json``."""


class JudgeNote(Record):
    """A judge as the page names it."""

    name: str
    """Registered name."""
    version: str
    """Model snapshot or rules hash."""
    statement: str
    """What kind of judge it is, in one plain sentence."""


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
    """Judges whose figures are shown; empty if nothing was judged."""
    lenses: tuple[LensNote, ...]
    """Lenses and controls."""
    stamp: dict[str, str]
    """Software, machine and revision."""
    headlines: tuple[Headline, ...]
    """One per judge and definition."""
    scores: tuple[Score, ...]
    """All board cells."""
    rankings: tuple[Ranking, ...]
    """Per judge and definition: over all layers first, then layer by layer."""
    alignments: tuple[AlignmentMatrix, ...]
    """Source layers of neighbours, for lenses that have them."""
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
    """Scores of all judges, from :func:`reports.scoring.score_run`."""


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
) -> ReportView:
    """Assemble a report.

    Args:
        tables: The finished run.
        spec_hash: Hash of the run's spec.
        provenance: What the model is, from its facts.
        lenses: One note per lens and control of the run.
        judges: One note per judge of ``tables.answers``.
        notices: Warnings shown before the figures; unscored answers add one of their own.
        stamp: Environment, shown at the end.
        images: Pictures for the explorer, in the order in which they may be dropped last.
        budget: Bytes the explorer may take.

    Raises:
        MismatchError: tables that do not belong together.
    """
    spec = tables.spec
    kinds = {note.name: note.kind for note in lenses}
    boards = [
        join(tables.descriptions, answers, tables.patches, spec, judge)
        for judge, answers in tables.answers.items()
    ]
    shown = boards[0] if boards else join(tables.descriptions, None, tables.patches, spec, NO_JUDGE)
    rankings = tuple(ranking for board in boards for ranking in _rankings(board, spec, kinds))
    sources = [
        lens
        for lens in lenses_with_sources(tables.descriptions)
        if kinds.get(lens) == "lens" or lens == CHANCE_LENS
    ]
    return ReportView(
        spec=spec,
        spec_hash=spec_hash,
        provenance=provenance,
        notices=(*notices, *_unscored_notices(tables.scores)),
        images=len({patch.image_id for patch in tables.patches}),
        patches=len(tables.patches),
        judges=tuple(judges),
        lenses=tuple(lenses),
        stamp=dict(stamp or {}),
        headlines=tuple(_headline(ranking) for ranking in rankings if _overall(ranking)),
        scores=tuple(tables.scores),
        rankings=rankings,
        alignments=tuple(alignment_matrix(tables.descriptions, lens) for lens in sources),
        explorer=build_explorer(shown, tables.descriptions, images, budget),
    )


def report_json(view: ReportView) -> str:
    """Return ``report.json``: the whole view as canonical JSON with a final newline."""
    return canonical_json(view) + "\n"


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
