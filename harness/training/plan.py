"""What is trained on what, and with what result: the records of a trained directory."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from harness.core.errors import DataError, MismatchError
from harness.core.files import write_json_atomic
from harness.core.records import Record
from harness.core.stamp import Stamp
from harness.training.heldout import HeldOutLoss
from harness.training.recipe import ProjectorRecipe


class TrainingPlan(Record):
    """Everything that decides the weights; a folder keeps to one plan."""

    recipe: ProjectorRecipe
    """The recipe with all defaults."""
    llm: str
    """Language model as it was named."""
    encoder: str
    """Encoder as it was named."""
    llm_hash: str
    """sha256 of the language model."""
    encoder_hash: str
    """sha256 of the encoder."""
    data: str
    """Source of the captioned images."""
    data_hash: str
    """sha256 over image ids and captions."""


class TrainingRecord(Record):
    """``training.json``: what was trained on what, with what result."""

    schema_version: int = 1
    """Version of this record's layout."""
    plan: TrainingPlan
    """What decides the weights."""
    train_captions: int
    """Captions to train on."""
    heldout_captions: int
    """Captions held out."""
    trained_weights: int
    """Number of trained weights."""
    processes: int
    """Devices that trained together."""
    heldout: tuple[HeldOutLoss, ...]
    """Held-out losses, in the order of steps."""
    stamp: Stamp
    """Versions and machine."""


def keep_to_plan(path: Path, plan: TrainingPlan) -> None:
    """Write the plan of a new training, or check that it is the one of the folder.

    Raises:
        MismatchError: The folder is of another plan; names what differs.
        DataError: The plan is unreadable or cannot be written.
    """
    if not path.exists():
        write_json_atomic(path, plan, readable=True)
        return
    try:
        stored = TrainingPlan.model_validate_json(path.read_bytes())
    except (OSError, ValueError) as error:
        raise DataError(f"cannot read {path}: {error}; choose another folder") from error
    old, new = _flat(stored), _flat(plan)
    changed = [f"{key} {old[key]} there, {new[key]} here" for key in new if old[key] != new[key]]
    if changed:
        raise MismatchError(
            f"{path.parents[1]} holds another training: {'; '.join(changed)}; give the same "
            "options to continue it, or another folder"
        )


def provenance(record: TrainingRecord) -> str:
    """Return one sentence on what was trained on what, for report headers."""
    plan, last = record.plan, record.heldout[-1]
    recipe = plan.recipe
    said = "first sentences of captions" if recipe.captions == "first-sentence" else "captions"
    return (
        f"A {recipe.projector} projector between the frozen {plan.encoder} and the frozen "
        f"{plan.llm}, trained with lensbench on {recipe.steps:,} x {recipe.batch} {said} of "
        f"{plan.data}; held-out loss {last.loss:.4f} nats per token on {last.captions:,} captions."
    )


def _flat(plan: TrainingPlan) -> dict[str, Any]:
    return plan.recipe.model_dump(mode="json") | plan.model_dump(mode="json", exclude={"recipe"})
