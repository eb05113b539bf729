"""What a run records of its corpus: counts, overlap with captions, and what the report says."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.core.errors import DataError
from harness.data.sources import FolderSource, ImageSource
from harness.mini.entry import CORPUS
from harness.mini.source import SceneSource
from harness.pipeline import run_notices
from harness.pipeline.context import RunContext
from harness.pipeline.corpus import CorpusRecord, corpus_record, folded, notice, overlap, summary
from lenses.library.corpora.phrases import Phrases
from lenses.library.corpus import Corpus, collect, read_corpus
from tests.pipeline.runs import execute, small_options


@dataclass(frozen=True)
class Captioned:
    """An image source that is nothing but captions, one entry per image."""

    known: Sequence[tuple[str, ...] | None]

    def records(self) -> range:
        """Return the numbers of the images."""
        return range(len(self.known))

    def captions(self, record: int) -> tuple[str, ...] | None:
        """Return the captions of an image."""
        return self.known[record]


def made(*lines: str) -> Corpus:
    return collect(Phrases("made", iter(lines)))


def compared(lines: Sequence[str], *known: tuple[str, ...] | None) -> CorpusRecord:
    return corpus_record(made(*lines), cast(ImageSource, Captioned(known)))


@pytest.mark.parametrize(
    ("lines", "known", "captions", "found"),
    [
        (["a cat", "sky"], [("a dog",)], 1, 0),
        (["a cat", "sky"], [("a dog", "a cat"), ("sky",)], 3, 2),
        (["A  Cat", "a\tcat", "sky"], [("a cat ",), ("A CAT",)], 1, 2),
        (["Stra\u00dfe"], [("STRASSE",)], 1, 1),
        (["a cat"], [("a cat.",)], 1, 0),
        (["a cat"], [("a cat",), None], None, None),
        (["a cat"], [()], 0, 0),
    ],
)
def test_phrases_that_are_captions_are_counted(
    lines: list[str], known: list[tuple[str, ...] | None], captions: int | None, found: int | None
) -> None:
    """Case and spaces do not matter; one image without known captions makes it unknown."""
    record = compared(lines, *known)
    assert (record.captions, record.overlap) == (captions, found)


@given(st.lists(st.sampled_from(["a cat", "A cat", "sky ", "a  dog"]), min_size=1), st.data())
def test_overlap_is_between_none_and_all(lines: list[str], data: st.DataObject) -> None:
    captions = data.draw(st.lists(st.sampled_from(lines)))
    found = overlap(lines, frozenset(map(folded, captions)))
    assert (found == 0) == (not captions)
    assert len(captions and lines) >= found >= len(set(captions))


def test_the_record_has_the_counts_of_the_corpus() -> None:
    record = compared(["b", "a", "", "b"], ("c",))
    corpus = made("b", "a")
    assert (record.phrases, record.read, record.empty, record.duplicates) == (2, 4, 1, 1)
    assert (record.sha256, record.order_sha256) == (corpus.sha256, corpus.order_sha256)
    assert summary(record) == (
        "corpus made: 2 phrases of 4 lines (1 empty, 1 repeated); captions of the images among "
        "them: 0 (of 1)"
    )
    assert "captions of the images are not known" in summary(compared(["a"], None))


def test_the_notice_says_what_may_favour_a_lens() -> None:
    assert notice(compared(["a cat"], ("a dog",))) is None
    told = notice(compared(["a cat", "sky"], ("a cat",)))
    assert told is not None
    assert "1 of 2 (captions compared: 1," in told
    unknown = notice(compared(["a cat"], None))
    assert unknown is not None
    assert "not known whether the reference corpus made" in unknown


def test_the_bundled_corpus_has_no_caption_of_a_held_out_scene(photographs: Path) -> None:
    """The claim of the model cards, by the general way; photographs have no captions."""
    corpus = read_corpus("mini", {"mini": CORPUS})
    record = corpus_record(corpus, SceneSource("scenes:heldout"))
    assert (record.captions, record.overlap) == (100, 0)
    assert corpus_record(corpus, FolderSource(photographs, 1)).overlap is None


def planned(path: Path, lines: Sequence[str], runs: Path) -> Path:
    """Write a corpus, run the plan stage on scenes 7 to 9 and return the run directory."""
    path.write_text("".join(line + "\n" for line in lines), encoding="utf-8")
    return execute(small_options(path, runs, images="scenes:7+3"), ("plan",))


def test_the_plan_records_and_tells_the_overlap(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    source = SceneSource("scenes:7+3")
    (told,) = source.captions(source.records()[1]) or ()
    with caplog.at_level(logging.INFO):
        run = planned(tmp_path / "x.txt", ["a cat", told.upper(), "", "a cat"], tmp_path / "runs")
    stored = CorpusRecord.model_validate_json((run / "corpus.json").read_bytes())
    assert (stored.captions, stored.overlap, stored.duplicates) == (3, 1, 1)
    assert summary(stored) in caplog.text


def test_another_order_of_the_corpus_is_planned_again_to_the_same_patches(tmp_path: Path) -> None:
    """One run directory, since the content is the same; the record follows the file."""
    path, runs = tmp_path / "x.txt", tmp_path / "runs"
    run = planned(path, ["a cat", "sky"], runs)
    tables = ("patches.parquet", "images.parquet", "geometry.parquet", "facts.json", "spec.json")
    before = {name: (run / name).read_bytes() for name in tables}
    first = json.loads((run / "corpus.json").read_bytes())
    assert planned(path, ["sky", "a cat", "sky"], runs) == run
    second = json.loads((run / "corpus.json").read_bytes())
    assert {key for key in first if first[key] != second[key]} == {
        "order_sha256",
        "read",
        "duplicates",
    }
    assert before == {name: (run / name).read_bytes() for name in tables}
    kept = (run / "corpus.json").stat().st_mtime_ns
    planned(path, ["sky", "a cat", "sky"], runs)
    assert (run / "corpus.json").stat().st_mtime_ns == kept
    (run / "corpus.json").unlink()
    planned(path, ["sky", "a cat", "sky"], runs)
    assert json.loads((run / "corpus.json").read_bytes()) == second


def context(path: Path, *lenses: str) -> RunContext:
    """Return as much of a context as the notice needs."""
    spec = SimpleNamespace(lenses=lenses)
    return cast(RunContext, SimpleNamespace(run=SimpleNamespace(corpus=path), spec=spec))


def test_the_report_tells_it_where_a_lens_reads_the_corpus(tmp_path: Path) -> None:
    """A run without a library has nothing to be told; a lost record is a clear line."""
    path = tmp_path / "corpus.json"
    path.write_text(compared(["a cat"], ("a cat",)).model_dump_json())
    assert run_notices._corpus_notice(context(path, "logit", "embedding")) is None
    text = run_notices._corpus_notice(context(path, "logit", "shuffled-patch:latent"))
    assert text is not None
    assert "1 of 1" in text
    path.write_text("{}")
    with pytest.raises(DataError, match=r"corpus\.json: run the stage plan again"):
        run_notices._corpus_notice(context(path, "latent"))
