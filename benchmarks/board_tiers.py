"""How often tiers tell equal lenses apart, and how often they find a lens that leads.

``python -m benchmarks.board_tiers`` simulates boards, ranks them as users see it, and counts. It
writes ``reports/tiers.csv`` and the tables of tiers in ``reports/COVERAGE.md``.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from itertools import product
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

from benchmarks.record_csv import to_csv
from harness.core.files import write_text_atomic
from harness.core.records import Record
from reports.ranking import Ranking, rank_lenses
from tests.reports.boards import board_of, draw_hits

HERE = Path(__file__).parent.parent / "reports"
LENSES = (3, 8)
RATES = (0.1, 0.5, 0.8)
LEADS = (0.05, 0.1, 0.2)
BOARDS = 1000

_START = "<!-- tiers -->\n"
_END = "<!-- end of tiers -->\n"


class Design(NamedTuple):
    """How boards are drawn, see :func:`tests.reports.boards.draw_hits`."""

    images: int
    per_image: int
    layers: int = 1
    image_effect: float = 0.0
    correlation: float = 0.0

    def __str__(self) -> str:
        """Return it as a reader sees it."""
        return (
            f"{self.images} images x {self.per_image}, {self.layers} layer"
            f"{'s' if self.layers > 1 else ''}, image effect {self.image_effect:g}, "
            f"lenses alike {self.correlation:g}"
        )


DESIGNS: Final = (
    Design(20, 4, image_effect=0.4),
    Design(30, 1, correlation=0.6),
    Design(10, 10, image_effect=0.3, correlation=0.3),
    Design(100, 4, layers=3, image_effect=0.2),
    Design(100, 10, image_effect=0.2, correlation=0.2),
)


class Row(Record):
    """Boards of one setting."""

    design: str
    """How patches lie on images, and what lenses and images have in common."""
    lenses: int
    """Lenses of a board."""
    rate: float
    """Rate of all lenses but the first."""
    lead: float
    """By how much the first is above them; 0 for equal lenses."""
    boards: int
    """Simulated boards."""
    separated: int
    """Boards with a second tier."""
    led: int
    """Boards on which the first lens has the first tier for itself."""


def ranked(rates: Sequence[float], design: Design, number: int) -> Ranking:
    """Return the ranking of one simulated board of lenses with these rates."""
    lot = np.random.default_rng([number, len(rates), design.images, round(1000 * rates[0])])
    hits = draw_hits(lot, rates, *design)
    outcomes, spec, kinds = board_of(hits)
    return rank_lenses(outcomes, spec, kinds, "interpretable", 0 if design.layers == 1 else None)


def tiers(ranking: Ranking) -> int:
    """Return the number of tiers."""
    return max(row.tier or 0 for row in ranking.rows)


def leads(ranking: Ranking) -> bool:
    """Tell whether the first tier holds the first lens alone."""
    return [row.lens for row in ranking.rows if row.tier == 1] == ["lens0"]


def measure(design: Design, lenses: int, rate: float, lead: float, boards: int) -> Row:
    """Return the counts of one setting."""
    rates = [rate + lead, *[rate] * (lenses - 1)]
    found = [ranked(rates, design, number) for number in range(boards)]
    return Row(
        design=str(design),
        lenses=lenses,
        rate=rate,
        lead=lead,
        boards=boards,
        separated=sum(tiers(ranking) > 1 for ranking in found),
        led=sum(map(leads, found)),
    )


def tables(rows: Sequence[Row]) -> str:
    """Return the tables of tiers of COVERAGE.md."""
    equal = ["### Equal lenses: boards with a second tier", ""]
    equal += ["| design | lenses | rate .1 | rate .5 | rate .8 |", "|---|---|---|---|---|"]
    for design, lenses in product(DESIGNS, LENSES):
        chosen = [row for row in rows if (row.design, row.lenses) == (str(design), lenses)]
        shares = [_share(row.separated, row) for row in chosen if row.lead == 0]
        equal.append(f"| {design} | {lenses} | {' | '.join(shares)} |")
    led = ["### One of four lenses leads: boards on which it has the first tier for itself", ""]
    led += ["| design | by 5 points | by 10 points | by 20 points |", "|---|---|---|---|"]
    for design in DESIGNS:
        chosen = [row for row in rows if row.design == str(design) and row.lead]
        led.append(f"| {design} | {' | '.join(_share(row.led, row) for row in chosen)} |")
    return "\n".join([*equal, "", *led, ""])


def _share(count: int, row: Row) -> str:
    return f"{100 * count / row.boards:.1f} %"


def with_tables(text: str, rows: Sequence[Row]) -> str:
    """Return the text of COVERAGE.md with the tables of ``rows`` between its two marks."""
    before, rest = text.split(_START)
    return before + _START + tables(rows) + _END + rest.split(_END)[1]


def main() -> None:
    """Measure every setting and write CSV and tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--boards", type=int, default=BOARDS)
    parser.add_argument("--out", type=Path, default=HERE / "tiers.csv")
    parser.add_argument("--document", type=Path, default=HERE / "COVERAGE.md")
    given = parser.parse_args()
    rows = []
    for design in DESIGNS:
        for lenses, rate in product(LENSES, RATES):
            rows.append(measure(design, lenses, rate, 0.0, given.boards))
        rows += [measure(design, 4, 0.5, lead, given.boards) for lead in LEADS]
        print(design, flush=True)
    write_text_atomic(given.out, to_csv(rows))
    text = given.document.read_text(encoding="utf-8")
    write_text_atomic(given.document, with_tables(text, rows))


if __name__ == "__main__":
    main()
