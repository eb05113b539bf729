"""All that a loaded model must do, asked of it one by one through the adapter protocol alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from harness.core.errors import LensbenchError
from harness.core.progress import progress
from harness.vlms.base import Adapter
from harness.vlms.conformance.causality import image_attention, padding, text_causality
from harness.vlms.conformance.grid import token_count, view_coverage
from harness.vlms.conformance.painting import painted_cells, separators
from harness.vlms.conformance.report import CheckResult, Conformance
from harness.vlms.conformance.states import determinism, finite, layer_range, readout
from harness.vlms.conformance.trial import Outcome, Trial, outcome, trials


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that a model must do."""

    name: str
    """Name in tables and reports."""
    run: Callable[[Trial], Iterator[Outcome]]
    """Gives one outcome, or one per view of the picture."""
    advice: str
    """What to do if the model fails it."""
    every_picture: bool = True
    """Whether the answer may depend on the size of the picture."""


CHECKS: Final = (
    Check(
        "token count",
        token_count,
        "make layout(width, height) of the family follow the image processor for this size",
    ),
    Check(
        "view coverage",
        view_coverage,
        "correct first_token, row_stride, tile or total in layout(): each token must be in one "
        "cell of one view, or be a separator",
    ),
    Check(
        "painted cell",
        painted_cells,
        "correct mode, placed, canvas, grid or the order of tokens in layout(); until then boxes "
        "and labels of patches are wrong",
    ),
    Check(
        "separators",
        separators,
        "declare these tokens as cells of a view in layout(), they show part of the image",
    ),
    Check(
        "finite states",
        finite,
        "load with --dtype bfloat16 or float32; float16 overflows in many models",
    ),
    Check(
        "determinism",
        determinism,
        "put the model in eval mode and choose deterministic kernels; without it a resumed run "
        "mixes states of different passes",
    ),
    Check(
        "readout",
        readout,
        "take layer N before the final norm, and norm, output matrix, bias and scale as the model "
        "applies them; until then vocabulary lenses are wrong",
    ),
    Check(
        "image attention",
        image_attention,
        "correct image_attention in the facts",
        every_picture=False,
    ),
    Check(
        "text causality",
        text_causality,
        "give text_states the model's causal mask; libraries share prefixes only where it holds",
        every_picture=False,
    ),
    Check(
        "padding",
        padding,
        "keep padding out of the attention of text_states and count positions from 0",
        every_picture=False,
    ),
    Check(
        "layer range",
        layer_range,
        "raise UsageError for layers outside 0..N, never take the nearest one",
        every_picture=False,
    ),
)
"""All checks, cheap ones first."""


def examine(
    adapter: Adapter, *, cells: int | None = 16, checks: Sequence[Check] = CHECKS
) -> Conformance:
    """Run checks on a loaded model, at four shapes of picture.

    Args:
        adapter: The model.
        cells: Cells painted per picture and view; None for all.
        checks: What to check.

    Returns:
        All results; a check that the model answers with a LensbenchError is a failure with that
        message.
    """
    pictures = trials(adapter, cells)
    plan = [
        (check, trial)
        for check in checks
        for trial in (pictures if check.every_picture else pictures[:1])
    ]
    results: list[CheckResult] = []
    for check, trial in progress(plan, description="checks"):
        results.extend(run_check(check, trial))
    return Conformance(facts=adapter.facts, results=tuple(results))


def run_check(check: Check, trial: Trial) -> tuple[CheckResult, ...]:
    """Return what one check finds on one picture; an error of ours is a failure with its text."""
    try:
        outcomes = tuple(check.run(trial))
    except LensbenchError as error:
        outcomes = (outcome(False, str(error)),)
    return tuple(
        CheckResult(
            check=check.name,
            size=trial.size if check.every_picture else None,
            view=found.view,
            verdict=found.verdict,
            measured=found.measured,
            advice=check.advice if found.verdict == "failed" else "",
        )
        for found in outcomes
    )
