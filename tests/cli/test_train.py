"""``train``: a projector from the command line, and the bundled models as before."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Call
from tests.training.parts import save_parts

ROOT = Path(__file__).parents[2]
SMALL = (
    *("--steps", "2", "--warmup", "1", "--batch", "4", "--heldout", "0.2"),
    *("--precision", "float32", "--frozen", "float32", "--device", "cpu"),
)


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """Return the paths of a tiny language model and encoder."""
    return save_parts(tmp_path_factory.mktemp("parts"))


def test_a_projector_is_trained_and_gone_on_with(
    call: Call, parts: tuple[str, str], tmp_path: Path
) -> None:
    """The held-out loss and the folder are printed; options and file make the recipe."""
    (tmp_path / "own.toml").write_text("features = [-1]\nlr = 0.01\n")
    llm, encoder = parts
    arguments = (
        *("train", "projector", "--llm", llm, "--encoder", encoder, "--data", "scenes:500+20"),
        *("--recipe", "own.toml", "--projector", "linear", *SMALL, "-o", "out"),
    )
    code, out, _ = call(*arguments)
    assert code == 0
    assert out.startswith("held-out loss: ")
    assert "run --vlm out" in out
    record = json.loads((tmp_path / "out" / "training.json").read_text())
    recipe = record["plan"]["recipe"]
    assert (recipe["projector"], recipe["lr"], recipe["features"]) == ("linear", 0.01, [-1])
    assert call(*arguments)[1] == out
    code, _, err = call(*arguments, "--seed", "7")
    assert code == 1
    assert "seed 6198 there, 7 here" in err
    assert len(err.strip().splitlines()) == 1


def test_the_parts_of_the_miniature_are_trained(call: Call, tmp_path: Path) -> None:
    """One command with the bundled recipe makes a model that names what it is."""
    mini = ("--llm", "mini-frozen", "--encoder", "mini-frozen", "--recipe", "mini")
    data = ("--data", "scenes:500+12", "--heldout", "0.3", "--batch", "2")
    fast = ("--steps", "1", "--warmup", "0", "-o", "out", "--device", "cpu")
    code, out, _ = call("train", "projector", *mini, *data, *fast)
    assert code == 0
    config = json.loads((tmp_path / "out" / "config.json").read_text())
    assert config["language_model"] == "components/language_model"
    assert config["prompt"] == "\ndescribe the picture:"
    assert "frozen mini-frozen" in config["provenance"]
    assert f"held-out loss {out.split()[2]} nats" in config["provenance"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"--llm": "no such"}, "--llm no such: expected a directory"),
        ({"--data": "scenes:500"}, "expected scenes:heldout"),
        ({"--data": "."}, "no images in it"),
        ({"--recipe": "minni"}, "recipe 'minni': no such file"),
        ({"--warmup": "2"}, "warmup = 2: expected fewer steps"),
        ({"--lr": "-1"}, "lr = -1.0 (command line)"),
        ({"--projector": "conv"}, "conv"),
        ({"--device": "cudda"}, "device 'cudda'"),
        ({"--per-device": "0"}, "--per-device"),
    ],
)
def test_mistakes_are_one_line_and_exit_code_2(
    call: Call, parts: tuple[str, str], changes: dict[str, str], message: str
) -> None:
    """Nothing is trained when the request is wrong."""
    options = {"--llm": parts[0], "--encoder": parts[1], "--data": "scenes:500+20"}
    pairs = {**options, **dict(zip(SMALL[::2], SMALL[1::2], strict=True)), "-o": "out", **changes}
    code, _, err = call("train", "projector", *(part for pair in pairs.items() for part in pair))
    assert code == 2
    assert message in err
    assert len(err.strip().splitlines()) == 1


def test_the_bundled_models_are_commands(
    call: Call, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """``train mini`` and ``train mini-frozen`` train and measure as they did."""
    made: list[tuple[str, Path, Path]] = []
    monkeypatch.setattr(
        "harness.mini.recipe.make.make",
        lambda name, folder, weights: made.append((name, folder, weights)),
    )
    assert call("train", "mini")[1].strip() == "weights: runs/train-mini/mini"
    arguments = ("--folder", "here", "--weights", "there")
    assert call("train", "mini-frozen", *arguments)[1].strip() == "weights: there"
    assert made == [
        ("mini", Path("runs/train-mini"), Path("runs/train-mini/mini")),
        ("mini-frozen", Path("here"), Path("there")),
    ]
    measured: list[tuple[Path, str]] = []
    monkeypatch.setattr(
        "harness.mini.recipe.make.measure", lambda path, name: measured.append((path, name))
    )
    monkeypatch.setattr("harness.mini.recipe.card.gates", lambda evaluation: ())
    assert call("train", "mini", "--evaluate")[1].strip().endswith("weights/mini/MODEL_CARD.md")
    assert measured[0][1] == "mini"
    code, _, err = call("train", "minni")
    assert code == 2
    assert "minni" in err


def test_help_names_what_can_be_trained(call: Call) -> None:
    """The group lists all three."""
    out = call("train", "--help")[1]
    assert all(name in out for name in ("projector", "mini", "mini-frozen"))
    assert "--captions" in call("train", "projector", "--help")[1]


def test_help_and_wrong_recipes_import_no_torch() -> None:
    """They are answered at once; measured on what is imported, not on a clock."""
    for arguments in (["-h"], ["--llm=a", "--encoder=b", "--data=c", "-o", "d", "--recipe=none"]):
        script = (
            "import sys\nfrom harness.cli.main import main\n"
            f"sys.argv = ['lensbench', 'train', 'projector', *{arguments!r}]\n"
            "try:\n    main()\nexcept SystemExit:\n    pass\n"
            "print(sorted({'torch', 'transformers', 'numpy', 'pandas'} & set(sys.modules)))\n"
        )
        command = [sys.executable, "-c", script]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
        assert done.stdout.splitlines()[-1] == "[]"
