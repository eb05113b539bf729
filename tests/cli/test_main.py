"""The command line: instant help, one line per mistake, the right exit code."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from lenses.library.corpora.hub import FORM
from tests.cli.conftest import Call

ROOT = Path(__file__).parents[2]


def one_line(text: str) -> str:
    """Return the only line of an error message."""
    lines = text.strip().splitlines()
    assert len(lines) == 1, text
    assert "Traceback" not in text
    return lines[0]


@pytest.mark.parametrize(
    "command",
    [
        ["--help"],
        ["run", "--help"],
        ["judge", "--help"],
        ["list", "--help"],
        ["train", "-h"],
        ["library", "--help"],
        ["library", "build", "--help"],
    ],
)
def test_help_imports_no_torch(command: list[str]) -> None:
    """Help is instant since nothing heavy is imported; measured on sys.modules, not on a clock."""
    script = (
        "import sys\nfrom harness.cli.main import main\n"
        f"sys.argv = ['lensbench', *{command!r}]\n"
        "try:\n    main()\nexcept SystemExit as ended:\n    code = ended.code\n"
        "heavy = {'torch', 'transformers', 'numpy', 'pandas', 'pyarrow', 'sklearn'}\n"
        "print(sorted(heavy & set(sys.modules)))\nsys.exit(code)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert "Usage:" in done.stdout
    assert done.stdout.splitlines()[-1] == "[]"


def test_list_shows_what_is_registered(call: Call) -> None:
    """One line per model, lens and judge."""
    for kind, expected in (
        ("vlms", ["mini"]),
        ("lenses", ["latent", "logit", "embedding", "random-vector", "shuffled-patch:latent"]),
        ("judges", ["ground-truth", "none"]),
    ):
        code, out, _ = call("list", kind)
        names = [line.split()[0] for line in out.splitlines() if line]
        assert code == 0
        assert set(expected) <= set(names)


def test_list_corpora_says_what_is_here_without_reading_it() -> None:
    """Names, kinds and ways of naming files, with the line count where that is cheap; no torch."""
    script = (
        "import sys\nfrom harness.cli.main import main\nsys.argv = ['x', 'list', 'corpora']\n"
        "try:\n    main()\nexcept SystemExit as ended:\n    code = ended.code\n"
        "heavy = {'torch', 'transformers', 'pandas', 'datasets', 'latentlens'}\n"
        "print(sorted(heavy & set(sys.modules)))\nsys.exit(code)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    *rows, loaded = done.stdout.splitlines()
    assert loaded == "[]"
    texts = dict(row.split(maxsplit=1) for row in rows)
    assert "24,000 lines" in texts["mini"]
    assert texts["wordnet"].startswith("WordNet: ")
    assert {"latentlens", "FILE.txt", "FILE.csv#COLUMN"} <= set(texts)
    assert FORM in texts["hf:ID@REVISION#COLUMN"]


def test_list_corpora_says_how_to_get_what_is_not_here(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Corpora and packages that are missing do not break the list."""
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    monkeypatch.setattr("lenses.library.corpora.wordnet._places", lambda: iter(()))
    _, out, _ = call("list", "corpora")
    texts = dict(row.split(maxsplit=1) for row in out.splitlines())
    assert "is not on this machine: pip install --no-deps latentlens" in texts["latentlens"]
    assert "is not on this machine: apt-get install wordnet-base" in texts["wordnet"]
    assert "pip install 'lensbench[datasets]'" in texts["hf:ID@REVISION#COLUMN"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--vlm", "minni"], "unknown VLM 'minni': did you mean mini"),
        (["--lens", "latnet"], "unknown lens 'latnet': did you mean latent"),
        (["--judge", "ground-thruth"], "did you mean ground-truth"),
        (["--layers", "3,12"], "12 is not a layer of this model; expected all, paper, or numbers"),
        (["--images", "no/such/folder"], "no such folder"),
        (["--images", "scenes:elsewhere"], "expected scenes:heldout"),
        (["--images", "."], "no images in it"),
        (["--limit", "0"], "limit"),
        (["--limit", "1"], "there is only one image; give more images"),
        (["--corpus", "missing.txt"], "missing.txt"),
        (["--config", "missing.toml"], "missing.toml"),
        (["--no-such-option"], "--no-such-option"),
        (["--limit", "many"], "many"),
        (["--stage", "scoring"], "scoring"),
    ],
)
def test_wrong_usage_is_one_line_and_exit_code_2(
    call: Call, arguments: list[str], message: str, tmp_path: Path
) -> None:
    """The line names the argument, the value and what would be accepted; nothing is written."""
    code, _, err = call("run", *arguments)
    assert code == 2
    assert message in one_line(err)
    assert not (tmp_path / "runs").exists()


def test_unreadable_image_is_exit_code_1(call: Call, tmp_path: Path) -> None:
    """A broken file is named."""
    (tmp_path / "shots").mkdir()
    (tmp_path / "shots" / "broken.jpg").write_bytes(b"\xff\xd8 not a picture")
    code, _, err = call("run", "--images", "shots", "--judge", "none")
    assert code == 1
    assert "broken.jpg: not an image of a known kind" in one_line(err)


def test_environment_and_file_are_read(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command line wins over the environment, which wins over the file."""
    (tmp_path / "lensbench.toml").write_text('layers = "77"\n')
    assert "77 is not a layer" in call("run")[2]
    monkeypatch.setenv("LENSBENCH_LAYERS", "88")
    assert "88 is not a layer" in call("run")[2]
    assert "99 is not a layer" in call("run", "--layers", "99")[2]


def test_run_directory_of_another_spec(call: Call, tmp_path: Path) -> None:
    """A directory whose spec was replaced is refused, and left as it is."""
    arguments = ["run", "--limit", "2", "--stage", "plan", "--runs-dir", str(tmp_path / "runs")]
    assert call(*arguments)[0] == 0
    assert call(*arguments[:2], "3", *arguments[3:])[0] == 0
    first, second = sorted((tmp_path / "runs").glob("mini-*/spec.json"))
    first.write_bytes(second.read_bytes())
    codes = [call(*arguments[:2], limit, *arguments[3:]) for limit in ("2", "3")]
    refused = [err for code, _, err in codes if code == 1]
    assert len(refused) == 1
    assert "another spec" in one_line(refused[0])
    assert first.read_bytes() == second.read_bytes()


@pytest.mark.parametrize("error", ["ENOSPC", "EROFS"])
def test_disk_full_and_read_only_are_one_line(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: str
) -> None:
    """The operating system's refusal becomes one line and exit code 1; the next run continues."""
    import errno

    number = getattr(errno, error)
    monkeypatch.setattr(os, "replace", _refuse(number))
    arguments = ["run", "--limit", "2", "--stage", "plan", "--runs-dir", str(tmp_path / "runs")]
    code, _, err = call(*arguments)
    assert code == 1
    assert os.strerror(number).lower() in one_line(err).lower()
    monkeypatch.undo()
    monkeypatch.chdir(tmp_path)
    assert call(*arguments)[0] == 0


def _refuse(number: int) -> Callable[..., None]:
    def refuse(source: object, target: object) -> None:
        raise OSError(number, os.strerror(number), str(source), None, str(target))

    return refuse


def test_interrupt_is_one_line_and_the_same_command_continues(tmp_path: Path) -> None:
    """Ctrl-C in the middle of a run leaves no traceback and loses nothing finished."""
    arguments = [sys.executable, "-m", "harness", "run", "--limit", "60", "--layers", "0"]
    arguments += ["--runs-dir", str(tmp_path / "runs")]
    process = subprocess.Popen(
        arguments, cwd=ROOT, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    deadline = time.monotonic() + 120
    while not list(tmp_path.glob("runs/mini-*/states/*.safetensors")):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=120)
    assert process.returncode == 130
    assert "Traceback" not in err
    assert "the same command continues" in err.splitlines()[-1]
    kept = list(tmp_path.glob("runs/mini-*/states/*.safetensors"))
    assert kept


def test_list_vlms_shows_size_and_what_was_verified(call: Call) -> None:
    """A footnote for every claim, and how to name any other model."""
    _, out, _ = call("list", "vlms")
    lines = out.splitlines()
    row = next(line for line in lines if line.startswith("qwen2-vl-7b "))
    for cell in ("qwen2_vl", " 28 ", "3584", "16x16", "17 GB", "Qwen/Qwen2-VL-7B-Instruct"):
        assert cell in row
    note = row[row.index("[") : row.index("]") + 1]
    (claim,) = [line for line in lines if line.startswith(note)]
    assert "published weights were not run" in claim
    assert sum("lensbench_controlled" in line for line in lines) == 10
    assert "owner/name[@revision]" in lines[-1]
