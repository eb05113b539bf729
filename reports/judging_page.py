"""The section on the judges as the page shows it: rows of checks, facts, and what was spent."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby

from harness.core.records import Record
from reports.costs import JudgeCost, LensCost
from reports.judge_agreement import JudgeAgreement
from reports.judging import JudgeChecks, Judging
from reports.shares import Share
from reports.view import JudgeNote, RunView


class CheckRow(Record):
    """One line of a table of checks."""

    label: str
    """What is counted."""
    share: Share
    """How many of how many."""
    note: str = ""
    """What else must be known of it."""


class CheckGroup(Record):
    """Lines that belong to one check."""

    title: str
    """What was done."""
    rows: tuple[CheckRow, ...]
    """What was found."""


class Fact(Record):
    """One figure with a line below it."""

    name: str
    """What it is."""
    value: str
    """The figure."""
    detail: str = ""
    """What it is made of."""


class JudgeCard(Record):
    """All that is shown of one judge."""

    judge: str
    """Judge."""
    facts: tuple[Fact, ...]
    """How it was asked, how it answered and what it cost."""
    groups: tuple[CheckGroup, ...]
    """Its checks."""


class CostRow(Record):
    """What the questions of one lens cost, judge by judge."""

    lens: str
    """Lens or control, or a kind of question that belongs to none."""
    costs: tuple[str, ...]
    """Price by judge, in the order of the heading; empty where there is none."""


class JudgingPage(Record):
    """The section in the order in which it is shown."""

    cards: tuple[JudgeCard, ...]
    """One per judge of which something is known besides its verdicts."""
    pairs: tuple[tuple[JudgeAgreement, ...], ...]
    """Every two judges: all rows, lenses, controls."""
    paid: tuple[str, ...]
    """Judges that cost something: the columns of ``lens_costs``."""
    lens_costs: tuple[CostRow, ...]
    """Lens by lens, the sum last."""


def judging_page(view: RunView) -> JudgingPage:
    """Return the section on the judges of ``view``; all of its figures are in ``view.judging``."""
    judging = view.judging
    notes = {note.name: note for note in view.judges}
    costs = {cost.judge: cost for cost in judging.costs}
    cards = [
        JudgeCard(
            judge=checks.judge,
            facts=_facts(notes.get(checks.judge), costs.get(checks.judge)),
            groups=check_groups(checks),
        )
        for checks in judging.checks
    ]
    paid = tuple(dict.fromkeys(row.judge for row in judging.lens_costs))
    return JudgingPage(
        cards=tuple(card for card in cards if card.groups or card.facts),
        pairs=tuple(
            tuple(rows)
            for _, rows in groupby(judging.agreements, key=lambda row: (row.first, row.second))
        ),
        paid=paid,
        lens_costs=_cost_rows(judging, paid),
    )


def check_groups(checks: JudgeChecks) -> tuple[CheckGroup, ...]:
    """Return the checks that were made, each with its lines."""
    groups = []
    if checks.repeat:
        again = checks.repeat
        title = f"Asked again, word for word: {_both(again.scored, again.pairs)}"
        words = CheckRow(
            label="words with the same relation", share=again.same_words, note=str(again.kappa)
        )
        questions = CheckRow(label="questions with the same verdict", share=again.same_questions)
        groups.append(CheckGroup(title=title, rows=(words, questions)))
    if checks.reorder:
        turned = checks.reorder
        title = f"Asked again, words in another order: {_both(turned.scored, turned.pairs)}"
        words = CheckRow(label="words whose relation changed", share=turned.changed_words)
        questions = CheckRow(
            label="questions whose verdict changed", share=turned.changed_questions
        )
        groups.append(CheckGroup(title=title, rows=(words, questions)))
    rows = _false_positives(checks)
    if rows:
        where = "controls and probe words" if checks.probes else "controls"
        groups.append(CheckGroup(title=f"False positives on {where}", rows=rows))
    if checks.flags:
        row = CheckRow(label="flag against the words listed", share=checks.flags)
        groups.append(CheckGroup(title="The reply's own verdict, which is not used", rows=(row,)))
    return tuple(groups)


def usd(cost: JudgeCost | LensCost) -> str:
    """Return a price in US dollars, small ones with more digits."""
    digits = 2 if cost.known_usd == 0 or cost.known_usd >= 1 else 4
    known = f"${cost.known_usd:,.{digits}f}"
    if cost.cost_usd is not None:
        return known
    return f"more than {known}" if cost.known_usd else "unknown"


def _false_positives(checks: JudgeChecks) -> tuple[CheckRow, ...]:
    rows = [
        CheckRow(
            label=control.lens,
            share=control.cells,
            note=f"words {control.words.share:.3f} ({control.words.count:,} of "
            f"{control.words.n:,})",
        )
        for control in checks.controls
        if control.words.share is not None
    ]
    if checks.probes:
        probes = CheckRow(
            label="probe words, said of other images",
            share=checks.probes.related,
            note=_listed(checks.probes.by_relation.items()),
        )
        rows.append(probes)
    return tuple(rows)


def _both(scored: int, pairs: int) -> str:
    return f"{scored:,} of {pairs:,} questions answered both times"


def _facts(note: JudgeNote | None, cost: JudgeCost | None) -> tuple[Fact, ...]:
    facts = []
    if cost and cost.snapshots:
        first, *others = cost.snapshots
        more = f"and {', '.join(others)}" if others else ""
        facts.append(Fact(name="Answered by", value=first, detail=more))
    if note and note.protocol:
        facts.append(Fact(name="Protocol", value=note.protocol, detail=note.prompt_hash[:12]))
    if cost:
        facts += _usage(cost)
    return tuple(facts)


def _usage(cost: JudgeCost) -> list[Fact]:
    facts = [
        Fact(name="Questions", value=f"{cost.questions:,}", detail=_listed(cost.by_status.items())),
    ]
    if not cost.calls:
        return facts
    parts = {"failed": cost.failed_calls, "repaired": cost.repaired, "batches": cost.batches}
    facts += [
        Fact(name="Calls", value=f"{cost.calls:,}", detail=_listed(parts.items())),
        Fact(
            name="Tokens sent",
            value=f"{cost.input_tokens:,}",
            detail=f"received {cost.output_tokens:,}",
        ),
        Fact(name="Cost", value=usd(cost), detail=_listed([("unknown price", cost.unknown)])),
    ]
    if cost.median_s is not None and cost.p95_s is not None:
        seconds = Fact(
            name="Time per question",
            value=f"{cost.median_s:.1f} s",
            detail=f"95 % within {cost.p95_s:.1f} s",
        )
        facts.append(seconds)
    return facts


def _listed(counts: Iterable[tuple[str, int]]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in counts if count)


def _cost_rows(judging: Judging, paid: Sequence[str]) -> tuple[CostRow, ...]:
    """Return one row per lens with a price per judge, and the sum."""
    found = {(row.lens, row.judge): usd(row) for row in judging.lens_costs}
    totals = {cost.judge: usd(cost) for cost in judging.costs}
    lenses = dict.fromkeys(row.lens for row in judging.lens_costs)
    rows = [
        CostRow(lens=lens, costs=tuple(found.get((lens, judge), "") for judge in paid))
        for lens in lenses
    ]
    if rows:
        rows.append(CostRow(lens="all", costs=tuple(totals.get(judge, "") for judge in paid)))
    return tuple(rows)
