"""``list``: what can be named on the command line."""

from __future__ import annotations

import click


@click.command()
@click.argument("kind", type=click.Choice(["vlms", "lenses", "judges"]))
def command(kind: str) -> None:
    """Show the registered VLMs, lenses or judges, one per line."""
    rows = {"vlms": _vlms, "lenses": _lenses, "judges": _judges}[kind]()
    width = max(len(name) for name, _ in rows)
    for name, text in rows:
        click.echo(f"{name:<{width}}  {text}")


def _vlms() -> list[tuple[str, str]]:
    from harness.vlms.registry import VLMS

    entries = [VLMS.get(name) for name in VLMS.names()]
    return [
        (
            entry.name,
            f"{entry.family}, {entry.layers} blocks, width {entry.hidden}, "
            f"{entry.grid[0]}x{entry.grid[1]} tokens: {entry.summary}",
        )
        for entry in entries
    ]


def _lenses() -> list[tuple[str, str]]:
    from lenses.registry import lens_names, make_lens

    cards = [make_lens(name).card for name in lens_names()]
    return [(card.name, f"{card.kind}: {card.summary}") for card in cards]


def _judges() -> list[tuple[str, str]]:
    from judges.registry import JUDGES, judge_summary

    return [(name, judge_summary(name)) for name in JUDGES.names()]
