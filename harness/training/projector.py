"""``train projector``: from two frozen parts and captions to a directory that ``--vlm`` takes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import torch

from harness.core.errors import UsageError
from harness.core.files import write_errors, write_json_atomic
from harness.core.ids import digest
from harness.core.lock import FileLock
from harness.core.stamp import stamp
from harness.data.sources import ImageSource, open_source
from harness.training.assembly import assemble, caption_room
from harness.training.captions import CaptionSplit, split_captions
from harness.training.components import ENCODER, LANGUAGE_MODEL, find_component
from harness.training.feed import CaptionTokens, Feed
from harness.training.loop import Pace, Training
from harness.training.objective import CaptionObjective
from harness.training.plan import TrainingPlan, TrainingRecord, keep_to_plan, provenance
from harness.training.recipe import ProjectorRecipe
from harness.training.workers import Workers, join_workers
from harness.vlms.controlled.config import ControlledConfig
from harness.vlms.controlled.model import ControlledModel, build

STATE: Final = "training"
"""Folder of checkpoint, log and plan inside the trained directory."""
PLAN: Final = "plan.json"
RECORD: Final = "training.json"
_LOCK: Final = ".lock"
_FLOAT_BYTES: Final = 4
_GIGABYTE: Final = 1e9


@dataclass(frozen=True, slots=True)
class Request:
    """What a user asks for."""

    llm: str
    """Directory, hub id, or registered model to take the language model from."""
    encoder: str
    """The same for the encoder."""
    data: str
    """Source of images with captions."""
    folder: Path
    """Directory to write."""


def train_projector(
    request: Request, recipe: ProjectorRecipe, pace: Pace, *, device: str, cache_gb: float
) -> TrainingRecord | None:
    """Train a projector, or go on with it, and write the controlled directory.

    Args:
        request: Parts, data and folder.
        recipe: The recipe.
        pace: Parts of a step, checkpoints and log.
        device: ``auto`` or a torch device.
        cache_gb: Features of the encoder are kept in memory if all of them take less than this.

    Returns:
        What was done; None in all but the first of several processes.

    Raises:
        UsageError: A part or the data cannot be had, or they do not fit the recipe.
        MismatchError: The folder holds another training; says what differs.
        DataError: A part or image is unreadable, a loss is not finite, or the disk refuses.
    """
    workers = join_workers(device)
    with _locked(request.folder, workers):
        source = open_source(request.data)
        split = split_captions(source, recipe.heldout)
        if workers.number:
            workers.wait()
        language_model = find_component(request.llm, LANGUAGE_MODEL, request.folder)
        encoder = find_component(request.encoder, ENCODER, request.folder)
        plan = TrainingPlan(
            recipe=recipe,
            llm=request.llm,
            encoder=request.encoder,
            llm_hash=language_model.digest,
            encoder_hash=encoder.digest,
            data=request.data,
            data_hash=split.data_hash,
        )
        if not workers.number:
            keep_to_plan(request.folder / STATE / PLAN, plan)
            workers.wait()
        config = assemble(recipe, language_model, encoder)
        model = _fresh(config, request.folder, recipe, workers.device)
        objective, feed = connect(model, recipe, source, split, workers.device, cache_gb)
        training = Training(objective, feed, split, recipe, pace, workers)
        measured = training.run(request.folder / STATE, digest(plan))
        if workers.number:
            return None
        record = TrainingRecord(
            plan=plan,
            train_captions=len(split.train),
            heldout_captions=len(split.heldout),
            trained_weights=sum(weight.numel() for weight in training.weights.values()),
            processes=workers.count,
            heldout=measured,
            stamp=stamp(),
        )
        finished = config.model_copy(update={"provenance": provenance(record)})
        model.save(request.folder, finished)
        write_json_atomic(request.folder / RECORD, record, readable=True)
    return record


def _fresh(
    config: ControlledConfig, folder: Path, recipe: ProjectorRecipe, device: torch.device
) -> ControlledModel:
    """Return the model with first weights drawn from the seed."""
    with torch.random.fork_rng():
        torch.manual_seed(recipe.seed)
        return build(config, folder, recipe.frozen, str(device))


def connect(
    model: ControlledModel,
    recipe: ProjectorRecipe,
    source: ImageSource,
    split: CaptionSplit,
    device: torch.device,
    cache_gb: float,
) -> tuple[CaptionObjective, Feed]:
    """Return what turns batches into losses and what makes the batches.

    Args:
        model: The model, trained or not.
        recipe: How captions are asked for and cut.
        source: Images.
        split: Captions of these images.
        device: Where the model is.
        cache_gb: Features of the encoder are kept in memory if all of them take less than this.

    Raises:
        UsageError: The recipe ends captions and the tokenizer has no token for that.
    """
    config = model.config
    end = model.tokenizer.eos_token_id if recipe.end else None
    if recipe.end and not isinstance(end, int):
        raise UsageError(
            "end = True: the tokenizer of the language model has no token that ends a text"
        )
    objective = CaptionObjective(
        model, dropout=recipe.dropout, precision=getattr(torch, recipe.precision)
    )
    rows, cols = model.grid
    markers = rows + 2 if config.sequence == "rows" else 0
    room = caption_room(recipe.length, rows * cols, markers, len(objective.prompt_ids))
    images = {example.image.image_id for example in (*split.train, *split.heldout)}
    size = len(images) * rows * cols * config.projector.in_size * _FLOAT_BYTES
    feed = Feed(
        source=source,
        settings=config.image,
        patch=model.encoder.patch,
        tokens=CaptionTokens(model.tokenizer, end, room, recipe.captions == "first-sentence"),
        encoder=model.encoder,
        device=device,
        kept={} if size <= cache_gb * _GIGABYTE else None,
    )
    return objective, feed


@contextmanager
def _locked(folder: Path, workers: Workers) -> Iterator[None]:
    """Keep other trainings out of the folder; the first of several processes holds the lock."""
    if workers.number:
        yield
        return
    path = folder / STATE / _LOCK
    with write_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(path, f"the training in {folder}")
    try:
        yield
    finally:
        lock.release()
