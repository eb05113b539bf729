"""Held-out caption loss of a projector trained on a miniature's parts, against the shipped one.

``python -m benchmarks.projector DIR [--data scenes:heldout]``, where DIR was written by
``python -m harness train projector --llm mini-frozen --encoder mini-frozen --recipe mini ...``.
Both projectors are put between the same frozen parts and asked for the same captions by the same
code. By default these are the captions that the training itself held out.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch
from transformers import LlavaForConditionalGeneration

from harness.data.sources import open_source
from harness.mini.entry import WEIGHTS
from harness.training.captions import CaptionSplit, split_captions
from harness.training.heldout import measure
from harness.training.plan import TrainingRecord
from harness.training.projector import RECORD, connect
from harness.training.workers import join_workers
from harness.vlms.controlled.config import read_config
from harness.vlms.controlled.model import ControlledModel, build
from harness.vlms.loading import without_bars

_SHIPPED = "mini-frozen"
_CACHE_GB = 4.0
_AT_ONCE = 24


def main() -> None:
    """Print both losses."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("folder", type=Path, help="directory of `train projector`")
    parser.add_argument("--data", help="captions that neither was trained on")
    arguments = parser.parse_args()
    folder: Path = arguments.folder
    record = TrainingRecord.model_validate_json((folder / RECORD).read_bytes())
    source = open_source(arguments.data or record.plan.data)
    split = split_captions(source, record.plan.recipe.heldout)
    if arguments.data:
        split = CaptionSplit((), (*split.train, *split.heldout), split.data_hash)
    workers = join_workers("cpu")
    losses = []
    for name, model in (("shipped", _shipped(folder)), ("trained", _trained(folder))):
        objective, feed = connect(
            model, record.plan.recipe, source, split, workers.device, _CACHE_GB
        )
        found = measure(objective, feed, split.heldout, _AT_ONCE, workers, 0)
        print(f"{name}: {found.loss:.4f} nats per token, {found.captions} captions")
        losses.append(found.loss)
    print(f"trained / shipped: {losses[1] / losses[0]:.3f}")


def _trained(folder: Path) -> ControlledModel:
    model = build(read_config(folder), folder)
    model.load(folder)
    return model


def _shipped(folder: Path) -> ControlledModel:
    """Return the same parts with the projector of the shipped miniature between them."""
    model = _trained(folder)
    with without_bars():
        whole = LlavaForConditionalGeneration.from_pretrained(
            WEIGHTS / _SHIPPED, dtype=torch.float32
        )
    theirs = whole.model.multi_modal_projector
    pairs = ((model.projector.w1, theirs.linear_1), (model.projector.w2, theirs.linear_2))
    for ours, shipped in pairs:
        ours.load_state_dict(shipped.state_dict())
    return model


if __name__ == "__main__":
    main()
