"""Results of a human evaluation: how far judges and people agree, and what that does to rates.

Every figure is an :class:`Estimate`: a number with its interval, or the reason why there is none.
"""

from __future__ import annotations

from typing import Literal, Self

from pydantic import model_validator

from harness.core.ratings import LeftOut
from harness.core.records import LensKind, Record

HumanDefinition = Literal["any", "concrete+abstract", "concrete"]
"""A hit: any related word, a concrete or abstract one, a concrete one."""

Grouping = Literal["all", "lens", "kind", "band", "category", "patch_type", "model"]
"""By what items are grouped; ``category`` asks for one relation, such as concrete, at a time."""


class Policy(Record):
    """Rules that decide what people said, each of which changes the result."""

    blank: Literal["missing", "none"] = "missing"
    """A rating that says nothing: no rating, or none of the words."""
    ties: Literal["half", "strict"] = "half"
    """Whether exactly half of the people are a majority (>= 50 %) or not (> 50 %)."""
    pooling: Literal["majority", "any", "all"] = "majority"
    """How many of the people must call an item a hit."""
    definition: HumanDefinition = "any"
    """What a hit is."""


class Estimate(Record):
    """A figure with its 95 % interval, or why there is none."""

    estimate: float | None
    """The figure; None if it is undefined."""
    interval: tuple[float, float] | None = None
    """Lower and upper end; None if there is none."""
    n: int = 0
    """Items, or pairs of ratings, that it is made of."""
    method: str = ""
    """Name of the interval method; empty without interval."""
    reason: str = ""
    """Why the figure is undefined, or has no interval."""

    @model_validator(mode="after")
    def _explained(self) -> Self:
        if (self.estimate is None or self.interval is None) and not self.reason:
            raise ValueError("a figure without value or interval needs a reason")
        if self.interval is not None and not self.interval[0] <= self.interval[1]:
            raise ValueError(f"interval {self.interval}: expected lower and upper end")
        return self


class Coefficients(Record):
    """Coefficients of agreement on the same ratings; read them together."""

    n: int
    """Items that they are made of."""
    images: int
    """Images of these items."""
    cohen_kappa: Estimate
    """Cohen 1960; of more than two people the pooled kappa of all their pairs."""
    percent: Estimate
    """Share of equal ratings."""
    pabak: Estimate
    """Prevalence- and bias-adjusted kappa, Byrt et al. 1993."""
    gwet_ac1: Estimate
    """Gwet 2008."""
    krippendorff_alpha: Estimate
    """Krippendorff 2004, nominal."""
    fleiss_kappa: Estimate
    """Fleiss 1971."""


class Confusion(Record):
    """Counts of items by what people and a judge said."""

    both: int
    """Hits for both."""
    judge_only: int
    """Hits for the judge only: false positives if people are right."""
    people_only: int
    """Hits for people only: false negatives if people are right."""
    neither: int
    """Misses for both."""


class JudgeGroup(Record):
    """A judge and people on one group of items."""

    by: Grouping
    """What groups are made by."""
    name: str
    """Which group; ``all`` for all items."""
    coefficients: Coefficients
    """Agreement on hit or miss."""
    confusion: Confusion
    """Counts, unweighted."""
    sensitivity: Estimate
    """Share of people's hits that the judge calls hits."""
    specificity: Estimate
    """Share of people's misses that the judge calls misses."""
    human_rate: Estimate
    """Share of hits by people."""
    judge_rate: Estimate
    """Share of hits by the judge, on the same items."""
    bias: Estimate
    """judge_rate - human_rate."""


class Contrast(Record):
    """Difference of two lenses on the same patches, by people and by a judge."""

    first: str
    """Lens."""
    second: str
    """Lens it is compared with."""
    pairs: int
    """Patches at one layer for which both lenses have a verdict of people and of the judge."""
    human: Estimate
    """Rate of the first minus rate of the second, by people."""
    judge: Estimate
    """The same by the judge."""
    inflation: Estimate
    """judge - human: what the judge adds to the difference."""


class JudgeResult(Record):
    """One judge against people."""

    judge: str
    """Judge."""
    groups: tuple[JudgeGroup, ...]
    """All items first, then group by group."""
    words: Coefficients | None
    """Agreement on the relation of each word, four classes; None if words are not aligned."""
    contrasts: tuple[Contrast, ...]
    """Every two lenses with common patches."""
    against_others: tuple[Coefficients, ...]
    """Against the majority of all people but one, in the order of ``Ceiling.leave_one_out``."""
    unscored: dict[str, int]
    """Items with a verdict of people that the judge has none for, by status."""


class Pair(Record):
    """Two people on the items both rated."""

    first: str
    """Person."""
    second: str
    """Person."""
    cohen_kappa: Estimate
    """Cohen's kappa."""
    percent: Estimate
    """Share of equal ratings."""


class LeaveOneOut(Record):
    """One person against the majority of the others."""

    annotator: str
    """Person."""
    coefficients: Coefficients
    """Agreement with the others' majority."""


class Ceiling(Record):
    """How far people agree with each other: no judge can be expected to do much better."""

    coefficients: Coefficients
    """All people together."""
    pairs: tuple[Pair, ...]
    """Every two people with common items."""
    leave_one_out: tuple[LeaveOneOut, ...]
    """Every person against the others."""


class Annotator(Record):
    """What one person did."""

    annotator: str
    """Pseudonym."""
    ratings: int
    """Ratings of any kind."""
    blank: int
    """Ratings that say nothing."""
    cant_tell: int
    """Ratings that say so."""
    hit_rate: float | None
    """Share of hits among ratings that count; None without any."""
    median_seconds: float | None
    """Median time per item; None if it is not known."""


class JudgeComparison(Record):
    """Two judges against people on the same items."""

    first: str
    """Judge."""
    second: str
    """Judge."""
    n: int
    """Items with a verdict of people and of both."""
    first_kappa: Estimate
    """Cohen's kappa of the first with people, on these items."""
    second_kappa: Estimate
    """Cohen's kappa of the second with people, on these items."""
    difference: Estimate
    """first_kappa - second_kappa, paired."""
    same: Estimate
    """Share of items on which the judges say the same."""


class PolicyResult(Record):
    """What another policy would have given."""

    policy: Policy
    """The policy."""
    judge: str
    """Judge."""
    n: int
    """Items."""
    cohen_kappa: float | None
    """Kappa of judge and people; None if it is undefined."""
    human_rate: float | None
    """Share of hits by people; None without items."""


class Needed(Record):
    """How many items an interval of a wanted width takes."""

    figure: str
    """Which figure, such as ``cohen_kappa``."""
    half_width: float
    """Wanted half-width of its 95 % interval."""
    items: int | None
    """Items needed; None if it cannot be told."""
    reason: str = ""
    """Why it cannot be told."""


class Correction(Record):
    """A rate of the board, as judged and as corrected by people's labels."""

    judge: str
    """Judge."""
    lens: str
    """Lens or control."""
    kind: LensKind
    """Lens under test or control."""
    band: str
    """Group of layers; empty for all layers."""
    cells: int
    """Board cells judged."""
    labels: int
    """Cells that also have a verdict of people."""
    raw: Estimate
    """As judged."""
    rogan_gladen: Estimate
    """Corrected by the measured sensitivity and specificity, Rogan and Gladen 1978."""
    ppi: Estimate
    """Prediction-powered estimate, Angelopoulos et al. 2023."""


class Agreement(Record):
    """All results of a human evaluation, as ``agreement.json`` holds them."""

    schema_version: int = 1
    """Version of this layout."""
    source: dict[str, str]
    """What was read: name to file, run or format."""
    policy: Policy
    """Rules that were applied."""
    seed: int
    """Seed of the resampling."""
    items: int
    """Items that people were asked."""
    rated: int
    """Items with a verdict of people under the policy."""
    ratings: dict[str, int]
    """Ratings by state."""
    left_out: dict[str, int]
    """What was not used, by reason; empty if everything was."""
    left_out_list: tuple[LeftOut, ...]
    """Each of them."""
    annotators: tuple[Annotator, ...]
    """Everyone who rated."""
    cohen_kappa: Estimate
    """Kappa of the first judge with people over all items."""
    judges: tuple[JudgeResult, ...]
    """Judge by judge."""
    ceiling: Ceiling
    """People with each other."""
    comparisons: tuple[JudgeComparison, ...]
    """Every two judges."""
    policies: tuple[PolicyResult, ...]
    """What other policies give."""
    needed: tuple[Needed, ...]
    """Items needed for a narrower interval."""
    corrections: tuple[Correction, ...] = ()
    """Rates of the board; empty without a run."""
    notices: tuple[str, ...] = ()
    """What a reader must know before the figures."""
