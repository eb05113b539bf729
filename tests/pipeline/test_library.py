"""Runs with a ready library, a share of a corpus or another engine; ablation of the size."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
import torch

from harness.core.errors import MismatchError, UsageError
from harness.core.tables import read_columns
from harness.pipeline.ablation import ablate, ablation_text, parse_fractions
from harness.pipeline.library import resolve_precision
from harness.pipeline.references import LibraryUses
from lenses.library.store import Library
from tests.pipeline.runs import execute, small_options

COLUMNS = ("patch_id", "lens", "layer", "rank", "word", "score", "source_layer", "context")


def the_library(finished: Path) -> Path:
    (path,) = (finished.parent / "libraries").iterdir()
    return path


def uses(run: Path) -> LibraryUses:
    return LibraryUses.model_validate_json((run / "libraries.json").read_bytes())


def test_a_run_records_the_library_it_used(finished: Path) -> None:
    (use,) = uses(finished).libraries
    library = Library.open(the_library(finished))
    assert (use.path, use.fingerprint) == (str(library.path), library.fingerprint())
    assert (use.rows, use.layers) == (len(library), library.layers)
    assert (use.engine, use.approximate, use.recall) == ("exact", False, None)


def test_a_ready_library_gives_the_same_answers(
    finished: Path, small_corpus: Path, tmp_path: Path
) -> None:
    options = small_options(small_corpus, tmp_path, library=str(the_library(finished)))
    run = execute(options)
    assert not (tmp_path / "libraries").exists()
    for name in ("descriptions.parquet", "scores.parquet", "leaderboard.csv"):
        assert (run / name).read_bytes() == (finished / name).read_bytes()
    spec = json.loads((run / "spec.json").read_text())
    assert spec["library_hash"] == Library.open(the_library(finished)).fingerprint()


def test_a_library_of_another_model_is_refused(
    finished: Path, small_corpus: Path, tmp_path: Path
) -> None:
    options = small_options(
        small_corpus, tmp_path, vlm="mini-frozen", library=str(the_library(finished))
    )
    with pytest.raises(MismatchError, match="was built from model .* of mini-frozen"):
        execute(options)
    with pytest.raises(UsageError, match="it is of a corpus and cannot be taken of --library"):
        execute(small_options(small_corpus, tmp_path, library="x", fraction=0.5))


def test_approximate_engines_are_marked_with_their_measured_recall(
    finished: Path, small_corpus: Path, tmp_path: Path
) -> None:
    library = str(the_library(finished))
    options = small_options(small_corpus, tmp_path, library=library, lens="latent")
    exact = read_columns(finished / "descriptions.parquet", COLUMNS)
    wanted = [
        row for row in zip(*(exact[name] for name in COLUMNS), strict=True) if row[1] == "latent"
    ]
    for engine in ("faiss:flat", "faiss:ivf8,nprobe=1"):
        run = execute(options.model_copy(update={"engine": engine}))
        (use,) = uses(run).libraries
        found = read_columns(run / "descriptions.parquet", COLUMNS)
        same = wanted == list(zip(*(found[name] for name in COLUMNS), strict=True))
        notices = json.loads((run / "report.json").read_text())["runs"][0]["notices"]
        if engine == "faiss:flat":
            assert same
            assert (use.approximate, use.recall) == (False, None)
            assert not any("approximate" in notice for notice in notices)
        else:
            assert not same
            assert use.approximate
            assert use.recall is not None
            assert 0 < use.recall < 1
            assert any(
                f"finds {use.recall:.1%}" in notice and engine in notice for notice in notices
            )
    with pytest.raises(UsageError, match="unknown search engine 'faiss:flt'"):
        execute(options.model_copy(update={"engine": "faiss:flt"}))


def test_ablation_compares_shares_of_the_corpus(small_corpus: Path, tmp_path: Path) -> None:
    run, rows = ablate(small_options(small_corpus, tmp_path), (0.05, 0.3, 1.0))
    assert [row.fraction for row in rows] == [0.05, 0.3, 1.0]
    assert rows[0].rows < rows[1].rows < rows[2].rows
    assert rows[2].answers == rows[2].words == 1.0
    assert 0 <= rows[0].answers < 1
    assert rows[0].answers < rows[1].answers
    assert all(row.rate is not None and row.low is not None for row in rows)
    assert all(row.chance is not None and row.chance != row.rate for row in rows)
    with (run / "ablation.csv").open(newline="", encoding="utf-8") as stream:
        table = list(csv.DictReader(stream))
    assert [float(row["rate"]) for row in table] == [row.rate for row in rows]
    assert len(ablation_text(rows).splitlines()) == 4
    again, repeated = ablate(small_options(small_corpus, tmp_path), (0.05, 0.3, 1.0))
    assert (again, repeated) == (run, rows)


def test_fractions_rise_and_end_with_all() -> None:
    assert parse_fractions("0.1,0.001") == (0.001, 0.1, 1.0)
    assert parse_fractions("1") == (1.0,)


def test_precision_is_bfloat16_where_it_is_fast(monkeypatch: pytest.MonkeyPatch) -> None:
    assert resolve_precision("float16", "cpu") == "float16"
    assert resolve_precision("auto", "cuda:1") == "bfloat16"
    for gain, expected in ((1.2, "float32"), (3.0, "bfloat16")):
        rates = {"bfloat16": gain, "float32": 1.0}
        monkeypatch.setattr("lenses.speed.product_rate", lambda kind, _, r=rates: r[kind])
        assert resolve_precision("auto", "cpu") == expected
    assert torch.get_num_threads() >= 1
