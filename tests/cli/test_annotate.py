"""``annotate``: studies from the command line, as pages to hand out or served."""

from __future__ import annotations

import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from human_eval.study import read_study
from tests.cli.conftest import Call
from tests.pipeline.runs import execute, small_options, write_small_corpus

ROOT = Path(__file__).resolve().parents[2]
DRAW = ("--items", "12", "--annotators", "ada,ben", "--prepare")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a small finished run."""
    folder = tmp_path_factory.mktemp("annotate")
    corpus = write_small_corpus(folder / "phrases.txt")
    return execute(small_options(corpus, folder / "runs", limit=2, patches=2, layers="0,8"))


def test_a_study_is_made_once_and_gone_on_with(call: Call, run: Path, tmp_path: Path) -> None:
    folder = str(tmp_path / "study")
    code, made, _ = call("annotate", str(run), *DRAW, "--study", folder)
    assert code == 0
    study = read_study(Path(folder))
    assert f"study {study.study_id}: {len(study.items)} items; ada" in made
    assert call("annotate", str(run), *DRAW, "--study", folder)[1] == made
    assert call("annotate", str(run), "--prepare", "--study", folder)[1] == made
    code, _, error = call("annotate", str(run), *DRAW, "--study", folder, "--seed", "1")
    assert code == 2
    assert "holds a study of other items" in error


def test_static_pages_can_be_handed_out(call: Call, run: Path, tmp_path: Path) -> None:
    study, pages = str(tmp_path / "study"), tmp_path / "pages"
    draw = [option for option in DRAW if option != "--prepare"]
    code, out, _ = call("annotate", str(run), *draw, "--study", study, "--static", str(pages))
    assert code == 0
    for name in ("ada", "ben"):
        assert f"page: {pages / name}.html" in out
        page = (pages / f"{name}.html").read_text()
        assert "connect-src 'none'" in page
        assert "https://" not in page


def test_a_study_is_served_until_it_is_interrupted(run: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "harness", "annotate", str(run), *DRAW[:-1], "--port", "0"]
    process = subprocess.Popen(
        [*command, "--study", str(tmp_path / "study")],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    link = ""
    for line in process.stdout:
        if line.startswith("ben: "):
            link = line.split()[1]
            break
    assert link.startswith("http://127.0.0.1:")
    with urllib.request.urlopen(link) as page:
        assert "ben" in page.read().decode()
    process.send_signal(signal.SIGINT)
    assert process.wait(30) == 0


def test_without_the_server_packages_one_line_says_what_to_install(
    call: Call, run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    monkeypatch.delitem(sys.modules, "human_eval.server", raising=False)
    folder = str(tmp_path / "study")
    code, _, error = call("annotate", str(run), *DRAW[:-1], "--study", folder)
    assert code == 2
    (line,) = error.strip().splitlines()
    assert "lensbench[annotate]" in line


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "--annotators a,b,c"),
        (("--annotators", "ada"), "ratings"),
        (("--annotators", "ada,ada"), "ada"),
        (("--annotators", "ada,b/n"), "b/n"),
        (("--annotators", "ada,ben", "--items", "0"), "--items 0"),
        (("--annotators", "ada,ben", "--items", "none.csv"), "none.csv"),
        (("--annotators", "ada,ben", "--controls", "101"), "--controls"),
        (("--annotators", "ada,ben", "--judge", "gpt"), "unknown judge of the run"),
    ],
)
def test_a_mistake_is_one_line(
    call: Call, run: Path, tmp_path: Path, arguments: tuple[str, ...], message: str
) -> None:
    folder = tmp_path / "study"
    code, _, error = call("annotate", str(run), "--prepare", "--study", str(folder), *arguments)
    assert code == 2
    (line,) = error.strip().splitlines()
    assert message in line
    assert not folder.exists()
