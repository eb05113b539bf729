"""The commands that build libraries and look after them, on the bundled miniature."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from harness.cli.library import parse_shard
from harness.core.errors import UsageError
from harness.core.model_files import model_hash
from harness.mini.phrases import reference_corpus
from lenses.library.store import Library
from tests.cli.conftest import Call
from tests.lenses.library.building import contents
from tests.vlms.tiny_text import build_tiny_text

PHRASES = 150
BUILD = ("library", "build", "--vlm", "mini", "--precision", "float32", "--part-rows", "128")


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("corpus") / "phrases.txt"
    path.write_text("\n".join(reference_corpus(PHRASES, ())) + "\n", encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def built(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a library built by the command in a process of its own. Do not change it."""
    out = tmp_path_factory.mktemp("built") / "library"
    command = [sys.executable, "-m", "harness", *BUILD, "--corpus", str(corpus), "-o", str(out)]
    subprocess.run(command, check=True, capture_output=True)
    return out


def test_the_plan_is_printed_and_nothing_written(call: Call, corpus: Path, built: Path) -> None:
    code, out, _ = call(*BUILD, "--corpus", str(corpus), "--dry-run", "-o", "library")
    library = Library.open(built)
    assert code == 0
    assert f"{len(library)} rows x {len(library.layers)} layers".replace(",", " ") in out
    assert "forward tokens" in out
    assert not Path("library").exists()


def test_shards_in_two_folders_are_merged_to_the_same_bytes(
    call: Call, corpus: Path, built: Path
) -> None:
    for shard in (1, 2):
        code, out, _ = call(
            *BUILD, "--corpus", str(corpus), "--shard", f"{shard}/2", "-o", f"shard{shard}"
        )
        assert (code, out) == (0, "")
    code, out, _ = call("library", "info", "shard1")
    assert code == 0
    assert "parts are done" in out
    code, out, _ = call("library", "merge", "shard1", "shard2", "-o", "merged")
    assert code == 0
    assert out.startswith("library: merged")
    assert contents(Path("merged")) == contents(built)


def test_one_process_per_device_gives_the_same_bytes(
    corpus: Path, built: Path, tmp_path: Path
) -> None:
    out = tmp_path / "library"
    command = [sys.executable, "-m", "harness", *BUILD, "--corpus", str(corpus)]
    done = subprocess.run(
        [*command, "--devices", "cpu,cpu", "-o", str(out)],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    assert done.stdout.splitlines()[-1] == f"library: {out}"
    assert contents(out) == contents(built)


def test_a_failing_device_is_one_line_after_its_own(corpus: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "harness", *BUILD, "--corpus", str(corpus)]
    done = subprocess.run(
        [*command, "--devices", "cpu,nowhere", "-o", str(tmp_path / "library")],
        check=False, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 1
    assert "device 'nowhere'" in done.stderr
    assert "shard 2 of 2 (exit code 2) failed" in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr


def test_a_language_model_alone_by_its_folder(call: Call, corpus: Path, tmp_path: Path) -> None:
    model = build_tiny_text(tmp_path / "model", "qwen2")
    options = ("--model", str(model), "--corpus", str(corpus), "--layers", "1,2", "--cap", "3")
    code, out, _ = call("library", "build", *options, "--policy", "first", "-o", "library")
    library = Library.open(Path("library"))
    assert (code, out) == (0, f"library: library ({len(library)} rows x 2 layers)\n")
    assert (library.layers, library.hidden) == ((1, 2), 32)
    assert (library.key.policy, library.key.cap) == ("first", 3)
    assert library.key.model_hash == model_hash(model)


def test_info_verify_sample_convert(call: Call, built: Path) -> None:
    whole = Library.open(built)
    code, out, _ = call("library", "info", str(built))
    assert code == 0
    assert f"{len(whole)} rows" in out
    assert call("library", "verify", str(built))[:2] == (0, f"library {built} is sound\n")
    code, out, _ = call("library", "sample", str(built), "--fraction", "0.3", "-o", "sample")
    assert code == 0
    assert 0 < len(Library.open(Path("sample"))) < len(whole)
    code, out, _ = call("library", "convert", str(built), "--dtype", "int8", "-o", "small")
    assert code == 0
    assert Library.open(Path("small")).key.dtype == "int8"


def test_a_damaged_library_lists_its_problems(call: Call, built: Path) -> None:
    shutil.copytree(built, "broken")
    part = next(Path("broken").glob("layer_*/*.safetensors"))
    data = bytearray(part.read_bytes())
    data[-1] ^= 1
    part.write_bytes(data)
    code, out, err = call("library", "verify", "broken")
    assert code == 1
    assert part.name in out
    assert "problems" in err


def test_the_published_layout_is_written_and_read(call: Call, built: Path) -> None:
    code, out, _ = call("library", "convert", str(built), "--published", "library", "-o", "pub")
    assert (code, out) == (0, "published library: pub\n")
    assert (Path("pub") / "layer_1" / "embeddings_cache.pt").is_file()
    code, out, _ = call("library", "import", "pub", "--vlm", "mini", "-o", "back")
    assert code == 0
    back, whole = Library.open(Path("back")), Library.open(built)
    assert back.rows.rows.equals(whole.rows.rows)
    code, _, err = call("library", "import", "pub", "--vlm", "mini-frozen", "-o", "other")
    assert code == 1
    assert "was built from model" in err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["build", "-o", "x"], "expected either --vlm NAME or --model FOLDER"),
        (["build", "--model", "nowhere", "-o", "x"], "--model nowhere: no checkpoint there"),
        (["build", "--vlm", "mini", "--policy", "firs", "-o", "x"], "did you mean first"),
        (["build", "--vlm", "mini", "--fraction", "2", "-o", "x"], "fraction=2.0"),
        (["build", "--vlm", "mini", "--cap", "0", "-o", "x"], "cap=0"),
        (["build", "--vlm", "mini", "--dtype", "int4", "-o", "x"], "unknown library dtype 'int4'"),
        (["build", "--vlm", "mini", "--layers", "0,9", "-o", "x"], "layers '0,9'"),
        (["build", "--vlm", "mini", "--shard", "3/2", "-o", "x"], "shard '3/2'"),
        (
            ["build", "--vlm", "mini", "--devices", "cpu", "--shard", "1/2", "-o", "x"],
            "name only one",
        ),
        (["convert", "x", "-o", "y"], "expected either --dtype TYPE or --published VARIANT"),
        (["import", "x", "-o", "y"], "needs the model it was made with"),
        (["ablate", "--fractions", "0,1"], "fractions '0,1'"),
        (["ablate", "--fractions", "all"], "fractions 'all'"),
    ],
)
def test_mistakes_are_one_line(call: Call, arguments: list[str], told: str) -> None:
    code, _, err = call("library", *arguments)
    assert code == 2
    assert told in err.strip().splitlines()[-1]
    assert "Traceback" not in err


def test_a_missing_library_is_one_line(call: Call) -> None:
    for command in (["info"], ["verify"], ["sample", "--fraction", "0.5", "-o", "y"]):
        code, _, err = call("library", command[0], "nowhere", *command[1:])
        assert code == 1
        assert len(err.strip().splitlines()) == 1
        assert "nowhere" in err


@pytest.mark.parametrize("text", ["1", "0/2", "a/b", "1/0", "/", "2/1"])
def test_a_shard_is_i_of_n(text: str) -> None:
    assert parse_shard("2/3") == (2, 3)
    with pytest.raises(UsageError, match="shard"):
        parse_shard(text)
