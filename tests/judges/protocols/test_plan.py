from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.core.errors import UsageError
from harness.core.quoting import plain
from judges.protocols.base import JudgingProtocol, Question
from judges.protocols.plan import Asked, is_blank, plan_questions, share
from judges.protocols.registry import PROTOCOLS, find_protocol

PAPER = find_protocol("paper")
POOLED = find_protocol("pooled")
PROBED = find_protocol("probe-control")
SMALL = POOLED.model_copy(update={"chunk": 4})
SMALL_PROBED = PROBED.model_copy(update={"chunk": 4})
IMAGES = {"p": "i", "q": "i", "r": "j"}
WORD = st.one_of(st.text(max_size=4), st.sampled_from(["a", "b", "c", "A", " ", "\u200b", ""]))
QUESTIONS = st.lists(st.tuples(st.sampled_from("pqr"), st.lists(WORD, max_size=5).map(tuple)))


def asked_of(
    protocol: JudgingProtocol, questions: Sequence[Question], seed: int = 1
) -> tuple[Asked, ...]:
    return plan_questions(protocol, questions, IMAGES, seed=seed)


def said_of(questions: Sequence[Question], patch_id: str) -> set[str]:
    """Return the words of a patch that can be seen."""
    return {word for patch, words in questions if patch == patch_id for word in seen(words)}


def seen(words: Sequence[str]) -> tuple[str, ...]:
    return tuple(word for word in words if plain(word))


def test_a_cell_is_asked_as_the_lens_ranked_it() -> None:
    questions = [
        ("q", ("b", "a", "b")),
        ("p", ("x", "", "y")),
        ("q", ("a", "b")),
        ("p", ("x", " ", "y")),
        ("p", ("\u200b", "\n")),
        ("q", ("b", "a", "b")),
    ]
    assert asked_of(PAPER, questions) == (
        Asked("q", ("b", "a", "b")),
        Asked("q", ("a", "b")),
        Asked("p", ("x", "y")),
    )


def test_a_sentence_is_blank_if_its_marked_word_is() -> None:
    sentence = find_protocol("sentence")
    questions = [("p", ("a ⟦dog⟧ runs", "a ⟦ ⟧ runs", "⟦⟧", "⟦\u200b⟧", "⟦red⟧"))]
    assert asked_of(sentence, questions) == (Asked("p", ("a ⟦dog⟧ runs", "⟦red⟧")),)
    assert not is_blank(PAPER, "⟦⟧")


def test_shuffled_cells_of_the_same_words_are_one_question() -> None:
    protocol = PAPER.model_copy(update={"order": "shuffled"})
    cells = [("p", tuple("abcde")), ("p", tuple("edcba")), ("p", tuple("abcdef"))]
    plan = asked_of(protocol, cells)
    assert [sorted(each.words) for each in plan] == [list("abcde"), list("abcdef")]
    assert plan == asked_of(protocol, [cells[1], cells[0], cells[2]])
    orders = {asked_of(protocol, cells, seed)[0].words for seed in range(10)}
    assert len(orders) > 5


@pytest.mark.parametrize("protocol", [*PROTOCOLS.values(), SMALL, SMALL_PROBED])
@given(questions=QUESTIONS)
def test_every_word_that_can_be_seen_is_asked_about(
    protocol: JudgingProtocol, questions: list[Question]
) -> None:
    plan = asked_of(protocol, questions)
    assert len(set(plan)) == len(plan)
    patches = list(dict.fromkeys(patch_id for patch_id, _ in questions))
    assert [each.patch_id for each in plan] == sorted(
        (each.patch_id for each in plan), key=patches.index
    )
    for patch_id in patches:
        own = [each for each in plan if each.patch_id == patch_id]
        words = Counter(word for each in own for word in each.words)
        words.subtract(Counter(word for each in own for word in each.probes))
        assert set(+words) == said_of(questions, patch_id)
        if protocol.unit == "pool":
            assert set((+words).values()) <= {1}
        else:
            cells = {seen(words) for patch, words in questions if patch == patch_id}
            assert {each.words for each in own} == cells - {()}


@pytest.mark.parametrize("protocol", [SMALL, SMALL_PROBED])
@given(questions=QUESTIONS, data=st.data())
def test_a_pool_is_a_set(
    protocol: JudgingProtocol, questions: list[Question], data: st.DataObject
) -> None:
    turned = data.draw(st.permutations(questions))
    assert set(asked_of(protocol, turned)) == set(asked_of(protocol, questions))


@pytest.mark.parametrize(
    ("words", "sizes"),
    [(1, [1]), (30, [30]), (31, [15, 16]), (61, [20, 20, 21]), (90, [30, 30, 30])],
)
def test_chunks_are_of_nearly_equal_size(words: int, sizes: list[int]) -> None:
    plan = asked_of(POOLED, [("p", tuple(f"w{number}" for number in range(words)))])
    assert [len(each.words) for each in plan] == sizes


def test_pools_are_shuffled_by_seed_and_patch() -> None:
    words = tuple(f"w{number}" for number in range(20))
    orders = {
        each.words
        for seed in range(5)
        for each in asked_of(POOLED, [("p", words), ("q", words)], seed)
    }
    assert len(orders) == 10
    assert words not in orders


@given(QUESTIONS)
def test_probes_are_words_of_other_images_never_said_of_the_patch(
    questions: list[Question],
) -> None:
    for each in asked_of(SMALL_PROBED, questions):
        image = IMAGES[each.patch_id]
        own = {word.casefold() for word in said_of(questions, each.patch_id)}
        others = {
            word for patch in "pqr" if IMAGES[patch] != image for word in said_of(questions, patch)
        }
        fit = {word for word in others if word.casefold() not in own}
        shown = len(each.words) - len(each.probes)
        assert len(each.probes) == min(math.ceil(Fraction(1, 5) * shown), len(fit))
        assert set(each.probes) <= fit
        assert each.probes == tuple(word for word in each.words if word in each.probes)


def test_a_share_of_probes_is_rounded_up_from_its_decimal_value() -> None:
    protocol = PROBED.model_copy(update={"chunk": 100, "probe_share": 0.07})
    questions = [(patch, tuple(f"{patch}{number}" for number in range(100))) for patch in "pr"]
    assert [len(each.probes) for each in asked_of(protocol, questions)] == [7, 7]


def test_probes_stand_anywhere_among_the_others() -> None:
    questions = [
        ("p", tuple(f"p{number}" for number in range(300))),
        ("r", tuple(f"r{number}" for number in range(300))),
    ]
    plan = asked_of(PROBED, questions)
    assert len(plan) == 20
    places = Counter(each.words.index(word) // 12 for each in plan for word in each.probes)
    assert [len(each.probes) for each in plan] == [6] * 20
    assert [len(each.words) for each in plan] == [36] * 20
    assert all(places[third] > 20 for third in range(3))
    assert len({each.probes for each in plan}) == 20


MANY: list[Question] = [("pqr"[n % 3], (f"a{n}", f"b{n}", f"c{n}")) for n in range(60)]


@pytest.mark.parametrize(
    ("percent", "count"),
    [(0, 0), (0.8, 0), (0.84, 1), (2.5, 2), (10, 6), (12.5, 8), (100, 60)],
)
def test_the_exact_share_is_asked_again(percent: float, count: int) -> None:
    base = set(plan_questions(PAPER, MANY, {}, seed=1))
    plan = plan_questions(PAPER, MANY, {}, seed=1, repeat=percent, reorder=percent)
    assert {each for each in plan if not each.check} == base
    asked = {(each.patch_id, each.words) for each in base}
    again = [each for each in plan if each.check == "repeat"]
    assert len(again) == len(set(again)) == count
    assert all((each.patch_id, each.words) in asked for each in again)
    other = [each for each in plan if each.check == "reorder"]
    assert len({(each.patch_id, frozenset(each.words)) for each in other}) == len(other) == count
    assert all((each.patch_id, each.words) not in asked for each in other)
    assert all((each.patch_id, tuple(sorted(each.words))) in asked for each in other)


def test_checks_stand_with_their_patch() -> None:
    plan = plan_questions(PAPER, MANY, {}, seed=1, repeat=50, reorder=50)
    patches = [each.patch_id for each in plan]
    assert patches == sorted(patches)


def test_only_words_that_differ_can_be_reordered() -> None:
    questions = [("p", ("a",)), ("p", ("b", "b")), ("p", ("a", "b")), ("q", ("c",))]
    plan = plan_questions(PAPER, questions, {}, seed=1, reorder=100)
    assert [each for each in plan if each.check] == [Asked("p", ("b", "a"), "reorder")]


def test_the_share_is_of_all_that_is_asked() -> None:
    questions = [("p", (word,)) for word in "abcd"] + [("p", ("x", word)) for word in "abcd"]
    plan = plan_questions(PAPER, questions, {}, seed=1, reorder=37.5)
    assert sum(each.check == "reorder" for each in plan) == 3


def test_a_reordered_pool_keeps_its_probes() -> None:
    plan = plan_questions(PROBED, MANY, IMAGES, seed=1, reorder=100)
    base = [each for each in plan if not each.check]
    other = [each for each in plan if each.check]
    assert len(base) == len(other)
    by_words = {frozenset(each.words): each for each in base}
    for each in other:
        original = by_words[frozenset(each.words)]
        assert original.words != each.words
        assert set(original.probes) == set(each.probes)
        assert each.probes == tuple(word for word in each.words if word in original.probes)


def repeated(questions: list[Question], seed: int = 1, percent: float = 20) -> set[Asked]:
    plan = plan_questions(PAPER, questions, {}, seed=seed, repeat=percent)
    return {each for each in plan if each.check}


@pytest.mark.parametrize("percent", [10, 20, 50, 90])
def test_what_is_checked_hardly_depends_on_the_other_questions(percent: float) -> None:
    kept = MANY[:55]
    part = repeated(kept, percent=percent)
    whole = {
        each for each in repeated(MANY, percent=percent) if (each.patch_id, each.words) in kept
    }
    # Both are the questions of lowest hash, a few more or less.
    assert whole <= part or part <= whole
    assert repeated(MANY[::-1], percent=percent) == repeated(MANY, percent=percent)


def test_another_seed_checks_others() -> None:
    assert len(repeated(MANY, 1) ^ repeated(MANY, 2)) > 4


@pytest.mark.parametrize("percent", [-1, 100.5, float("nan"), float("inf")])
def test_a_share_outside_the_whole_is_refused(percent: float) -> None:
    with pytest.raises(UsageError, match=r"repeat .* give 0 to 100"):
        plan_questions(PAPER, [], {}, seed=1, repeat=percent)
    with pytest.raises(UsageError, match=r"reorder .* give 0 to 100"):
        plan_questions(PAPER, [], {}, seed=1, reorder=percent)


def test_halves_are_rounded_up() -> None:
    assert [share("repeat", 10, total) for total in (4, 5, 14, 15, 25)] == [0, 1, 1, 2, 3]


def test_nothing_said_is_nothing_asked() -> None:
    for protocol in PROTOCOLS.values():
        assert asked_of(protocol, []) == ()
        assert asked_of(protocol, [("p", ()), ("q", (" ",))]) == ()
