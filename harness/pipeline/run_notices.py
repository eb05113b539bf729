"""What must be known of a run's model, images and corpus before its figures are read."""

from __future__ import annotations

from pydantic import ValidationError

from harness.core.errors import DataError
from harness.data.manifest import Exclusions
from harness.data.sources.absent import AbsentSource
from harness.data.sources.registry import kind_of
from harness.pipeline.context import RunContext
from harness.pipeline.corpus import CorpusRecord, notice
from harness.pipeline.judging import judgings
from harness.pipeline.references import LibraryUses
from harness.vlms.registry import VLMS
from lenses.registry import make_lens


def run_notices(context: RunContext) -> list[str]:
    """Return what must be known of the model on these images, and of the corpus.

    Raises:
        DataError: A file of the run is unreadable.
    """
    found = (
        _visual_tokens(context),
        _foreign_images(context),
        _label_limits(context),
        _corpus_notice(context),
        *_engine_notices(context),
    )
    return [text for text in found if text]


def run_lacks(context: RunContext) -> list[str]:
    """Return what the run's inputs lack: images that were left out, or are not here.

    Raises:
        DataError: A file of the run is unreadable.
    """
    found = (_excluded_images(context), _absent_images(context))
    return [text for text in found if text]


def _visual_tokens(context: RunContext) -> str | None:
    """Return what the visual tokens of this model are, where that is not plain."""
    facts = context.facts
    notes = []
    if facts.view != "global":
        notes.append(f"patches are cells of the view {facts.view}")
    if facts.injection_layers:
        blocks = ", ".join(map(str, facts.injection_layers))
        notes.append(
            f"vision features are added again after blocks {blocks}; states are taken before that"
        )
    if facts.image_attention == "bidirectional":
        notes.append("visual tokens also see what stands behind them")
    return f"Visual tokens of {facts.name}: {'; '.join(notes)}." if notes else None


def _label_limits(context: RunContext) -> str | None:
    """Return what the images' labels cannot tell, if a judge goes by them."""
    if not any(judging.identity.needs_labels for judging in judgings(context)):
        return None
    kind = kind_of(context.spec.images)
    return None if kind is None else kind.limits


def _excluded_images(context: RunContext) -> str | None:
    """Return how many images were left out, and why the first was."""
    try:
        exclusions = Exclusions.model_validate_json(context.run.excluded.read_bytes())
    except (OSError, ValidationError) as error:
        raise DataError(f"cannot read {context.run.excluded}: run the stage plan again") from error
    if not exclusions.images:
        return None
    return (
        f"Images excluded: {len(exclusions.images)} of "
        f"{len(exclusions.images) + len(context.images)}, listed in {context.run.excluded.name}. "
        f"The first: {exclusions.images[0].reason}."
    )


def _foreign_images(context: RunContext) -> str | None:
    """Return what the registry entry says about images outside the model's domain."""
    if context.spec.vlm not in VLMS.names():
        return None
    entry = VLMS.get(context.spec.vlm)
    foreign = bool(entry.domain) and not context.spec.images.startswith(entry.domain)
    return entry.outside if foreign else None


def _engine_notices(context: RunContext) -> list[str]:
    """Return what an approximate search of the library misses."""
    uses = LibraryUses.model_validate_json(context.run.libraries.read_bytes())
    return [
        f"The search {use.engine} is approximate: on states of this run it finds {use.recall:.1%} "
        f"of the {context.spec.k} nearest rows."
        for use in uses.libraries
        if use.approximate
    ]


def _corpus_notice(context: RunContext) -> str | None:
    """Return the notice on captions in the corpus if a lens of the run uses it."""
    if not any("library" in make_lens(name).card.needs for name in context.spec.lenses):
        return None
    try:
        return notice(CorpusRecord.model_validate_json(context.run.corpus.read_bytes()))
    except (OSError, ValidationError) as error:
        raise DataError(f"cannot read {context.run.corpus}: run the stage plan again") from error


def _absent_images(context: RunContext) -> str | None:
    """Return that the explorer has no pictures, and why."""
    source = context.source
    return f"Pictures: not shown, {source.reason}." if isinstance(source, AbsentSource) else None
