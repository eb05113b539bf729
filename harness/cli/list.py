"""``list``: what can be named on the command line."""

from __future__ import annotations

import click


@click.command()
@click.argument(
    "kind",
    type=click.Choice(["vlms", "lenses", "judges", "protocols", "corpora", "images", "analyses"]),
)
def command(kind: str) -> None:
    """Show VLMs, lenses, judges, judging protocols, corpora, image sources or analyses."""
    if kind == "vlms":
        for line in _vlms():
            click.echo(line)
        return
    kinds = {
        "lenses": _lenses,
        "judges": _judges,
        "protocols": _protocols,
        "corpora": _corpora,
        "images": _images,
        "analyses": _analyses,
    }
    rows = kinds[kind]()
    width = max(len(name) for name, _ in rows)
    for name, text in rows:
        click.echo(f"{name:<{width}}  {text}")


def _vlms() -> list[str]:
    """Return a table, and below it what was verified of which rows."""
    from harness.vlms.registry import FAMILIES, VLMS

    entries = [VLMS.get(name) for name in VLMS.names()]
    claims = list(dict.fromkeys(entry.verified for entry in entries))
    heads = ("name", "family", "blocks", "width", "grid", "bf16", "verified", "hub id")
    rows = [
        (
            entry.name,
            entry.family,
            str(entry.layers),
            str(entry.hidden),
            f"{entry.grid[0]}x{entry.grid[1]}",
            _memory(entry.parameters),
            f"[{claims.index(entry.verified) + 1}]",
            entry.hub or entry.summary,
        )
        for entry in entries
    ]
    widths = [max(map(len, column)) for column in zip(heads, *rows, strict=True)]
    table = [
        "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in (heads, *rows)
    ]
    notes = [f"[{number}] {claim or 'not stated'}" for number, claim in enumerate(claims, 1)]
    forms = f"Also any folder or hub id (owner/name[@revision]) of a family: {', '.join(FAMILIES)}"
    return [*table, "", *notes, "", forms]


def _memory(parameters: float) -> str:
    """Return the size of the weights at two bytes each; ``parameters`` in billions."""
    if not parameters:
        return "?"
    size = 2 * parameters
    return f"{size:.0f} GB" if size >= 1 else f"{1000 * size:.0f} MB"


def _lenses() -> list[tuple[str, str]]:
    from lenses.registry import lens_names, make_lens

    cards = [make_lens(name).card for name in lens_names()]
    return [(card.name, f"{card.kind}: {card.summary}") for card in cards]


def _judges() -> list[tuple[str, str]]:
    from judges.forms import FORMS
    from judges.registry import JUDGES, judge_summary

    rows = [(name, judge_summary(name)) for name in JUDGES.names()]
    return rows + [(form.form, form.summary) for form in FORMS]


def _protocols() -> list[tuple[str, str]]:
    from judges.protocols.registry import PROTOCOLS

    return [
        (protocol.name, f"version {protocol.version}: {protocol.summary}")
        for protocol in PROTOCOLS.values()
    ]


def _analyses() -> list[tuple[str, str]]:
    from reports.sections.registry import SECTIONS

    return [(name, SECTIONS.get(name).title) for name in SECTIONS.names()]


def _images() -> list[tuple[str, str]]:
    from harness.data.sources.registry import IMAGES

    paths = [
        ("FOLDER", "all image files of a folder and its subfolders"),
        ("'GLOB'", "image files by a pattern such as 'photos/**/*.jpg'"),
        ("FILE.jpg", "one image"),
    ]
    kinds = [IMAGES.get(name) for name in IMAGES.names()]
    return paths + [(kind.form, kind.summary) for kind in kinds]


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
