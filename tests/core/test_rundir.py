from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from harness.core.errors import DataError, MismatchError, UsageError
from harness.core.ids import digest, sha256_bytes
from harness.core.records import RunSpec
from harness.core.rundir import OUTPUTS, STAGES, RunDir
from tests.core.example_spec import make_spec

HOLDER = """
import sys, time
from pathlib import Path
from harness.core.rundir import RunDir

run = RunDir.load(Path(sys.argv[1]))
print("held", flush=True)
time.sleep(60)
"""


@pytest.fixture
def run(tmp_path: Path, spec: RunSpec) -> Iterator[RunDir]:
    with RunDir.open(tmp_path / "runs", spec) as opened:
        yield opened


def fill(run: RunDir) -> None:
    """Write a small file for every output of every stage, and labels given by people."""
    for names in OUTPUTS.values():
        for name in names:
            path = run.path / name
            if "." not in name:
                path.mkdir()
                path = path / "0.safetensors"
            path.write_bytes(name.encode())
    run.labels.write_bytes(b"labels")


@pytest.mark.parametrize(
    ("vlm", "slug"),
    [
        ("mini", "mini"),
        ("Qwen/Qwen2-VL-7B-Instruct", "qwen2-vl-7b-instruct"),
        ("/data/models/LLaVA 1.5/", "llava-1.5"),
        ("../..", "vlm"),
        ("x" * 99, "x" * 40),
    ],
)
def test_the_name_is_model_and_digest(tmp_path: Path, vlm: str, slug: str) -> None:
    spec = make_spec(vlm=vlm)
    with RunDir.open(tmp_path, spec) as run:
        assert run.path == tmp_path / f"{slug}-{digest(spec)[:10]}"


def test_spec_is_written_once_and_read_back(tmp_path: Path, spec: RunSpec) -> None:
    with RunDir.open(tmp_path, spec) as run:
        assert RunSpec.model_validate_json(run.spec.read_bytes()) == spec
        first = run.spec.stat()
    with RunDir.open(tmp_path, spec) as run:
        assert run.spec.stat().st_mtime_ns == first.st_mtime_ns
        path = run.path
    with RunDir.load(path) as run:
        assert run.run_spec == spec


def test_another_spec_gets_another_directory(tmp_path: Path, spec: RunSpec) -> None:
    with RunDir.open(tmp_path, spec) as one, RunDir.open(tmp_path, make_spec(seed=7)) as other:
        assert one.path != other.path


def test_a_directory_of_another_spec_is_refused_untouched(tmp_path: Path, spec: RunSpec) -> None:
    with RunDir.open(tmp_path, spec) as run:
        path = run.path
        fill(run)
    text = (path / "spec.json").read_text().replace('"seed": 42', '"seed": 7')
    (path / "spec.json").write_text(text)
    for fresh in (False, True):
        with pytest.raises(MismatchError) as caught:
            RunDir.open(tmp_path, spec, fresh=fresh)
        assert str(caught.value) == (
            f"{path} is a run directory of another spec (seed is 7 there and 42 here); move it "
            "away or choose another --runs-dir"
        )
        assert (path / "descriptions.parquet").exists()
        assert (path / "spec.json").read_text() == text


@pytest.mark.parametrize("content", [b"", b"{", b'{"vlm": "mini"}', b"\xff"])
def test_an_unreadable_spec_is_one_line(tmp_path: Path, spec: RunSpec, content: bytes) -> None:
    with RunDir.open(tmp_path, spec) as run:
        path = run.path
    (path / "spec.json").write_bytes(content)
    with pytest.raises(DataError, match=r"spec\.json is not a run spec \(") as caught:
        RunDir.open(tmp_path, spec)
    assert "\n" not in str(caught.value)
    (path / "spec.json").unlink()
    RunDir.open(tmp_path, spec).close()


def test_load_needs_a_run_directory(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is not a run directory: it has no spec.json; expected"):
        RunDir.load(tmp_path)


@pytest.mark.parametrize("call", ["mkdir", "open"])
def test_a_read_only_place_is_one_line(
    tmp_path: Path, spec: RunSpec, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    def refuse(path: object, *_: object, **__: object) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(path))

    with monkeypatch.context() as patch:
        patch.setattr(os, call, refuse)
        with pytest.raises(DataError, match="cannot write .*: read-only file system; nothing"):
            RunDir.open(tmp_path / "runs", spec)
    RunDir.open(tmp_path / "runs", spec).close()


def test_a_file_in_place_of_the_runs_folder(tmp_path: Path, spec: RunSpec) -> None:
    (tmp_path / "runs").write_text("")
    with pytest.raises(DataError, match="a file is in the way of a folder"):
        RunDir.open(tmp_path / "runs", spec)


def test_a_second_process_is_refused_until_the_first_is_dead(tmp_path: Path, spec: RunSpec) -> None:
    with RunDir.open(tmp_path, spec) as run:
        path = run.path
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path)], stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    attempts: list[Callable[[], RunDir]] = [
        lambda: RunDir.open(tmp_path, spec),
        lambda: RunDir.load(path),
    ]
    for attempt in attempts:
        with pytest.raises(DataError) as caught:
            attempt()
        assert str(caught.value) == (
            f"run {path} is in use by process {holder.pid}; wait until it ends, or stop it, and "
            "run the same command again"
        )
    holder.send_signal(signal.SIGKILL)
    holder.communicate()
    RunDir.open(tmp_path, spec).close()


def test_a_failed_open_does_not_keep_the_lock(tmp_path: Path, spec: RunSpec) -> None:
    with RunDir.open(tmp_path, spec) as run:
        path = run.path
    whole = (path / "spec.json").read_bytes()
    (path / "spec.json").write_bytes(b"{")
    with pytest.raises(DataError, match="not a run spec"):
        RunDir.open(tmp_path, spec)
    with pytest.raises(DataError, match="not a run spec"):
        RunDir.load(path)
    (path / "spec.json").write_bytes(whole)
    RunDir.load(path).close()


def test_close_twice(run: RunDir, tmp_path: Path, spec: RunSpec) -> None:
    run.close()
    run.close()
    RunDir.open(tmp_path / "runs", spec).close()


def test_workers_share_a_run_and_keep_everybody_else_out(tmp_path: Path, spec: RunSpec) -> None:
    """Each worker once; whoever wants the run alone waits until all are gone."""
    RunDir.open(tmp_path, spec).close()
    (path,) = tmp_path.iterdir()
    first = RunDir.load(path, worker="1-of-2")
    with pytest.raises(DataError, match="worker 1-of-2 of run .* is in use by process"):
        RunDir.load(path, worker="1-of-2")
    second = RunDir.load(path, worker="2-of-2")
    first.close()
    with pytest.raises(DataError, match="is in use by process"):
        RunDir.load(path)
    second.close()
    with RunDir.load(path), pytest.raises(DataError, match="is in use by process"):
        RunDir.load(path, worker="1-of-2")


def test_what_a_killed_writer_left_is_removed(tmp_path: Path, spec: RunSpec) -> None:
    with RunDir.open(tmp_path, spec) as run:
        fill(run)
        leftovers = [run.path / ".scores.parquet.0a1b2c3d.tmp", run.states / ".x.0a1b2c3d.tmp"]
        for leftover in leftovers:
            leftover.write_bytes(b"half")
    with RunDir.open(tmp_path, spec) as run:
        assert not any(leftover.exists() for leftover in leftovers)
        assert run.scores.exists()
        assert (run.states / "0.safetensors").exists()


def test_fresh_removes_the_outputs_and_keeps_labels_and_strange_files(
    tmp_path: Path, spec: RunSpec
) -> None:
    with RunDir.open(tmp_path, spec) as run:
        fill(run)
        (run.path / "notes.txt").write_text("mine")
        for stage in STAGES:
            run.mark_done(stage, {})
    with RunDir.open(tmp_path, spec, fresh=True) as run:
        left = {path.name for path in run.path.iterdir()}
        assert left == {".lock", "spec.json", "labels.parquet", "notes.txt"}
        assert not any(run.done(stage) for stage in STAGES)


def test_a_linked_states_folder_is_unlinked_not_emptied(tmp_path: Path, spec: RunSpec) -> None:
    big = tmp_path / "big_disk"
    big.mkdir()
    (big / "0.safetensors").write_bytes(b"states")
    with RunDir.open(tmp_path, spec) as run:
        run.states.symlink_to(big)
    with RunDir.open(tmp_path, spec, fresh=True) as run:
        assert not run.states.exists()
    assert (big / "0.safetensors").exists()


def test_a_stage_is_done_after_mark_done_and_in_later_processes(
    tmp_path: Path, spec: RunSpec
) -> None:
    with RunDir.open(tmp_path, spec) as run:
        fill(run)
        assert not run.done("describe")
        run.mark_done("describe", {"lens:latent": "f" * 64})
        assert run.done("describe")
    with RunDir.open(tmp_path, spec) as run:
        assert run.done("describe")
        assert not run.done("judge")


@pytest.mark.parametrize("stage", STAGES)
def test_a_changed_or_missing_output_undoes_the_stage(run: RunDir, stage: str) -> None:
    fill(run)
    run.mark_done(stage, {})
    for name in OUTPUTS[stage]:
        path = run.path / name
        path = path / "0.safetensors" if path.is_dir() else path
        content = path.read_bytes()
        path.write_bytes(content + b"!")
        assert not run.done(stage)
        path.unlink()
        assert not run.done(stage)
        path.write_bytes(content)
        assert run.done(stage)


def test_asked_inputs_must_be_the_recorded_ones(run: RunDir) -> None:
    fill(run)
    run.mark_done("describe", {"lens:latent": "a"})
    assert run.done("describe", {"lens:latent": "a"})
    assert not run.done("describe", {"lens:latent": "b"})
    assert not run.done("describe", {})
    assert not run.done("describe", {"lens:latent": "a", "lens:logit": "b"})


def test_a_changed_input_file_undoes_the_stage(run: RunDir) -> None:
    fill(run)
    run.mark_done("judge", run.digests(run.descriptions) | {"judge:ground-truth": "rules"})
    assert run.done("judge")
    run.descriptions.write_bytes(b"other descriptions")
    assert not run.done("judge")


def test_digests_of_files_and_folders(run: RunDir) -> None:
    fill(run)
    assert run.digests(run.states, run.patches, run.stamp) == {
        "states/0.safetensors": sha256_bytes(b"states"),
        "patches.parquet": sha256_bytes(b"patches.parquet"),
    }


def test_a_stage_without_files_cannot_be_done(run: RunDir) -> None:
    with pytest.raises(DataError, match=r"stage describe .* left none .*: descriptions\.parquet"):
        run.mark_done("describe", {})
    assert not run.done("describe")
    run.mark_done("judge", {})
    assert run.done("judge")


@pytest.mark.parametrize("content", [b"", b"{", b'{"stage": "describe"}'])
def test_a_broken_proof_is_no_proof(run: RunDir, content: bytes) -> None:
    fill(run)
    run.mark_done("describe", {})
    (run.path / "done" / "describe.json").write_bytes(content)
    assert not run.done("describe")


def test_the_proof_comes_last_and_whole(run: RunDir, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(run)

    def refuse(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", refuse)
        with pytest.raises(DataError, match="no space left on device"):
            run.mark_done("describe", {})
    assert not run.done("describe")
    assert run.descriptions.exists()


def test_unknown_stage(run: RunDir) -> None:
    with pytest.raises(UsageError, match="unknown stage 'describ': did you mean describe"):
        run.done("describ")
    with pytest.raises(UsageError, match="unknown stage 'describ'"):
        run.mark_done("describ", {})
