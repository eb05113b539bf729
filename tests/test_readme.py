"""The figures in the README are those of the shipped board, and its commands exist."""

from __future__ import annotations

import json
import re
from pathlib import Path

import click
import pandas as pd
import pytest

from lenses.registry import make_lens

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


def test_named_library_commands_exist() -> None:
    from harness.cli.library import command

    named = {
        name
        for names in re.findall(r"python -m harness library ([a-z|]+)", README)
        for name in names.split("|")
    }
    assert len(named) >= 8
    assert named <= set(command.commands)


def test_named_lens_options_are_understood() -> None:
    names = set(re.findall(r"\b(?:latent|logit|embedding):[a-z][a-z-]*(?:=[a-z0-9.+]+)?", README))
    assert len(names) >= 7
    for name in names:
        assert make_lens(name).card.name == name


def test_spread_over_draws_is_that_of_the_file() -> None:
    draws = pd.read_csv(GALLERY / "draws.csv").groupby("model")["interpretable"]
    text = " ".join(README.split())
    for model, (least, most) in draws.agg(["min", "max"]).iterrows():
        assert f"{least:.3f} to {most:.3f} on `{model}`" in text


def test_library_sizes_are_those_of_the_ablation() -> None:
    text = " ".join(README.split())
    rates, chances, gains = [], [], []
    for model in ("mini", "mini-frozen"):
        table = pd.read_csv(GALLERY / f"{model}-ablation.csv")
        small, full = (table[table["fraction"] == share].iloc[0] for share in (0.01, 1.0))
        rates.append(small["rate"])
        chances.append(small["chance"])
        gains.append((small["rate"] - small["chance"], full["rate"] - full["chance"]))
    assert f"{rates[0]:.3f} on `mini` and {rates[1]:.3f} on `mini-frozen`" in text
    assert f"fit in {chances[0]:.3f} and {chances[1]:.3f}" in text
    told = "({:.3f} and {:.3f}, full: {:.3f} and {:.3f})"
    assert told.format(gains[0][0], gains[1][0], gains[0][1], gains[1][1]) in text
