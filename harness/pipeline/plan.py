"""Stage 1: which images, which patches of them, and where these lie."""

from __future__ import annotations

from harness.core.files import write_json_atomic
from harness.core.ids import digest
from harness.core.records import ImageRecord, Patch
from harness.core.stamp import stamp
from harness.core.tables import write_table
from harness.data.manifest import sample_patches
from harness.pipeline.context import ImageGeometry, RunContext


def inputs(context: RunContext) -> dict[str, str]:
    """Return what decides the plan: the spec."""
    return {"spec": digest(context.spec)}


def run(context: RunContext) -> None:
    """Write stamp, facts, images, geometries and sampled patches."""
    run, spec, adapter = context.run, context.spec, context.adapter
    records = context.source.records()
    geometries = {
        record.image_id: adapter.geometry(record.width, record.height) for record in records
    }
    patches = sample_patches(
        records, lambda record: geometries[record.image_id], spec.patches_per_image, spec.seed
    )
    write_json_atomic(run.stamp, stamp(), readable=True)
    write_json_atomic(run.facts, adapter.facts, readable=True)
    rows = [ImageGeometry(image_id=key, geometry=value) for key, value in geometries.items()]
    write_table(run.geometry, rows, ImageGeometry)
    write_table(run.images, records, ImageRecord)
    write_table(run.patches, patches, Patch)
