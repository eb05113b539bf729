"""Trainings of a few steps from end to end."""

from __future__ import annotations

import json
import multiprocessing
import time
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from harness.core.errors import DataError, MismatchError, UsageError
from harness.core.ids import sha256_file
from harness.core.model_files import model_hash
from harness.training import loop
from harness.training.loop import Pace, Training
from harness.training.objective import CaptionObjective
from harness.training.plan import TrainingRecord
from harness.training.workers import Alone
from harness.vlms.registry import load_vlm
from tests.training.parts import PACE, SHORT, save_parts, train
from tests.vlms.checkpoints.controlled import Variant

Parts = tuple[str, str]


@pytest.fixture(scope="module")
def finished(parts: Parts, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, TrainingRecord]:
    """Return the folder of an uninterrupted training, and its record."""
    folder = tmp_path_factory.mktemp("finished")
    return folder, train(parts, folder)


def weights(folder: Path) -> bytes:
    return (folder / "projector.safetensors").read_bytes()


def test_the_loss_falls_and_the_frozen_parts_stay(parts: Parts, tmp_path: Path) -> None:
    """Held-out loss goes down; no bit of encoder and language model changes."""
    before = [model_hash(Path(part)) for part in parts]
    recipe = SHORT.model_copy(update={"steps": 40, "evaluate_every": 1, "dropout": 0.0})
    record = train(parts, tmp_path, recipe)
    losses = [loss.loss for loss in record.heldout]
    assert [loss.step for loss in record.heldout] == list(range(1, 41))
    assert losses[-1] < losses[0] - 0.3
    assert [model_hash(Path(part)) for part in parts] == before
    assert (record.plan.llm_hash, record.plan.encoder_hash) == tuple(before)


def test_only_the_connector_is_trained(
    parts: Parts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the model itself every frozen weight is bit for bit as loaded, every other one moved."""
    held: list[Training] = []
    starts: list[dict[str, torch.Tensor]] = []
    made = Training.__init__

    def spy(self: Training, objective: CaptionObjective, *rest: object) -> None:
        starts.append({k: v.clone() for k, v in objective.model.state_dict().items()})
        made(self, objective, *rest)  # type: ignore[arg-type]
        held.append(self)

    monkeypatch.setattr(Training, "__init__", spy)
    train(parts, tmp_path)
    now = held[0].objective.model.state_dict()
    moved = {name for name in now if not torch.equal(now[name], starts[0][name])}
    stored = load_file(tmp_path / "projector.safetensors")
    assert moved == stored.keys() - {"pad_embed"}  # scenes fill the square
    names = {"w1", "w2", "w3"}
    assert {name.split(".")[1] for name in moved if name.startswith("projector")} == names


def test_the_folder_is_a_model(finished: tuple[Path, TrainingRecord]) -> None:
    """``--vlm`` takes it, its header says what it is, and the record says the same."""
    folder, record = finished
    adapter = load_vlm(str(folder))
    said = adapter.facts.provenance
    assert f"held-out loss {record.heldout[-1].loss:.4f}" in said
    assert f"trained with lensbench on {SHORT.steps} x {SHORT.batch} captions" in said
    stored = TrainingRecord.model_validate_json((folder / "training.json").read_bytes())
    assert stored == record
    assert record.train_captions + record.heldout_captions == 30
    lines = [json.loads(line) for line in (folder / "training/log.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines if "lr" in line] == [2, 4, 6, 8]
    assert [line["step"] for line in lines if "captions" in line] == [4, 8]
    assert lines[-1]["loss"] == record.heldout[-1].loss


def test_two_trainings_are_one(
    parts: Parts, finished: tuple[Path, TrainingRecord], tmp_path: Path
) -> None:
    """The same seed gives the same bytes, another seed others."""
    train(parts, tmp_path / "again")
    assert weights(tmp_path / "again") == weights(finished[0])
    train(parts, tmp_path / "other", SHORT.model_copy(update={"seed": 1}))
    assert weights(tmp_path / "other") != weights(finished[0])


@pytest.mark.parametrize("stop", [1, 3, 5])
def test_going_on_is_as_never_having_stopped(
    parts: Parts,
    finished: tuple[Path, TrainingRecord],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    stop: int,
) -> None:
    """A stop after any update, between checkpoints or on one, leaves no trace in the weights."""

    def stopping(self: Training, step: int, batches: object) -> object:
        if step == stop:
            raise KeyboardInterrupt
        return whole(self, step, batches)  # type: ignore[arg-type]

    whole = Training._update
    with monkeypatch.context() as patched:
        patched.setattr(Training, "_update", stopping)
        with pytest.raises(KeyboardInterrupt):
            train(parts, tmp_path)
    assert not (tmp_path / "projector.safetensors").exists()
    record = train(parts, tmp_path)
    assert weights(tmp_path) == weights(finished[0])
    assert record.heldout == finished[1].heldout
    # A finished training is not trained further.
    assert train(parts, tmp_path).heldout == record.heldout
    assert weights(tmp_path) == weights(finished[0])


def test_a_kill_loses_nothing(
    parts: Parts, finished: tuple[Path, TrainingRecord], tmp_path: Path
) -> None:
    """Killed as soon as there is a checkpoint, the same command ends with the same bytes."""
    process = multiprocessing.get_context("fork").Process(target=train, args=(parts, tmp_path))
    process.start()
    checkpoint = tmp_path / "training" / loop.CHECKPOINT
    while not checkpoint.exists() and process.is_alive():
        time.sleep(0.002)
    process.kill()
    process.join()
    assert checkpoint.exists()
    train(parts, tmp_path)
    assert weights(tmp_path) == weights(finished[0])


def test_another_recipe_in_the_folder_is_refused(
    parts: Parts, finished: tuple[Path, TrainingRecord], tmp_path: Path
) -> None:
    """The message says what differs, and the folder is left as it was."""
    before = sha256_file(finished[0] / "projector.safetensors")
    with pytest.raises(MismatchError, match=r"lr 0.02 there, 0.01 here; give the same") as raised:
        train(parts, finished[0], SHORT.model_copy(update={"lr": 0.01}))
    assert "steps" not in str(raised.value)
    with pytest.raises(MismatchError, match=r"data scenes:500\+30 there, scenes:500\+31 here"):
        train(parts, finished[0], data="scenes:500+31")
    assert sha256_file(finished[0] / "projector.safetensors") == before


def test_a_loss_that_is_not_finite_stops_in_one_line(
    parts: Parts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last good checkpoint stays and can be gone on from."""

    def poisoned(self: Training, part: object, key: int, *rest: object) -> torch.Tensor:
        steps.append(key)
        sums = whole(self, part, key, *rest)  # type: ignore[arg-type]
        return sums * float("nan") if len(steps) == 5 else sums

    steps: list[int] = []
    whole = Training._backward
    with monkeypatch.context() as patched:
        patched.setattr(Training, "_backward", poisoned)
        with pytest.raises(DataError, match=r"^step 5: loss nan .* of step 3 is kept") as raised:
            train(parts, tmp_path)
    assert "\n" not in str(raised.value)
    kept = load_file(tmp_path / "training" / loop.CHECKPOINT)
    assert all(bool(torch.isfinite(tensor).all()) for tensor in kept.values())
    train(parts, tmp_path)
    assert (tmp_path / "projector.safetensors").exists()


def test_parts_of_a_step_add_up(parts: Parts, tmp_path: Path) -> None:
    """Captions computed two at a time, with features recomputed, give the same weights nearly."""
    recipe = SHORT.model_copy(update={"dropout": 0.0, "precision": "float32", "steps": 3})
    train(parts, tmp_path / "whole", recipe)
    train(parts, tmp_path / "parts", recipe, Pace(1, 3, 2), cache_gb=0.0)
    one, other = (load_file(tmp_path / n / "projector.safetensors") for n in ("whole", "parts"))
    # AdamW's first steps follow signs, so that even a tiny gradient's rounding can show a little.
    assert all(torch.allclose(one[name], other[name], atol=2e-3) for name in one)


@pytest.mark.parametrize("kind", ["mlp", "linear"])
def test_other_projectors(parts: Parts, tmp_path: Path, kind: str) -> None:
    """The linear variant is one matrix without bias; first sentences are said in its record."""
    changes = {"projector": kind, "captions": "first-sentence", "steps": 3, "sequence": "bare"}
    record = train(parts, tmp_path, SHORT.model_copy(update=changes))
    names = load_file(tmp_path / "projector.safetensors").keys()
    expected = (
        {"w1.weight"}
        if kind == "linear"
        else {f"w{i}.{k}" for i in (1, 2) for k in ("weight", "bias")}
    )
    assert {n.removeprefix("projector.") for n in names if n.startswith("projector.")} == expected
    provenance = json.loads((tmp_path / "config.json").read_text())["provenance"]
    assert f"A {kind} projector" in provenance
    assert "first sentences of captions" in provenance
    assert record.plan.recipe.captions == "first-sentence"


@pytest.mark.parametrize(("language", "encoder"), [("olmo2", "dinov2"), ("qwen2", "siglip")])
def test_other_parts(tmp_path: Path, language: str, encoder: str) -> None:
    """Models without a start token, norms behind the branches, stretched images."""
    variant = Variant(language=language, encoder=encoder, bos=False)  # type: ignore[arg-type]
    record = train(save_parts(tmp_path / "parts", variant), tmp_path / "out")
    assert record.heldout[-1].loss < record.heldout[0].loss
    assert load_vlm(str(tmp_path / "out")).facts.layers == 3


def test_a_tokenizer_without_an_end_is_one_line(tmp_path: Path) -> None:
    """Captions can be left open instead."""
    parts = save_parts(tmp_path)
    file = Path(parts[0]) / "tokenizer_config.json"
    settings = json.loads(file.read_text())
    settings["eos_token"] = None
    file.write_text(json.dumps(settings))
    with pytest.raises(UsageError, match="end = True: .* no token that ends a text"):
        train(parts, tmp_path / "closed")
    assert train(parts, tmp_path / "open", SHORT.model_copy(update={"end": False})).heldout


def test_a_batch_must_divide_among_the_processes(parts: Parts, tmp_path: Path) -> None:
    """Otherwise some captions would count more than others."""

    class Three(Alone):
        count = 3

    with pytest.raises(UsageError, match="batch = 4: expected a multiple of the 3 processes"):
        Training(None, None, None, SHORT, PACE, Three("cpu"))  # type: ignore[arg-type]
