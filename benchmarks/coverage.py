"""How often the nominal 95 % intervals of a human evaluation contain the truth.

``python -m benchmarks.coverage`` simulates studies with images that differ, computes the intervals
that users see, and counts. It writes ``human_eval/coverage.csv`` and the tables of
``human_eval/COVERAGE.md``; settings that are done are kept beside the CSV until all are.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from itertools import product
from pathlib import Path

import numpy as np

from benchmarks.record_csv import NOMINAL, read_csv, summary, to_csv
from harness.core.agreement import Estimate
from harness.core.bootstrap import cluster_interval, cluster_sums
from harness.core.files import write_text_atomic
from harness.core.records import Record
from human_eval.agreement_sums import cohen_sums
from human_eval.agreement_tables import kappa_difference, pair_coefficients
from human_eval.correction import BoardLens, correct
from human_eval.rates import mean_difference, rate
from human_eval.rating_table import paired
from tests.human_eval import simulate
from tests.human_eval.simulate import Judge

HERE = Path(__file__).parent.parent / "human_eval"
SIZES = (100, 300, 1000)
PREVALENCES = (0.1, 0.3, 0.5, 0.7, 0.9)
DESIGNS = ("6 an image", "1-10 an image", "board, 6 an image", "board, by verdict")
REPLICATES = 2000
_BETTER = Judge(0.85, 0.90)
_WORSE = Judge(0.75, 0.85)
_BEST = Judge(0.95, 0.95)
_SECOND = 0.7
"""Rate of the second lens over that of the first."""
_CELLS = 30
"""Cells of a lens on each image of a board."""
_BANDS = 3
_PER_SEED = 100
"""Replicates that share the seed of the resampling."""
_START = "<!-- figures -->\n"
_END = "<!-- end of figures -->\n"


class Row(Record):
    """Coverage of one figure in one setting."""

    figure: str
    """Figure, such as ``cohen_kappa``."""
    design: str
    """How items lie on images and how they are drawn."""
    n: int
    """Items rated."""
    images: int
    """Images they are on."""
    prevalence: float
    """People's share of hits."""
    truth: float
    """The figure in the population."""
    replicates: int
    """Simulated studies."""
    given: int
    """Studies with an interval; the others give a reason."""
    covered: int
    """Intervals with the truth inside."""
    below: int
    """Intervals that end below the truth."""
    width: float
    """Mean width of the intervals."""

    @property
    def coverage(self) -> float:
        """Share of the intervals that contain the truth."""
        return self.covered / self.given


Study = dict[str, tuple[Estimate, float]]
"""Figure to what users would see, and to the truth."""


def study(design: str, n: int, prevalence: float, replicate: int) -> Study:
    """Simulate one study and return its figures."""
    rng = np.random.default_rng([replicate, n, round(100 * prevalence), DESIGNS.index(design)])
    seed = replicate // _PER_SEED
    if design.startswith("board"):
        return _board(rng, design.endswith("by verdict"), n, prevalence, seed)
    return _labels(rng, simulate.image_sizes(n, design == DESIGNS[0]), prevalence, seed)


def _labels(rng: np.random.Generator, sizes: list[int], p: float, seed: int) -> Study:
    """Return figures of items that were all rated: two judges, and two lenses on each item."""
    image = np.repeat(np.arange(len(sizes)), sizes)
    names = [f"{number:06d}" for number in image]
    weights = np.ones(len(image))
    rates = simulate.image_rates(rng, p, len(sizes))
    people = simulate.verdicts(rng, rates, image)
    better = simulate.judged(rng, _BETTER, people, image)
    worse = simulate.judged(rng, _WORSE, people, image)
    other_people = simulate.verdicts(rng, _SECOND * rates, image)
    other_judged = simulate.judged(rng, _WORSE, other_people, image)
    best = simulate.judged(rng, _BEST, people, image)
    codes = [values.astype(np.int64) for values in (better, worse, people)]
    pair = pair_coefficients(codes[0], codes[2], 2, weights, names, seed=seed)
    kappas = kappa_difference(codes[0], codes[1], codes[2], weights, names, seed=seed)
    q = _SECOND * p
    apart = _BETTER.rate(p) - _WORSE.rate(q) - (p - q)

    def share(values: simulate.Hits) -> Estimate:
        return rate(values, weights, names, seed=seed)

    def mean(values: simulate.Hits) -> Estimate:
        return mean_difference(values, weights, names, seed=seed)

    return {
        "cohen_kappa": (pair.cohen_kappa, _BETTER.kappa(p)),
        "cohen_kappa, poor judge": (_kappa(worse, people, weights, names, seed), _WORSE.kappa(p)),
        "cohen_kappa, good judge": (_kappa(best, people, weights, names, seed), _BEST.kappa(p)),
        "gwet_ac1": (pair.gwet_ac1, _BETTER.ac1(p)),
        "percent": (pair.percent, _BETTER.agreement(p)),
        "kappa difference": (kappas, _BETTER.kappa(p) - _WORSE.kappa(p)),
        "human_rate": (share(people), p),
        "judge_rate": (share(better), _BETTER.rate(p)),
        "sensitivity": (share(np.where(people == 1, better, np.nan)), _BETTER.sensitivity),
        "specificity": (share(np.where(people == 0, 1 - better, np.nan)), _BETTER.specificity),
        "bias": (mean(better - people), _BETTER.rate(p) - p),
        "contrast": (mean(people - other_people), p - q),
        "inflation": (mean(better - other_judged - people + other_people), apart),
    }


def _board(rng: np.random.Generator, by_verdict: bool, n: int, p: float, seed: int) -> Study:
    """Return figures of a board of which some cells are drawn and rated."""
    sizes = simulate.image_sizes(n, even=True)
    image = np.repeat(np.arange(len(sizes)), _CELLS)
    names = [f"{number:06d}" for number in image]
    people = simulate.verdicts(rng, simulate.image_rates(rng, p, len(sizes)), image)
    judge = simulate.judged(rng, _BETTER, people, image)
    if by_verdict:
        weights = simulate.drawn_by_verdict(rng, judge, _BANDS, n)
    else:
        weights = simulate.drawn_by_image(rng, len(sizes), _CELLS, sizes)
    labelled = np.where(weights > 0, people, np.nan)
    board = BoardLens("judge", "lens", "lens", "", names, judge, labelled, weights)
    found = correct(board, seed=seed)
    drawn = np.flatnonzero(weights)
    at, w = [names[cell] for cell in drawn], weights[drawn]
    agreement = _kappa(judge[drawn], people[drawn], w, at, seed)
    bias = mean_difference((judge - people)[drawn], w, at, seed=seed)
    return {
        "raw": (found.raw, _BETTER.rate(p)),
        "rogan_gladen": (found.rogan_gladen, p),
        "ppi": (found.ppi, p),
        "cohen_kappa": (agreement, _BETTER.kappa(p)),
        "human_rate": (rate(people[drawn], w, at, seed=seed), p),
        "bias": (bias, _BETTER.rate(p) - p),
    }


def _kappa(
    judge: simulate.Hits, people: simulate.Hits, w: simulate.Hits, at: Sequence[str], seed: int
) -> Estimate:
    """Return the interval of kappa alone, as :func:`pair_coefficients` computes it."""
    if np.array_equal(judge, people):
        return Estimate(estimate=1.0, reason="every image agrees fully")
    sums = cohen_sums(paired(judge.astype(np.int64), people.astype(np.int64), 2, w))
    interval = cluster_interval(cluster_sums(sums.rows, at), sums.figure, seed=seed)
    return Estimate(estimate=None, interval=interval, reason="only the interval is of use")


def measure(design: str, n: int, prevalence: float, replicates: int) -> list[Row]:
    """Return the coverage of every figure in one setting."""
    studies = [study(design, n, prevalence, replicate) for replicate in range(replicates)]
    images = len(simulate.image_sizes(n, design != "1-10 an image"))
    rows = []
    for figure, (_, truth) in studies[0].items():
        found = [known[figure][0].interval for known in studies]
        given = [interval for interval in found if interval is not None]
        covered = sum(low <= truth <= high for low, high in given)
        below = sum(high < truth for _, high in given)
        width = float(np.mean([high - low for low, high in given])) if given else 0.0
        rows.append(
            Row(
                figure=figure,
                design=design,
                n=n,
                images=images,
                prevalence=prevalence,
                truth=round(truth, 6),
                replicates=replicates,
                given=len(given),
                covered=covered,
                below=below,
                width=round(width, 5),
            )
        )
    return rows


def tables(rows: Sequence[Row]) -> str:
    """Return the tables of COVERAGE.md."""
    parts = [
        summary(rows, "figure"),
        *(_of_design(rows, design) for design in DESIGNS),
        _outside(rows),
    ]
    return "\n".join("\n".join(lines) + "\n" for lines in parts)


def _of_design(rows: Sequence[Row], design: str) -> list[str]:
    head = " | ".join(f"n = {n}" for n in SIZES)
    lines = [f"### Design: {design}", "", f"| figure | {head} |", "|---|" + "---|" * len(SIZES)]
    for figure in dict.fromkeys(row.figure for row in rows if row.design == design):
        cells = [_range(row for row in rows if _key(row) == (figure, design, n)) for n in SIZES]
        lines.append(f"| {figure} | {' | '.join(cells)} |")
    return lines


def _outside(rows: Sequence[Row]) -> list[str]:
    outside = [row for row in rows if not NOMINAL[0] <= row.coverage <= NOMINAL[1]]
    lines = ["### Outside 93 to 97 %", "", f"{len(outside)} of {len(rows)} settings.", ""]
    lines.append("| figure | design | n | prevalence | truth | with an interval | coverage |")
    lines.append("|---|---|---|---|---|---|---|")
    lines += [
        f"| {row.figure} | {row.design} | {row.n} | {row.prevalence:g} | {row.truth:.3f} | "
        f"{100 * row.given / row.replicates:.1f} % | {100 * row.coverage:.1f} % |"
        for row in sorted(outside, key=lambda row: row.coverage)
    ]
    return lines


def with_tables(text: str, rows: Sequence[Row]) -> str:
    """Return the text of COVERAGE.md with the tables of ``rows`` between its two marks."""
    before, rest = text.split(_START)
    return before + _START + tables(rows) + _END + rest.split(_END)[1]


def _key(row: Row) -> tuple[str, str, int]:
    return row.figure, row.design, row.n


def _range(rows: Iterator[Row]) -> str:
    shares = [100 * row.coverage for row in rows]
    return f"{min(shares):.1f}-{max(shares):.1f}"


def main() -> None:
    """Measure every setting and write CSV and tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--replicates", type=int, default=REPLICATES)
    parser.add_argument("--out", type=Path, default=HERE / "coverage.csv")
    parser.add_argument("--document", type=Path, default=HERE / "COVERAGE.md")
    given = parser.parse_args()
    part = given.out.with_suffix(".part.csv")
    rows = read_csv(part, Row) if part.exists() else []
    done = {(row.design, row.n, row.prevalence, row.replicates) for row in rows}
    for design, n, prevalence in product(DESIGNS, SIZES, PREVALENCES):
        if (design, n, prevalence, given.replicates) in done:
            continue
        rows += measure(design, n, prevalence, given.replicates)
        write_text_atomic(part, to_csv(rows))
        print(f"{design}, n = {n}, prevalence {prevalence:g}", flush=True)
    write_text_atomic(given.out, to_csv(rows))
    text = given.document.read_text(encoding="utf-8")
    write_text_atomic(given.document, with_tables(text, rows))
    part.unlink(missing_ok=True)


if __name__ == "__main__":
    main()
