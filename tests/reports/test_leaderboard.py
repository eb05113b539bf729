from __future__ import annotations

import csv
import io

from reports.leaderboard import COLUMNS, columns, leaderboard_csv
from reports.outcomes import DEFINITIONS, definitions, join
from reports.panel import panel
from reports.scoring import score_outcomes, score_run, select
from tests.reports.synthetic import JUDGE, LAYERS, make_run


def test_there_is_one_row_per_lens_and_layer_and_one_mean() -> None:
    run = make_run(0, images=4)
    scores = score_run(run.columns, run.answers, run.patches, run.spec, run.kinds, JUDGE)
    rows = list(csv.DictReader(io.StringIO(leaderboard_csv(scores))))
    expected = [(lens, str(layer)) for lens in run.kinds for layer in (*LAYERS, "mean")]
    assert [(row["lens"], row["layer"]) for row in rows] == expected
    assert list(rows[0]) == list(COLUMNS)
    by_place = {(row["lens"], row["layer"]): row for row in rows}
    for definition in DEFINITIONS:
        for score in select(scores, JUDGE, definition, 3):
            row = by_place[score.lens, "3"]
            assert float(row[f"{definition}:rate"]) == round(score.estimate or 0.0, 6)
            assert int(row[f"{definition}:hits"]) == score.hits
            assert int(row[f"{definition}:n"]) == score.n
            assert float(row[f"{definition}:effective_n"]) == round(score.effective_n or 0.0, 6)
            assert row[f"{definition}:distinct_layers"] == ""
            assert (row["kind"], int(row["n"])) == (score.kind, score.n)
        for score in select(scores, JUDGE, definition):
            found = float(by_place[score.lens, "mean"][f"{definition}:distinct_layers"])
            assert found == round(score.distinct_layers or 0.0, 6)


def test_unscored_rows_have_reasons_and_no_rates() -> None:
    run = make_run(0, images=2, layers=(0,))
    scores = score_run(run.columns, {}, run.patches, run.spec, run.kinds, JUDGE)
    row = next(csv.DictReader(io.StringIO(leaderboard_csv(scores))))
    assert (row["unscored"], row["n"], row["total"]) == ("missing=8", "0", "8")
    assert row["interpretable:rate"] == row["interpretable:low"] == ""


def test_the_bytes_are_the_same_for_the_same_run() -> None:
    texts = set()
    for _ in range(2):
        run = make_run(9, images=3, layers=(0, 1))
        scores = score_run(run.columns, run.answers, run.patches, run.spec, run.kinds, JUDGE)
        texts.add(leaderboard_csv(scores))
    (text,) = texts
    assert "\r" not in text
    assert text.endswith("\n")


def test_a_panel_has_its_own_number_of_scored_patches_per_definition() -> None:
    run = make_run(0, images=4, layers=(0,))
    silent = {
        key: one.model_copy(update={"relations": ("none",) * len(one.words)})
        for key, one in run.answers.items()
    }
    boards = [
        join(run.columns, answers, run.patches, run.spec, JUDGE)
        for answers in (run.answers, silent)
    ]
    scores = score_outcomes(panel(boards, "panel"), run.spec, run.kinds)
    rows = list(csv.DictReader(io.StringIO(leaderboard_csv(scores))))
    latent = rows[0]
    assert int(latent["interpretable:n"]) < int(latent["pass@1:n"])
    assert latent["n"] == latent["interpretable:n"]
    assert int(latent["n"]) == int(latent["total"]) - int(latent["unscored"].split("=")[1])


def test_a_run_of_fewer_words_has_fewer_columns() -> None:
    run = make_run(0, images=2, layers=(0,))
    spec = run.spec.model_copy(update={"k": 3})
    scores = score_run(run.columns, run.answers, run.patches, spec, run.kinds, JUDGE)
    rows = list(csv.DictReader(io.StringIO(leaderboard_csv(scores))))
    assert list(rows[0]) == list(columns(definitions(3)))
    assert "pass@3:rate" in rows[0]
    assert "pass@4:rate" not in rows[0]
    assert all(None not in row and None not in row.values() for row in rows)
