"""Which judges a run can have: named, checked, and what is possible without labels or key."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from harness.core.config import JudgingOptions
from harness.core.errors import UsageError
from harness.core.progress import announce
from harness.data.sources import ImageSource
from judges.api import ApiJudge
from judges.base import Judge
from judges.prices import PriceTable, load_prices
from judges.registry import make_judge, parse_judges
from judges.settings import JudgeSettings

AUTO: Final = "auto"
"""The ground truth where images are labelled, and no judge elsewhere."""

_POSSIBLE: Final = (
    "possible without a key: --judge none, ground-truth (labelled images), "
    "local:PATH_OR_HUB_ID or replay:RUN"
)


def resolve_judges(options: JudgingOptions, source: ImageSource) -> tuple[str, ...]:
    """Return the judges of a run on ``source``, each known to be able to serve it.

    A judge of a provider without a key is let through with one line on what is possible: the run
    then keeps its descriptions, and the same command with a key judges them.

    Raises:
        UsageError: An unknown judge, one that needs labels the images lack, a panel of fewer than
            two, or a ceiling of costs without a price.
    """
    labelled = has_labels(source)
    if options.judge == AUTO:
        if not labelled:
            announce(
                f"images {source.name} have no labels, so nothing is judged; {_POSSIBLE}; with a "
                "key: a model such as gpt-5.5 (see `list judges`)"
            )
        names: tuple[str, ...] = ("ground-truth",) if labelled else ("none",)
    else:
        names = parse_judges(options.judge)
    check_panel(options.panel, len(names))
    prices = load_prices(Path(options.prices) if options.prices else None)
    for name in names:
        keys = Path(options.keys) if options.keys else None
        judge = make_judge(name, JudgeSettings(prices=prices, keys=keys))
        if judge is not None:
            check_judge(judge, options, prices, labelled=labelled, images=source.name)
    return names


def check_judge(
    judge: Judge, options: JudgingOptions, prices: PriceTable, *, labelled: bool, images: str
) -> None:
    """Check that a judge can serve images; say what is possible if it lacks a key.

    Raises:
        UsageError: It needs labels, and ``images`` are not ``labelled``; or ``max_cost`` is given
            and its model has no price.
    """
    if judge.needs_labels and not labelled:
        raise UsageError(
            f"judge {judge.name!r} needs ground-truth labels, and images {images!r} have none; "
            "use --judge none, another judge, --images scenes:heldout or coco:FILE.json@FOLDER"
        )
    if not isinstance(judge, ApiJudge):
        return
    if options.max_cost is not None:
        prices.require(judge.provider.model)
    if problem := judge.provider.key_problem():
        announce(
            f"judge {judge.name}: {problem}; descriptions are kept and stay unscored until the "
            f"same command is run with a key; {_POSSIBLE}"
        )


def check_panel(panel: str, judges: int) -> None:
    """Raise UsageError for a panel of fewer than two judges."""
    if panel != "none" and judges < 2:
        raise UsageError(
            f"--panel {panel} joins the verdicts of several judges, and there is {judges}; name "
            "more by --judge a,b,c"
        )


def has_labels(source: ImageSource) -> bool:
    """Tell whether images have ground-truth labels, by the first of them."""
    record = source.records()[0]
    whole = (0.0, 0.0, float(record.width), float(record.height))
    return source.labels(record, whole, (0.0, 0.0)) is not None
