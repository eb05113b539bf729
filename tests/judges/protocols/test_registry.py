from __future__ import annotations

import pytest

from harness.core.errors import UsageError
from judges.protocols.registry import PROTOCOLS, find_protocol


def test_the_five_protocols_are_known_by_their_names() -> None:
    assert list(PROTOCOLS) == ["paper", "paper-strict", "sentence", "pooled", "probe-control"]
    for name, protocol in PROTOCOLS.items():
        assert find_protocol(name) is protocol
        assert protocol.name == name
        assert protocol.summary.endswith(".")


def test_an_unknown_name_lists_near_names() -> None:
    with pytest.raises(UsageError, match="did you mean paper"):
        find_protocol("papers")


def test_pools_are_asked_in_chunks_of_thirty() -> None:
    pooled, probed = find_protocol("pooled"), find_protocol("probe-control")
    assert (pooled.unit, pooled.order, pooled.chunk, pooled.probe_share) == (
        "pool",
        "shuffled",
        30,
        0.0,
    )
    assert (probed.unit, probed.order, probed.chunk, probed.probe_share) == (
        "pool",
        "shuffled",
        30,
        0.2,
    )


def test_a_judge_cannot_tell_that_there_are_probes() -> None:
    pooled, probed = find_protocol("pooled"), find_protocol("probe-control")
    assert probed.template == pooled.template
    assert probed.reply == pooled.reply


def test_cells_are_asked_in_the_order_of_the_lens() -> None:
    for name in ("paper", "paper-strict", "sentence"):
        protocol = find_protocol(name)
        assert (protocol.unit, protocol.order) == ("cell", "ranked")
    assert find_protocol("sentence").shows == "sentences"
