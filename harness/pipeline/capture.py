"""Stage 2: the hidden states of the sampled patches, from the model."""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save

from harness.core.errors import DataError
from harness.core.files import write_bytes_atomic, write_json_atomic
from harness.core.ids import digest
from harness.core.progress import progress
from harness.core.records import Patch, Record
from harness.data.manifest import patches_by_image
from harness.pipeline.context import RunContext

MANIFEST = "manifest.json"


class StatesManifest(Record):
    """How the files in ``states/`` are to be read."""

    schema_version: int = 1
    """Version of this layout."""
    layers: tuple[int, ...]
    """Second axis of ``states``: layer i is the residual stream after i blocks."""
    norm_state: str = "before the final norm, at every layer"
    """Whether states were normed."""
    tensors: str = "states [patches, layers, d]; norms and drift [cells, layers]"
    """Tensors of every file, cells row by row; drift is a token's cosine with its first layer."""
    dtype: str = "float32"
    """Type of all tensors."""
    weights_hash: str
    """sha256 of model and processor files."""
    files: dict[str, tuple[str, ...]]
    """File name to the patch ids of its rows."""


def inputs(context: RunContext) -> dict[str, str]:
    """Return what decides the states: the plan's tables and the layers."""
    run = context.run
    return run.digests(run.images, run.patches, run.geometry) | {"spec": digest(context.spec)}


def run(context: RunContext) -> None:
    """Write one file of states per image, then readout, vocabulary and manifest."""
    run, spec = context.run, context.spec
    owners = patches_by_image(context.patches)
    files: dict[str, tuple[str, ...]] = {}
    for record in progress(context.images, description="visual tokens"):
        patches = owners[record.image_id]
        path = run.states / f"{record.image_id[:16]}.safetensors"
        identity = digest([patch.patch_id for patch in patches] + [list(spec.layers)])
        if _identity(path) != identity:
            _capture_image(context, path, identity, record.image_id, patches)
        files[path.name] = tuple(patch.patch_id for patch in patches)
    adapter = context.adapter
    adapter.readout().save(run.readout)
    write_json_atomic(run.vocabulary, list(adapter.vocabulary()))
    manifest = StatesManifest(layers=spec.layers, weights_hash=spec.vlm_hash, files=files)
    write_json_atomic(run.states / MANIFEST, manifest, readable=True)


def load_states(context: RunContext) -> torch.Tensor:
    """Return the states of all patches in the order of the plan, [patches, layers, d] float32.

    Raises:
        DataError: A file is missing, unreadable or holds other patches.
    """
    manifest = StatesManifest.model_validate_json((context.run.states / MANIFEST).read_bytes())
    rows: dict[str, torch.Tensor] = {}
    for name, patch_ids in manifest.files.items():
        path = context.run.states / name
        try:
            states = load_file(path)["states"]
        except (OSError, SafetensorError) as error:
            raise DataError(f"cannot read states {path}: {error}; run again") from error
        rows.update(zip(patch_ids, states, strict=True))
    return torch.stack([rows[patch.patch_id] for patch in context.patches])


def _capture_image(
    context: RunContext, path: Path, identity: str, image_id: str, patches: list[Patch]
) -> None:
    image = context.source.open(context.records[image_id])
    tokens = context.adapter.encode(image, context.spec.layers)
    every = torch.stack([tokens.states[layer].float() for layer in context.spec.layers], dim=1)
    chosen = torch.tensor([patch.token_index for patch in patches])
    view = every[torch.tensor(tokens.geometry.token_indices())]
    tensors = {
        "states": every[chosen].contiguous(),
        "norms": view.norm(dim=-1),
        "drift": torch.cosine_similarity(view, view[:, :1], dim=-1),
    }
    write_bytes_atomic(path, save(tensors, {"identity": identity}))


def _identity(path: Path) -> str | None:
    """Return what a finished file says it holds; None if it is not there or not whole."""
    if not path.is_file():
        return None
    try:
        with safe_open(path, framework="pt") as stored:
            return (stored.metadata() or {}).get("identity")
    except SafetensorError:
        return None
