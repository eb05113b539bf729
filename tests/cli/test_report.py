"""The commands ``report`` and ``view`` as a user types them."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

from tests.cli.conftest import Call

ROOT = Path(__file__).parents[2]


def test_the_papers_figures_need_no_run(call: Call, tmp_path: Path) -> None:
    code, out, err = call("report", "--published", "-o", "paper.html")
    assert (code, err) == (0, "")
    suffixes = ("html", "json", "board.json", "csv", "md", "tex")
    assert out.split() == [f"paper.{suffix}" for suffix in suffixes]
    rows = json.loads((tmp_path / "paper.json").read_text("utf-8"))["board"]["rows"]
    means = {
        (row["model"], row["lens"]): f"{100 * row['estimate']:.1f}"
        for row in rows
        if row["layer"] is None
    }
    groups = {model for model, _ in means if model.startswith("mean of")}
    assert len(groups) == 3
    (nine,) = (model for model in groups if "9" in model)
    (every,) = (model for model in groups if "15" in model)
    assert [means[nine, lens] for lens in ("latent", "logit", "embedding")] == [
        "74.4",
        "21.7",
        "29.7",
    ]
    assert [means[every, lens] for lens in ("latent", "logit", "embedding")] == [
        "67.9",
        "23.5",
        "32.0",
    ]


def test_nothing_to_report_and_a_wrong_folder_are_one_line(call: Call) -> None:
    assert call("report") == (
        2,
        "",
        "lensbench: there is nothing to report: name a run, or ask for --published\n",
    )
    code, _, err = call("report", "nowhere")
    assert code == 2
    assert err.startswith("lensbench: nowhere is not a run directory")
    code, _, err = call("view", "nowhere")
    assert code == 2
    assert err.startswith("lensbench: nowhere: no such report")


def test_view_serves_a_page_until_it_is_stopped(tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    page.write_text("<!doctype html>here", encoding="utf-8")
    arguments = [sys.executable, "-m", "harness", "view", str(page), "--no-browser"]
    with subprocess.Popen(arguments, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        address = line.partition("report: ")[2].split()[0]
        with urllib.request.urlopen(address, timeout=10) as reply:
            assert reply.read() == b"<!doctype html>here"
        process.send_signal(signal.SIGINT)
        rest = process.communicate(timeout=10)[0]
    assert (process.returncode, rest) == (0, "ended\n")
