"""How often the nominal 95 % intervals of a board contain the truth.

``python -m benchmarks.board_coverage`` simulates boards with images that differ, computes the
intervals that users see, and counts. It writes ``reports/coverage.csv`` and the tables of
``reports/COVERAGE.md``; settings that are done are kept beside the CSV until all are.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from itertools import product
from pathlib import Path
from typing import NamedTuple

import numpy as np

from benchmarks.record_csv import NOMINAL, read_csv, summary, to_csv
from harness.core.bootstrap import Floats
from harness.core.files import write_text_atomic
from harness.core.records import Record
from reports.image_sums import Codes, ImageSums, effective_n, image_sums
from reports.stats import (
    Interval,
    difference_interval,
    mean_interval,
    newcombe,
    rate_interval,
    wilson,
)
from tests.reports.boards import draw_hits, intraclass

HERE = Path(__file__).parent.parent / "reports"
IMAGES = (20, 100, 300)
RATES = (0.1, 0.3, 0.5, 0.7, 0.9)
LAYERS = 3
BOARDS = 2000
_SECOND = 0.7
"""Rate of the second lens over that of the first."""
_COMMON = 0.2
"""Share of the variance that lenses and layers have in common on a patch."""
_PER_SEED = 100
"""Boards that share the seed of the resampling."""
_START = "<!-- figures -->\n"
_END = "<!-- end of figures -->\n"


class Design(NamedTuple):
    """How patches lie on images."""

    per_image: int
    image_effect: float


DESIGNS = tuple(Design(*each) for each in ((1, 0.2), (4, 0.0), (4, 0.2), (10, 0.2), (10, 0.4)))


class Row(Record):
    """Coverage of one interval in one setting."""

    figure: str
    """Figure, such as ``rate of a layer``."""
    images: int
    """Images of a board."""
    per_image: int
    """Patches on each."""
    image_effect: float
    """Share of the variance that patches of one image have in common."""
    rate: float
    """Rate of the first lens."""
    truth: float
    """The figure in the population."""
    boards: int
    """Simulated boards."""
    covered: int
    """Intervals with the truth inside."""
    below: int
    """Intervals that end below the truth."""
    width: float
    """Mean width of the intervals."""

    @property
    def coverage(self) -> float:
        """Share of the intervals that contain the truth."""
        return self.covered / self.boards


Board = dict[str, tuple[Interval, float]]
"""Figure to the interval that users would see, and to the truth."""


def simulate(design: Design, images: int, rate: float, number: int) -> Board:
    """Return the intervals of one simulated board, and of a second run without common images."""
    effect = round(100 * design.image_effect)
    lot = np.random.default_rng([number, images, design.per_image, effect, round(100 * rate)])
    seed, second = number // _PER_SEED, _SECOND * rate
    codes = np.repeat(np.arange(images), design.per_image)
    size = (images, design.per_image, LAYERS)
    hits = draw_hits(lot, (rate, second), *size, design.image_effect, _COMMON)
    other = draw_hits(lot, (second,), *size, design.image_effect, _COMMON)
    first, one, two = (
        _sums(hits[0, ..., :1], codes),
        _sums(hits[0], codes),
        _sums(other[0, ..., :1], codes),
    )
    apart = [_sums((hits[0] - hits[1])[..., :layers], codes) for layers in (1, LAYERS)]
    return {
        "rate of a layer": (rate_interval(first), rate),
        "the same, patches as independent": (
            wilson(int(hits[0, ..., 0].sum()), len(codes)),
            rate,
        ),
        "mean of 3 layers": (_given(mean_interval(one, seed)), rate),
        "difference at a layer": (_given(difference_interval(apart[0], seed)), rate - second),
        "difference of means": (_given(difference_interval(apart[1], seed)), rate - second),
        "difference of two runs": (_independent(first, two), rate - second),
    }


def _sums(hits: Floats, codes: Codes) -> ImageSums:
    found = image_sums(hits.reshape(len(codes), -1), codes)
    if found is None:
        raise ValueError("a simulated board is scored in full")
    return found


def _given(interval: Interval | None) -> Interval:
    if interval is None:
        raise ValueError("a simulated board has two images or more")
    return interval


def _independent(a: ImageSums, b: ImageSums) -> Interval:
    n_a, n_b = effective_n(a), effective_n(b)
    return newcombe(a.mean * n_a, n_a, b.mean * n_b, n_b)


def measure(design: Design, images: int, rate: float, boards: int) -> list[Row]:
    """Return the coverage of every figure in one setting."""
    found = [simulate(design, images, rate, number) for number in range(boards)]
    rows = []
    for figure, (_, truth) in found[0].items():
        ends = np.array([board[figure][0] for board in found])
        rows.append(
            Row(
                figure=figure,
                images=images,
                per_image=design.per_image,
                image_effect=design.image_effect,
                rate=rate,
                truth=round(truth, 6),
                boards=boards,
                covered=int(((ends[:, 0] <= truth) & (truth <= ends[:, 1])).sum()),
                below=int((ends[:, 1] < truth).sum()),
                width=round(float((ends[:, 1] - ends[:, 0]).mean()), 5),
            )
        )
    return rows


def tables(rows: Sequence[Row]) -> str:
    """Return the tables of COVERAGE.md."""
    parts = [
        summary(rows, "interval"),
        *(_of_design(rows, design) for design in DESIGNS),
        _outside(rows),
    ]
    return "\n".join("\n".join(lines) + "\n" for lines in parts)


def _of_design(rows: Sequence[Row], design: Design) -> list[str]:
    alike = intraclass(0.5, design.image_effect)
    head = " | ".join(f"{images} images" for images in IMAGES)
    lines = [
        f"### {design.per_image} on each image, image effect {design.image_effect:g}",
        "",
        f"Two patches of an image correlate by {alike:.2f} at a rate of .5. Lowest and highest of "
        f"the {len(RATES)} rates, in per cent.",
        "",
        f"| interval | {head} |",
        "|---|" + "---|" * len(IMAGES),
    ]
    chosen = [row for row in rows if (row.per_image, row.image_effect) == design]
    for figure in dict.fromkeys(row.figure for row in chosen):
        named = [row for row in chosen if row.figure == figure]
        cells = [_range([row for row in named if row.images == images]) for images in IMAGES]
        lines.append(f"| {figure} | {' | '.join(cells)} |")
    return lines


def _range(rows: Sequence[Row]) -> str:
    shares = [100 * row.coverage for row in rows]
    return f"{min(shares):.1f}-{max(shares):.1f}" if shares else "–"


def _outside(rows: Sequence[Row]) -> list[str]:
    shown = [row for row in rows if "independent" not in row.figure]
    outside = [row for row in shown if not NOMINAL[0] <= row.coverage <= NOMINAL[1]]
    lines = ["### Outside 93 to 97 %", "", f"{len(outside)} of {len(shown)} settings.", ""]
    lines.append("| interval | images | on each | image effect | rate | truth | coverage | below |")
    lines.append("|---|---|---|---|---|---|---|---|")
    lines += [
        f"| {row.figure} | {row.images} | {row.per_image} | {row.image_effect:g} | {row.rate:g} | "
        f"{row.truth:.2f} | {100 * row.coverage:.1f} % | {100 * row.below / row.boards:.1f} % |"
        for row in sorted(outside, key=lambda row: row.coverage)
    ]
    return lines


def with_tables(text: str, rows: Sequence[Row]) -> str:
    """Return the text of COVERAGE.md with the tables of ``rows`` between its two marks."""
    before, rest = text.split(_START)
    return before + _START + tables(rows) + _END + rest.split(_END)[1]


def main() -> None:
    """Measure every setting and write CSV and tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--boards", type=int, default=BOARDS)
    parser.add_argument("--out", type=Path, default=HERE / "coverage.csv")
    parser.add_argument("--document", type=Path, default=HERE / "COVERAGE.md")
    given = parser.parse_args()
    part = given.out.with_suffix(".part.csv")
    rows = read_csv(part, Row) if part.exists() else []
    done = {(row.per_image, row.image_effect, row.images, row.rate, row.boards) for row in rows}
    for design, images, rate in product(DESIGNS, IMAGES, RATES):
        if (*design, images, rate, given.boards) in done:
            continue
        rows += measure(design, images, rate, given.boards)
        write_text_atomic(part, to_csv(rows))
        print(f"{design}, {images} images, rate {rate:g}", flush=True)
    write_text_atomic(given.out, to_csv(rows))
    text = given.document.read_text(encoding="utf-8")
    write_text_atomic(given.document, with_tables(text, rows))
    part.unlink(missing_ok=True)


if __name__ == "__main__":
    main()
