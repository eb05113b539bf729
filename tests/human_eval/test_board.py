from __future__ import annotations

import numpy as np
import pytest

from harness.core.agreement import Correction, Policy
from harness.core.errors import DataError
from harness.core.ratings import Item
from harness.core.records import LensKind
from human_eval.board import BoardCell, corrections
from human_eval.correction import BoardLens, correct
from human_eval.evidence import gather
from tests.human_eval.studies import WORDS, Made, cell, rating, relations, shuffled


def place(
    patch: int,
    hit: bool | None,
    lens: str = "latent",
    *,
    kind: LensKind = "lens",
    layer: int = 0,
    band: str = "0",
) -> BoardCell:
    said = None if hit is None else relations(hit)
    return BoardCell(lens, kind, layer, band, f"p{patch}", f"image {patch // 5}", said)


def drawn(patch: int, hit: bool | None, lens: str = "latent", *, weight: float = 4) -> Made:
    """Return the item of a cell at layer 0 and its rating; None if nobody rated it."""
    name = f"{lens} {patch}"
    asked = Item(
        item_id=name,
        image_id=f"image {patch // 5}",
        patch_id=f"p{patch}",
        words=WORDS,
        cells=(cell(lens, layer=0, weight=weight),),
    )
    return Made([asked], [] if hit is None else [rating(name, "a", hit)])


def found(
    made: Made, cells: list[BoardCell], policy: Policy | None = None
) -> tuple[Correction, ...]:
    evidence = gather(made.items, made.ratings, {}, policy or Policy(), 0)
    return corrections(evidence, {"gpt": cells})


def test_every_lens_control_and_band_has_its_row() -> None:
    cells = [
        place(0, True, "random", kind="control"),
        place(0, True, "logit", layer=9, band="9"),
        place(0, False, "logit"),
        place(1, None, "logit"),
        place(0, True, "latent"),
        place(1, True, "latent", layer=4, band="4"),
    ]
    rows = found(Made(), cells)
    assert [(row.lens, row.kind, row.band, row.cells) for row in rows] == [
        ("latent", "lens", "", 2),
        ("latent", "lens", "0", 1),
        ("latent", "lens", "4", 1),
        ("logit", "lens", "", 2),
        ("logit", "lens", "0", 1),
        ("logit", "lens", "9", 1),
        ("random", "control", "", 1),
    ]
    assert [row.raw.estimate for row in rows] == [1, 1, 1, 0.5, 0, 1, 1]
    assert {row.labels for row in rows} == {0}
    assert all(row.ppi.reason and row.rogan_gladen.reason for row in rows)


def test_cells_are_labelled_only_where_they_were_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[BoardLens] = []

    def spy(lens: BoardLens, *, seed: int = 0) -> Correction:
        seen.append(lens)
        return correct(lens, seed=seed)

    monkeypatch.setattr("human_eval.board.correct", spy)
    made = drawn(1, False, weight=7) + drawn(2, True, "logit") + drawn(3, None)
    cells = [
        place(3, True),
        place(2, False),
        place(1, True),
        place(1, True, layer=1),
        place(0, None),
    ]
    found(made, cells)
    (latent,) = seen
    nan = float("nan")
    assert latent.images == ["image 0"] * 5
    np.testing.assert_array_equal(latent.judged, [nan, 1, 0, 1, 1])
    np.testing.assert_array_equal(latent.labelled, [nan, 0, nan, nan, nan])
    assert latent.weights[1] == 7


def test_a_biased_judge_is_corrected() -> None:
    lot = np.random.default_rng(5)
    truth = [bool(lot.random() < 0.4) for _ in range(1500)]
    # The judge finds every hit and takes three in ten misses for one.
    cells = [place(patch, hit or bool(lot.random() < 0.3)) for patch, hit in enumerate(truth)]
    made = Made()
    for patch in range(0, 1500, 4):
        made = made + drawn(patch, truth[patch])
    (row,) = found(made, cells)
    rate = float(np.mean(truth))
    assert row.labels == 375
    assert row.raw.interval is not None and row.raw.interval[0] > rate
    for corrected in (row.rogan_gladen, row.ppi):
        assert corrected.interval is not None
        assert corrected.interval[0] < rate < corrected.interval[1]
    assert found(made, shuffled(cells, 1)) == (row,)


def test_the_definition_is_that_of_people_and_judge_alike() -> None:
    made = drawn(0, True)
    cells = [
        BoardCell("latent", "lens", 0, "0", "p0", "image 0", ("abstract",)),
        BoardCell("latent", "lens", 0, "0", "p1", "image 0", ("concrete",)),
    ]
    assert found(made, cells)[0].raw.estimate == 1
    assert found(made, cells, Policy(definition="concrete"))[0].raw.estimate == 0.5


def test_a_cell_of_two_items_is_named() -> None:
    twin = drawn(0, True).items[0].model_copy(update={"item_id": "twin", "words": ("x",)})
    with pytest.raises(
        DataError,
        match="items latent 0 and twin both stand for latent at layer 0 on patch p0; expected one",
    ):
        found(drawn(0, True) + Made([twin]), [place(0, True)])


def test_without_a_board_there_is_nothing_to_correct_and_no_cell_to_mix_up() -> None:
    twin = drawn(0, True).items[0].model_copy(update={"item_id": "twin"})
    made = drawn(0, True) + Made([twin])
    assert corrections(gather(made.items, made.ratings, {}, Policy(), 0), {}) == ()
