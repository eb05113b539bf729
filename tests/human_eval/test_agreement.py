from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from harness.core.agreement import Agreement, Estimate, Policy
from harness.core.errors import DataError
from harness.core.ids import canonical_json
from harness.core.ratings import Item, JudgeReply, LeftOut, Rating
from human_eval.agreement import BoardCell, agreement
from tests.human_eval.studies import (
    WORDS,
    Made,
    cant_tell,
    cell,
    from_counts,
    item,
    rating,
    reply,
    shuffled,
    simulated,
)


def of(made: Made, policy: Policy | None = None, **options: Any) -> Agreement:
    return agreement(made.items, made.ratings, {"gpt": made.replies}, policy or Policy(), **options)


def estimates(value: object) -> Iterator[Estimate]:
    """Yield every estimate in a record."""
    if isinstance(value, Estimate):
        yield value
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from estimates(getattr(value, name))
    elif isinstance(value, tuple):
        for part in value:
            yield from estimates(part)


def numbers(value: object) -> Iterator[float]:
    """Yield every number in plain data."""
    if isinstance(value, dict):
        for part in value.values():
            yield from numbers(part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from numbers(part)
    elif isinstance(value, float):
        yield value


def check(result: Agreement) -> None:
    """Every figure is a number or says why not, and the record is what its JSON says."""
    assert all(math.isfinite(number) for number in numbers(result.model_dump()))
    for estimate in estimates(result):
        assert (estimate.estimate is not None and estimate.interval is not None) or estimate.reason
    assert Agreement.model_validate_json(canonical_json(result)) == result


@pytest.mark.parametrize(
    ("counts", "kappa", "accuracy", "sensitivity", "specificity"),
    [
        ((94, 23, 32, 211), 0.659, 0.847, 0.746, 0.902),
        ((127, 31, 20, 122), 0.660, 0.830, 0.864, 0.797),
    ],
    ids=["EmbeddingLens", "LatentLens"],
)
def test_the_figures_of_the_published_study_come_out(
    counts: tuple[int, int, int, int],
    kappa: float,
    accuracy: float,
    sensitivity: float,
    specificity: float,
) -> None:
    result = of(from_counts(*counts, lens="x"))
    everything = result.judges[0].groups[0]
    assert result.cohen_kappa == everything.coefficients.cohen_kappa
    figures = (
        result.cohen_kappa,
        everything.coefficients.percent,
        everything.sensitivity,
        everything.specificity,
    )
    for figure, published in zip(figures, (kappa, accuracy, sensitivity, specificity), strict=True):
        assert figure.estimate == pytest.approx(published, abs=5e-4)
        assert figure.interval is not None
        assert figure.interval[0] < published < figure.interval[1]
    assert result.rated == result.items == sum(counts)


def test_one_judge_is_seen_differently_lens_by_lens() -> None:
    result = of(
        from_counts(94, 23, 32, 211, lens="embedding")
        + from_counts(127, 31, 20, 122, lens="latent")
    )
    by_lens = {group.name: group for group in result.judges[0].groups if group.by == "lens"}
    assert by_lens["embedding"].sensitivity.estimate == pytest.approx(0.746, abs=5e-4)
    assert by_lens["latent"].sensitivity.estimate == pytest.approx(0.864, abs=5e-4)
    assert result.judges[0].groups[0].coefficients.n == 660


def study() -> tuple[Made, dict[str, list[JudgeReply]], list[BoardCell]]:
    """Return a study with everything: two judges, controls, weights, blank ratings, a board."""
    made, replies = simulated(80, {"a": 0.1, "b": 0.2, "c": 0.1}, {"one": 0.1, "two": 0.2})
    made.items[:] = [
        one.model_copy(
            update={
                "cells": tuple(
                    part.model_copy(update={"weight": 1 + place % 3 / 7}) for part in one.cells
                )
            }
        )
        for place, one in enumerate(made.items)
    ]
    made.ratings[5] = rating(made.ratings[5].item_id, made.ratings[5].annotator, None)
    made.ratings[7] = cant_tell(made.ratings[7].item_id, made.ratings[7].annotator)
    replies["one"][4] = JudgeReply(item_id="item-0004", judge="one", status="refusal")
    made.items.append(item("control", cell("random", kind="control", weight=3)))
    made.ratings.append(rating("control", "a", False))
    board = [
        BoardCell(
            part.lens, part.kind, part.layer or 0, part.band, one.patch_id, one.image_id, None
        )
        for one in made.items
        for part in one.cells
    ]
    return made, replies, board


@given(st.integers(0, 1000))
@settings(max_examples=2)
def test_the_order_of_what_is_given_changes_nothing(seed: int) -> None:
    made, replies, board = study()
    plain = agreement(made.items, made.ratings, replies, Policy(), board={"one": board})
    mixed = agreement(
        shuffled(made.items, seed),
        shuffled(made.ratings, seed + 1),
        {judge: shuffled(given, seed + 2) for judge, given in replies.items()},
        Policy(),
        board={"one": shuffled(board, seed + 3)},
    )
    assert mixed == plain
    check(plain)


def test_a_weight_is_as_many_equal_items_of_the_image() -> None:
    made, replies = simulated(90, {"a": 0.1, "b": 0.2}, {"gpt": 0.15})
    weighted, repeated = Made(), Made()
    for place, one in enumerate(made.items):
        times = 1 + place % 3
        part = one.cells[0].model_copy(update={"weight": float(times), "pair": ""})
        weighted.items.append(one.model_copy(update={"cells": (part,)}))
        for copy in range(times):
            single = part.model_copy(update={"weight": 1.0})
            name = f"{one.item_id}-{copy}"
            repeated.items.append(one.model_copy(update={"item_id": name, "cells": (single,)}))
            for source, target in (
                (made.ratings, repeated.ratings),
                (replies["gpt"], repeated.replies),
            ):
                for given_one in source:
                    if given_one.item_id == one.item_id:
                        target.append(given_one.model_copy(update={"item_id": name}))  # type: ignore[arg-type]
    result = of(Made(weighted.items, made.ratings, replies["gpt"]))
    other = of(repeated)
    for group, twin in zip(result.judges[0].groups, other.judges[0].groups, strict=True):
        assert (group.by, group.name) == (twin.by, twin.name)
        for figure in ("sensitivity", "specificity", "human_rate", "judge_rate", "bias"):
            assert getattr(group, figure).estimate == pytest.approx(getattr(twin, figure).estimate)
        kappa, same = group.coefficients.cohen_kappa, twin.coefficients.cohen_kappa
        assert kappa.estimate == pytest.approx(same.estimate)
        assert kappa.interval == pytest.approx(same.interval)
    pooled, twins = result.ceiling.coefficients, other.ceiling.coefficients
    assert pooled.cohen_kappa.estimate == pytest.approx(twins.cohen_kappa.estimate)
    assert pooled.gwet_ac1.estimate == pytest.approx(twins.gwet_ac1.estimate)
    assert [one.cohen_kappa for one in result.policies] == pytest.approx(
        [one.cohen_kappa for one in other.policies]
    )


def test_what_was_read_is_in_the_record() -> None:
    left_out = [
        LeftOut(reason="unknown item", source="a.jsonl:3"),
        *[LeftOut(reason="duplicate rating", source=f"a.jsonl:{line}") for line in (9, 5)],
    ]
    made = Made(
        [item("x"), item("y"), item("z")],
        [rating("x"), rating("y", "a", None), cant_tell("z"), rating("x", "b", False)],
        [reply("x")],
    )
    result = of(made, source={"labels": "a.jsonl"}, left_out=left_out, seed=4, half_width=0.1)
    assert result.source == {"labels": "a.jsonl"}
    assert (result.seed, result.items, result.rated) == (4, 3, 1)
    assert result.ratings == {"selected": 1, "none": 1, "cant_tell": 1, "blank": 1}
    assert result.left_out == {"duplicate rating": 2, "unknown item": 1}
    assert result.left_out_list == tuple(left_out)
    assert [one.annotator for one in result.annotators] == ["a", "b"]
    assert {one.half_width for one in result.needed} == {0.1}


def test_the_first_judge_is_the_one_that_is_told_of() -> None:
    made, replies = simulated(100, {"a": 0.05, "b": 0.05}, {"weak": 0.3, "good": 0.05})
    result = agreement(made.items, made.ratings, replies, Policy())
    assert [one.judge for one in result.judges] == ["weak", "good"]
    assert result.cohen_kappa == result.judges[0].groups[0].coefficients.cohen_kappa
    assert result.cohen_kappa != result.judges[1].groups[0].coefficients.cohen_kappa
    assert len(result.judges[0].against_others) == len(result.ceiling.leave_one_out) == 2
    assert [one.judge for one in result.policies] == ["weak"] * 12 + ["good"] * 12


def test_items_needed_are_items_of_all_kinds() -> None:
    made, replies = simulated(200, {"a": 0.05}, {"gpt": 0.2})
    result = agreement(made.items, made.ratings, replies, Policy(), half_width=0.05)
    needed = {one.figure: one.items for one in result.needed}
    sensitivity = result.judges[0].groups[0].sensitivity
    assert sensitivity.interval is not None and sensitivity.n < 200
    now = (sensitivity.interval[1] - sensitivity.interval[0]) / 2
    assert needed["sensitivity"] == math.ceil(200 * (now / 0.05) ** 2)
    assert list(needed) == ["cohen_kappa", "sensitivity", "specificity"]


def test_the_policy_in_use_is_among_the_policies_with_its_own_figures() -> None:
    made, replies, _ = study()
    policy = Policy(blank="none", ties="strict", definition="concrete+abstract")
    result = agreement(made.items, made.ratings, replies, policy)
    for judge in result.judges:
        (own,) = [
            one for one in result.policies if one.policy == policy and one.judge == judge.judge
        ]
        everything = judge.groups[0]
        assert own.n == everything.coefficients.n
        assert own.cohen_kappa == everything.coefficients.cohen_kappa.estimate
        assert own.human_rate == pytest.approx(everything.human_rate.estimate)


NOBODY = Made([item("x"), item("y")])
DEGENERATE = {
    "nothing": Made(),
    "nobody rated": NOBODY + Made([], [], [reply("x")]),
    "nobody could tell": NOBODY + Made([], [cant_tell("x"), cant_tell("y")], [reply("x")]),
    "all blank": NOBODY + Made([], [rating("x", "a", None)], [reply("x")]),
    "no overlap": NOBODY + Made([], [rating("x")], [reply("y")]),
    "one class": NOBODY + Made([], [rating("x"), rating("y")], [reply("x"), reply("y")]),
    "one image": Made(
        [item("x", image="i"), item("y", image="i")],
        [rating("x"), rating("y", hit=False)],
        [reply("x"), reply("y", False)],
    ),
    "all unscored": NOBODY
    + Made(
        [],
        [rating("x"), rating("y", hit=False)],
        [JudgeReply(item_id=name, judge="gpt", status="api_error") for name in "xy"],
    ),
    "controls only": Made([item("x", cell("random", kind="control"))], [rating("x")], [reply("x")]),
}


@pytest.mark.parametrize("made", DEGENERATE.values(), ids=DEGENERATE)
def test_what_cannot_be_told_says_why(made: Made) -> None:
    result = of(made)
    check(result)
    everything = result.judges[0].groups[0]
    assert (everything.by, everything.name) == ("all", "all")
    if made.items != DEGENERATE["one image"].items:
        assert result.cohen_kappa.estimate is None
        assert result.needed[0].items is None and result.needed[0].reason


def test_without_a_judge_the_ceiling_is_still_there() -> None:
    made, _ = simulated(60, {"a": 0.1, "b": 0.1}, {})
    result = agreement(made.items, made.ratings, {}, Policy())
    check(result)
    assert result.cohen_kappa.reason == "no judge has replied to these items"
    assert not (result.judges or result.comparisons or result.policies)
    assert result.ceiling.coefficients.cohen_kappa.estimate is not None
    assert [one.items for one in result.needed] == [None]


def test_one_person_has_figures_with_the_judge_and_none_with_others() -> None:
    result = of(from_counts(20, 5, 5, 20, lens="x"))
    assert result.cohen_kappa.estimate == pytest.approx(0.6)
    assert result.ceiling.coefficients.cohen_kappa.reason == "only one rater"
    assert result.judges[0].against_others[0].n == 0


def test_ratings_of_unknown_items_are_refused() -> None:
    with pytest.raises(DataError, match="unknown item"):
        of(Made([item("x")], [rating("y")]))


RELATION = st.sampled_from(["concrete", "abstract", "global", "none"])
CELLS = st.builds(
    cell,
    st.sampled_from(["a", "b", "control"]),
    layer=st.integers(0, 2),
    band=st.sampled_from(["", "0-1", "2"]),
    pair=st.sampled_from(["", "1", "2"]),
    weight=st.floats(0.1, 50),
).map(lambda made: made.model_copy(update={"kind": "control"}) if made.lens == "control" else made)


@st.composite
def studies(draw: st.DrawFn) -> tuple[Made, dict[str, list[JudgeReply]], list[BoardCell]]:
    made = Made()
    replies: dict[str, list[JudgeReply]] = {
        judge: [] for judge in draw(st.sampled_from(["", "x", "xy"]))
    }
    board = []
    for place in range(draw(st.integers(0, 9))):
        name = f"{place}"
        made.items.append(
            Item(
                item_id=name,
                image_id=draw(st.sampled_from("ijk")),
                patch_id=name,
                words=WORDS,
                cells=tuple(
                    draw(st.lists(CELLS, min_size=1, max_size=3, unique_by=lambda c: c.lens))
                ),
                model=draw(st.sampled_from(["", "m", "n"])),
                patch_type=draw(st.sampled_from(["", "background"])),
            )
        )
        relations = st.tuples(*[RELATION] * len(WORDS))
        for annotator in draw(st.sets(st.sampled_from("abc"))):
            words = draw(relations)
            state = draw(st.sampled_from(["said", "said", "blank", "cant_tell"]))
            if state == "said":
                state = "none" if set(words) == {"none"} else "selected"
            made.ratings.append(
                Rating.model_validate(
                    {
                        "item_id": name,
                        "annotator": annotator,
                        "state": state,
                        "relations": words if state in ("selected", "none") else (),
                        "seconds": draw(st.none() | st.floats(0, 100)),
                    }
                )
            )
        for judge, given_replies in replies.items():
            status = draw(st.sampled_from(["ok", "ok", "ok", "refusal", "missing"]))
            if status != "missing":
                given_replies.append(
                    JudgeReply.model_validate(
                        {
                            "item_id": name,
                            "judge": judge,
                            "status": status,
                            "relations": draw(relations) if status == "ok" else (),
                            "aligned": draw(st.booleans()),
                        }
                    )
                )
        one = made.items[-1]
        board += [
            BoardCell(
                part.lens,
                part.kind,
                part.layer or 0,
                part.band,
                name,
                one.image_id,
                draw(st.none() | relations),
            )
            for part in one.cells
        ]
    return made, replies, board


@given(
    studies(),
    st.builds(
        Policy,
        blank=st.sampled_from(["missing", "none"]),
        ties=st.sampled_from(["half", "strict"]),
        pooling=st.sampled_from(["majority", "any", "all"]),
        definition=st.sampled_from(["any", "concrete+abstract", "concrete"]),
    ),
)
@settings(max_examples=25)
def test_no_small_study_is_without_an_answer(
    drawn: tuple[Made, dict[str, list[JudgeReply]], list[BoardCell]], policy: Policy
) -> None:
    made, replies, board = drawn
    result = agreement(
        made.items, made.ratings, replies, policy, board=dict.fromkeys(replies, board)
    )
    check(result)
    for judge in result.judges:
        everything = judge.groups[0]
        assert sum(everything.confusion.model_dump().values()) == everything.coefficients.n
        tested = [one for one in made.items if any(c.kind == "lens" for c in one.cells)]
        assert everything.coefficients.n <= len(tested)
        for group in judge.groups:
            assert group.bias.n == group.human_rate.n == group.coefficients.n
