from __future__ import annotations

from collections.abc import Mapping, Sequence

from harness.core.agreement import Policy
from harness.core.ratings import JudgeReply, LeftOut
from human_eval.agreement import agreement
from tests.human_eval.studies import Made, from_counts, item, rating, reply, simulated


def said(
    made: Made,
    policy: Policy | None = None,
    left_out: Sequence[LeftOut] = (),
    replies: Mapping[str, Sequence[JudgeReply]] | None = None,
) -> tuple[str, ...]:
    if replies is None:
        replies = {"gpt": made.replies} if made.replies else {}
    result = agreement(made.items, made.ratings, replies, policy or Policy(), left_out=left_out)
    return result.notices


def calm() -> Made:
    """Return a study of which nothing needs to be said."""
    made, replies = simulated(60, {"a": 0.02, "b": 0.02}, {"gpt": 0.2})
    return Made(made.items, made.ratings, replies["gpt"])


def test_nothing_is_said_where_nothing_is_odd() -> None:
    assert said(calm()) == ()


def test_what_was_left_out_is_counted_by_reason() -> None:
    left_out = [
        LeftOut(reason=reason, source=f"file:{line}")
        for line, reason in enumerate(["unknown item", "duplicate rating", "unknown item"])
    ]
    assert said(calm(), left_out=left_out) == (
        "3 entries left out of the files: duplicate rating 1, unknown item 2.",
    )
    assert said(calm(), left_out=left_out[:1])[0].startswith("1 entry left out")


def test_blank_ratings_are_named_with_how_they_count() -> None:
    made = calm()
    made.ratings[:] = [
        rating(one.item_id, "b", None) if one.annotator == "b" and place % 3 else one
        for place, one in enumerate(made.ratings)
    ]
    blank = sum(one.state == "blank" for one in made.ratings)
    lines = said(made)
    assert lines[0] == (
        f"{blank} of 120 ratings say nothing, {blank} of them by b; they count as no rating "
        "(blank=missing)."
    )
    assert f"{blank} of 60 rated items have the verdict of a single person." in lines
    assert "they count as none of the words (blank=none)." in said(made, Policy(blank="none"))[0]


def test_even_splits_are_counted_where_the_rule_for_them_decides_much() -> None:
    made = calm()
    made.ratings[:] = [
        rating(one.item_id, "b", one.state != "selected")
        if one.annotator == "b" and place % 4 == 1
        else one
        for place, one in enumerate(made.ratings)
    ]
    (line,) = [line for line in said(made) if "split" in line]
    assert line.endswith("count as hits (ties=half); a third rating of each would decide them.")
    split = int(line.split()[0])
    states: dict[str, set[str]] = {}
    for one in made.ratings:
        states.setdefault(one.item_id, set()).add(one.state)
    assert split == sum(found == {"selected", "none"} for found in states.values()) >= 6
    assert "count as misses (ties=strict)" in " ".join(said(made, Policy(ties="strict")))
    assert not any("split" in line for line in said(made, Policy(pooling="all")))


def test_hasty_people_are_named() -> None:
    def timed(seconds: Mapping[str, float]) -> tuple[str, ...]:
        made = calm()
        made.ratings[:] = [
            one.model_copy(update={"seconds": seconds[one.annotator]}) for one in made.ratings
        ]
        return said(made)

    assert timed({"a": 3.7, "b": 10.1}) == (
        "a took 3.7 s per item (median), the others 10.1 s: look at these ratings.",
    )
    assert timed({"a": 3.7, "b": 7.9}) == ()
    assert timed({"a": 4.1, "b": 10.1}) == ()


def test_items_without_a_verdict_and_people_alone_are_counted() -> None:
    made = from_counts(20, 5, 5, 20, lens="latent")
    lines = said(made + Made([item("unrated")]))
    assert lines[0] == "1 of 51 items have no verdict of people."
    assert lines[1].startswith("Only a rated: how far people agree with each other is not known")
    apart = [
        one.model_copy(update={"annotator": "b"}) if place % 2 else one
        for place, one in enumerate(made.ratings)
    ]
    assert said(Made(made.items, apart, made.replies)) == (
        "No item has ratings of two people: how far people agree is not known.",
    )


def test_what_a_judge_has_not_scored_is_counted() -> None:
    made = calm()
    made.replies[0] = JudgeReply(item_id="item-0000", judge="gpt", status="refusal")
    made.replies.pop()
    assert said(made) == (
        "Judge gpt has no verdict on 2 of 60 rated items (missing 1, refusal 1): they are in none "
        "of its figures.",
    )


def test_replies_to_other_words_are_counted() -> None:
    made = calm()
    made.replies[3] = made.replies[3].model_copy(update={"aligned": False})
    assert said(made) == (
        "Judge gpt saw other words than people on 1 item: these are compared as a whole, not word "
        "by word.",
    )


def test_uneven_rates_are_named() -> None:
    made = Made()
    for place in range(40):
        name = f"{place}"
        made.items.append(item(name))
        made.ratings.extend(rating(name, who, place > 1) for who in "ab")
        made.replies.append(reply(name, place > 2))
    assert said(made) == (
        "People call 95% of the items judged by gpt hits: kappa is low where one answer is rare, "
        "so read AC1 beside it.",
    )


def test_a_judge_above_the_ceiling_is_named() -> None:
    made, replies = simulated(300, {"a": 0.2, "b": 0.2, "c": 0.2}, {"good": 0.05, "bad": 0.4})
    lines = said(made, replies=replies)
    assert len(lines) == 1
    assert lines[0].startswith("Judge good agrees with people's pooled verdict (kappa 0.")
