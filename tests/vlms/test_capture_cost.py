"""What capture holds in memory, against a model that is asked for all hidden states."""

from __future__ import annotations

from functools import partial

import pytest
import torch

from benchmarks.capture import all_states, extra_memory, hooked_states, noise, save_llava
from harness.pipeline.spec import paper_layers
from harness.vlms.families.llava import LlavaAdapter

SIDE, BLOCKS, HIDDEN = 16, 32, 128


@pytest.fixture(scope="module")
def adapter(tmp_path_factory: pytest.TempPathFactory) -> LlavaAdapter:
    path = save_llava(tmp_path_factory.mktemp("llava") / "model", HIDDEN, BLOCKS, SIDE)
    return LlavaAdapter(path, "random", "Random numbers.")


@pytest.mark.parametrize(("lean", "share"), [(False, 1 / 4), (True, 3 / 4)])
def test_the_same_states_in_a_share_of_the_memory(
    adapter: LlavaAdapter, lean: bool, share: float
) -> None:
    """Both counts are exact, so that the ratio is the same on every machine."""
    image, layers = noise(14 * SIDE), paper_layers(BLOCKS)
    ours = partial(hooked_states, adapter, image, layers)
    peer = partial(all_states, adapter, image, layers, lean=lean)
    found, expected = ours(), peer()
    assert set(found) == set(expected) == set(layers)
    assert all(torch.equal(found[layer], expected[layer]) for layer in layers)
    assert extra_memory(ours) <= share * extra_memory(peer)


def test_extra_memory_is_the_most_that_is_held_at_once() -> None:
    def call() -> torch.Tensor:
        kept = torch.ones(1000, 250)
        torch.ones(3000, 250).sum()
        torch.ones(2000, 250).sum()
        return kept

    assert extra_memory(call) == pytest.approx(4_000_000, rel=0.01)
