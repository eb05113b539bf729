from __future__ import annotations

import pytest

from harness.core.agreement import Policy, PolicyResult
from human_eval.evidence import gather
from human_eval.policy_grid import policy_results
from tests.human_eval.studies import Made, cell, item, rating, reply


def found(made: Made, policy: Policy | None = None) -> dict[tuple[str, ...], PolicyResult]:
    evidence = gather(made.items, made.ratings, {"gpt": made.replies}, policy or Policy(), 0)
    return {
        (
            one.policy.blank,
            one.policy.pooling if one.policy.pooling != "majority" else one.policy.ties,
            one.policy.definition,
        ): one
        for one in policy_results(evidence)
    }


def blank_heavy() -> Made:
    """Return 40 items of which a calls 16 hits, as the judge does; b says nothing of any."""
    made = Made()
    for place in range(40):
        name = f"{place:02d}"
        made.items.append(item(name))
        made.ratings.extend([rating(name, "a", place < 16), rating(name, "b", None)])
        made.replies.append(reply(name, place < 16))
    return made


@pytest.mark.parametrize(
    ("rules", "human_rate", "kappa"),
    [
        (("missing", "half"), 0.4, 1),
        (("missing", "strict"), 0.4, 1),
        (("missing", "any"), 0.4, 1),
        (("missing", "all"), 0.4, 1),
        (("none", "half"), 0.4, 1),
        (("none", "any"), 0.4, 1),
        # Read as none, b outvotes a wherever a tie is no hit.
        (("none", "strict"), 0, 0),
        (("none", "all"), 0, 0),
    ],
)
def test_a_silent_rater_moves_the_result_as_the_rules_say(
    rules: tuple[str, str], human_rate: float, kappa: float
) -> None:
    result = found(blank_heavy())[(*rules, "any")]
    assert result.n == 40
    assert result.human_rate == pytest.approx(human_rate)
    assert result.cohen_kappa == pytest.approx(kappa)


def test_a_half_silent_study_has_a_kappa_for_every_rule() -> None:
    made = Made()
    # Answers of a and b (y, n, or - for blank) and the judge's, with how many items have them.
    for row, count in {
        "yyy": 6,
        "nnn": 9,
        "y-y": 7,
        "n-n": 5,
        "y-n": 2,
        "yny": 3,
        "nyn": 8,
    }.items():
        for place in range(count):
            name = f"{row}{place}"
            made.items.append(item(name))
            for who, letter in zip("ab", row[:2], strict=True):
                made.ratings.append(rating(name, who, None if letter == "-" else letter == "y"))
            made.replies.append(reply(name, row[2] == "y"))
    results = found(made)
    hits = {
        ("missing", "half"): 26,
        ("missing", "strict"): 15,
        ("missing", "any"): 26,
        ("missing", "all"): 15,
        ("none", "half"): 26,
        ("none", "strict"): 6,
        ("none", "any"): 26,
        ("none", "all"): 6,
    }
    for rules, count in hits.items():
        assert results[(*rules, "any")].human_rate == pytest.approx(count / 40), rules
    kappas = {results[(*rules, "any")].cohen_kappa for rules in hits}
    assert len(kappas) == 3 and None not in kappas


def test_definitions_are_those_of_people_and_judge_alike() -> None:
    made = Made(
        [item("x"), item("y"), item("z")],
        [rating("x"), rating("y", relation="abstract"), rating("z", relation="global")],
        [reply("x"), reply("y", relation="abstract"), reply("z", relation="abstract")],
    )
    results = {key[2]: one for key, one in found(made).items()}
    assert [results[name].human_rate for name in ("any", "concrete+abstract", "concrete")] == [
        pytest.approx(rate) for rate in (1, 2 / 3, 1 / 3)
    ]
    assert results["any"].cohen_kappa is None
    assert results["concrete+abstract"].cohen_kappa == 0
    assert results["concrete"].cohen_kappa == 1


def test_rules_that_change_nothing_are_not_repeated() -> None:
    made = Made([item("x")], [rating("x")], [reply("x")])
    assert len(found(made)) == 12
    assert len(found(blank_heavy())) == 24
    assert {key[0] for key in found(made, Policy(blank="none"))} == {"none"}


def test_weights_count_and_controls_do_not() -> None:
    made = Made(
        [
            item("x", cell(weight=3)),
            item("y"),
            item("c", cell("random", kind="control", weight=9)),
        ],
        [rating("x"), rating("y", hit=False), rating("c")],
        [reply("x"), reply("y"), reply("c", False)],
    )
    result = found(made)["missing", "half", "any"]
    assert (result.n, result.human_rate) == (2, 0.75)


def test_nothing_to_compare_is_no_figure() -> None:
    result = found(Made([item("x")], [rating("x")]))["missing", "half", "any"]
    assert (result.n, result.human_rate, result.cohen_kappa) == (0, None, None)
