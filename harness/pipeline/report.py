"""Stage 6: one offline page and its JSON, from the tables alone."""

from __future__ import annotations

import base64
import io
import json
from typing import Final

from pydantic import ValidationError

from harness.core.errors import DataError
from harness.core.files import write_text_atomic
from harness.core.ids import digest
from harness.core.progress import progress
from harness.core.records import ImageRecord, Patch, Score
from harness.core.tables import read_table
from harness.data.manifest import Exclusions, patches_by_image
from harness.data.rendering import canvas_view
from harness.data.sources.registry import kind_of
from harness.pipeline.context import RunContext
from harness.pipeline.corpus import CorpusRecord, notice
from harness.pipeline.judging import judgings
from harness.pipeline.kept_agreement import kept_agreement
from harness.pipeline.references import LibraryUses
from harness.pipeline.score import panels
from harness.vlms.registry import VLMS
from lenses.registry import make_lens
from reports.html import render_report
from reports.old_explorer import ExplorerImage
from reports.view import JudgeNote, LensNote, ReportView, RunTables, build_view, report_json

_SIDE = 288
_QUALITY = 85
_SHOWN_FACTS: Final = (
    "family",
    "dtype",
    "device",
    "revision",
    "processor",
    "view",
    "prefix",
    "question",
    "weights_hash",
)


def inputs(context: RunContext) -> dict[str, str]:
    """Return what decides the report."""
    run = context.run
    judged = (run.scores, run.judgements, run.judgement_parts, run.judges)
    made = (run.descriptions, run.patches, run.libraries, run.facts, run.stamp, run.corpus)
    return run.digests(*judged, *made, run.excluded, run.agreement) | {"spec": digest(context.spec)}


def run(context: RunContext) -> None:
    """Write report.json and report.html."""
    images = explorer_images(context)
    view = _view(context, images)
    write_text_atomic(context.run.report_json, report_json(view))
    write_text_atomic(context.run.report_html, render_report(view, images))


def explorer_images(context: RunContext) -> list[ExplorerImage]:
    """Return every image as the encoder saw it, with the regions of its patches."""
    owners = patches_by_image(context.patches)
    return [
        _explorer_image(context, record, owners[record.image_id])
        for record in progress(context.images, description="report")
    ]


def _explorer_image(
    context: RunContext, record: ImageRecord, patches: list[Patch]
) -> ExplorerImage:
    geometry = context.geometries[record.image_id]
    buffer = io.BytesIO()
    view = canvas_view(context.source.open(record), geometry, _SIDE)
    view.save(buffer, format="JPEG", quality=_QUALITY)
    regions = {}
    for patch in patches:
        regions[patch.patch_id] = geometry.fractions(patch.region)
    encoded = base64.b64encode(buffer.getvalue()).decode()
    return ExplorerImage(
        image_id=record.image_id,
        source=record.source,
        data_uri=f"data:image/jpeg;base64,{encoded}",
        width=view.width,
        height=view.height,
        regions=regions,
    )


def _view(context: RunContext, images: list[ExplorerImage]) -> ReportView:
    spec, judges = context.spec, judgings(context)
    rows = list(context.judgements())
    cards = [make_lens(name).card for name in spec.lenses]
    tables = RunTables(
        spec=spec,
        patches=context.patches,
        descriptions=context.descriptions,
        answers={judging.label: judging.answers(rows) for judging in judges},
        scores=read_table(context.run.scores, Score),
        judgements={judging.label: judging.history(rows) for judging in judges},
        shown={judging.label: judging.shown for judging in judges},
        panels=panels(context),
    )
    return build_view(
        tables,
        spec_hash=digest(spec)[:10],
        provenance=context.facts.provenance,
        lenses=[LensNote(name=c.name, kind=c.kind, summary=c.summary) for c in cards],
        judges=[
            JudgeNote(
                name=judging.label,
                version=judging.identity.version,
                statement=judging.identity.statement,
                protocol=judging.protocol.id,
                prompt_hash=judging.prompt_hash,
            )
            for judging in judges
        ],
        notices=_notices(context),
        stamp=_stamp(context),
        images=images,
        agreement=kept_agreement(context),
    )


def _notices(context: RunContext) -> list[str]:
    """Return what must be known of the model on these images, and of the corpus."""
    found = (
        _visual_tokens(context),
        _foreign_images(context),
        _excluded_images(context),
        _label_limits(context),
        _corpus_notice(context),
        *_engine_notices(context),
    )
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


def _stamp(context: RunContext) -> dict[str, str]:
    """Return how the model was read, and the environment, as flat text."""
    facts = context.facts.model_dump(include={*_SHOWN_FACTS})
    model = {f"model {key.replace('_', ' ')}": value for key, value in facts.items() if value}
    stored = json.loads(context.run.stamp.read_bytes())
    packages = stored.pop("packages")
    flat = model | {key: value for key, value in (stored | packages).items() if value is not None}
    return {
        key: " ".join(map(str, value)) if isinstance(value, list) else str(value)
        for key, value in flat.items()
    }
