"""An analysis: how long the words are that each lens shows, layer by layer."""

from __future__ import annotations

from statistics import fmean

from reports.figures.records import Line, LineChart, Mark
from reports.outcomes import Outcomes
from reports.sections.base import Analysis, Evidence


class WordLength:
    """Lines of the mean number of characters."""

    name = "word-length"
    title = "Length of words"

    def analyse(self, evidence: Evidence) -> Analysis | None:
        """Return the curves of all lenses under test; None if none of them gave words."""
        lines = [_line(lens, evidence, evidence.boards[0]) for lens in evidence.lenses]
        shown = tuple(line for line in lines if line.marks)
        if not shown:
            return None
        first = shown[0]
        return Analysis(
            name=self.name,
            title=self.title,
            finding=f"At layer {first.marks[0].x:g}, a word of {first.name} has "
            f"{first.marks[0].y:.1f} characters on average.",
            definition="Characters of all words that a lens shows at a layer / number of words.",
            figures=(
                LineChart(
                    name=self.name,
                    title=f"Mean length of words by layer, {evidence.model}",
                    x_label="visual layer",
                    y_label="characters",
                    lines=shown,
                ),
            ),
        )


def _line(lens: str, evidence: Evidence, board: Outcomes) -> Line:
    marks = []
    for layer in board.layers:
        lengths = [len(word) for cell in board.cells[lens, layer] for word in cell.words]
        if lengths:
            marks.append(Mark(x=layer, y=fmean(lengths)))
    return Line(name=lens, style=evidence.styles[lens], marks=tuple(marks))


SECTION = WordLength()
