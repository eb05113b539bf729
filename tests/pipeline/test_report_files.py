"""Reports of finished runs as files: the same figures in all of them, and what may be missing."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from harness.core.errors import DataError, UsageError
from harness.pipeline import finished as finished_module
from harness.pipeline.finished import read_run
from harness.pipeline.report_files import ReportRequest, write_report
from tests.pipeline.runs import execute, small_options
from tests.pipeline.test_run import with_library


@pytest.fixture(scope="module")
def written(finished: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of a report of one run with the published figures, and its other files beside it."""
    page = tmp_path_factory.mktemp("report") / "out.html"
    figures = page.parent / "figures"
    request = ReportRequest(
        runs=(finished,), output=page, published=True, figures=figures, formats=("svg",)
    )
    assert [path.name for path in write_report(request)] == [
        "out.html",
        "out.json",
        "out.board.json",
        "out.csv",
        "out.md",
        "out.tex",
    ]
    return page


def board_of(page: str) -> list[dict[str, Any]]:
    """Return the rows that the page's table holds, by an own reader of its columns."""
    block = re.search(r'id="board-data">(.*?)</script>', page, re.DOTALL)
    assert block
    data = json.loads(block[1])
    columns = {
        column["name"]: [column["values"][code] for code in column["codes"]]
        if "codes" in column
        else column["values"]
        for column in data["columns"]
    }
    return [{name: values[i] for name, values in columns.items()} for i in range(data["rows"])]


def test_page_json_and_csv_have_the_same_rows(written: Path) -> None:
    shown = board_of(written.read_text("utf-8"))
    stored = json.loads(written.with_suffix(".json").read_text("utf-8"))["board"]["rows"]
    assert len(shown) > 500
    assert shown == stored
    rounded = json.loads(written.with_suffix(".board.json").read_text("utf-8"))
    assert [row["estimate"] for row in rounded] == [
        None if row["estimate"] is None else round(row["estimate"], 6) for row in stored
    ]
    table = list(csv.DictReader(io.StringIO(written.with_suffix(".csv").read_text("utf-8"))))
    assert len(table) == len(stored)
    for line, row in zip(table, stored, strict=True):
        for name in ("estimate", "low", "high", "lower_bound", "upper_bound", "gain", "borda"):
            expected = "" if row[name] is None else f"{row[name]:.6f}"
            assert line[name] == expected, name
        assert line["hits"] == ("" if row["hits"] is None else str(row["hits"]))
        assert (line["model"], line["lens"], line["judge"]) == (
            row["model"],
            row["lens"],
            row["judge"],
        )


def test_the_runs_own_report_has_its_leaderboard(finished: Path) -> None:
    """``leaderboard.csv`` of the stage before and the rows of the report agree."""
    rows = json.loads((finished / "report.json").read_text("utf-8"))["board"]["rows"]
    own = {(row["lens"], row["layer"], row["definition"]): row for row in rows}
    with (finished / "leaderboard.csv").open(encoding="utf-8", newline="") as stream:
        lines = list(csv.DictReader(stream))
    assert len(lines) * 8 == len(own)
    for line in lines:
        layer = None if line["layer"] == "mean" else int(line["layer"])
        for definition in ("interpretable", "concrete", "pass@1", "pass@5"):
            row = own[line["lens"], layer, definition]
            assert line[f"{definition}:rate"] == f"{row['estimate']:.6f}"
            assert line[f"{definition}:low"] == f"{row['low']:.6f}"
            assert line[f"{definition}:hits"] == str(row["hits"])
    assert board_of((finished / "report.html").read_text("utf-8")) == rows


def test_every_figure_is_a_file_of_its_own(written: Path) -> None:
    files = sorted(path.name for path in (written.parent / "figures").iterdir())
    assert len(files) > 30
    assert all(name.endswith(".svg") for name in files)
    assert any("drift" in name for name in files)
    assert any("mean-ground-truth-interpretable" in name for name in files)


def test_runs_that_differ_stand_apart_and_the_difference_is_listed(
    finished: Path, small_corpus: Path, tmp_path: Path
) -> None:
    runs = with_library(finished, tmp_path / "runs")
    other = execute(small_options(small_corpus, runs, seed=7, grid=0))
    page = tmp_path / "two.html"
    write_report(ReportRequest(runs=(finished, other), output=page))
    view = json.loads(page.with_suffix(".json").read_text("utf-8"))
    assert len(view["runs"]) == 2
    assert len({run["model"] for run in view["runs"]}) == 2
    merge = view["board"]["merge"]
    assert not merge["comparable"]
    separating = [each["field"] for each in merge["differences"] if each["separates"]]
    assert separating == ["seed"]
    assert not any(row["model"] == "" for row in view["board"]["rows"])
    assert "Where the runs differ" in page.read_text("utf-8")


def test_a_run_whose_images_are_gone_is_reported_without_pictures(
    finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(*_: object) -> None:
        raise DataError("no folder photos")

    monkeypatch.setattr(finished_module, "open_source", gone)
    page = tmp_path / "out.html"
    write_report(ReportRequest(runs=(finished,), output=page))
    text = page.read_text("utf-8")
    assert "Pictures: not shown, no folder photos." in text
    assert 'id="explorer"' not in text
    assert board_of(text) == board_of((finished / "report.html").read_text("utf-8"))


def test_a_run_without_measurements_or_grid_says_so(finished: Path, tmp_path: Path) -> None:
    run = tmp_path / finished.name
    shutil.copytree(finished, run)
    for name in ("measures.json", "grid.parquet"):
        (run / name).unlink()
    page = tmp_path / "out.html"
    write_report(ReportRequest(runs=(run,), output=page))
    view = json.loads(page.with_suffix(".json").read_text("utf-8"))
    assert any("not made; drift" in line for line in view["runs"][0]["missing"])
    names = {analysis["name"] for analysis in view["runs"][0]["analyses"]}
    assert "by-layer" in names
    assert not names & {"drift", "norms", "rogue-dimensions"}


def test_a_run_judged_in_part_counts_the_rest_as_missing(finished: Path, tmp_path: Path) -> None:
    run = tmp_path / finished.name
    shutil.copytree(finished, run)
    lines = (run / "judgements.jsonl").read_text("utf-8").splitlines(keepends=True)
    (run / "judgements.jsonl").write_text("".join(lines[: len(lines) // 2]), encoding="utf-8")
    scores = [score for score in read_run(run).scores if score.layer is None]
    missing = sum(score.unscored.get("missing", 0) for score in scores)
    assert missing > 0
    assert all(score.n + sum(score.unscored.values()) == score.total for score in scores)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"output": Path("out.pdf")}, r"-o out\.pdf: expected the name of a page, such as out"),
        ({"formats": ("png",)}, "--format is of --figures"),
        ({"models": ("llava",), "published": True}, "--model llava: expected MODEL=NAME"),
        ({"models": ("x=molmo-72b",)}, "model of the runs 'x'"),
        ({"models": ("mini=molmo-73b",)}, "published model 'molmo-73b'"),
        ({"runs": ()}, "nothing to report"),
        ({"runs": (Path("nowhere"),)}, "nowhere is not a run directory"),
    ],
)
def test_mistakes_are_one_line_and_nothing_is_written(
    finished: Path, tmp_path: Path, changes: dict[str, Any], message: str
) -> None:
    page = tmp_path / "out.html"
    request: dict[str, Any] = {"runs": (finished,), "output": page, **changes}
    with pytest.raises(UsageError, match=message):
        write_report(ReportRequest(**request))
    assert list(tmp_path.iterdir()) == []


def test_the_same_run_twice_is_refused(finished: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="named twice"):
        write_report(ReportRequest(runs=(finished, finished), output=tmp_path / "o.html"))
