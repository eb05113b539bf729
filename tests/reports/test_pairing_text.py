from __future__ import annotations

from dataclasses import replace

import pytest

from reports.pairing import compare_runs
from reports.pairing_text import comparison_text
from tests.reports.test_pairing import A, B, renamed


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ({}, "Paired by patch: 120 patches of 30 images"),
        ({"patches": "x-"}, "Paired by image: 30 images; the patches are not the same"),
        ({"patches": "x-", "images": "x-"}, "Not paired: the runs have no image in common"),
    ],
)
def test_it_says_how_runs_were_paired(names: dict[str, str], said: str) -> None:
    text = comparison_text(compare_runs(A, renamed(B, **names)))
    assert said in text.replace("\n", " ")
    assert max(map(len, text.splitlines())) <= 100


def test_every_lens_has_its_layers_and_every_control_its_mean() -> None:
    found = compare_runs(A, B)
    lines = [line.split() for line in comparison_text(found).splitlines()]
    rows = [tuple(line[:2]) for line in lines if line and line[0] in {"latent", "logit"}]
    assert rows == [
        (lens, layer) for lens in ("latent", "logit") for layer in ("mean", "0", "2", "5")
    ]
    (control,) = [line for line in lines if line and line[0] == "random-vector"]
    assert control[1] == "mean"
    (mean,) = [line for line in lines if line[:2] == ["latent", "mean"]]
    cell = found.cells[0]
    assert mean[2:5] == [f"{cell.first:.3f}", f"{cell.second:.3f}", "120"]
    assert mean[-4:] == ["<0.001", "A", "<", "B"]


def test_differences_and_what_is_missing_are_told() -> None:
    changed = replace(
        B,
        spec=B.spec.model_copy(update={"corpus_hash": "c" * 64}),
        board=replace(B.board, layers=(2, 5)),
    )
    text = comparison_text(compare_runs(A, changed))
    assert "- corpus_hash: A bbbbbbbbbbbb; B cccccccccccc (" in text
    assert "- only in A: layers 0" in text


def test_long_names_of_lenses_do_not_widen_the_table() -> None:
    name = "acme:" + "lens" * 20
    sides = [
        replace(
            side,
            kinds={name: "lens"},
            board=replace(
                side.board,
                lenses=(name,),
                cells={(name, layer): side.board.cells["latent", layer] for layer in (0, 2, 5)},
            ),
        )
        for side in (A, B)
    ]
    text = comparison_text(compare_runs(sides[0], sides[1]))
    assert max(map(len, text.splitlines())) <= 100
