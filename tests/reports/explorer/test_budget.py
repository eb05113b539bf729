from __future__ import annotations

import json
from dataclasses import replace
from random import Random
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.core.errors import DataError, MismatchError
from reports.explorer import ExplorerSource, build_explorer
from reports.explorer.budget import _first_fitting
from reports.explorer.columns import clean
from reports.explorer.ladder import Rung
from reports.explorer.page import Page, size
from reports.explorer.prepared import prepare
from tests.reports.explorer.checks import check_browse, check_judged, steps
from tests.reports.explorer.decoding import books, columns, inflate
from tests.reports.explorer.made import explorer_source


@pytest.mark.parametrize("judges", [0, 1, 2])
@pytest.mark.parametrize("padded", [False, True])
def test_everything_comes_back(judges: int, padded: bool) -> None:
    source = explorer_source(images=2, rows=6, cols=5, judges=judges, padded=padded)
    explorer = build_explorer([source])
    (images,) = books(explorer)
    assert (explorer.note, explorer.shown, explorer.of) == ("", 2, 2)
    step = steps(explorer)
    check_judged(source, images, step)
    check_browse(source, images, dict(step), source.k)
    for image, picture in zip(images, source.pictures, strict=True):
        entry = image.entry
        assert explorer.pictures[entry["picture"]] == picture.data_uri
        assert (entry["rows"], entry["cols"]) == (len(picture.ys), len(picture.xs))
        for edges, wanted in ((entry["xs"], picture.xs), (entry["ys"], picture.ys)):
            assert (edges[-1] is None) == padded
            for made, given_edges in zip(edges, wanted, strict=True):
                assert made == (
                    None if given_edges is None else pytest.approx(given_edges, abs=1e-5)
                )


def without_grid(source: ExplorerSource) -> ExplorerSource:
    return replace(source, grid=None)


def sizes(source: ExplorerSource) -> list[tuple[Rung, int]]:
    """Return what every rung of the ladder really takes."""
    statuses = {cell.status for board in source.boards for c in board.cells.values() for cell in c}
    names = ["ok", *sorted(statuses - {"ok"})]
    page = Page([prepare(source, {name: i for i, name in enumerate(names)})], names)
    return [(rung, size(page.made(rung))) for rung in page.rungs]


def test_the_largest_rung_that_fits_is_chosen() -> None:
    source = explorer_source(images=3, rows=7, cols=7)
    table = sizes(source)
    assert len(table) == 1 + 4 + 3 + 2
    assert [taken for _, taken in table] == sorted((taken for _, taken in table), reverse=True)
    for rung, taken in table:
        explorer = build_explorer([source], taken)
        assert size(explorer) == taken
        (images,) = books(explorer)
        assert len(images) == explorer.shown == rung.images
        assert [image.browse is not None for image in images] == [
            number < rung.browse for number in range(rung.images)
        ]
        check_judged(source, images, steps(explorer))
        kept = {lens: step if rung.scores else None for lens, step in steps(explorer).items()}
        check_browse(source, images, kept, rung.words)
        assert json.loads(explorer.index)["note"] == explorer.note
    assert size(build_explorer([source], 1)) == table[-1][1]


def test_the_budget_is_kept_where_only_a_few_images_are_looked_at() -> None:
    source = explorer_source(images=16, rows=6, cols=6, judges=1, seed=3)
    taken = [each for _, each in sizes(source)]
    for share in (0.95, 0.75, 0.6, 0.5, 0.45, 0.4, 0.3, 0.15):
        budget = int(share * taken[0])
        best = next(place for place, each in enumerate(taken) if each <= budget)
        made = size(build_explorer([source], budget))
        assert taken[best + 1] <= made <= budget


@pytest.mark.parametrize("error", [0.3, 0.8, 2.0])
def test_the_budget_is_kept_where_the_prediction_is_wrong(
    monkeypatch: pytest.MonkeyPatch, error: float
) -> None:
    source = explorer_source(images=5, rows=6, cols=6, judges=1)
    taken = [each for _, each in sizes(source)]
    right = Page.predicted
    monkeypatch.setattr(Page, "predicted", lambda page, rung: error * right(page, rung))
    for budget in taken:
        assert size(build_explorer([source], budget)) <= budget


@given(
    st.lists(st.booleans(), min_size=1, max_size=40).map(sorted),
    st.integers(0, 39),
)
def test_the_first_that_fits_is_found(fitting: list[bool], first: int) -> None:
    first = min(first, len(fitting) - 1)
    rungs = [Rung(False, 1, 0, number) for number in range(len(fitting))]
    found = _first_fitting(rungs, first, lambda rung: fitting[rung.images])
    wanted = [place for place in range(first, len(fitting)) if fitting[place]]
    assert found == (wanted[0] if wanted else len(fitting) - 1)


def test_runs_share_pictures_and_lose_images_together() -> None:
    one = explorer_source(images=4, rows=5, cols=5, judges=1, model="one")
    two = explorer_source(images=4, rows=5, cols=5, judges=2, model="two", seed=1)
    both = build_explorer([one, two])
    assert len(both.pictures) == 4
    assert (both.shown, both.of) == (4, 4)
    index = json.loads(both.index)
    assert [book["model"] for book in index["books"]] == ["one", "two"]
    for number, (source, images) in enumerate(zip((one, two), books(both), strict=True)):
        check_judged(source, images, steps(both, number))
        check_browse(source, images, dict(steps(both, number)), source.k)
    fewer = build_explorer([one, two], 20_000)
    assert [len(images) for images in books(fewer)] == [fewer.shown, fewer.shown]
    assert 0 < fewer.shown < 4
    assert len(fewer.pictures) == fewer.shown


def test_equal_runs_give_equal_bytes_in_any_order_of_their_rows() -> None:
    source = explorer_source(images=2, rows=6, cols=6)
    assert build_explorer([source]) == build_explorer([source])
    assert source.grid is not None
    shuffled = replace(source, **_shuffled(source, Random(5)))
    assert shuffled.grid != source.grid
    for budget in (10**7, 40_000):
        assert build_explorer([shuffled], budget) == build_explorer([source], budget)


def _shuffled(source: ExplorerSource, lot: Random) -> dict[str, Any]:
    """Return the tables with their rows in another order, and boards that follow them."""
    assert source.grid is not None
    order = list(range(len(source.descriptions["word"])))
    lot.shuffle(order)
    moved = {old: new for new, old in enumerate(order)}
    cells_of = list(range(len(source.grid["word"])))
    lot.shuffle(cells_of)
    boards = [
        replace(
            board,
            cells={
                place: tuple(
                    replace(cell, rows=tuple(moved[row] for row in cell.rows)) for cell in cells
                )
                for place, cells in board.cells.items()
            },
        )
        for board in source.boards
    ]
    return {
        "descriptions": {n: [v[i] for i in order] for n, v in source.descriptions.items()},
        "grid": {n: [v[i] for i in cells_of] for n, v in source.grid.items()},
        "boards": boards,
    }


def test_columns_may_be_lists_arrays_or_arrow() -> None:
    source = explorer_source(images=2, rows=5, cols=5, judges=1)
    assert source.grid is not None
    safe: dict[str, list[Any]] = {
        name: [clean(value) if isinstance(value, str) else value for value in values]
        for name, values in source.grid.items()
    }
    table = pa.table(safe)
    pieces = pa.concat_tables([table.slice(0, 100), table.slice(100)])
    coded = pieces.set_column(3, "lens", pieces["lens"].combine_chunks().dictionary_encode())
    layers = [np.nan if layer is None else layer for layer in safe["source_layer"]]
    arrays: dict[str, Any] = {
        name: np.array(values, dtype=object if isinstance(values[0], str) else None)
        for name, values in {**safe, "source_layer": layers}.items()
    }
    wanted = build_explorer([replace(source, grid=safe)])
    grids: list[Any] = [table, pieces, coded, arrays]
    for grid in grids:
        assert build_explorer([replace(source, grid=grid)]) == wanted
    assert build_explorer([source]) == wanted


def test_the_index_names_lenses_before_controls_and_chunks_what_they_hold() -> None:
    source = explorer_source(images=2, rows=5, cols=5)
    assert [*source.kinds.values()] != sorted(source.kinds.values(), reverse=True)
    for rung, taken in sizes(source):
        explorer = build_explorer([source], taken)
        (book,) = json.loads(explorer.index)["books"]
        assert book["lenses"] == [
            {"name": name, "kind": kind, "style": source.styles[name], "score": score}
            for name, kind, score in (
                ("latent", "lens", "cosine"),
                ("logit", "lens", "logit"),
                ("shuffled-patch:latent", "control", "cosine"),
                ("random-reference", "control", ""),
            )
        ]
        assert (book["layers"], book["same"]) == ([0, 1, 4, 8], [1])
        for entry in book["images"]:
            judged, _ = columns(inflate(explorer.chunks[entry["patches"]]))
            assert (judged["lenses"], judged["k"]) == ([0, 1, 2, 3], 5)
            if entry["browse"] is not None:
                browse, _ = columns(inflate(explorer.chunks[entry["browse"]]))
                assert (browse["lenses"], browse["k"]) == ([0, 1], rung.words)


def test_planted_markup_is_only_inside_compressed_chunks() -> None:
    explorer = build_explorer([explorer_source()])
    assert not any("<" in chunk for chunk in explorer.chunks)
    assert "window.planted" in inflate(explorer.chunks[0]).decode()
    assert "<script>" not in explorer.index


def test_runs_without_words_pictures_or_images() -> None:
    empty = build_explorer([])
    assert (empty.chunks, empty.pictures, empty.shown, empty.of, empty.note) == ((), (), 0, 0, "")
    source = explorer_source(images=2, rows=4, cols=4)
    hidden = build_explorer([replace(source, pictures=[])])
    assert (hidden.shown, hidden.of) == (0, 2)
    assert books(hidden) == [[]]
    none = explorer_source(images=0)
    assert books(build_explorer([none])) == [[]]
    undescribed = explorer_source(images=2, per_image=0, grid=False)
    (images,) = books(build_explorer([undescribed]))
    assert [(image.judged, image.browse) for image in images] == [(None, None)] * 2
    bare = explorer_source(images=1, rows=3, cols=3, k=0)
    (images,) = books(build_explorer([bare]))
    assert images[0].judged is not None
    assert {question.words for question in images[0].judged.values()} == {()}


def test_one_image_stays_whatever_it_takes() -> None:
    source = explorer_source(images=3, rows=5, cols=5)
    explorer = build_explorer([source], budget=0)
    assert (explorer.shown, explorer.of) == (1, 3)
    assert explorer.note == (
        "Only the first image of 3 fit the page, and of them only the cells that a judge was "
        "asked about."
    )


def test_scores_that_are_all_the_same_come_back() -> None:
    source = without_grid(explorer_source(images=1, rows=4, cols=4, judges=1))
    flat = {**source.descriptions, "score": [0.25] * len(source.descriptions["word"])}
    source = replace(source, descriptions=flat)
    explorer = build_explorer([source])
    assert set(steps(explorer).values()) == {0.0}
    check_judged(source, books(explorer)[0], steps(explorer))


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("lens", "other", "lens 'other', which is not part of the run"),
        ("layer", 99, "layer 99, which is not part of the run"),
        ("row", 12, "row 12, column 0"),
        ("col", -1, "row 0, column -1"),
    ],
)
def test_words_of_another_run_are_refused(column: str, value: Any, message: str) -> None:
    source = explorer_source(images=1, rows=12, cols=12)
    assert source.grid is not None
    first = [value, *source.grid[column][1:]]
    with pytest.raises(MismatchError, match=message):
        build_explorer([replace(source, grid={**source.grid, column: first})])


def test_two_words_of_one_rank_are_refused() -> None:
    source = explorer_source(images=1, rows=4, cols=4)
    assert source.grid is not None
    twice = {name: [*values, values[-1]] for name, values in source.grid.items()}
    with pytest.raises(DataError, match="two words of rank"):
        build_explorer([replace(source, grid=twice)])


def test_a_patch_outside_its_picture_is_refused() -> None:
    source = without_grid(explorer_source(images=1, rows=4, cols=4))
    cut = [replace(picture, ys=picture.ys[:2]) for picture in source.pictures]
    with pytest.raises(MismatchError, match="not in its grid of 2 rows and 4 columns"):
        build_explorer([replace(source, pictures=cut)])


def test_a_score_that_is_not_a_number_is_refused() -> None:
    source = explorer_source(images=1, rows=4, cols=4)
    scores = [float("nan"), *source.descriptions["score"][1:]]
    with pytest.raises(DataError, match="score of lens 'latent' is not a finite number"):
        build_explorer([replace(source, descriptions={**source.descriptions, "score": scores})])


def test_words_of_controls_and_other_images_are_left_out() -> None:
    source = explorer_source(images=1, rows=4, cols=4)
    assert source.grid is not None
    plain = build_explorer([source])
    control = {name: [*values] for name, values in source.grid.items()}
    for name, values in control.items():
        values.append(values[-1] if name != "lens" else "random-reference")
    foreign = {name: [*values] for name, values in source.grid.items()}
    for name, values in foreign.items():
        values.append(values[-1] if name != "image_id" else "f" * 64)
    for grid in (control, foreign):
        made = books(build_explorer([replace(source, grid=grid)]))
        assert made == books(plain)
