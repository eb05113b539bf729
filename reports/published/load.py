"""Reads the published tables that come with the package; ``data/SOURCE.md`` tells their source."""

from __future__ import annotations

import csv
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Final, TypeVar

from harness.core.errors import DataError
from reports.published.names import published_name
from reports.published.paper import Paper, PublishedAlignment, PublishedCell, PublishedDrift
from reports.published.problems import Problem, patches_of

T = TypeVar("T")

DATA: Final = Path(__file__).parent / "data"
"""Folder of the tables."""

SOURCE: Final = (
    "Krojer et al., LatentLens, arXiv 2602.00462 v4 (10 June 2026); figures of the authors' "
    "development repository BennoKrojer/molmo at commit 8410b81, paper_plots/data.json"
)
"""The paper and the version of its figures."""

JUDGE: Final = "gpt-5"
"""Judge of all published rates."""

MODALITIES: Final = {"vision": "visual", "text": "text"}
"""Names in the table of token drift to ours."""


@lru_cache(maxsize=1)
def load_paper() -> Paper:
    """Return all published tables, read once.

    Raises:
        DataError: A table is missing or damaged.
    """
    problems = known_problems()

    def cell(row: dict[str, str]) -> PublishedCell:
        return _cell(row, problems)

    return Paper(
        source=SOURCE,
        judge=JUDGE,
        cells=_read("interpretability.csv", cell),
        alignments=_read("layer_alignment.csv", _alignment),
        drift=_read("token_drift.csv", _drift),
    )


@lru_cache(maxsize=1)
def known_problems() -> tuple[Problem, ...]:
    """Return all known problems of published rates, in the order of the table.

    Raises:
        DataError: The table is missing or damaged.
    """
    return _read("problems.csv", _problem)


def published_rate(paper: Paper, model: str, lens: str, layer: int) -> PublishedCell | None:
    """Return the published rate of a lens at a layer; None if there is none.

    Args:
        paper: The published tables.
        model: Registered name, hub id or published name of the model.
        lens: Registered name of the lens.
        layer: Visual layer.
    """
    name = published_name(model) or model
    wanted = (name, lens, "none", layer)
    for cell in paper.cells:
        if (cell.model, cell.lens, cell.variant, cell.layer) == wanted:
            return cell
    return None


def _read(name: str, make: Callable[[dict[str, str]], T]) -> tuple[T, ...]:
    """Return one record per row of a table.

    Raises:
        DataError: The table is missing or damaged.
    """
    path = DATA / name
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"cannot read {path}: {error}; install the package again") from error
    found: list[T] = []
    for line, row in enumerate(rows, start=2):
        try:
            found.append(make(row))
        except (KeyError, TypeError, ValueError) as error:
            raise DataError(f"{path}, line {line}: {error}; install the package again") from error
    return tuple(found)


def _cell(row: dict[str, str], problems: tuple[Problem, ...]) -> PublishedCell:
    group, model, lens, variant = (row[key] for key in ("group", "model", "lens", "variant"))
    layer = int(row["visual_layer"])
    own = tuple(
        problem
        for problem in problems
        if problem.scope == "cell" and problem.concerns(group, model, lens, variant, layer)
    )
    return PublishedCell(
        group=group,
        model=model,
        lens=lens,
        variant=variant,
        layer=layer,
        rate=float(row["interpretable_percent"]) / 100,
        n=patches_of(model, own),
        problems=tuple(str(problem) for problem in own),
    )


def _alignment(row: dict[str, str]) -> PublishedAlignment:
    return PublishedAlignment(
        model=row["model"],
        visual_layer=int(row["visual_layer"]),
        source_layer=int(row["contextual_layer"]),
        neighbours=int(row["neighbours"]),
    )


def _drift(row: dict[str, str]) -> PublishedDrift:
    return PublishedDrift(
        model=row["model"],
        modality=MODALITIES[row["modality"]],
        layer=int(row["layer"]),
        cosine=float(row["mean_cosine_to_layer_0"]),
    )


def _problem(row: dict[str, str]) -> Problem:
    layers, n = row["layers"], row["n"]
    return Problem.model_validate(
        row
        | {
            "layers": None if layers == "all" else tuple(map(int, layers.split())),
            "n": int(n) if n.isdigit() else n or None,
        }
    )
