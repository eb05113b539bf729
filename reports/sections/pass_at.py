"""How the rate grows with the number of words that are looked at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from harness.core.records import Score
from reports.figures.records import Column, Line, LineChart, Mark, Table
from reports.outcomes import Outcomes
from reports.ranking import MATCHED_CONTROL
from reports.sections.base import Analysis, Evidence
from reports.sections.phrases import listed, percent, points
from reports.stats import Difference, paired_difference

_PREFIX: Final = "pass@"

_DEFINITION: Final = (
    "pass@n = patches of which at least one of the first n words, by rank, is called concrete, "
    "abstract or global / patches scored; mean over layers, each layer one vote. pass@k, with all "
    "k words shown, is the headline rate. Intervals: 95 %, resampling whole images. Gain = pass@k "
    "minus pass@1 on the same patches. More words are more chances to be right, for a control as "
    "well, so read the gain of a lens beside that of its matched control (the same lens's words "
    "of another image). Source: the protocol of LatentLens (arXiv 2602.00462) asks about five "
    "words (pass@5) and, apart from that, about the first one alone (pass@1)."
)

_JOINT: Final = (
    "The words of a patch were judged together, and pass@n looks at the first n verdicts. A judge "
    "that is shown one word only may answer otherwise: this is not the same measurement as the "
    "paper's separate pass@1."
)


class PassAt:
    """Lines of pass@1 to pass@k per lens and control."""

    name = "pass-at"
    title = "Rate by number of words"

    def analyse(self, evidence: Evidence) -> Analysis | None:
        """Return pass@n of the first board; None if unjudged, or with one word a patch."""
        for board in evidence.judged[:1]:
            found = _means(evidence, board.judge)
            if any(len(by_n) > 1 for by_n in found.values()):
                return self._analysis(evidence, board, found)
        return None

    def _analysis(
        self, evidence: Evidence, board: Outcomes, found: Mapping[str, Mapping[int, Score]]
    ) -> Analysis:
        gains = {
            lens: _gain(evidence, board, lens, by_n) for lens, by_n in found.items() if 1 in by_n
        }
        chart = LineChart(
            name=self.name,
            title=f"Share of patches with a related word among the first n, {evidence.model}",
            x_label="first n words",
            y_label="patches with a related word, share, mean over layers",
            lines=tuple(_line(lens, evidence.styles[lens], by_n) for lens, by_n in found.items()),
            y_range=(0.0, 1.0),
        )
        return Analysis(
            name=self.name,
            title=self.title,
            finding=_finding(evidence, gains),
            definition=_DEFINITION,
            figures=(chart,),
            tables=(_table(gains),),
            notes=(f"Judge: {board.judge}. {_JOINT}",),
        )


@dataclass(frozen=True, slots=True)
class _Gain:
    """A lens with its first word only and with all of them."""

    one: float
    words: int
    all: float
    gain: Difference


def _means(evidence: Evidence, judge: str) -> dict[str, dict[int, Score]]:
    """Return lens to n to the mean over layers, where it is defined."""
    found: dict[str, dict[int, Score]] = {lens: {} for lens in evidence.kinds}
    for score in evidence.scores:
        if score.judge == judge and score.layer is None and score.estimate is not None:
            name, prefix, n = score.definition.partition(_PREFIX)
            if prefix and not name:
                found[score.lens][int(n)] = score
    return {lens: dict(sorted(by_n.items())) for lens, by_n in found.items() if by_n}


def _line(lens: str, style: str, by_n: Mapping[int, Score]) -> Line:
    marks = tuple(
        Mark(x=float(n), y=score.estimate, low=score.low, high=score.high)
        for n, score in by_n.items()
        if score.estimate is not None
    )
    return Line(name=lens, style=style, marks=marks)


def _gain(evidence: Evidence, board: Outcomes, lens: str, by_n: Mapping[int, Score]) -> _Gain:
    last = max(by_n)
    one, every = by_n[1], by_n[last]
    with_all, with_one = (
        board.by_image(board.hits(lens, None, score.definition)) for score in (every, one)
    )
    difference = paired_difference(with_all, with_one, seed=evidence.spec.seed)
    return _Gain(one.estimate or 0.0, last, every.estimate or 0.0, difference)


def _finding(evidence: Evidence, gains: Mapping[str, _Gain]) -> str:
    lenses = [lens for lens in evidence.lenses if lens in gains]
    if not lenses:
        return "No lens under test was scored."
    parts = [
        f"{lens} {percent(gains[lens].one)} with its first word and {percent(gains[lens].all)} "
        f"with {gains[lens].words}"
        for lens in lenses
    ]
    return f"{listed(parts)}.{_against_controls(lenses, gains)}"


def _against_controls(lenses: list[str], gains: Mapping[str, _Gain]) -> str:
    """Say how much of the gain of the further words the matched controls have too."""
    pairs = [
        f"{points(gains[lens].gain.mean or 0.0)} for {lens} and "
        f"{points(gains[control].gain.mean or 0.0)} for its control"
        for lens in lenses
        if (control := MATCHED_CONTROL + lens) in gains
    ]
    return f" The further words add {'; '.join(pairs)}." if pairs else ""


def _table(gains: Mapping[str, _Gain]) -> Table:
    return Table(
        name="gain-of-words",
        caption="First word alone against all words, mean over layers.",
        columns=(
            Column(name="lens"),
            Column(name="pass@1", numeric=True),
            Column(name="words", numeric=True),
            Column(name="pass@k", numeric=True),
            Column(name="gain", numeric=True),
            Column(name="low", numeric=True),
            Column(name="high", numeric=True),
            Column(name="pass@1 / pass@k", numeric=True),
        ),
        rows=tuple(
            (
                lens,
                found.one,
                found.words,
                found.all,
                found.gain.mean,
                found.gain.low,
                found.gain.high,
                found.one / found.all if found.all else None,
            )
            for lens, found in gains.items()
        ),
    )


SECTION: Final = PassAt()
"""The analysis as the registry knows it."""
