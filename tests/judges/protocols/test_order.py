from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from judges.protocols.order import reordered, shuffled

WORDS = st.lists(st.sampled_from("abcd"), max_size=6)


@given(WORDS, st.integers(0, 50))
def test_a_shuffle_keeps_the_words_and_depends_on_its_key_alone(words: list[str], key: int) -> None:
    assert Counter(shuffled(words, "order", key)) == Counter(words)
    assert shuffled(words, "order", key) == shuffled(words, "order", key)


def test_other_keys_give_other_orders() -> None:
    assert len({shuffled("abcdefgh", "order", key) for key in range(20)}) > 15


@given(WORDS.filter(lambda words: len(set(words)) > 1), st.integers(0, 50))
def test_another_order_is_another_order_of_the_same_words(words: list[str], key: int) -> None:
    drawn = reordered(words, "reorder", key)
    assert drawn != tuple(words)
    assert Counter(drawn) == Counter(words)


@pytest.mark.parametrize("words", [(), ("a",), ("a", "a")])
def test_equal_words_have_no_other_order(words: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="no other order"):
        reordered(words, "reorder")
