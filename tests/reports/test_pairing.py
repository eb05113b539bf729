from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.core.errors import UsageError
from harness.core.records import LensKind
from reports.holm import holm
from reports.outcomes import Outcomes, join
from reports.pairing import Compared, compare_runs
from reports.pairing_records import CellPair, RunComparison
from reports.stats import Values, mcnemar, paired_difference
from tests.reports.synthetic import JUDGE, Rate, Run, make_run

KINDS: dict[str, LensKind] = {"latent": "lens", "logit": "lens", "random-vector": "control"}


def level(**rates: float) -> Rate:
    return lambda lens, layer: rates.get(lens, 0.3)


def a_run(seed: int = 0, images: int = 30, per_image: int = 4, **rates: float) -> Run:
    return make_run(
        seed,
        images=images,
        per_image=per_image,
        layers=(0, 2, 5),
        kinds=KINDS,
        rate=level(**rates),
        image_effect=0.2,
    )


def compared(run: Run, name: str, board: Outcomes | None = None) -> Compared:
    joined = join(run.columns, run.answers, run.patches, run.spec, JUDGE)
    return Compared(name, board or joined, run.spec, run.kinds)


def renamed(side: Compared, *, patches: str = "", images: str = "") -> Compared:
    """Return a run whose patches, or images too, have other names."""
    new = tuple(
        patch.model_copy(
            update={
                "patch_id": patches + patch.patch_id,
                "image_id": images + patch.image_id,
            }
        )
        for patch in side.board.patches
    )
    return replace(side, board=replace(side.board, patches=new))


def reordered(side: Compared, order: list[int]) -> Compared:
    """Return the same run with its patches in another order."""
    board = side.board
    return replace(
        side,
        board=replace(
            board,
            patches=tuple(board.patches[i] for i in order),
            cells={key: tuple(cells[i] for i in order) for key, cells in board.cells.items()},
        ),
    )


def by_image(side: Compared) -> dict[str, Values]:
    return side.board.by_image(side.board.hits("latent", 2, "interpretable"))


def cell(found: RunComparison, lens: str, layer: int | None) -> CellPair:
    return next(each for each in found.cells if (each.lens, each.layer) == (lens, layer))


A = compared(a_run(0), "A")
B = compared(a_run(1, latent=0.7), "B")


def test_the_same_patches_are_paired_by_patch() -> None:
    found = compare_runs(A, B)
    assert (found.pairing, found.units, found.images, found.left_out) == (
        "patches",
        120,
        30,
        (0, 0),
    )
    for lens in KINDS:
        for layer in (None, 0, 2, 5):
            a, b = (side.board.hits(lens, layer, "interpretable") for side in (A, B))
            expected = paired_difference(A.board.by_image(a), B.board.by_image(b), seed=42)
            pair = cell(found, lens, layer)
            assert pair.difference == pytest.approx(expected.mean)
            assert (pair.low, pair.high) == pytest.approx((expected.low, expected.high))
            if layer is not None:
                only = int((a > b).sum()), int((b > a).sum())
                assert (pair.first_only, pair.second_only) == only
                assert pair.mcnemar_p == mcnemar(*only)


def test_a_planted_difference_is_found_and_equals_are_not() -> None:
    found = compare_runs(A, B)
    verdicts = {(each.lens, each.layer): each.verdict for each in found.cells}
    assert {verdicts["latent", layer] for layer in (None, 0, 2, 5)} == {"second higher"}
    assert {v for (lens, _), v in verdicts.items() if lens != "latent"} == {"not told apart"}
    turned = compare_runs(B, A)
    assert cell(turned, "latent", 0).verdict == "first higher"
    difference = cell(turned, "latent", 0).difference
    assert difference is not None
    assert difference == pytest.approx(-(cell(found, "latent", 0).difference or 0.0))


@settings(max_examples=4)
@given(order=st.permutations(range(len(A.board.patches))))
def test_the_order_of_patches_changes_nothing(order: list[int]) -> None:
    assert compare_runs(reordered(A, order), B) == compare_runs(A, B)


def test_a_run_against_itself_differs_nowhere_and_is_not_certain_of_it() -> None:
    found = compare_runs(A, replace(A, name="copy"))
    for each in found.cells:
        assert (each.difference, each.p_value, each.verdict) == (0.0, 1.0, "not told apart")
        assert each.low is not None
        assert each.low < -0.05
    assert found.differences == ()


def test_families_are_corrected_apart() -> None:
    found = compare_runs(A, B)
    for kind in ("lens", "control"):
        for mean in (True, False):
            family = [c for c in found.cells if c.kind == kind and (c.layer is None) is mean]
            values = [c.p_value for c in family if c.p_value is not None]
            assert [c.p_holm for c in family] == pytest.approx(holm(values))


def test_more_patches_of_the_same_images_are_left_out_of_the_pairs() -> None:
    small = compared(a_run(1, per_image=2), "small")
    found = compare_runs(A, small)
    assert (found.pairing, found.units, found.left_out) == ("patches", 60, (60, 0))
    kept = [i for i, p in enumerate(A.board.patches) if p.patch_id[-1] in "01"]
    rate = A.board.hits("logit", 2, "interpretable")[kept].mean()
    assert cell(found, "logit", 2).first == pytest.approx(rate)


def test_other_patches_of_the_same_images_are_paired_by_image() -> None:
    other = renamed(B, patches="other-")
    found = compare_runs(A, other)
    assert (found.pairing, found.units, found.images) == ("images", 30, 30)
    a, b = (
        np.array([values.mean() for _, values in sorted(by_image(side).items())])
        for side in (A, other)
    )
    pair = cell(found, "latent", 2)
    assert pair.difference == pytest.approx((a - b).mean())
    assert pair.first == pytest.approx(a.mean())
    assert pair.first_n == pair.second_n == 30
    assert (pair.first_only, pair.mcnemar_p) == (None, None)
    assert pair.verdict == "second higher"


def test_pairing_by_image_uses_what_images_share() -> None:
    """Where images are hard or easy for both runs, pairs are compared more precisely."""
    run = make_run(
        3,
        images=40,
        per_image=10,
        layers=(0,),
        kinds={"latent": "lens", "logit": "lens"},
        rate=lambda lens, layer: 0.5,
        image_effect=0.45,
    )
    first = compared(run, "A")
    exchanged = {("latent", 0): first.board.cells["logit", 0]}
    other = replace(
        first, name="B", board=replace(first.board, cells=exchanged, lenses=("latent",))
    )
    paired = compare_runs(first, renamed(other, patches="x-")).cells[1]
    apart = compare_runs(first, renamed(other, patches="x-", images="x-")).cells[1]
    assert paired.difference == pytest.approx(apart.difference)
    assert width(paired) < 0.6 * width(apart)


def width(pair: CellPair) -> float:
    assert pair.low is not None
    assert pair.high is not None
    return pair.high - pair.low


def test_runs_without_a_common_image_are_independent_samples() -> None:
    found = compare_runs(A, renamed(B, patches="x-", images="x-"))
    assert (found.pairing, found.units, found.left_out) == ("none", 120, (0, 0))
    pair = cell(found, "latent", None)
    assert pair.verdict == "second higher"
    assert (pair.first_n, pair.second_n, pair.first_only) == (120, 120, None)


def test_one_image_cannot_tell() -> None:
    one, other = (compared(a_run(seed, images=1), str(seed)) for seed in (0, 1))
    for second in (other, renamed(other, patches="x-"), renamed(other, patches="x-", images="x-")):
        for each in compare_runs(one, second).cells:
            assert each.verdict == "cannot tell"
            assert (each.low, each.high, each.p_value, each.p_holm) == (None, None, None, None)


def test_nothing_scored_in_one_run_cannot_tell() -> None:
    run = a_run(0)
    silent = join(run.columns, {}, run.patches, run.spec, JUDGE)
    for second in (B, renamed(B, patches="x-"), renamed(B, patches="x-", images="x-")):
        for each in compare_runs(compared(run, "silent", silent), second).cells:
            assert (each.difference, each.verdict) == (None, "cannot tell")


def test_unscored_patches_are_left_out_of_both() -> None:
    run = a_run(0)
    words = {key for key in run.answers if key[0].startswith("p000")}
    answers = {key: value for key, value in run.answers.items() if key not in words}
    partly = compared(run, "partly", join(run.columns, answers, run.patches, run.spec, JUDGE))
    pair = cell(compare_runs(partly, B), "latent", 2)
    assert pair.first_n == pair.second_n == 116
    rate = B.board.hits("latent", 2, "interpretable")[4:].mean()
    assert pair.second == pytest.approx(rate)
    assert pair.difference == pytest.approx((pair.first or 0.0) - (pair.second or 0.0))


def test_layers_can_be_chosen_and_means_are_over_them() -> None:
    found = compare_runs(A, B, layers=[0, 5])
    assert found.layers == (0, 5)
    assert {each.layer for each in found.cells} == {None, 0, 5}
    rates = [cell(found, "logit", layer).first or 0.0 for layer in (0, 5)]
    assert cell(found, "logit", None).first == pytest.approx(sum(rates) / 2)


def test_what_only_one_run_has_is_listed_and_the_rest_compared() -> None:
    narrow = replace(B, board=replace(B.board, lenses=("latent",), layers=(2, 5)))
    found = compare_runs(A, narrow)
    assert found.missing == ("only in A: logit, random-vector", "only in A: layers 0")
    assert {each.lens for each in found.cells} == {"latent"}
    assert found.layers == (2, 5)


def test_differences_of_the_specs_are_listed_with_their_reason() -> None:
    changed = replace(B, spec=B.spec.model_copy(update={"corpus_hash": "c" * 64, "vlm_hash": "d"}))
    found = {each.field: each for each in compare_runs(A, changed).differences}
    assert {"corpus_hash", "vlm_hash"} <= set(found)
    assert found["corpus_hash"].separates
    assert found["corpus_hash"].why


@pytest.mark.parametrize(
    ("change", "options", "message"),
    [
        ({"layers": (7,)}, {}, r"no layer in common: \[0, 2, 5\]; \[7\]"),
        ({"lenses": ("acme",)}, {}, "no lens in common: latent, logit, random-vector; acme"),
        ({}, {"layers": [3]}, r"layer 3 is not in both runs; expected some of \[0, 2, 5\]"),
        ({}, {"definition": "concret"}, "unknown definition of both runs 'concret': did you mean"),
    ],
)
def test_bad_input_is_refused(
    change: dict[str, object], options: dict[str, object], message: str
) -> None:
    other = replace(B, board=replace(B.board, **change))  # type: ignore[arg-type]
    with pytest.raises(UsageError, match=message):
        compare_runs(A, other, **options)  # type: ignore[arg-type]


def test_a_definition_needs_its_words_in_both_runs() -> None:
    short = replace(B, spec=B.spec.model_copy(update={"k": 3}))
    assert compare_runs(A, short, "pass@3").definition == "pass@3"
    with pytest.raises(UsageError, match="pass@4"):
        compare_runs(A, short, "pass@4")
