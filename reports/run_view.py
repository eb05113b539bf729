"""One run as the report shows it: rankings, checks of the judges, analyses, what is missing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from harness.core.agreement import Agreement
from harness.core.measures import Measures
from harness.core.records import Definition, LensKind, Patch, RunSpec, Score
from reports.board import BoardRow
from reports.board_rows import board_rows
from reports.judging import Journals, build_judging, snapshot_notices
from reports.outcomes import HEADLINE, NO_JUDGE, RANKED, Answers, Columns, Outcomes
from reports.published.paper import Paper
from reports.ranking import MATCHED_CONTROL, Ranking, rank_lenses, winner_statement
from reports.same_layers import same_layers
from reports.sections.base import Evidence
from reports.sections.registry import analyses
from reports.templating import lens_styles
from reports.view import JudgeNote, LensNote, Panel, RunView


@dataclass(frozen=True, slots=True)
class RunTables:
    """A finished run as the report reads it."""

    model: str
    """The model as the page names it."""
    spec: RunSpec
    """The run."""
    spec_hash: str
    """First digits of its hash."""
    provenance: str
    """What the model is, from its facts."""
    lenses: Sequence[LensNote]
    """One note per lens and control of the run."""
    patches: Sequence[Patch]
    """All sampled patches."""
    descriptions: Columns
    """All description records by column."""
    boards: Sequence[Outcomes]
    """Panels, then judges; judge ``none`` alone if nobody judged."""
    scores: Sequence[Score]
    """Scores of all boards, from :func:`reports.scoring.score_outcomes`."""
    answers: Mapping[str, Answers] = field(default_factory=dict)
    """Judge name to its answers; empty if nothing was judged."""
    judgements: Journals = field(default_factory=dict)
    """Judge name to all its journal rows in the order written; empty if they are not known."""
    judges: Sequence[JudgeNote] = ()
    """One note per judge; those of panels are added."""
    panels: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Panel name to the names of its judges."""
    measures: Measures | None = None
    """Measurements of the states; None if they were not made."""
    agreement: Agreement | None = None
    """Results of a human evaluation of the run; None if there was none."""
    notices: Sequence[str] = ()
    """What must be known before the figures; unscored answers and changing snapshots are added."""
    missing: Sequence[str] = ()
    """What the run lacks; what its tables lack is added."""
    stamp: Mapping[str, str] = field(default_factory=dict)
    """Environment."""

    @property
    def source(self) -> str:
        """The run as rows of the board name it."""
        return f"{self.model} {self.spec_hash}"

    @property
    def kinds(self) -> dict[str, LensKind]:
        """Lens or control to its kind."""
        return {note.name: note.kind for note in self.lenses}

    @property
    def judged(self) -> tuple[Outcomes, ...]:
        """The boards that were judged."""
        return tuple(board for board in self.boards if board.judge != NO_JUDGE)


def build_run_view(
    tables: RunTables,
    paper: Paper | None = None,
    published_model: str | None = None,
    options: Mapping[str, str] = MappingProxyType({}),
) -> tuple[RunView, tuple[BoardRow, ...]]:
    """Return what the report shows of one run, and its rows of the board.

    Args:
        tables: The finished run.
        paper: Published figures to show behind the run's own.
        published_model: The run's model in them; None if it is not there.
        options: Options of analyses by name, see :class:`reports.sections.base.Evidence`.

    Raises:
        UsageError: an option asks for what is not installed.
        MismatchError: tables that do not belong together.
    """
    same = same_layers(tables.measures)
    rankings = _rankings(tables, same)
    single = [board for board in tables.judged if board.judge in tables.answers]
    judging = build_judging(
        single, tables.judgements, tables.answers, tables.kinds, tables.spec.seed
    )
    evidence = _evidence(tables, paper, published_model, options)
    view = RunView(
        model=tables.model,
        spec=tables.spec,
        spec_hash=tables.spec_hash,
        provenance=tables.provenance,
        notices=(*tables.notices, *snapshot_notices(judging.costs)),
        missing=(*tables.missing, *_missing(tables)),
        images=len({patch.image_id for patch in tables.patches}),
        patches=len(tables.patches),
        judges=(*_panel_notes(tables.panels), *tables.judges),
        lenses=tuple(tables.lenses),
        same_layers=same,
        stamp=dict(tables.stamp),
        panels=tuple(_panel(found) for found in rankings.values()),
        judging=judging,
        analyses=analyses(evidence),
        agreement=tables.agreement,
    )
    every = [ranking for found in rankings.values() for ranking in found]
    return view, board_rows(tables.model, tables.source, tables.scores, every, same)


def _rankings(
    tables: RunTables, same: Sequence[int]
) -> dict[tuple[str, Definition], list[Ranking]]:
    """Return judge and definition to the ranking over all layers, then of each layer."""
    return {
        (board.judge, definition): [
            rank_lenses(board, tables.spec, tables.kinds, definition, layer, same)
            for layer in (None, *board.layers)
        ]
        for board in tables.judged
        for definition in RANKED
    }


def _evidence(
    tables: RunTables, paper: Paper | None, published_model: str | None, options: Mapping[str, str]
) -> Evidence:
    return Evidence(
        model=tables.model,
        spec=tables.spec,
        kinds=tables.kinds,
        styles=lens_styles(tables.kinds),
        boards=tables.boards,
        descriptions=tables.descriptions,
        scores=tables.scores,
        measures=tables.measures,
        paper=paper,
        published_model=published_model,
        options=options,
    )


def _panel(rankings: Sequence[Ranking]) -> Panel:
    overall, *layers = rankings
    first = overall.rows[0]
    return Panel(
        judge=first.judge,
        definition=first.definition,
        headline=winner_statement(overall),
        overall=overall,
        layers=tuple(layers),
    )


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


def _missing(tables: RunTables) -> Iterator[str]:
    """Yield what a reader may look for and this run does not have."""
    if not tables.judged:
        yield "No judge: words are shown, but there are no rates, no ranking and no winner."
    yield from _unscored(tables.scores)
    wordless = _wordless(tables)
    if wordless:
        yield f"No words: {wordless}. Such cells are neither hits nor misses."
    short = tables.spec.patches_per_image * len(tables.spec.image_ids) - len(tables.patches)
    if short > 0:
        yield (
            f"Patches: {len(tables.patches)} of "
            f"{short + len(tables.patches)} asked for; some images have fewer valid places."
        )
    lenses = [note.name for note in tables.lenses if note.kind == "lens"]
    bare = [name for name in lenses if MATCHED_CONTROL + name not in tables.kinds]
    if bare and tables.judged:
        yield f"Matched controls: none for {', '.join(bare)}; what chance gives is not known."
    if tables.judged and tables.agreement is None:
        yield "People: nobody was asked, so how far the judge can be believed is not measured here."
    if tables.measures is None:
        yield "Measurements of the states: not made; drift, norms and anisotropy are left out."


def _unscored(scores: Sequence[Score]) -> Iterator[str]:
    """Yield one line per judge that left questions unscored, with the reasons."""
    for judge in dict.fromkeys(score.judge for score in scores if score.judge != NO_JUDGE):
        cells = [
            score
            for score in scores
            if (score.judge, score.layer, score.definition) == (judge, None, HEADLINE)
        ]
        total = sum(score.total for score in cells)
        reasons: Counter[str] = Counter()
        for score in cells:
            reasons.update(score.unscored)
        if reasons:
            listed = ", ".join(f"{status} {count}" for status, count in sorted(reasons.items()))
            yield (
                f"Judge {judge} left {sum(reasons.values())} of {total} answers unscored "
                f"({listed}). They are neither hits nor misses; the table gives bounds."
            )


def _wordless(tables: RunTables) -> str:
    """Return how many cells of which lens have no words; empty if all have some."""
    board = tables.boards[0]
    counts: Counter[str] = Counter()
    for (lens, _), cells in board.cells.items():
        counts[lens] += sum(not cell.words for cell in cells)
    return ", ".join(f"{lens} in {count} cells" for lens, count in counts.items() if count)
