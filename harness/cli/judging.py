"""The options of judging, the same for every command that asks judges."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])

_OPTIONS: Final = (
    click.option(
        "--protocol", help="How to ask, see `list protocols`.  [default: paper, or the run's]"
    ),
    click.option(
        "--panel",
        type=click.Choice(["none", "majority"]),
        help="Join the verdicts of several judges.  [default: none]",
    ),
    click.option("--repeat", type=float, help="Ask this per cent of the questions twice."),
    click.option("--reorder", type=float, help="Ask this per cent again, words in another order."),
    click.option("--concurrency", type=int, help="Calls under way at once.  [default: 16]"),
    click.option("--rpm", type=int, help="Most calls a minute."),
    click.option("--tpm", type=int, help="Most tokens a minute."),
    click.option("--timeout", type=float, help="Longest wait for a reply.  [default: 120 s]"),
    click.option("--patience", type=float, help="Longest time for a question.  [default: 900 s]"),
    click.option("--max-cost", type=float, help="Stop before judging costs more US dollars."),
    click.option("--prices", help="TOML or JSON file of prices."),
    click.option("--keys", help="File of NAME=value lines with API keys."),
    click.option("--batch", is_flag=True, default=None, help="Half price, hours later."),
    click.option("--wait", is_flag=True, default=None, help="With --batch: wait for the replies."),
    click.option("--dry-run", is_flag=True, default=None, help="Ask nothing; say what it costs."),
)


def judging_options(command: F) -> F:
    """Add the options of judging to a command, in the order of the help text."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command
