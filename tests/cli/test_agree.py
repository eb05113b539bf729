"""``agree``: judges and people compared, on a run and on files alone."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from harness.cli import agree
from harness.core.ratings import Rating
from human_eval.formats.registry import FORMATS
from human_eval.study import Study, read_study
from tests.cli.conftest import Call
from tests.pipeline.runs import execute, small_options, write_small_corpus


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a small finished run."""
    folder = tmp_path_factory.mktemp("agree")
    corpus = write_small_corpus(folder / "phrases.txt")
    return execute(small_options(corpus, folder / "runs", limit=4, patches=3, layers="0,8"))


@pytest.fixture
def run(finished: Path, tmp_path: Path) -> Path:
    """Return a copy of it that a test may change."""
    return Path(shutil.copytree(finished, tmp_path / finished.name))


def ratings_of(study: Study) -> list[Rating]:
    """Return ratings in which everyone ticks the first word of every second item."""
    order = {item.item_id: place for place, item in enumerate(study.items)}
    items = {item.item_id: item for item in study.items}
    found = []
    for annotator, asked in study.assignments.items():
        for item_id in asked:
            hit = order[item_id] % 2 == 0
            rest = ["none"] * (len(items[item_id].words) - 1)
            relations = ["concrete" if hit else "none", *rest]
            state = "selected" if hit else "none"
            fields = {"item_id": item_id, "annotator": annotator, "state": state}
            found.append(Rating.model_validate(fields | {"relations": relations}))
    return found


def exported(study: Study, folder: Path) -> Path:
    """Write everyone's export and return the folder."""
    from human_eval.formats.lensbench import ratings_jsonl

    folder.mkdir()
    for annotator in study.assignments:
        own = [rating for rating in ratings_of(study) if rating.annotator == annotator]
        text = ratings_jsonl(study.study_id, annotator, own)
        (folder / f"ratings-{annotator}.jsonl").write_text(text)
    return folder


def test_the_command_knows_every_format() -> None:
    assert set(agree._FORMATS) == set(FORMATS)


def test_a_run_is_compared_with_people(call: Call, run: Path, tmp_path: Path) -> None:
    draw = ("--items", "40", "--annotators", "ada,ben,cyd", "--prepare")
    assert call("annotate", str(run), *draw)[0] == 0
    study = read_study(run / "annotation")
    labels = exported(study, tmp_path / "labels")
    out = tmp_path / "out.json"
    code, text, error = call("agree", str(run), "--labels", str(labels), "-o", str(out))
    assert code == 0
    assert "left out" not in error
    found = json.loads(out.read_text())
    assert found == json.loads((run / "agreement.json").read_text())
    low, high = found["cohen_kappa"]["interval"]
    assert low <= found["cohen_kappa"]["estimate"] <= high
    assert f"{found['cohen_kappa']['estimate']:.3f}" in text
    for option in ("blank", "ties", "pooling", "definition"):
        assert option in text
    assert "<script" in out.with_suffix(".html").read_text() or out.with_suffix(".html").exists()
    assert (run / "labels.parquet").exists()
    (shown,) = json.loads((run / "report.json").read_text())["runs"]
    assert shown["agreement"]["rated"] == found["rated"]
    strict = call("agree", str(run), "--labels", str(labels), "--definition", "concrete+abstract")
    assert strict[0] == 0
    again = json.loads((run / "agreement.json").read_text())
    assert again["policy"]["definition"] == "concrete+abstract"


def test_what_cannot_be_used_is_named_and_counted(call: Call, run: Path, tmp_path: Path) -> None:
    draw = ("--items", "40", "--annotators", "ada,ben,cyd", "--prepare")
    call("annotate", str(run), *draw)
    study = read_study(run / "annotation")
    labels = exported(study, tmp_path / "labels")
    file = labels / "ratings-ada.jsonl"
    lines = file.read_text().splitlines()
    stranger = json.loads(lines[1]) | {"item_id": "0" * 16}
    twisted = json.loads(lines[2]) | {"state": "none", "relations": ["concrete"] * 5}
    lines[1], lines[2] = json.dumps(stranger), json.dumps(twisted)
    file.write_text("\n".join(lines[:-1]) + "\n")
    code, text, error = call("agree", str(run), "--labels", str(labels))
    assert code == 0
    assert "0" * 16 in error
    assert "ratings-ada.jsonl" in error
    found = json.loads((run / "agreement.json").read_text())
    assert sum(found["left_out"].values()) == len(found["left_out_list"]) == 3
    assert "left out" in text.lower()
    whole = sum(len(asked) for asked in study.assignments.values())
    assert sum(found["ratings"].values()) == whole - 3


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "--labels is missing"),
        (("--labels", "no.jsonl"), ""),
        (("--labels", "no.jsonl", "--import", "labelstudio"), "labelstudio"),
        (("--labels", "no.jsonl", "--ties", "maybe"), "maybe"),
        (("--labels", "no.jsonl", "-o", "out.html"), "-o out.html"),
        (("--labels", "no.jsonl", "--half-width", "0"), "half-width"),
    ],
)
def test_a_mistake_is_one_line(call: Call, arguments: tuple[str, ...], message: str) -> None:
    code, _, error = call("agree", *arguments)
    assert code in (1, 2)
    (line,) = error.strip().splitlines()
    assert message in line


def test_a_run_has_its_own_items(call: Call, run: Path) -> None:
    code, _, error = call("agree", str(run), "--items", "x.json")
    assert code == 2
    assert "a run has its own" in error
