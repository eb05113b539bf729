from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.core.records import Judgement, Relation
from reports.retest import order_effect, related, self_consistency
from reports.stats import wilson
from tests.reports.journals import RELATIONS, row

ALL_NONE: tuple[Relation, ...] = ("none", "none")
HIT: tuple[Relation, ...] = ("concrete", "none")


def test_repeats_are_compared_word_by_word_and_question_by_question() -> None:
    journal = [
        row("ab", HIT, patch_id="1"),
        row("ab", HIT, patch_id="2"),
        row("ab", ALL_NONE, patch_id="3"),
        row("ab", HIT, patch_id="1", check="repeat"),
        row("ab", ("abstract", "none"), patch_id="2", check="repeat"),
        row("ab", HIT, patch_id="3", check="repeat"),
    ]
    found = self_consistency(journal)
    assert found
    assert (found.pairs, found.scored) == (3, 3)
    assert (found.same_words.count, found.same_words.n) == (4, 6)
    assert (found.same_questions.count, found.same_questions.n) == (2, 3)
    assert (found.same_words.low, found.same_words.high) == wilson(4, 6)
    # Observed 4/6; chance (2x2 concrete + 1x0 abstract + 4x3 none) of 36, counted by hand.
    assert found.kappa.value == pytest.approx((4 / 6 - 16 / 36) / (1 - 16 / 36))
    assert order_effect(journal) is None


def test_reordered_words_are_found_by_name() -> None:
    journal = [
        row("abc", ("concrete", "none", "none")),
        row("cab", ("none", "concrete", "global"), check="reorder"),
    ]
    found = order_effect(journal)
    assert found
    assert (found.changed_words.count, found.changed_words.n) == (1, 3)
    assert (found.changed_questions.count, found.changed_questions.n) == (0, 1)
    assert self_consistency(journal) is None


def test_words_shown_twice_are_compared_in_turn() -> None:
    journal = [
        row("aba", ("concrete", "none", "concrete")),
        row("baa", ("none", "concrete", "concrete"), check="reorder"),
    ]
    found = order_effect(journal)
    assert found
    assert (found.changed_words.count, found.changed_words.n) == (0, 3)


@given(st.permutations(range(5)), st.randoms())
def test_the_order_itself_changes_nothing(order: list[int], lot: Random) -> None:
    """A judge that says the same of each word has no order effect, whatever the order."""
    words = [lot.choice("abc") for _ in range(5)]
    truth: dict[str, Relation] = {word: lot.choice(RELATIONS) for word in "abc"}
    turned = [words[at] for at in order]
    journal = [
        row(words, [truth[word] for word in words], key="first"),
        row(turned, [truth[word] for word in turned], key="again", check="reorder"),
    ]
    found = order_effect(journal)
    if words == turned:
        assert found is None
    else:
        assert found
        assert (found.changed_words.count, found.changed_questions.count) == (0, 0)


@pytest.mark.parametrize("failed", [0, 1])
def test_a_pair_with_a_failure_is_counted_and_not_compared(failed: int) -> None:
    journal = [row("ab", HIT), row("ab", ALL_NONE, check="repeat")]
    journal[failed] = journal[failed].model_copy(update={"status": "refusal", "relations": ()})
    found = self_consistency(journal)
    assert found
    assert (found.pairs, found.scored) == (1, 0)
    assert found.same_words.share is None
    assert found.kappa.reason == "nothing was rated by both"


@pytest.mark.parametrize(
    "other",
    [
        {"judge": "claude"},
        {"judge_version": "v2"},
        {"protocol": "pooled.1"},
        {"prompt_hash": "f" * 64},
        {"image_hash": "f" * 64},
        {"patch_id": "q"},
        {"words": ("a", "c")},
    ],
)
def test_a_check_belongs_to_the_same_question_only(other: dict[str, object]) -> None:
    again = row("ab", HIT, check="repeat")
    assert self_consistency([row("ab", HIT), again])
    assert self_consistency([row("ab", HIT).model_copy(update=other), again]) is None


def test_two_questions_of_the_same_words_keep_their_own_repeats() -> None:
    """Lenses may show the same words in two orders: each is a question of its own."""
    journal = [
        row("ab", HIT),
        row("ba", ALL_NONE),
        row("ba", ALL_NONE, check="repeat"),
    ]
    found = self_consistency(journal)
    assert found
    assert (found.pairs, found.same_words.share) == (1, 1.0)


def test_probe_words_do_not_make_a_verdict() -> None:
    def mixed(relations: tuple[Relation, ...]) -> Judgement:
        return row("ab", relations, probes=("a",))

    assert not related(mixed(("concrete", "none")))
    assert related(mixed(("none", "global")))
