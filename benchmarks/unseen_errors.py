"""What corrected rates gain by allowing for errors that no label shows.

``python -m benchmarks.unseen_errors`` simulates large boards with few labels of a good judge,
counts how often both corrected intervals contain the truth, without and with
:mod:`human_eval.unseen_errors`, and writes the table in ``human_eval/COVERAGE.md``.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from unittest import mock

import numpy as np

from harness.core.files import write_text_atomic
from human_eval import correction
from human_eval.correction import BoardLens, correct
from tests.human_eval import simulate
from tests.human_eval.simulate import Judge

DOCUMENT = Path(__file__).parent.parent / "human_eval" / "COVERAGE.md"
SETTINGS = (
    (20, Judge(0.90, 0.97)),
    (40, Judge(0.90, 0.97)),
    (40, Judge(0.97, 0.99)),
    (100, Judge(0.97, 0.99)),
)
"""Labels, and the judge."""

IMAGES = 1500
PREVALENCE = 0.5
_START = "<!-- few labels -->\n"
_END = "<!-- end of few labels -->\n"


def drawn(seed: int, n: int, judge: Judge) -> BoardLens:
    """Return a board of 3 cells an image with about ``n`` labels drawn by verdict."""
    rng = np.random.default_rng(seed)
    image = np.repeat(np.arange(IMAGES), 3)
    people = simulate.verdicts(rng, simulate.image_rates(rng, PREVALENCE, IMAGES), image)
    judged = simulate.judged(rng, judge, people, image)
    weights = simulate.drawn_by_verdict(rng, judged, 3, n)
    labelled = np.where(weights > 0, people, np.nan)
    names = [f"{each:05d}" for each in image]
    return BoardLens("judge", "lens", "lens", "", names, judged, labelled, weights)


def covered(replicates: int, n: int, judge: Judge) -> float:
    """Return how often both corrected intervals contain the truth, where they are given."""
    inside = given = 0
    for seed in range(replicates):
        found = correct(drawn(seed, n, judge))
        for estimate in (found.rogan_gladen, found.ppi):
            if estimate.interval is not None:
                given += 1
                inside += estimate.interval[0] <= PREVALENCE <= estimate.interval[1]
    return inside / given


def without(replicates: int, n: int, judge: Judge) -> float:
    """Return the same for intervals of resampled labels alone."""
    with mock.patch.object(correction, "with_unseen_errors", lambda found, *_: found):
        return covered(replicates, n, judge)


def table(replicates: int) -> str:
    """Return the table of all settings."""
    lines = [
        "| labels | sensitivity | specificity | without | with |",
        "|---|---|---|---|---|",
    ]
    for n, judge in SETTINGS:
        shares = without(replicates, n, judge), covered(replicates, n, judge)
        shown = " | ".join(f"{100 * share:.1f} %" for share in shares)
        lines.append(f"| {n} | {judge.sensitivity:.2f} | {judge.specificity:.2f} | {shown} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measure every setting and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--replicates", type=int, default=1000)
    parser.add_argument("--document", type=Path, default=DOCUMENT)
    given = parser.parse_args()
    before, rest = given.document.read_text(encoding="utf-8").split(_START)
    shown = table(given.replicates)
    write_text_atomic(given.document, before + _START + shown + _END + rest.split(_END)[1])


if __name__ == "__main__":
    main()
