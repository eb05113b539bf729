"""Window: half as much on overload, one more per window of good replies."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from judges.running.window import Window


def _fill(window: Window) -> list[int]:
    generations = []
    while not window.full:
        generations.append(window.enter())
    return generations


def test_trace_of_one_overload_and_the_way_back() -> None:
    window = Window(8)
    flight = _fill(window)
    assert len(flight) == 8
    sizes = []
    for generation in flight:
        window.leave(generation, good=False, overload=True)
        sizes.append(window.size)
    assert sizes == [4] * 8
    trace = []
    for _ in range(5):
        for generation in _fill(window):
            window.leave(generation, good=True, overload=False)
        trace.append(window.size)
    assert trace == [5, 6, 7, 8, 8]


def test_every_generation_halves_once() -> None:
    window = Window(32)
    sizes = []
    for _ in range(7):
        for generation in _fill(window):
            window.leave(generation, good=False, overload=True)
        sizes.append(window.size)
    assert sizes == [16, 8, 4, 2, 1, 1, 1]


def test_a_window_that_was_not_full_is_halved_from_what_was_under_way() -> None:
    window = Window(64)
    flight = [window.enter() for _ in range(6)]
    window.leave(flight[0], good=False, overload=True)
    assert window.size == 3


def test_overload_forgets_the_good_replies_before_it() -> None:
    window = Window(8)
    flight = _fill(window)
    for generation in flight[:3]:
        window.leave(generation, good=True, overload=False)
    window.leave(flight[3], good=False, overload=True)
    sizes = [window.size]
    for generation in flight[4:6]:
        window.leave(generation, good=True, overload=False)
        sizes.append(window.size)
    assert sizes == [2, 2, 3]


def test_failures_that_are_no_overload_change_nothing() -> None:
    window = Window(4)
    for _ in range(50):
        window.leave(window.enter(), good=False, overload=False)
    assert (window.size, window.under_way) == (4, 0)


@given(
    most=st.integers(1, 40),
    steps=st.lists(st.sampled_from(["enter", "good", "bad", "overload"]), max_size=300),
)
def test_the_size_stays_between_one_and_most(most: int, steps: list[str]) -> None:
    window, flight = Window(most), list[int]()
    for step in steps:
        if step == "enter":
            if not window.full:
                flight.append(window.enter())
        elif flight:
            window.leave(flight.pop(0), good=step == "good", overload=step == "overload")
        assert 1 <= window.size <= most
        assert window.under_way == len(flight)
