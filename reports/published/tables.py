"""Tables of the published figures: averages, means by model, ablations, known problems."""

from __future__ import annotations

from collections.abc import Sequence

from reports.figures.records import Column, Table
from reports.published.load import known_problems
from reports.published.means import (
    LENSES,
    PublishedMean,
    means_over_layers,
    means_over_models,
)
from reports.published.names import published_models
from reports.published.paper import Paper


def averages_table(paper: Paper) -> Table:
    """Return the paper's averages over layers and models, in per cent."""
    means = means_over_models(paper)
    rows = []
    for name in dict.fromkeys(mean.model for mean in means):
        found = {mean.lens: mean for mean in means if mean.model == name}
        rows.append((name, *(text for lens in LENSES for text in _percent(found.get(lens)))))
    return Table(
        name="published-averages",
        caption="Published rates averaged over layers, then over models, in per cent",
        columns=(Column(name="models"), *_columns(LENSES)),
        rows=tuple(rows),
    )


def models_table(paper: Paper) -> Table:
    """Return the mean over layers of every model and lens, in per cent, with its interval."""
    means = [mean for mean in means_over_layers(paper) if mean.variant == "none"]
    rows = []
    for model in published_models(paper):
        found = {mean.lens: mean for mean in means if mean.model == model}
        cells = [text for lens in (*LENSES, "tuned") for text in _percent(found.get(lens))]
        rows.append((model, next(iter(found.values())).group, *cells))
    return Table(
        name="published-models",
        caption="Published means over layers by model, in per cent",
        columns=(Column(name="model"), Column(name="group"), *_columns((*LENSES, "tuned"))),
        rows=tuple(rows),
    )


def ablations_table(paper: Paper) -> Table:
    """Return LatentLens's mean over layers of every ablation, and EmbeddingLens at layer 0."""
    latent = {m.variant: m for m in means_over_layers(paper) if m.group == "ablation"}
    embedding = {
        cell.variant: cell
        for cell in paper.cells
        if (cell.group, cell.lens, cell.layer) == ("ablation", "embedding", 0)
    }
    base = {
        m.model: m for m in means_over_layers(paper) if (m.lens, m.variant) == ("latent", "none")
    }
    rows = []
    for variant, mean in latent.items():
        difference = 100 * (mean.rate - base[mean.model].rate)
        other = embedding.get(variant)
        rows.append(
            (
                f"{mean.model}, {variant}",
                *_percent(mean),
                f"{difference:+.1f}",
                None if other is None else f"{100 * other.rate:.1f}",
                None if other is None else other.n,
            )
        )
    return Table(
        name="published-ablations",
        caption=(
            "Published ablations, in per cent: LatentLens's mean over layers, its difference to "
            "the plain model, and EmbeddingLens at layer 0 (an older judge run)"
        ),
        columns=(
            Column(name="model"),
            *_columns(("latent",)),
            Column(name="difference, points", numeric=True),
            Column(name="embedding, layer 0", numeric=True),
            Column(name="patches of it", numeric=True),
        ),
        rows=tuple(rows),
    )


def problems_table() -> Table:
    """Return all known problems of published rates, those of all rates first."""
    return Table(
        name="published-problems",
        caption="Known problems of the published rates; * stands for all",
        columns=tuple(
            Column(name=name) for name in ("models", "variant", "lens", "layers", "problem", "from")
        ),
        rows=tuple(
            (
                problem.model if problem.model != "*" else problem.group,
                problem.variant,
                problem.lens,
                "all" if problem.layers is None else ", ".join(map(str, problem.layers)),
                problem.text,
                problem.source,
            )
            for problem in sorted(known_problems(), key=lambda problem: problem.scope != "general")
        ),
    )


def _columns(lenses: Sequence[str]) -> list[Column]:
    return [
        column
        for lens in lenses
        for column in (Column(name=lens, numeric=True), Column(name=f"{lens}, 95 %"))
    ]


def _percent(mean: PublishedMean | None) -> tuple[str | None, str | None]:
    """Return a rate and its interval in per cent."""
    if mean is None:
        return None, None
    rate = f"{100 * mean.rate:.1f}"
    interval = mean.interval
    if interval is None:
        return rate, None
    return rate, f"{100 * interval[0]:.0f} to {100 * interval[1]:.0f}"
