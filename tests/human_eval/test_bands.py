"""Bands of layers."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from human_eval.bands import layer_bands


def test_the_layers_of_the_paper_are_three_bands() -> None:
    bands = layer_bands((0, 1, 2, 4, 8, 16, 24, 30, 31))
    assert list(dict.fromkeys(bands.values())) == ["0-2", "4-16", "24-31"]
    assert bands[8] == "4-16"


def test_few_layers_are_a_band_each_and_layers_left_over_go_first() -> None:
    assert layer_bands([]) == {}
    assert layer_bands([4]) == {4: "4"}
    assert layer_bands([8, 0]) == {0: "0", 8: "8"}
    assert layer_bands([3, 2, 1, 0]) == {0: "0-1", 1: "0-1", 2: "2", 3: "3"}
    assert list(layer_bands(range(5)).values()) == ["0-1", "0-1", "2-3", "2-3", "4"]


@given(st.lists(st.integers(0, 90), max_size=40))
def test_bands_are_contiguous_thirds_in_any_order_of_the_layers(layers: list[int]) -> None:
    bands = layer_bands(layers)
    ordered = sorted(set(layers))
    assert list(bands) == ordered
    named = [bands[layer] for layer in ordered]
    sizes = [named.count(name) for name in dict.fromkeys(named)]
    assert len(sizes) == min(3, len(ordered))
    assert sizes == sorted(sizes, reverse=True)
    assert not sizes or sizes[0] - sizes[-1] <= 1
    assert named == sorted(named, key=named.index)
    assert layer_bands(layers[::-1]) == bands
