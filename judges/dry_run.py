"""The table a dry run shows: what every judge would be asked, and the price of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from judges.estimate import CostEstimate

_HEADINGS: Final = ("judge", "questions", "answered", "calls", "tokens in", "tokens out", "price")
_UNKNOWN: Final = "unknown"
_LONGEST_NAME: Final = 32


def dry_run_text(estimates: Sequence[CostEstimate]) -> str:
    """Return an aligned table of one row per judge, a total, and notes on what it rests on.

    Prices are US dollars. A judge whose price is not known is named, and the total says that it is
    without it. The result ends without a newline.
    """
    rows = [_HEADINGS, *(_row(_name(each), [each]) for each in estimates)]
    if len(estimates) > 1:
        rows.append(_row("total", estimates))
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADINGS))]
    lines = [_aligned(row, widths) for row in rows]
    rule = "-" * len(lines[0])
    if len(estimates) > 1:
        lines.insert(-1, rule)
    lines.insert(1, rule)
    return "\n".join([*lines, *_notes(estimates)])


def _name(estimate: CostEstimate) -> str:
    """Return the judge's name; of a long one the end, which names the model."""
    name = estimate.judge
    if len(name) > _LONGEST_NAME:
        name = f"...{name[3 - _LONGEST_NAME :]}"
    return f"{name} (batch)" if estimate.batch else name


def _row(name: str, estimates: Sequence[CostEstimate]) -> tuple[str, ...]:
    lows = [each.cost_low for each in estimates if each.cost_low is not None]
    highs = [each.cost_high for each in estimates if each.cost_high is not None]
    unknown = len(lows) < len(estimates)
    price = _range(_dollars(sum(lows)), _dollars(sum(highs))) if lows else _UNKNOWN
    return (
        name,
        f"{sum(each.questions for each in estimates):,}",
        f"{sum(each.cached for each in estimates):,}",
        f"{sum(each.calls for each in estimates):,}",
        _short(sum(each.input_tokens for each in estimates)),
        _range(
            _short(sum(each.output_low for each in estimates)),
            _short(sum(each.output_high for each in estimates)),
        ),
        f"{price} + {_UNKNOWN}" if lows and unknown else price,
    )


def _notes(estimates: Sequence[CostEstimate]) -> list[str]:
    tables = {(each.price_date, each.price_source): None for each in estimates if each.model}
    lines = [f"prices in US dollars, of {date} ({source})" for date, source in tables]
    lines += [f"{each.judge}: {note}" for each in estimates for note in each.notes]
    missing = {each.model: None for each in estimates if each.cost_high is None}
    if missing:
        lines.append(
            f"no price for {', '.join(missing)}: a cost limit is refused until a price file has it"
        )
    return lines


def _aligned(row: Sequence[str], widths: Sequence[int]) -> str:
    cells = [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
    return "  ".join([row[0].ljust(widths[0]), *cells])


def _range(low: str, high: str) -> str:
    return low if low == high else f"{low} - {high}"


def _short(count: int) -> str:
    """Return a count of tokens in three digits or so: 950, 12.3k, 3.20M."""
    for size, unit in ((10**9, "G"), (10**6, "M"), (10**3, "k")):
        if count >= 0.9995 * size:
            value = count / size
            return f"{value:.{_decimals(value)}f}{unit}"
    return str(count)


def _dollars(usd: float) -> str:
    """Return an estimated price: in cents from ten cents on, in two figures below."""
    if usd >= 0.0995:
        return f"${usd:,.2f}"
    return "$0" if usd == 0 else f"${usd:.2g}"


def _decimals(value: float) -> int:
    return 2 if value < 9.995 else 1 if value < 99.95 else 0
