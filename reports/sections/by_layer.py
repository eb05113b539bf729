"""How often each lens is interpretable, layer by layer, and where one lens overtakes another."""

from __future__ import annotations

from typing import Final

from harness.core.records import Score
from reports.figures.records import Line, LineChart, Mark
from reports.outcomes import HEADLINE, Outcomes
from reports.published.load import published_rate
from reports.same_layers import same_layers
from reports.sections.base import Analysis, Evidence
from reports.sections.leads import leads, leads_table, overtaking
from reports.sections.phrases import listed, percent

LEAST_SCORED: Final = 0.9
"""Share of patches below which a rate is said to rest on few of them."""

_DEFINITION: Final = (
    "Rate = patches whose words hold at least one that the judge calls concrete, abstract or "
    "global / patches scored, for each lens at each visual layer; unscored patches are left out. "
    "Bands: Wilson's 95 % interval, for the effective number of patches where an image has "
    "several. Differences of two lenses are means over the patches scored for both, with 95 % "
    "intervals that resample whole images. Beyond chance: p below 0.05 in the test that turns the "
    "signs of whole images (see the leaderboard), corrected by Holm's method for all pairs of "
    "lenses and layers of the table. A lens overtakes another where it is behind beyond chance at "
    "one layer and ahead beyond chance at the next layer at which either is. Source: LatentLens "
    "(arXiv 2602.00462), section 4.2; there 100 patches a layer."
)


class ByLayer:
    """Lines of the headline rate with intervals, controls, and the published curves behind."""

    name = "by-layer"
    title = "Interpretability by layer"

    def analyse(self, evidence: Evidence) -> Analysis | None:
        """Return the curves of the first board; None if nothing was judged or scored."""
        for board in evidence.judged[:1]:
            scores = [
                score
                for score in evidence.scores
                if (score.judge, score.definition) == (board.judge, HEADLINE)
                and score.layer is not None
            ]
            if any(score.estimate is not None for score in scores):
                return self._analysis(evidence, board, scores)
        return None

    def _analysis(self, evidence: Evidence, board: Outcomes, scores: list[Score]) -> Analysis:
        ours = tuple(_line(lens, evidence, scores) for lens in evidence.kinds)
        shown = tuple(line for line in ours if line.marks)
        published = _published(evidence)
        found = leads(evidence, board)
        chart = LineChart(
            name=self.name,
            title=f"Share of interpretable patches by layer, {evidence.model}, {board.judge}",
            x_label="visual layer",
            y_label="interpretable patches, share",
            lines=(*shown, *published),
            y_range=(0.0, 1.0),
            shaded=tuple(float(layer) for layer in same_layers(evidence.measures)),
        )
        return Analysis(
            name=self.name,
            title=self.title,
            finding=f"{_peaks(evidence, shown)} {overtaking(found)}".strip(),
            definition=_DEFINITION,
            figures=(chart,),
            tables=(leads_table(found),) if found else (),
            notes=(*_poorly_scored(evidence, scores), *_notes(board, chart, bool(published))),
        )


def _line(lens: str, evidence: Evidence, scores: list[Score]) -> Line:
    marks = [
        Mark(
            x=float(score.layer),
            y=score.estimate,
            low=score.low,
            high=score.high,
            note=f"{score.hits} of {score.n} scored, {score.total} asked",
        )
        for score in scores
        if score.lens == lens and score.layer is not None and score.estimate is not None
    ]
    return Line(
        name=lens,
        style=evidence.styles[lens],
        marks=tuple(sorted(marks, key=lambda mark: mark.x)),
    )


def _published(evidence: Evidence) -> tuple[Line, ...]:
    """Return the curves of the paper for our lenses of the same name."""
    paper, model = evidence.paper, evidence.published_model
    if paper is None or model is None:
        return ()
    lines: list[Line] = []
    for lens in evidence.lenses:
        wanted = (model, lens, "none")
        layers = sorted(
            {cell.layer for cell in paper.cells if (cell.model, cell.lens, cell.variant) == wanted}
        )
        cells = [published_rate(paper, model, lens, layer) for layer in layers]
        marks = tuple(
            Mark(x=float(cell.layer), y=cell.rate, note="; ".join(_known(cell.n, cell.problems)))
            for cell in cells
            if cell is not None
        )
        if marks:
            style = f"published {evidence.styles[lens]}"
            lines.append(Line(name=f"{lens}, published", style=style, marks=marks))
    return tuple(lines)


def _known(n: int | None, problems: tuple[str, ...]) -> tuple[str, ...]:
    return (f"published, n = {n}" if n else "published, n not known", *problems)


def _peaks(evidence: Evidence, lines: tuple[Line, ...]) -> str:
    lenses = [line for line in lines if line.name in evidence.lenses]
    if not lenses:
        return "No lens under test was scored at any layer."
    best = [(line.name, max(line.marks, key=lambda mark: mark.y)) for line in lenses]
    peaks = [f"{name} at layer {mark.x:g} ({percent(mark.y)})" for name, mark in best]
    return f"Highest: {listed(peaks)}."


def _poorly_scored(evidence: Evidence, scores: list[Score]) -> list[str]:
    """Say of which lenses few patches were scored at some layer, so that rates mean little."""
    found: list[str] = []
    for lens in evidence.lenses:
        layers = [
            str(score.layer)
            for score in scores
            if score.lens == lens and score.n < LEAST_SCORED * score.total
        ]
        if layers:
            found.append(f"{lens} at layer {listed(layers)}")
    if not found:
        return []
    return [
        f"Less than {percent(LEAST_SCORED)} of the patches were scored for {'; '.join(found)}: "
        "these rates are of the scored patches alone, and the board has their bounds."
    ]


def _notes(board: Outcomes, chart: LineChart, published: bool) -> tuple[str, ...]:
    notes = [f"Judge: {board.judge}. Controls are dashed: what a lens has to beat."]
    if chart.shaded:
        layers = listed([f"{layer:g}" for layer in chart.shaded])
        notes.append(
            f"At layer {layers} the states are practically those of layer 0 (mean cosine above "
            "0.99), so these points are one measurement shown several times."
        )
    if published:
        notes.append(
            "Published curves rest on another judge, other images and other patches; they are "
            "shown for their shape."
        )
    return tuple(notes)


SECTION: Final = ByLayer()
"""The analysis as the registry knows it."""
