from __future__ import annotations

import torch

from lenses.library.rate import MeteredEncoder
from tests.lenses.fixtures import HIDDEN, CausalStates


def test_states_pass_through_and_speed_and_width_are_noted() -> None:
    metered = MeteredEncoder(CausalStates())
    assert (metered.hidden, metered.rate) == (0, 0.0)
    ids = torch.arange(12).view(2, 6)
    keep = ids % 2 == 0
    found = metered(ids, (1, 2), keep=keep)
    expected = CausalStates()(ids, (1, 2), keep=keep)
    assert all(torch.equal(found[layer], expected[layer]) for layer in (1, 2))
    assert metered.hidden == HIDDEN
    assert metered.rate > 0
