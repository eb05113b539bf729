"""What judging has cost as plain text, for the terminal after a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from reports.costs import JudgeCost, LensCost


def costs_text(costs: Sequence[JudgeCost], lenses: Sequence[LensCost] = ()) -> str:
    """Return a few lines per judge: price, questions, calls, tokens, times, models, lenses.

    A price that is not known is said to be so, with what is known as its lower end. Judges that
    made no calls take one line. The result ends without a newline.

    Args:
        costs: Judges in the order to be shown.
        lenses: Shares of lenses; those of other judges are left out.
    """
    return "\n".join(
        line
        for cost in costs
        for line in _lines(cost, [x for x in lenses if x.judge == cost.judge])
    )


def _lines(cost: JudgeCost, lenses: Sequence[LensCost]) -> list[str]:
    answered = f"{cost.answered:,} of {_count(cost.questions, 'question')} answered"
    failures = [f"{n:,} {name}" for name, n in cost.by_status.items() if name != "ok"]
    if failures:
        answered += f" ({', '.join(failures)})"
    if not cost.calls:
        return [f"judge {cost.judge}: {_price(cost)}, {answered}, no calls to a provider"]
    calls = f"{_count(cost.calls, 'call')}, {cost.failed_calls:,} failed"
    if cost.repaired:
        calls += f", {_count(cost.repaired, 'reply', 'replies')} put right"
    if cost.batches:
        calls += f", in {_count(cost.batches, 'batch', 'batches')}"
    tokens = f"{cost.input_tokens:,} tokens in, {cost.output_tokens:,} out"
    if cost.median_s is not None and cost.p95_s is not None:
        tokens += f"; {_seconds(cost.median_s)} an answer, 95 % within {_seconds(cost.p95_s)}"
    lines = [f"judge {cost.judge}: {_price(cost)}", f"  {answered}", f"  {calls}", f"  {tokens}"]
    if cost.snapshots:
        lines.append(f"  answered by {_models(cost.snapshots)}")
    if lenses:
        lines.append(f"  by lens: {', '.join(f'{x.lens} {_share(x)}' for x in lenses)}")
    return lines


def _price(cost: JudgeCost) -> str:
    if cost.cost_usd is not None:
        return _dollars(cost.cost_usd)
    return f"price unknown of {_count(cost.unknown, 'call')}, {_dollars(cost.known_usd)} without"


def _share(lens: LensCost) -> str:
    if lens.cost_usd is not None:
        return _dollars(lens.cost_usd)
    return f"{_dollars(lens.known_usd)} + unknown" if lens.known_usd else "unknown"


def _models(snapshots: Mapping[str, int]) -> str:
    if len(snapshots) == 1:
        return next(iter(snapshots))
    return ", ".join(f"{name} ({_count(n, 'reply', 'replies')})" for name, n in snapshots.items())


def _count(number: int, noun: str, plural: str = "") -> str:
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def _seconds(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds < 9.95 else f"{seconds:,.0f} s"


def _dollars(usd: float) -> str:
    """Return an amount paid: to the cent from one dollar on, finer below."""
    return f"${usd:,.2f}" if usd >= 1 or usd == 0 else f"${usd:.4f}"
