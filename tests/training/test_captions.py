from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.core.errors import UsageError
from harness.training.captions import Order, caption_of, is_held_out, share_of, split_captions
from tests.training.parts import Pictures


def test_the_split_follows_the_hash_and_not_the_place() -> None:
    """An image is on the same side whatever else the source holds."""
    small, large = (split_captions(Pictures(count), 0.3) for count in (20, 60))
    held = {example.image.image_id for example in large.heldout}
    for example in (*small.train, *small.heldout):
        inside = example.image.image_id in held
        assert (example in small.heldout) == inside == is_held_out(example.image.image_id, 0.3)
    assert 0 < len(large.heldout) < len(large.train)


@given(st.floats(0.0, 1.0), st.floats(0.0, 1.0), st.binary(min_size=32, max_size=32))
def test_a_larger_share_holds_out_more(one: float, other: float, image: bytes) -> None:
    """What is held out stays held out when the share grows; nothing at 0, everything at 1."""
    low, high = sorted((one, other))
    assert is_held_out(image.hex(), low) <= is_held_out(image.hex(), high)
    assert not is_held_out(image.hex(), 0.0)
    assert is_held_out(image.hex(), 1.0)


def test_all_captions_of_an_image_are_on_one_side(caplog: pytest.LogCaptureFixture) -> None:
    """Several captions count each, images without are left out and told, blanks are none."""
    source = Pictures(40, {0: ("one", "two", " "), 1: None, 2: (), 3: (" \n",)})
    split = split_captions(source, 0.3)
    counts = Counter(example.image.source for example in (*split.train, *split.heldout))
    assert counts["0"] == 2
    assert {"1", "2", "3"}.isdisjoint(counts)
    sides = {example.image.source for example in split.train} & {
        example.image.source for example in split.heldout
    }
    assert not sides
    texts = {caption_of(source, e) for e in (*split.train, *split.heldout) if e.image.source == "0"}
    assert texts == {"one", "two"}
    assert "3 images have no caption" in caplog.text


def test_the_data_hash_knows_captions() -> None:
    """Another caption of the same picture is other data."""
    plain, changed = Pictures(20), Pictures(20, {7: ("another caption",)})
    hashes = [split_captions(source, 0.3).data_hash for source in (plain, plain, changed)]
    assert hashes[0] == hashes[1] != hashes[2]


def test_nothing_to_train_on_or_to_measure_is_one_line() -> None:
    """Sources without captions, and shares that leave a side empty, are the user's to change."""
    with pytest.raises(UsageError, match="no captions; expected"):
        split_captions(Pictures(2, {0: None, 1: None}), 0.5)
    with pytest.raises(UsageError, match=r"for measuring with heldout = 1e-09"):
        split_captions(Pictures(5), 1e-9)
    with pytest.raises(UsageError, match=r"for training with heldout = 0.999"):
        split_captions(Pictures(5), 0.999999)


@given(st.integers(1, 30), st.integers(1, 40), st.integers(0, 5))
def test_every_epoch_has_every_caption_once(count: int, batch: int, seed: int) -> None:
    """Batches run across epochs; each stretch of one epoch's length is a permutation."""
    order = Order(count, batch, seed)
    steps = -(-3 * count // batch)
    seen = [number for step in range(steps) for number in order.step(step)]
    for epoch in range(3):
        assert sorted(seen[epoch * count : (epoch + 1) * count]) == list(range(count))


@given(st.integers(1, 30), st.integers(1, 40), st.integers(0, 20), st.integers(0, 20))
def test_a_step_is_the_same_wherever_one_starts(
    count: int, batch: int, first: int, length: int
) -> None:
    """The captions of a step depend on its number alone."""
    began = dict(enumerate(Order(count, batch, 3).steps(0, first + length)))
    resumed = list(Order(count, batch, 3).steps(first, first + length))
    assert resumed == [began[first + i] for i in range(length)]


def test_seeds_and_epochs_differ() -> None:
    """Neither two seeds nor two epochs have one order."""
    first, other = (Order(50, 50, seed) for seed in (1, 2))
    assert first.step(0) != other.step(0)
    assert first.step(0) != first.step(1)


@given(st.lists(st.integers(), max_size=30), st.integers(1, 6))
def test_processes_share_a_step_without_loss(numbers: list[int], workers: int) -> None:
    """Every caption goes to exactly one process."""
    shares = [share_of(numbers, worker, workers) for worker in range(workers)]
    assert Counter(n for share in shares for n in share) == Counter(numbers)
