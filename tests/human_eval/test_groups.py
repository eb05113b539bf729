from __future__ import annotations

from harness.core.agreement import Policy
from human_eval.evidence import gather
from human_eval.groups import Group, groups
from tests.human_eval.studies import Made, cant_tell, cell, item, rating


def found(made: Made) -> list[Group]:
    return groups(gather(made.items, made.ratings, {}, Policy(), 0))


def names(made: Made) -> list[tuple[str, str]]:
    return [(group.by, group.name) for group in found(made)]


MIXED = Made(
    [
        item("a", cell("logit", layer=8, band="8-16"), patch_type="background", model="m"),
        item("b", cell("latent", layer=2, band="0-2", weight=3), model="n"),
        item("c", cell("random", kind="control", layer=24, band="24")),
    ],
    [rating(name) for name in "abc"],
)


def test_groups_come_in_one_order() -> None:
    assert names(MIXED) == [
        ("all", "all"),
        ("lens", "latent"),
        ("lens", "logit"),
        ("lens", "random"),
        ("kind", "lens"),
        ("kind", "control"),
        ("band", "0-2"),
        ("band", "8-16"),
        ("category", "concrete"),
        ("category", "abstract"),
        ("category", "global"),
        ("patch_type", "background"),
        ("model", "m"),
        ("model", "n"),
    ]


def test_controls_are_in_no_group_of_lenses() -> None:
    weights = {(group.by, group.name): group.weights.tolist() for group in found(MIXED)}
    assert weights["all", "all"] == [1, 3, 0]
    assert weights["kind", "lens"] == [1, 3, 0]
    assert weights["kind", "control"] == [0, 0, 1]
    assert weights["lens", "random"] == [0, 0, 1]
    assert weights["category", "global"] == [1, 3, 0]


def test_one_kind_and_one_model_are_not_told_apart() -> None:
    made = Made([item("a", model="m"), item("b", model="m")], [rating("a"), rating("b")])
    assert names(made) == [
        ("all", "all"),
        ("lens", "latent"),
        *(("category", name) for name in ("concrete", "abstract", "global")),
    ]


def test_groups_that_nobody_rated_are_left_out_but_all_stays() -> None:
    made = Made([item("a"), item("b", cell("logit"))], [rating("b"), cant_tell("a")])
    assert ("lens", "latent") not in names(made)
    assert ("lens", "logit") in names(made)
    assert names(Made([item("a")])) == [("all", "all")]


def test_an_item_of_several_cells_is_in_each_of_their_groups_with_their_weights() -> None:
    cells = (
        cell("logit", layer=0, band="low", weight=2),
        cell("logit", layer=9, band="high", weight=5),
        cell("latent", layer=9, band="high", weight=1),
    )
    weights = {
        (group.by, group.name): group.weights.tolist()
        for group in found(Made([item("a", *cells)], [rating("a")]))
    }
    assert weights["lens", "logit"] == [7]
    assert weights["lens", "latent"] == [1]
    assert (weights["band", "low"], weights["band", "high"]) == ([2], [6])
    assert weights["all", "all"] == [8]
