"""The figures in the README are those of the shipped board, and its commands exist."""

from __future__ import annotations

import json
import re
from pathlib import Path

import click
import pandas as pd
import pytest

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
GALLERY = ROOT / "reports" / "gallery"


@pytest.mark.parametrize("lens", ["logit", "embedding", "latent"])
@pytest.mark.parametrize("model", ["mini", "mini-frozen"])
def test_figures_are_those_of_the_board(model: str, lens: str) -> None:
    """Mean, interval, matched control and best layer of every lens."""
    board = pd.read_csv(GALLERY / f"{model}.csv", dtype={"layer": str})
    rows = board[board["lens"] == lens].set_index("layer")
    mean = rows.loc["mean"]
    rate, low, high = (mean[f"interpretable:{name}"] for name in ("rate", "low", "high"))
    control = board[(board["lens"] == f"shuffled-patch:{lens}") & (board["layer"] == "mean")]
    chance = control["interpretable:rate"].item()
    best = rows.drop("mean")["interpretable:rate"]
    line = next(
        line for line in README.splitlines() if line.startswith(f"| `{model}` | `{lens}` |")
    )
    assert f"{rate:.3f} [{low:.3f}, {high:.3f}]" in line
    gain, least, most = json.loads((GALLERY / f"{model}.json").read_text())["gains"][lens]
    assert f"+{gain:.3f} [{least:.3f}, {most:.3f}]" in line
    assert f"| {chance:.3f} | +{rate - chance:.3f}" in line
    assert f"{best.idxmax()} ({best.max():.3f})" in line


def test_differences_in_the_text_are_the_reports() -> None:
    """Every difference with an interval in the bullets stands in a headline of its model."""
    bullets = re.findall(
        r"^\* On `([a-z-]+)`(.*?)(?=^\* |^The boards)", README, re.DOTALL | re.MULTILINE
    )
    assert [model for model, _ in bullets] == ["mini", "mini-frozen"]
    for model, text in bullets:
        headlines = json.loads((GALLERY / f"{model}.json").read_text())["headlines"]
        said = " ".join(headline["text"] for headline in headlines)
        differences = re.findall(r"-?\d\.\d\d \[[^\]]+\]", text)
        assert len(differences) >= 2
        for difference in differences:
            assert difference in said


def test_linked_files_exist() -> None:
    """Every relative link leads somewhere."""
    links = re.findall(r"\]\(([^)#]+)\)", README)
    assert links
    for link in links:
        assert link.startswith("http") or (ROOT / link).exists(), link


def test_named_commands_exist() -> None:
    """Make targets and subcommands that the README names."""
    from harness.cli.main import cli

    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"^make (\w+)", README, flags=re.MULTILINE):
        assert re.search(rf"^{target}:", makefile, flags=re.MULTILINE)
    for command in set(re.findall(r"python -m harness (\w+)", README)):
        assert cli.get_command(click.Context(cli), command) is not None, command
