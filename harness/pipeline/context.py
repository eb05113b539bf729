"""What all stages of one run share; the model is loaded only if a stage asks for it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from harness.core.config import JudgingOptions
from harness.core.errors import DataError, MismatchError, UsageError
from harness.core.journal import read_records
from harness.core.progress import announce
from harness.core.records import ImageRecord, Judgement, Patch, Record, RunSpec
from harness.core.rundir import RunDir
from harness.core.tables import read_columns, read_table
from harness.data.sources import ImageSource
from harness.pipeline.spec import Plan
from harness.vlms.base import Adapter, VlmFacts
from harness.vlms.geometry import Geometry
from judges.base import Judge
from judges.budget import Budget
from judges.prices import load_prices
from judges.settings import JudgeSettings, Limits
from lenses.library.corpus import Corpus

if TYPE_CHECKING:
    from harness.pipeline.judging import Judging
    from harness.pipeline.pictures import Pictures
    from harness.pipeline.run_judges import JudgeIdentity, JudgeSetup
    from lenses.library.search import LibrarySearch
    from lenses.library.store import Library


_COLUMNS: Final = (
    "patch_id",
    "lens",
    "layer",
    "rank",
    "word",
    "score",
    "source_layer",
    "context",
    "start",
    "end",
)


class ImageGeometry(Record):
    """The geometry of one image of a run."""

    image_id: str
    """sha256 of the image's bytes."""
    geometry: Geometry
    """Where its visual tokens lie."""


class RunContext:
    """A run directory with its inputs; everything heavy is made once, when first used."""

    def __init__(self, run: RunDir, plan: Plan) -> None:
        """Tie a run directory to its resolved inputs; nothing is loaded yet."""
        self.run = run
        self.spec: RunSpec = plan.spec
        self.source: ImageSource = plan.source
        self.device = plan.device
        self.options: JudgingOptions = plan.judging
        self.grid = plan.grid
        self.judges: dict[str, Judge] = {}
        """Judges made so far, by name."""
        self.judgings: dict[tuple[JudgeSetup, JudgeIdentity], Judging] = {}
        """The run's judges with their questions, see ``harness.pipeline.judging``."""
        self.pictures: Pictures | None = None
        """What judges are shown, once a judge asked for it."""
        self._corpus = plan.corpus
        self._libraries: dict[float, Library] = {}
        self._searches: dict[Path, LibrarySearch] = {}

    @property
    def corpus(self) -> Corpus:
        """The reference corpus.

        Raises:
            DataError: The run was opened to be judged only.
        """
        if self._corpus is None:
            raise DataError(f"{self.run.path} was opened without its corpus; use the command run")
        return self._corpus

    @cached_property
    def judge_settings(self) -> JudgeSettings:
        """Speed, prices, budget and keys of the run's judges."""
        options = self.options
        prices = load_prices(Path(options.prices) if options.prices else None)
        budget = None
        if options.max_cost is not None:
            budget = Budget(options.max_cost, spent_usd=self.spent_usd())
        return JudgeSettings(
            limits=Limits(
                concurrency=options.concurrency,
                requests_per_minute=options.rpm,
                tokens_per_minute=options.tpm,
                timeout_s=options.timeout,
                patience_s=options.patience,
            ),
            prices=prices,
            budget=budget,
            keys=Path(options.keys) if options.keys else None,
            run=self.run.path,
        )

    def judgements(self) -> Iterator[Judgement]:
        """Yield every judgement of the run, of all workers, in the order of each journal."""
        run = self.run
        for file in (run.judgements, *sorted(run.judgement_parts.glob("*.jsonl"))):
            yield from read_records(file, Judgement)

    def spent_usd(self) -> float:
        """Return what the judging of this run has cost so far, in US dollars.

        A call of unknown cost, which timed out and may have been charged, counts as the dearest
        known one of its judge.
        """
        costs: dict[str, list[float | None]] = {}
        for row in self.judgements():
            costs.setdefault(row.judge, []).extend(call.cost_usd for call in row.calls)
        total = 0.0
        for paid in costs.values():
            known = [cost for cost in paid if cost is not None]
            total += sum(known) + paid.count(None) * max(known, default=0.0)
        return total

    @cached_property
    def adapter(self) -> Adapter:
        """The loaded model.

        Raises:
            DataError: Its files changed since the spec was resolved.
        """
        from harness.vlms.registry import load_vlm

        spec = self.spec
        announce(f"loading {spec.vlm} in {spec.dtype} on {self.device}")
        adapter = load_vlm(
            spec.vlm,
            spec.dtype,
            self.device,
            view=spec.view,
            prompt=spec.prompt,
            max_pixels=spec.max_pixels,
        )
        if adapter.facts.weights_hash != self.spec.vlm_hash:
            raise DataError(f"the files of {self.spec.vlm} were changed while the run was starting")
        return adapter

    def library(self, fraction: float = 1.0) -> Library:
        """Return the reference library, built on first use and shared by all runs beside this one.

        Args:
            fraction: Share of the run's corpus.

        Raises:
            UsageError: A share of a library that was given ready-made.
            MismatchError: The library given is another one than when the run began.
        """
        if fraction not in self._libraries:
            self._libraries[fraction] = (
                self._given(fraction) if self.spec.library else self._built(fraction)
            )
        return self._libraries[fraction]

    def search(self, library: Library) -> LibrarySearch:
        """Return a library prepared for search, once for all lenses."""
        from lenses.library.search import LibrarySearch

        if library.path not in self._searches:
            self._searches[library.path] = LibrarySearch(library, engine=self.spec.engine)
        return self._searches[library.path]

    def _given(self, fraction: float) -> Library:
        from lenses.library.store import Library

        if fraction != 1:
            raise UsageError(
                f"fraction={fraction} is of a corpus, and the run has the ready library "
                f"{self.spec.library}; name a --corpus instead of it"
            )
        library = Library.open(Path(self.spec.library))
        if library.fingerprint() != self.spec.library_hash:
            raise MismatchError(f"library {library.path} was changed since this run began")
        return library

    def _built(self, fraction: float) -> Library:
        from lenses.library.build import build_library
        from lenses.library.key import make_key

        adapter = self.adapter
        key = make_key(
            self.corpus,
            adapter.tokenizer,
            self.spec.contextual_layers,
            model_hash=self.spec.vlm_hash,
            precision=adapter.facts.dtype,
            seed=self.spec.seed,
            fraction=self.spec.fraction * fraction,
        )
        path = self.libraries / key.digest()[:16]
        library = build_library(path, self.corpus, adapter.tokenizer, adapter.text_states, key)
        if library is None:
            raise DataError(f"library {path}: parts of it are missing; run the same command again")
        return library

    @property
    def libraries(self) -> Path:
        """Folder of reference libraries, named by content hash."""
        return self.run.path.parent / "libraries"

    @cached_property
    def images(self) -> tuple[ImageRecord, ...]:
        """Images of the run."""
        return tuple(read_table(self.run.images, ImageRecord))

    @cached_property
    def geometries(self) -> dict[str, Geometry]:
        """Image id to geometry."""
        rows = read_table(self.run.geometry, ImageGeometry)
        return {row.image_id: row.geometry for row in rows}

    @cached_property
    def patches(self) -> tuple[Patch, ...]:
        """Sampled patches, image by image."""
        return tuple(read_table(self.run.patches, Patch))

    @cached_property
    def facts(self) -> VlmFacts:
        """Facts of the model as planned."""
        return VlmFacts.model_validate_json(self.run.facts.read_bytes())

    @cached_property
    def records(self) -> dict[str, ImageRecord]:
        """Image id to image."""
        return {record.image_id: record for record in self.images}

    @cached_property
    def descriptions(self) -> dict[str, list[Any]]:
        """The columns of the description table that judging, scoring and reporting read."""
        return read_columns(self.run.descriptions, _COLUMNS)
