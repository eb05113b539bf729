"""Cells drawn from a board by lens, band and verdict."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from itertools import combinations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.core.errors import DataError, UsageError
from harness.core.ratings import Item, ItemCell
from human_eval.bands import layer_bands
from human_eval.candidates import Candidate
from human_eval.sampling import draw_items
from tests.human_eval.boards import LAYERS, LENSES, board
from tests.human_eval.studies import shuffled

BANDS = layer_bands(LAYERS)
Cell = tuple[Item, ItemCell]


def cells(items: tuple[Item, ...]) -> list[Cell]:
    return [(item, cell) for item in items for cell in item.cells]


def verdicts(candidates: list[Candidate]) -> dict[tuple[str, int | None, str], str]:
    return {(cell.lens, cell.layer, cell.patch_id): cell.verdict for cell in candidates}


@settings(max_examples=30, deadline=None)
@given(
    st.integers(3, 500), st.sampled_from((0.0, 10.0, 33.0)), st.integers(0, 20), st.integers(0, 5)
)
def test_every_lens_gets_its_share_of_every_stratum(
    n: int, controls: float, seed: int, made: int
) -> None:
    candidates = board(5, 4, seed=made)
    sample = draw_items(candidates, n, seed, controls)
    drawn = cells(sample.items)
    places = [(cell.lens, cell.layer, item.patch_id) for item, cell in drawn]
    assert len(set(places)) == len(places) == sample.cells == n
    by_kind = Counter(cell.kind for _, cell in drawn)
    assert by_kind["control"] == min(round(n * controls / 100), n - 3)
    for kind in ("lens", "control"):
        row_counts = Counter(cell.lens for _, cell in drawn if cell.kind == kind)
        counts = [row_counts[lens] for lens in LENSES if LENSES[lens] == kind]
        assert max(counts) - min(counts) <= 1
    known = verdicts(candidates)
    for lens in {cell.lens for _, cell in drawn}:
        ours = [(item, cell) for item, cell in drawn if cell.lens == lens]
        assert sum(cell.weight for _, cell in ours) == pytest.approx(5 * 4 * len(LAYERS))
        sizes: Counter[tuple[str, str]] = Counter(
            (BANDS[cell.layer], cell.verdict) for cell in candidates if cell.lens == lens
        )
        if len(ours) >= len(sizes):
            got = Counter(
                (cell.band, known[lens, cell.layer, item.patch_id]) for item, cell in ours
            )
            assert got.keys() == sizes.keys()
            for item, cell in ours:
                stratum = cell.band, known[lens, cell.layer, item.patch_id]
                assert cell.weight == pytest.approx(sizes[stratum] / got[stratum])


def test_the_order_of_the_board_does_not_change_the_sample_and_the_seed_does() -> None:
    candidates = board()
    sample = draw_items(candidates, 90, 1, 10)
    for seed in range(3):
        assert draw_items(shuffled(candidates, seed), 90, 1, 10) == sample
    other = draw_items(candidates, 90, 2, 10)
    assert {item.item_id for item in other.items} != {item.item_id for item in sample.items}


def test_items_tell_nothing_of_lens_layer_or_verdict() -> None:
    candidates = board(lenses={"latent": "lens", "random": "control"})
    sample = draw_items(candidates, 60, 0, 30, model="m", patch_types={"patch-0-0": "object"})
    for item in sample.items:
        assert re.fullmatch(r"[0-9a-f]{16}", item.item_id)
        assert item.model == "m"
        assert item.patch_type == ("object" if item.patch_id == "patch-0-0" else "")
        assert item.patch_id.removeprefix("patch-").split("-")[0] == item.image_id[6:]
    ids = [item.item_id for item in sample.items]
    assert ids == sorted(ids)
    # The same words on the same patch have the same id whatever lens, layer and verdict they have.
    moved = [
        replace(
            cell,
            lens={"latent": "other", "random": "control"}[cell.lens],
            kind="lens" if cell.kind == "control" else "control",
            layer=cell.layer + 50,
            verdict="miss",
        )
        for cell in candidates
    ]
    everything = draw_items(candidates, 10_000, 0, 50)
    again = draw_items(moved, 10_000, 0, 50)
    assert [item.item_id for item in everything.items] == [item.item_id for item in again.items]


def test_cells_with_the_same_words_on_a_patch_are_one_item() -> None:
    candidates = [replace(cell, words=("tower", "bridge")) for cell in board(3, 2)]
    sample = draw_items(candidates, 100, 0, 10)
    drawn = cells(sample.items)
    assert len(drawn) == sample.cells == 100
    assert len(sample.items) == len({item.patch_id for item in sample.items}) <= 6
    for item in sample.items:
        names = [(cell.lens, cell.layer) for cell in item.cells]
        assert names == sorted(names)
    # In another order of rank they are another question.
    turned = [replace(cell, words=cell.words[::-1]) if cell.layer else cell for cell in candidates]
    assert len(draw_items(turned, 270, 0, 10).items) == 12


def test_lenses_are_asked_about_the_same_places() -> None:
    def overlap(seeds: tuple[int, int]) -> float:
        """Return the share of common places of two lenses, each drawn under a seed of its own."""
        drawn = []
        for lens, seed in zip(("latent", "logit"), seeds, strict=True):
            items = draw_items(candidates, 300, seed, 0).items
            drawn.append({cell.pair for _, cell in cells(items) if cell.lens == lens})
        return len(drawn[0] & drawn[1]) / 100

    candidates = board(25, 4)  # 900 places, 100 drawn for each of three lenses
    apart = float(np.mean([overlap((seed, seed + 100)) for seed in range(5)]))
    together = float(np.mean([overlap((seed, seed)) for seed in range(5)]))
    assert apart < 0.2
    # Verdicts of the lenses are independent here: nothing but the numbers brings them together.
    assert together > 0.6
    items = draw_items(candidates, 300, 0, 0).items
    for (one, first), (two, second) in combinations(cells(items), 2):
        same = (one.patch_id, first.layer) == (two.patch_id, second.layer)
        assert (first.pair == second.pair) == same


def test_every_cell_of_a_stratum_has_the_same_chance() -> None:
    candidates = [
        replace(cell, verdict="hit" if index % 3 else "miss")
        for index, cell in enumerate(board(4, 2, lenses={"latent": "lens"}, layers=(0,)))
    ]
    sizes = Counter(cell.verdict for cell in candidates)
    seeds = 600
    counts: Counter[str] = Counter()
    for seed in range(seeds):
        counts.update(item.patch_id for item in draw_items(candidates, 4, seed, 0).items)
    assert sizes == {"hit": 5, "miss": 3}
    shares = {"hit": 2.5, "miss": 1.5}  # one of the two gets the item left over, keyed
    for cell in candidates:
        expected = shares[cell.verdict] / sizes[cell.verdict]
        assert abs(counts[cell.patch_id] / seeds - expected) < 4 * (0.25 / seeds) ** 0.5


def test_weighted_shares_are_right_on_average() -> None:
    candidates = board(6, 3)
    truth = np.mean([cell.verdict == "hit" for cell in candidates if cell.lens == "latent"])
    late = [cell for cell in candidates if cell.lens == "latent" and cell.layer >= 24]
    estimates = []
    for seed in range(60):
        ours = [
            (item, cell)
            for item, cell in cells(draw_items(candidates, 45, seed, 0).items)
            if cell.lens == "latent"
        ]
        known = verdicts(candidates)
        hits = [known["latent", cell.layer, item.patch_id] == "hit" for item, cell in ours]
        weights = [cell.weight for _, cell in ours]
        # Verdict and band are strata, so these are exact in every sample.
        assert np.average(hits, weights=weights) == pytest.approx(truth)
        in_band = [cell.weight for _, cell in ours if cell.band == "24-31"]
        assert sum(in_band) == pytest.approx(len(late))
        # Which patch it is is left to chance.
        first = [item.image_id in ("image-0", "image-1") for item, _ in ours]
        estimates.append(np.average(first, weights=weights))
    assert abs(np.mean(estimates) - 1 / 3) < 4 * np.std(estimates) / 60**0.5
    assert np.std(estimates) > 0.01


def test_a_small_share_is_divided_by_verdict_only_and_keeps_its_weights(
    caplog: pytest.LogCaptureFixture,
) -> None:
    candidates = board(lenses={"latent": "lens"})
    known = verdicts(candidates)
    for seed, n in product(range(8), (2, 4)):
        drawn = cells(draw_items(candidates, n, seed, 0).items)
        assert len(drawn) == n
        assert sum(cell.weight for _, cell in drawn) == pytest.approx(len(candidates))
        found = {known["latent", cell.layer, item.patch_id] for item, cell in drawn}
        assert n < 4 or found == {"hit", "miss", "unscored"}
    caplog.clear()
    with caplog.at_level("INFO", logger="lensbench"):
        draw_items(candidates, 9, 0, 0)
        assert not caplog.messages
        draw_items(candidates, 8, 0, 0)
    assert len(caplog.messages) == 1
    assert "too few items for every band and verdict of latent" in caplog.messages[0]


def test_words_that_show_nothing_are_not_asked_and_are_counted() -> None:
    candidates = board(2, 2, lenses={"latent": "lens"}, layers=(0, 1))
    silent = [
        replace(candidates[0], words=()),
        replace(candidates[1], words=("", " \u200b")),
        *candidates[2:],
    ]
    sample = draw_items(silent, 8, 0, 0)
    assert (sample.cells, sample.excluded) == (6, 2)
    asked = {(cell.layer, item.patch_id) for item, cell in cells(sample.items)}
    assert asked == {(cell.layer, cell.patch_id) for cell in candidates[2:]}
    assert sum(cell.weight for _, cell in cells(sample.items)) == 6
    with pytest.raises(UsageError, match="no cell has a word"):
        draw_items(silent[:2], 2, 0, 0)


def test_a_board_with_less_than_is_wanted_is_drawn_whole_and_this_is_said(
    caplog: pytest.LogCaptureFixture,
) -> None:
    candidates = board(1, 1)
    with caplog.at_level("INFO", logger="lensbench"):
        assert draw_items(candidates, 27, 0, 0).cells == 27
        assert not caplog.messages
        sample = draw_items(candidates, 360, 0, 10)
    assert sample.cells == 45
    assert {cell.weight for _, cell in cells(sample.items)} == {1.0}
    assert caplog.messages == [
        "45 cells are drawn, not 360: lenses or controls have no more of them"
    ]


def test_boards_without_controls_or_without_lenses() -> None:
    lenses = board(lenses={"latent": "lens", "logit": "lens"})
    drawn = cells(draw_items(lenses, 40, 0, 50).items)
    assert Counter(cell.lens for _, cell in drawn) == {"latent": 20, "logit": 20}
    controls = board(lenses={"random": "control"})
    assert draw_items(controls, 40, 0, 10).cells == 40
    # However many controls are wanted, every lens has a cell.
    drawn = cells(draw_items(board(), 10, 0, 100).items)
    assert Counter(cell.kind for _, cell in drawn) == {"control": 7, "lens": 3}


def test_bad_requests_are_named() -> None:
    with pytest.raises(UsageError, match="2 items: expected at least 3, one for each of the lens"):
        draw_items(board(), 2, 0, 0)
    with pytest.raises(UsageError, match="0 items: expected at least 1"):
        draw_items(board(lenses={"random": "control"}), 0, 0, 0)
    twice = board(1, 1)
    with pytest.raises(DataError, match="latent at layer 0 on patch patch-0-0 twice"):
        draw_items([*twice, twice[1]], 9, 0, 0)
