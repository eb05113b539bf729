"""A run directory: one spec, the files of its stages, and which of them are done."""

from __future__ import annotations

import contextlib
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from pydantic import ValidationError

from harness.core.errors import DataError, MismatchError, UsageError, unknown_name
from harness.core.files import TEMPORARY_SUFFIX, write_errors, write_json_atomic
from harness.core.ids import digest, sha256_file
from harness.core.lock import FileLock
from harness.core.records import Record, RunSpec

OUTPUTS: Mapping[str, tuple[str, ...]] = {
    "plan": (
        "images.parquet",
        "excluded.json",
        "geometry.parquet",
        "patches.parquet",
        "facts.json",
        "corpus.json",
    ),
    "capture": ("states", "readout.safetensors", "vocabulary.json"),
    "describe": ("descriptions.parquet", "libraries.json"),
    "measure": ("measures.json",),
    "grid": ("grid.parquet",),
    "judge": (
        "judgements.jsonl",
        "judgements",
        "judges.json",
        "batches.jsonl",
        "pictures.json",
    ),
    "score": ("scores.parquet", "leaderboard.csv"),
    "report": ("report.json", "report.csv", "report.html"),
}
"""Stage, in order, to the files and folders it writes."""

STAGES: tuple[str, ...] = tuple(OUTPUTS)
"""The stages of a run, in order."""

# The judge ``none`` asks nothing and so writes nothing.
_MAY_WRITE_NOTHING = frozenset({"judge"})
_DIGEST_LENGTH = 10
_SLUG_LENGTH = 40


class StageDone(Record):
    """Proof that a stage finished: what it read and what it wrote."""

    stage: str
    """Name of the stage."""
    inputs: dict[str, str]
    """Name to digest of everything that decides the outputs; file names are relative to the run."""
    outputs: dict[str, str]
    """File name, relative to the run, to sha256."""


class RunPaths:
    """The names of the files in a run directory."""

    def __init__(self, path: Path) -> None:
        self.path = path
        """The run directory."""
        self.spec = path / "spec.json"
        """RunSpec: all that decides the result."""
        self.stamp = path / "stamp.json"
        """Stamp: the environment it was made in."""
        self.images = path / "images.parquet"
        """ImageRecord table."""
        self.excluded = path / "excluded.json"
        """Exclusions: images without a valid patch, and why."""
        self.geometry = path / "geometry.parquet"
        """Where the visual tokens lie, image by image."""
        self.patches = path / "patches.parquet"
        """Patch table."""
        self.facts = path / "facts.json"
        """VlmFacts of the model."""
        self.corpus = path / "corpus.json"
        """CorpusRecord: counts of the reference corpus and its overlap with captions."""
        self.states = path / "states"
        """Folder of hidden states of the sampled visual tokens."""
        self.readout = path / "readout.safetensors"
        """Final norm, input and output matrices."""
        self.vocabulary = path / "vocabulary.json"
        """Every id of the output matrix decoded alone."""
        self.descriptions = path / "descriptions.parquet"
        """Description table."""
        self.libraries = path / "libraries.json"
        """LibraryUses: the reference libraries and how they were searched."""
        self.measures = path / "measures.json"
        """Measures: drift, norms and anisotropy of the states."""
        self.grid = path / "grid.parquet"
        """GridWord table: what lenses say of every cell of some images, for the explorer."""
        self.judgements = path / "judgements.jsonl"
        """Journal of Judgement records."""
        self.judgement_parts = path / "judgements"
        """Folder of further journals, one per worker."""
        self.judges = path / "judges.json"
        """AddedJudges: judges that were added to the run after it was planned."""
        self.batches = path / "batches.jsonl"
        """Journal of batches sent to providers."""
        self.pictures = path / "pictures.json"
        """PictureHashes: what judges are shown, patch by patch."""
        self.ratings = path / "ratings.parquet"
        """Rating table: what people said, as they said it."""
        self.labels = path / "labels.parquet"
        """HumanLabel table: the same, for the judge ``human``."""
        self.agreement = path / "agreement.json"
        """Agreement: how far judges and people agree."""
        self.scores = path / "scores.parquet"
        """Score table."""
        self.leaderboard = path / "leaderboard.csv"
        """One row per model, lens and layer."""
        self.report_json = path / "report.json"
        """Every figure of the report."""
        self.report_csv = path / "report.csv"
        """The board of the report, one row per lens, layer, judge and definition."""
        self.report_html = path / "report.html"
        """The report as one offline page."""


class RunDir(RunPaths):
    """A run directory held by this process; get one from :meth:`open` or :meth:`load`.

    The lock is released by :meth:`close`, by the end of a ``with`` block, or by the process's end.
    """

    def __init__(self, path: Path, run_spec: RunSpec, lock: FileLock) -> None:
        super().__init__(path)
        self.run_spec = run_spec
        """The record in ``spec.json``."""
        self._lock = lock
        self._own: FileLock | None = None

    @classmethod
    def open(cls, runs_dir: Path, spec: RunSpec, *, fresh: bool = False) -> Self:
        """Create or continue the run of ``spec`` in ``runs_dir``.

        The directory is called ``<model>-<first 10 digits of the spec's digest>``. What a killed
        process left unfinished in it is removed.

        Args:
            runs_dir: Folder of all runs.
            spec: Resolved spec; ``spec.json`` is written at the first time.
            fresh: Remove the outputs of all stages first. Labels given by people are kept.

        Raises:
            MismatchError: The directory holds another spec.
            DataError: It is unreadable, not writable, or held by another process.
        """
        path = cls.location(runs_dir, spec)
        with write_errors(path):
            path.mkdir(parents=True, exist_ok=True)
        with contextlib.ExitStack() as stack:
            lock = FileLock(path / ".lock", f"run {path}")
            stack.callback(lock.release)
            run = cls(path, spec, lock)
            if run.spec.exists():
                _check_same(path, _read_spec(run.spec), spec)
            run._remove_unfinished()
            if fresh:
                run._remove_outputs()
            if not run.spec.exists():
                write_json_atomic(run.spec, spec, readable=True)
            stack.pop_all()
        return run

    @staticmethod
    def location(runs_dir: Path, spec: RunSpec) -> Path:
        """Return the directory of the run of ``spec`` in ``runs_dir``, whether or not it exists."""
        return runs_dir / f"{_slug(spec.vlm)}-{digest(spec)[:_DIGEST_LENGTH]}"

    @classmethod
    def load(cls, path: Path, *, worker: str = "") -> Self:
        """Take hold of the existing run directory ``path``.

        Args:
            path: The directory.
            worker: Name of one of several processes that judge it together, each with a journal
                of its own; empty to hold the run alone.

        Raises:
            UsageError: It is not a run directory.
            DataError: Its spec is unreadable, it is not writable, or held by another process.
        """
        paths = RunPaths(path)
        if not paths.spec.is_file():
            raise UsageError(
                f"{path} is not a run directory: it has no spec.json; expected a folder that "
                "'run' made, such as runs/mini-0123456789"
            )
        spec = _read_spec(paths.spec)
        lock = FileLock(path / ".lock", f"run {path}", shared=bool(worker))
        run = cls(path, spec, lock)
        if worker:
            try:
                run._own = FileLock(path / f".lock-{worker}", f"worker {worker} of run {path}")
            except DataError:
                lock.release()
                raise
        return run

    def close(self) -> None:
        """Release the run for other processes; a second call does nothing."""
        self._lock.release()
        if self._own is not None:
            self._own.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def done(self, stage: str, inputs: Mapping[str, str] | None = None) -> bool:
        """Tell whether ``stage`` finished and everything it wrote is still what it wrote.

        An input that names a file of the run must also have its recorded hash if it exists.

        Args:
            stage: One of :data:`STAGES`.
            inputs: Digests the stage would be run with now; None accepts the recorded ones.

        Raises:
            UsageError: Unknown stage.
        """
        proof = self._proof(stage)
        if proof is None or (inputs is not None and dict(inputs) != proof.inputs):
            return False
        present = {name: value for name, value in proof.inputs.items() if self._is_file(name)}
        return all(
            self._is_file(name) and sha256_file(self.path / name) == expected
            for name, expected in (present | proof.outputs).items()
        )

    def mark_done(self, stage: str, inputs: Mapping[str, str]) -> None:
        """Record that ``stage`` finished, with the hashes of the files it wrote.

        Args:
            stage: One of :data:`STAGES`.
            inputs: Name to digest of everything that decided the outputs (:meth:`digests` for
                files of the run, fingerprints for the rest).

        Raises:
            UsageError: Unknown stage.
            DataError: The stage wrote none of its files, or the record cannot be written.
        """
        outputs = self.digests(*(self.path / name for name in _outputs(stage)))
        if not outputs and stage not in _MAY_WRITE_NOTHING:
            raise DataError(
                f"stage {stage} of {self.path} left none of its files: {', '.join(_outputs(stage))}"
            )
        proof = StageDone(stage=stage, inputs=dict(inputs), outputs=outputs)
        write_json_atomic(self._proof_file(stage), proof, readable=True)

    def digests(self, *paths: Path) -> dict[str, str]:
        """Return name relative to the run to sha256 for files, and for all files of folders.

        Paths that do not exist are left out.
        """
        found: dict[str, str] = {}
        for path in paths:
            files = sorted(path.rglob("*")) if path.is_dir() else [path]
            for file in files:
                if file.is_file():
                    found[file.relative_to(self.path).as_posix()] = sha256_file(file)
        return found

    def _is_file(self, name: str) -> bool:
        return (self.path / name).is_file()

    def _proof_file(self, stage: str) -> Path:
        return self.path / "done" / f"{stage}.json"

    def _proof(self, stage: str) -> StageDone | None:
        _outputs(stage)
        file = self._proof_file(stage)
        if not file.is_file():
            return None
        try:
            return StageDone.model_validate_json(file.read_bytes())
        except ValidationError:
            # Not written by us in this form: doing the stage again is always right.
            return None

    def _remove_unfinished(self) -> None:
        with write_errors(self.path):
            for leftover in self.path.rglob(f".*{TEMPORARY_SUFFIX}"):
                leftover.unlink()

    def _remove_outputs(self) -> None:
        names = [name for outputs in OUTPUTS.values() for name in outputs]
        with write_errors(self.path):
            # The proofs go first: a kill in between must not leave a stage done without files.
            for name in ["done", "parts", *names, "stamp.json"]:
                path = self.path / name
                if path.is_dir() and not path.is_symlink():
                    shutil.rmtree(path)
                else:
                    path.unlink(missing_ok=True)


def _outputs(stage: str) -> tuple[str, ...]:
    if stage not in OUTPUTS:
        raise unknown_name("stage", stage, STAGES)
    return OUTPUTS[stage]


def _slug(vlm: str) -> str:
    """Return the last part of a name, path or hub id as a file name."""
    name = vlm.rstrip("/").rpartition("/")[2].lower()
    return re.sub(r"[^a-z0-9.]+", "-", name).strip("-.")[:_SLUG_LENGTH] or "vlm"


def _read_spec(path: Path) -> RunSpec:
    try:
        return RunSpec.model_validate_json(path.read_bytes())
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror}") from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise DataError(
            f"{path} is not a run spec ({place or 'whole file'}: {first['msg']}); move the "
            "directory away and run the same command again"
        ) from error


def _check_same(path: Path, stored: RunSpec, asked: RunSpec) -> None:
    if digest(stored) == digest(asked):
        return
    there, here = stored.model_dump(), asked.model_dump()
    names = [name for name in here if there[name] != here[name]]
    first = names[0]
    more = f" and {len(names) - 1} more" if len(names) > 1 else ""
    raise MismatchError(
        f"{path} is a run directory of another spec ({first} is {there[first]!r} there and "
        f"{here[first]!r} here{more}); move it away or choose another --runs-dir"
    )
