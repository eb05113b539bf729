"""Stage 1: which images, which patches of them, where these lie, and what the corpus holds."""

from __future__ import annotations

from harness.core.files import write_json_atomic
from harness.core.ids import digest
from harness.core.progress import announce
from harness.core.records import ImageRecord, Patch
from harness.core.stamp import stamp
from harness.core.tables import write_table
from harness.data.manifest import sample_patches, usable_images
from harness.pipeline.context import ImageGeometry, RunContext
from harness.pipeline.corpus import corpus_record, counts_digest, summary


def inputs(context: RunContext) -> dict[str, str]:
    """Return what decides the plan: the spec, and the order and counts of the corpus."""
    return {"spec": digest(context.spec), "corpus": counts_digest(context.corpus)}


def run(context: RunContext) -> None:
    """Write stamp, facts, corpus record, images, geometries and sampled patches."""
    run, spec, adapter = context.run, context.spec, context.adapter
    geometries, exclusions = usable_images(
        context.source.records(),
        lambda record: adapter.geometry(record.width, record.height),
    )
    if exclusions.images:
        announce(
            f"excluded images: {len(exclusions.images)}, listed in {run.excluded}; the first: "
            f"{exclusions.images[0].reason}"
        )
    write_json_atomic(run.excluded, exclusions, readable=True)
    records = [record for record in context.source.records() if record.image_id in geometries]
    patches = sample_patches(
        records, lambda record: geometries[record.image_id], spec.patches_per_image, spec.seed
    )
    write_json_atomic(run.stamp, stamp(), readable=True)
    write_json_atomic(run.facts, adapter.facts, readable=True)
    corpus = corpus_record(context.corpus, context.source)
    announce(summary(corpus))
    write_json_atomic(run.corpus, corpus, readable=True)
    rows = [ImageGeometry(image_id=key, geometry=value) for key, value in geometries.items()]
    write_table(run.geometry, rows, ImageGeometry)
    write_table(run.images, records, ImageRecord)
    write_table(run.patches, patches, Patch)
