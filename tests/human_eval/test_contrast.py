from __future__ import annotations

import numpy as np
import pytest

from harness.core.agreement import Contrast, Policy
from human_eval.contrast import contrasts
from human_eval.evidence import gather
from tests.human_eval.studies import Made, cell, item, rating, reply


def found(made: Made) -> tuple[Contrast, ...]:
    evidence = gather(made.items, made.ratings, {"gpt": made.replies}, Policy(), 0)
    return contrasts(evidence, "gpt")


def add(
    made: Made,
    lens: str,
    pair: str,
    human: bool,
    machine: bool,
    *,
    image: str = "",
    weight: float = 1,
) -> None:
    name = f"{lens}:{pair}:{len(made.items)}"
    made.items.append(item(name, cell(lens, pair=pair, weight=weight), image=image))
    made.ratings.append(rating(name, hit=human))
    made.replies.append(reply(name, machine))


def test_planted_inflation_is_found() -> None:
    lot = np.random.default_rng(3)
    made = Made()
    differences = []
    misses = 0
    for place in range(400):
        image = f"image {place // 4}"
        human = {lens: bool(lot.random() < rate) for lens, rate in (("a", 0.6), ("b", 0.5))}
        # The judge calls every fourth miss of a hit, and none of b.
        misses += not human["a"]
        machine = {"a": human["a"] or misses % 4 == 0, "b": human["b"]}
        for lens in "ab":
            add(made, lens, f"{place}", human[lens], machine[lens], image=image)
        differences.append((human["a"] - human["b"], machine["a"] - machine["b"]))
    (contrast,) = found(made)
    people, judge = np.mean(differences, axis=0)
    assert (contrast.first, contrast.second, contrast.pairs) == ("a", "b", 400)
    assert contrast.human.estimate == pytest.approx(people)
    assert contrast.judge.estimate == pytest.approx(judge)
    assert contrast.inflation.estimate == pytest.approx(judge - people)
    assert contrast.inflation.interval is not None
    assert 0 < contrast.inflation.interval[0] < 0.1 < contrast.inflation.interval[1]


def test_only_common_pairs_with_verdicts_of_both_count_with_the_mean_of_their_weights() -> None:
    made = Made()
    add(made, "a", "1", True, True, weight=2)
    add(made, "b", "1", False, True, weight=4)
    add(made, "a", "2", False, False)
    add(made, "b", "2", True, False)
    add(made, "a", "3", True, True)  # b has no such cell
    add(made, "a", "4", True, True)
    made.items.append(item("unjudged", cell("b", pair="4")))
    made.ratings.append(rating("unjudged"))
    (contrast,) = found(made)
    assert contrast.pairs == contrast.human.n == contrast.judge.n == 2
    assert contrast.human.estimate == pytest.approx((3 * 1 + 1 * -1) / 4)
    assert contrast.judge.estimate == 0
    assert contrast.inflation.estimate == pytest.approx((3 * -1 + 1 * 1) / 4)


def test_lenses_without_common_pairs_and_controls_are_not_compared() -> None:
    made = Made()
    add(made, "a", "1", True, True)
    add(made, "b", "2", True, True)
    add(made, "c", "", True, True)
    add(made, "d", "", True, True)
    control = cell("random", kind="control", pair="1")
    made.items.append(item("control", control, cell("e", pair="5")))
    made.ratings.append(rating("control"))
    made.replies.append(reply("control"))
    assert found(made) == ()


def test_every_two_lenses_are_compared() -> None:
    made = Made()
    for lens in "cab":
        add(made, lens, "1", True, lens == "a")
    assert [(one.first, one.second) for one in found(made)] == [("a", "b"), ("a", "c"), ("b", "c")]


def test_one_item_of_two_lenses_makes_no_difference_between_them() -> None:
    made = Made()
    made.items.append(item("x", cell("a", pair="1"), cell("b", pair="1")))
    made.ratings.append(rating("x"))
    made.replies.append(reply("x", False))
    (contrast,) = found(made)
    assert (contrast.pairs, contrast.human.estimate, contrast.judge.estimate) == (1, 0, 0)


def test_several_cells_of_a_lens_in_one_pair_count_once() -> None:
    made = Made()
    add(made, "a", "1", True, True)
    add(made, "a", "1", False, True)
    add(made, "b", "1", False, False)
    (contrast,) = found(made)
    assert contrast.pairs == 1
    assert (contrast.human.estimate, contrast.judge.estimate) == (0.5, 1)
