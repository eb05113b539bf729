from __future__ import annotations

from harness.core.agreement import Annotator, Policy
from human_eval.evidence import gather
from human_eval.people import annotators
from tests.human_eval.studies import cant_tell, cell, item, rating


def test_everyone_is_counted_with_controls() -> None:
    items = [item(name) for name in "wxy"] + [item("z", cell("random", kind="control"))]
    ratings = [
        rating("w", "b", True, seconds=2),
        rating("x", "b", False, seconds=4),
        rating("y", "b", None, seconds=9),
        cant_tell("z", "b"),
        rating("z", "a", None),
    ]
    evidence = gather(items, ratings, {}, Policy(), 0)
    assert annotators(evidence) == (
        Annotator(
            annotator="a", ratings=1, blank=1, cant_tell=0, hit_rate=None, median_seconds=None
        ),
        Annotator(annotator="b", ratings=4, blank=1, cant_tell=1, hit_rate=0.5, median_seconds=4),
    )
    as_none = annotators(gather(items, ratings, {}, Policy(blank="none"), 0))
    assert [one.hit_rate for one in as_none] == [0, 1 / 3]
