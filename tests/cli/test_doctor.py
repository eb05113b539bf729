"""``doctor`` says what is wrong with a model, and with how it was asked."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from harness.cli.doctor import parse_cells
from harness.core.errors import UsageError
from harness.vlms.conformance.battery import CHECKS
from harness.vlms.conformance.report import Conformance
from tests.cli.conftest import Call
from tests.vlms.checkpoints import build
from tests.vlms.conformance.broken import RowByRow
from tests.vlms.conformance.toy import ToyVlm


def test_a_right_model_is_green(call: Call) -> None:
    code, out, err = call("doctor", "--vlm", "mini", "--cells", "4", "--json", "found.json")
    assert (code, err) == (0, "")
    *rows, last = out.splitlines()
    assert "painted cell     300x180  global  ok       4 of 81 cells" in out
    assert "FAILED" not in out
    assert "what to do" not in out
    assert last == f"VLM mini: all {len(rows) - 1} checks passed"
    found = Conformance.model_validate_json(Path("found.json").read_text())
    assert len(found.results) == len(rows) - 1
    assert {result.check for result in found.results} == {check.name for check in CHECKS}
    assert found.facts.name == "mini"


def test_a_path_a_view_and_a_dtype(call: Call, tmp_path: Path) -> None:
    path = build("llava_next", tmp_path / "llava_next")
    code, out, _ = call(
        "doctor", "--vlm", str(path), "--view", "tiles", "--dtype", "bfloat16", "--cells", "5",
        "--json", "found.json",
    )  # fmt: skip
    assert code == 0
    assert "5 of 9 cells" in out
    facts = json.loads(Path("found.json").read_text())["facts"]
    assert (facts["view"], facts["dtype"]) == ("tiles", "bfloat16")


def test_a_wrong_model_fails_with_advice(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.vlms.registry.load_vlm", lambda *_, **__: RowByRow())
    code, out, err = call("doctor", "--vlm", "toy", "--json", "found.json")
    failed = [line for line in out.splitlines() if "FAILED" in line]
    assert code == 1
    assert [line.split("  ")[0] for line in failed] == ["painted cell"] * 4
    assert out.count("what to do: correct mode, placed, canvas, grid") == 4
    assert err.startswith("lensbench: VLM toy: 4 of ")
    assert len(Conformance.model_validate_json(Path("found.json").read_text()).failed) == 4


def test_options_reach_the_model(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def load(*arguments: str, **options: str | int) -> ToyVlm:
        asked.append((arguments, options))
        return ToyVlm()

    monkeypatch.setattr("harness.vlms.registry.load_vlm", load)
    code, out, _ = call(
        "doctor", "--vlm", "big", "--dtype", "float16", "--device", "cuda:1", "--view", "tiles",
        "--max-pixels", "4000", "--cells", "all",
    )  # fmt: skip
    assert code == 0
    assert asked == [(("big", "float16", "cuda:1"), {"view": "tiles", "max_pixels": 4000})]
    assert "24 of 24 cells" in out
    assert "32 of 32 cells" in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--vlm", "mni"), "did you mean mini"),
        (("--vlm", "mini", "--cells", "0"), "cells '0': expected all, or a whole number from 1"),
        (("--vlm", "mini", "--cells", "many"), "cells 'many'"),
        (("--vlm", "mini", "--view", "tiles"), "view 'tiles'"),
        (("--vlm", "mini", "--dtype", "int3"), "dtype 'int3'"),
        ((), "Missing option '--vlm'"),
    ],
)
def test_wrong_usage_is_one_line(call: Call, arguments: tuple[str, ...], message: str) -> None:
    code, out, err = call("doctor", *arguments)
    assert (code, out) == (2, "")
    assert message in err
    assert err.count("\n") == 1


def test_a_report_that_cannot_be_written_is_one_line(call: Call) -> None:
    Path("taken").write_text("")
    code, out, err = call("doctor", "--vlm", "mini", "--cells", "1", "--json", "taken/found.json")
    assert code == 1
    assert "painted cell" in out
    assert err.startswith("lensbench: cannot write taken/found.json")


def test_cells() -> None:
    assert (parse_cells("all"), parse_cells("7")) == (None, 7)
    for text in ("", "-1", "1.5", "ALL"):
        with pytest.raises(UsageError, match="expected all"):
            parse_cells(text)


def test_help_does_not_import_torch() -> None:
    code = (
        "import sys; from harness.cli.main import main; sys.argv = ['lensbench', 'doctor', '-h']\n"
        "try: main()\n"
        "finally: assert not {'torch', 'transformers'} & set(sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "--cells" in done.stdout
