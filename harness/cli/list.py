"""``list``: what can be named on the command line."""

from __future__ import annotations

import click


@click.command()
@click.argument("kind", type=click.Choice(["vlms", "lenses", "judges", "corpora"]))
def command(kind: str) -> None:
    """Show the registered VLMs, lenses, judges or reference corpora, one per line."""
    kinds = {"vlms": _vlms, "lenses": _lenses, "judges": _judges, "corpora": _corpora}
    rows = kinds[kind]()
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


def _corpora() -> list[tuple[str, str]]:
    from harness.pipeline.spec import CORPORA as BUNDLED
    from lenses.library.corpora.registry import CORPORA
    from lenses.library.corpora.text import count_lines

    rows = [
        (name, f"text, bundled, {count_lines(path):,} lines: phrases of the grammar of the scenes")
        for name, path in BUNDLED.items()
    ]
    for name in CORPORA.names():
        corpus = CORPORA.get(name)
        path = corpus.find()
        lines = f", {corpus.count(path):,} lines" if path is not None and corpus.count else ""
        state = f"at {path}{lines}" if path is not None else corpus.install
        rows.append((name, f"{corpus.kind}: {corpus.summary}; {state}"))
    return rows + _corpus_forms()


def _corpus_forms() -> list[tuple[str, str]]:
    """Return how files and datasets are named."""
    import importlib.util

    from lenses.library.corpora.hub import FORM

    here = importlib.util.find_spec("datasets") is not None
    needs = "" if here else "; needs the package datasets: pip install 'lensbench[datasets]'"
    return [
        ("FILE.txt", "text, also .txt.gz: one phrase a line"),
        ("FILE.csv#COLUMN", "one column of .csv, .tsv or .jsonl, also .gz, or of .parquet"),
        (
            "hf:ID@REVISION#COLUMN",
            f"one column of a Hugging Face dataset, by hub id or folder; in full {FORM}{needs}",
        ),
    ]
