from __future__ import annotations

import csv
import re
from collections import Counter
from pathlib import Path

import pytest

from harness.core.errors import DataError
from reports.published import load
from reports.published.board import hits_of
from reports.published.load import DATA, known_problems, load_paper, published_rate
from reports.published.paper import PublishedCell

PAPER = load_paper()
PRECISION = {"qwen2.5-vl-32b": 1, "llava-next-34b": 1, "molmo-72b": 1}
"""Decimals of the stored percentages, where they are not two."""


def test_every_row_of_every_table_loads() -> None:
    rows = {path.stem: len(list(csv.DictReader(path.open()))) for path in DATA.glob("*.csv")}
    assert rows == {
        "interpretability": len(PAPER.cells),
        "layer_alignment": len(PAPER.alignments),
        "token_drift": len(PAPER.drift),
        "problems": len(known_problems()),
    }
    assert (len(PAPER.cells), len(PAPER.alignments), len(PAPER.drift)) == (546, 995, 606)


def test_the_table_of_sources_has_the_right_numbers_of_rows() -> None:
    text = (DATA / "SOURCE.md").read_text(encoding="utf-8")
    found = dict(re.findall(r"`(\w+\.csv)` \| (\d+)", text))
    assert found == {
        path.name: str(len(list(csv.DictReader(path.open())))) for path in DATA.glob("*.csv")
    }


def test_no_cell_is_there_twice() -> None:
    keys = Counter((cell.model, cell.lens, cell.variant, cell.layer) for cell in PAPER.cells)
    assert set(keys.values()) == {1}


def test_fifteen_models_have_three_lenses_at_the_same_layers() -> None:
    models = {cell.model for cell in PAPER.cells if cell.variant == "none"}
    assert len(models) == 15
    for model in models:
        layers = {
            lens: tuple(
                cell.layer
                for cell in PAPER.cells
                if (cell.model, cell.variant, cell.lens) == (model, "none", lens)
            )
            for lens in ("latent", "logit", "embedding")
        }
        assert len({tuple(sorted(found)) for found in layers.values()}) == 1
        assert len(layers["latent"]) in (9, 10, 11)


def test_golden_cells() -> None:
    found = {
        (model, lens, layer): published_rate(PAPER, model, lens, layer)
        for model, lens, layer in (
            ("llama3-8b+siglip", "logit", 31),
            ("Qwen/Qwen2-VL-7B-Instruct@abc", "latent", 26),
            ("molmo-7b-d", "logit", 26),
            ("olmo-7b+clip-l-14-336", "tuned", 24),
        )
    }
    assert [(cell.rate, cell.n) for cell in found.values() if cell] == [
        (0.09, 100),
        (0.7041, 98),
        (0.9388, 98),
        (0.31, 100),
    ]


@pytest.mark.parametrize(
    ("model", "lens", "layer"),
    [("mini", "latent", 0), ("molmo-7b-d", "tuned", 0), ("molmo-7b-d", "latent", 3)],
)
def test_what_is_not_published_is_none(model: str, lens: str, layer: int) -> None:
    assert published_rate(PAPER, model, lens, layer) is None


def test_the_patches_of_every_cell_give_its_stored_percentage() -> None:
    for cell in PAPER.cells:
        hits = hits_of(cell)
        if cell.n is None or hits is None:
            continue
        half = 0.5 * 10 ** -PRECISION.get(cell.model, 2)
        assert abs(100 * hits / cell.n - 100 * cell.rate) <= half + 1e-9, cell


def test_unknown_numbers_of_patches_are_those_that_nothing_tells() -> None:
    unknown = {(cell.model, cell.lens, cell.layer) for cell in PAPER.cells if cell.n is None}
    assert unknown == {("qwen2.5-vl-32b", "latent", layer) for layer in (0, 1, 2, 4, 8)} | {
        ("llava-next-34b", "latent", 1)
    }


def test_numbers_of_patches_other_than_the_usual_are_named_as_a_problem() -> None:
    odd = [
        cell
        for cell in PAPER.cells
        if cell.n not in (100, 98 if cell.model.startswith("molmo") else 100)
    ]
    assert len(odd) == 13 + 6 + 11  # of the main tables, unknown, of ablations
    assert all("patch" in " ".join(cell.problems) for cell in odd)


def test_every_problem_of_a_cell_concerns_a_cell() -> None:
    for problem in known_problems():
        assert any(
            problem.concerns(cell.group, cell.model, cell.lens, cell.variant, cell.layer)
            for cell in PAPER.cells
        ), problem


@pytest.mark.parametrize(
    ("lens", "model", "layer", "words", "expected"),
    [
        ("tuned", "olmo-7b+clip-l-14-336", 31, "final norm had been applied twice", True),
        ("logit", "olmo-7b+clip-l-14-336", 31, "final norm had been applied twice", False),
        ("embedding", "qwen2-7b+siglip-so400m", 4, "translates Chinese", True),
        ("embedding", "llama3-8b+siglip-so400m", 4, "translates Chinese", False),
        ("latent", "qwen2-7b+siglip-so400m", 4, "translates Chinese", False),
        ("embedding", "qwen2-vl-7b", 4, "translates Chinese", False),
        ("latent", "llama3-8b+dinov2-large", 0, "one vector", True),
        ("latent", "llama3-8b+clip-l-14-336", 0, "one vector", False),
        ("latent", "llama3-8b+clip-l-14-336", 0, "bare projector output", True),
        ("logit", "llama3-8b+clip-l-14-336", 0, "bare projector output", False),
        ("latent", "llama3-8b+clip-l-14-336", 1, "bare projector output", False),
        ("logit", "qwen2.5-vl-32b", 63, "padded images", True),
        ("logit", "qwen2-vl-7b", 27, "padded images", False),
        ("latent", "llava-next-34b", 59, "500,000 phrases", True),
        ("latent", "qwen2.5-vl-32b", 59, "500,000 phrases", False),
    ],
)
def test_problems_have_their_exact_scope(
    lens: str, model: str, layer: int, words: str, *, expected: bool
) -> None:
    cell = published_rate(PAPER, model, lens, layer) or _any_cell(model, lens)
    assert (words in " ".join(cell.problems)) is expected


def _any_cell(model: str, lens: str) -> PublishedCell:
    return next(cell for cell in PAPER.cells if (cell.model, cell.lens) == (model, lens))


def test_what_concerns_all_rates_is_not_repeated_beside_each() -> None:
    assert not any("floating alias" in " ".join(cell.problems) for cell in PAPER.cells)
    assert any("floating alias" in str(problem) for problem in known_problems())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "cannot read"),
        ("group,model\nablation,x\n", "line 2"),
        ("group,model,lens,variant,visual_layer,interpretable_percent\na,b,c,none,x,1\n", "line 2"),
    ],
)
def test_a_damaged_table_is_named(
    text: str | None, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "problems.csv").write_bytes((DATA / "problems.csv").read_bytes())
    if text is not None:
        (tmp_path / "interpretability.csv").write_text(text)
    monkeypatch.setattr(load, "DATA", tmp_path)
    with pytest.raises(DataError, match=f"interpretability.csv.*{message}|{message}.*interpret"):
        load_paper.__wrapped__()
