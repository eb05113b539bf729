"""``compare``: two runs, or one and the paper, on the command line."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from reports.pairing_records import RunComparison
from reports.published.comparison import PublishedComparison
from tests.cli.conftest import Call
from tests.pipeline.runs import execute, small_options, write_small_corpus


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a small finished run."""
    folder = tmp_path_factory.mktemp("compare")
    corpus = write_small_corpus(folder / "phrases.txt")
    return execute(small_options(corpus, folder / "runs", layers="0,8"))


def test_a_run_against_the_paper(finished: Path, call: Call) -> None:
    code, out, err = call(
        "compare", str(finished), "--to", "published", "--model", "llama3-8b+siglip", "-o", "c.json"
    )
    assert code == 0, err
    found = PublishedComparison.model_validate(json.loads(Path("c.json").read_bytes()))
    assert {(cell.lens, cell.layer) for cell in found.cells} >= {("latent", 0), ("latent", None)}
    for cell in found.cells:
        assert f"{cell.rate:.3f}" in out
        assert f"{cell.published:.3f}" in out
    assert "Known problems of published cells:" in out
    assert "comparison: c.json" in out
    assert max(map(len, out.splitlines())) <= 100


def test_two_runs(finished: Path, call: Call, tmp_path: Path) -> None:
    copy = shutil.copytree(finished, tmp_path / "copy")
    code, out, err = call(
        "compare",
        str(finished),
        str(copy),
        "--layer",
        "8",
        "--definition",
        "concrete",
        "-o",
        "c.json",
    )
    assert code == 0, err
    found = RunComparison.model_validate(json.loads(Path("c.json").read_bytes()))
    assert (found.definition, found.layers, found.second) == ("concrete", (8,), "copy")
    assert "Paired by patch: 12 patches of 3 images" in out
    assert "Hit: concrete; means are over layers 8." in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "expected either OTHER, a second run, or --to published"),
        (("other", "--to", "published"), "expected either OTHER"),
        (("other", "--model", "molmo-72b"), "--model molmo-72b: expected together with --to"),
        (("--to", "published", "--layer", "1"), "--definition, --layer: the paper has one"),
        (("--to", "published", "--definition", "concrete"), "--definition, --layer"),
        (("--to", "paper"), "'paper' is not 'published'"),
        (("--to", "published"), "unknown published model 'mini'"),
        (("--to", "published", "--model", "molmo"), "unknown published model 'molmo'"),
        (("other",), "other"),
    ],
)
def test_wrong_usage_is_one_line_and_exit_code_2(
    finished: Path, call: Call, arguments: tuple[str, ...], message: str
) -> None:
    code, out, err = call("compare", str(finished), *arguments)
    assert (code, out) == (2, "")
    assert message in err
    assert len(err.splitlines()) == 1


def test_an_unwritable_file_is_named_after_the_text_is_shown(
    finished: Path, call: Call, tmp_path: Path
) -> None:
    (tmp_path / "folder").mkdir()
    code, out, err = call(
        "compare", str(finished), "--to", "published", "--model", "molmo-72b", "-o", "folder"
    )
    assert code == 1
    assert "molmo-72b of the paper" in out
    assert "folder" in err
