"""What a human evaluation found, in sentences: the page and the terminal use the same."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from harness.core.agreement import (
    Agreement,
    Contrast,
    Estimate,
    Grouping,
    JudgeGroup,
    JudgeResult,
    Policy,
    PolicyResult,
)
from harness.core.quoting import escaped
from harness.core.records import Record
from reports.agreement_cells import in_words, interval, number

STATES: Final[Mapping[str, str]] = {
    "selected": "some words fit",
    "none": "none of them",
    "cant_tell": "can't tell",
    "blank": "nothing said",
}
"""Kinds of answers in words."""

GROUPINGS: Final[Mapping[Grouping, str]] = {
    "all": "",
    "lens": "By lens",
    "kind": "Lenses and controls",
    "band": "By layers",
    "category": "By relation, one at a time",
    "patch_type": "By kind of patch",
    "model": "By model",
}
"""What groups are made by; the group of everything needs no title."""

_MEANINGS: Final[Mapping[str, Mapping[str, str]]] = {
    "blank": {
        "missing": "a rating that says nothing is no rating",
        "none": "a rating that says nothing says that none of the words fits",
    },
    "ties": {
        "half": "exactly half of the people are a majority",
        "strict": "exactly half of the people are no majority",
    },
    "pooling": {
        "majority": "an item is a hit if a majority of its raters call it one",
        "any": "an item is a hit if any of its raters calls it one",
        "all": "an item is a hit if all of its raters call it one",
    },
    "definition": {
        "any": "a hit: at least one word is concrete, abstract or global",
        "concrete+abstract": "a hit: at least one word is concrete or abstract",
        "concrete": "a hit: at least one word is concrete",
    },
}


class Rule(NamedTuple):
    """One option of a policy."""

    option: str
    chosen: str
    default: bool
    """Whether the chosen value is the default."""
    meaning: str
    others: tuple[str, ...]
    """Values that would change the result."""


def rules(policy: Policy) -> list[Rule]:
    """Return the options of a policy, each with what it means and what else it could be."""
    found = []
    for option, meanings in _MEANINGS.items():
        chosen = getattr(policy, option)
        others = tuple(value for value in meanings if value != chosen)
        default = chosen == Policy.model_fields[option].default
        found.append(Rule(option, chosen, default, meanings[chosen], others))
    return found


def overall(result: JudgeResult) -> JudgeGroup | None:
    """Return the group of all items; None if the judge and people have none in common."""
    return next((group for group in result.groups if group.by == "all"), None)


def groups_by(result: JudgeResult, *by: Grouping) -> list[JudgeGroup]:
    """Return the groups made by any of ``by``."""
    return [group for group in result.groups if group.by in by]


def headlines(agreement: Agreement) -> list[str]:
    """Return one sentence per judge: its kappa with people, and people's own beside it."""
    people = _people_headline(agreement.ceiling.coefficients.cohen_kappa)
    if not agreement.judges:
        reason = escaped(agreement.cohen_kappa.reason)
        because = f" ({reason})" if reason else ""
        return [f"No judge was compared with people{because}; {people}."]
    return [f"{_judge_headline(result)}; {people}." for result in agreement.judges]


def _judge_headline(result: JudgeResult) -> str:
    judge, group = escaped(result.judge), overall(result)
    if group is None:
        return f"Judge {judge} and people have no rated item in common"
    kappa = group.coefficients.cohen_kappa
    if kappa.estimate is None:
        return f"Judge {judge} and people: kappa is {in_words(kappa)}"
    return f"Judge {judge} agrees with people at kappa {in_words(kappa)}"


def _people_headline(kappa: Estimate) -> str:
    if kappa.estimate is None:
        return f"how far people agree with each other is {in_words(kappa)}"
    return f"people agree with each other at {in_words(kappa)}"


def excludes_zero(estimate: Estimate) -> bool:
    """Tell whether an interval is there and does not hold 0."""
    return estimate.interval is not None and not estimate.interval[0] <= 0 <= estimate.interval[1]


def contrast_line(judge: str, contrast: Contrast) -> str:
    """Return what a judge adds to the difference of two lenses; empty if that may be nothing."""
    found = contrast.inflation
    if found.estimate is None or found.interval is None or not excludes_zero(found):
        return ""
    one, two = escaped(contrast.first), escaped(contrast.second)
    favoured, other = (one, two) if found.estimate > 0 else (two, one)
    low, high = sorted(abs(end) for end in found.interval)
    amount = f"{number(abs(found.estimate))} {interval((low, high))}"
    return (
        f"Judge {escaped(judge)} favours {favoured} over {other} by {amount} more than people do."
    )


def policy_results(agreement: Agreement, judge: str) -> list[PolicyResult]:
    """Return what every policy gives for a judge, lowest kappa first, undefined ones last."""
    found = [result for result in agreement.policies if result.judge == judge]
    return sorted(found, key=lambda r: (r.cohen_kappa is None, r.cohen_kappa or 0.0))


def policy_range(agreement: Agreement, judge: str) -> str:
    """Return from where to where kappa goes by other rules; empty if there are none."""
    known = [r for r in policy_results(agreement, judge) if r.cohen_kappa is not None]
    if len(known) < 2:
        return ""
    low, high = known[0].cohen_kappa or 0.0, known[-1].cohen_kappa or 0.0
    return (
        f"By these and other rules the kappa of judge {escaped(judge)} is {number(low)} to "
        f"{number(high)} ({len(known)} sets of rules)."
    )


def left_out_line(agreement: Agreement) -> str:
    """Return what was not used, counted by reason; says so if everything was."""
    if not agreement.left_out:
        return "Nothing was left out."
    listed = ", ".join(f"{escaped(why)} {count:,}" for why, count in agreement.left_out.items())
    return f"Left out: {sum(agreement.left_out.values()):,} ({listed})."


def unscored_line(result: JudgeResult) -> str:
    """Return what a judge has no verdict for, by status; empty if it has one for everything."""
    if not result.unscored:
        return ""
    listed = ", ".join(f"{escaped(status)} {count:,}" for status, count in result.unscored.items())
    return (
        f"Judge {escaped(result.judge)} has no verdict for {sum(result.unscored.values()):,} items "
        f"that people have one for ({listed}). They are neither hits nor misses."
    )


def ratings_line(agreement: Agreement) -> str:
    """Return the ratings by state in words."""
    parts = [f"{STATES.get(state, escaped(state))} {n:,}" for state, n in agreement.ratings.items()]
    return ", ".join(parts)


def methods(record: object) -> list[str]:
    """Return the names of all interval methods used anywhere in a record, sorted."""
    return sorted({each.method for each in _estimates(record) if each.method})


def _estimates(value: object) -> Iterator[Estimate]:
    if isinstance(value, Estimate):
        yield value
    elif isinstance(value, Record):
        for name in type(value).model_fields:
            yield from _estimates(getattr(value, name))
    elif isinstance(value, tuple):
        for each in value:
            yield from _estimates(each)
