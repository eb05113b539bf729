"""Means of the published rates over layers and over models, as the paper averages."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

from harness.core.wilson import score_interval
from reports.published.paper import Paper, PublishedCell

LENSES: Final = ("latent", "embedding", "logit")
"""Lenses that the paper has for every model."""

OVER_LAYERS: Final = "wilson-95, layers as one"
"""Wilson's interval with the patches of one layer, since layers share their patches."""

OVER_MODELS: Final = "wilson-95, layers and models as one"
"""Wilson's interval with the patches of one layer of one model: models share their images."""


@dataclass(frozen=True, slots=True)
class PublishedMean:
    """A mean of published rates: every layer one vote, then every model one vote."""

    model: str
    """Model, or the group that the mean is over."""
    group: str
    """Group of the model, or of all models; empty for several groups."""
    variant: str
    """Ablation, or ``none``."""
    lens: str
    """Lens."""
    rate: float
    """Mean, 0 to 1."""
    n: int | None
    """Patches of one layer: the smallest number known; None where none is."""
    cells: tuple[PublishedCell, ...]
    """Cells it is made of."""

    @property
    def interval(self) -> tuple[float, float] | None:
        """Wilson's 95 % interval at ``n``; None where that is not known.

        The paper tells no verdicts by patch, so nothing is known of how far layers agree on a
        patch. Counting all layers as one observation gives the widest interval that can lead to.
        """
        return None if self.n is None else score_interval(self.rate, self.n)


def means_over_layers(paper: Paper) -> tuple[PublishedMean, ...]:
    """Return the mean over layers of every model, ablation and lens that has several layers."""
    groups: dict[tuple[str, str, str], list[PublishedCell]] = {}
    for cell in paper.cells:
        groups.setdefault((cell.model, cell.variant, cell.lens), []).append(cell)
    return tuple(_over_layers(cells) for cells in groups.values() if len(cells) > 1)


def means_over_models(paper: Paper) -> tuple[PublishedMean, ...]:
    """Return the paper's averages: controlled models, off-the-shelf models, and all of them.

    Only lenses that every model of a group has are averaged.
    """
    models = [mean for mean in means_over_layers(paper) if mean.variant == "none"]
    found: list[PublishedMean] = []
    for group in ("controlled", "off-the-shelf", ""):
        members = [mean for mean in models if group in ("", mean.group)]
        number = len({mean.model for mean in members})
        for lens in LENSES:
            chosen = [mean for mean in members if mean.lens == lens]
            if len(chosen) < number or not chosen:
                continue
            found.append(
                PublishedMean(
                    model=f"mean of {number} {group}" if group else f"mean of all {number}",
                    group=group,
                    variant="none",
                    lens=lens,
                    rate=_mean([mean.rate for mean in chosen]),
                    n=_smallest([mean.n for mean in chosen]),
                    cells=tuple(cell for mean in chosen for cell in mean.cells),
                )
            )
    return tuple(found)


def published_mean(
    paper: Paper, model: str, lens: str, layers: Collection[int] | None = None
) -> PublishedMean | None:
    """Return the mean over ``layers`` (None: all) of a lens, by the published name of the model.

    None where the paper lacks the lens or one of the layers.
    """
    wanted = (model, lens, "none")
    cells = [cell for cell in paper.cells if (cell.model, cell.lens, cell.variant) == wanted]
    chosen = [cell for cell in cells if layers is None or cell.layer in layers]
    if not chosen or (layers is not None and len(chosen) < len(layers)):
        return None
    return _over_layers(chosen)


def _over_layers(cells: Sequence[PublishedCell]) -> PublishedMean:
    first = cells[0]
    return PublishedMean(
        model=first.model,
        group=first.group,
        variant=first.variant,
        lens=first.lens,
        rate=_mean([cell.rate for cell in cells]),
        n=_smallest([cell.n for cell in cells]),
        cells=tuple(cells),
    )


def _mean(rates: Sequence[float]) -> float:
    return sum(rates) / len(rates)


def _smallest(numbers: Sequence[int | None]) -> int | None:
    return min((number for number in numbers if number is not None), default=None)
