"""Gemma 3: one square view of averaged patches that see each other both ways."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import example, given, settings

from harness.core.errors import DataError
from harness.vlms.families.gemma3 import Gemma3Adapter
from harness.vlms.probes import probe_image
from tests.vlms.checkpoints.gemma3 import SIDE, SOFTCAP, TOKENS, build
from tests.vlms.checkpoints.llava_next import DEPTH
from tests.vlms.families.packing import placeholders, resized, tiles, worst
from tests.vlms.families.painting import SIZES, misplaced
from tests.vlms.families.ramp import sizes, with_settings


@pytest.fixture(scope="module")
def adapter(tmp_path_factory: pytest.TempPathFactory) -> Gemma3Adapter:
    """Return a tiny random model, loaded by path."""
    return Gemma3Adapter(build(tmp_path_factory.mktemp("gemma3") / "x"), "x", "random")


def test_facts_are_those_of_the_family(adapter: Gemma3Adapter) -> None:
    """The image sees itself both ways; the processor's own placeholder is not the model's."""
    facts = adapter.facts
    assert (facts.family, facts.layers, facts.hidden) == ("gemma3", DEPTH, 32)
    assert (facts.image_attention, facts.feature_entry) == ("bidirectional", "replace")
    assert facts.injection_layers == ()
    assert facts.prefix.endswith("<start_of_image>")
    assert adapter.processor.image_token_id != adapter.model.config.image_token_id


@pytest.mark.parametrize("size", SIZES)
def test_every_painted_cell_moves_its_own_token(
    adapter: Gemma3Adapter, size: tuple[int, int]
) -> None:
    """In the one view there is; random features are not all zero."""
    assert misplaced(adapter, size) == []
    layout = adapter.layout(*size)
    assert (layout.total, list(layout.views)) == (TOKENS, ["global"])


@settings(max_examples=40, deadline=None)
@given(size=sizes)
@example(size=(1, 5000))
@example(size=(5000, 1))
@example(size=(1, 1))
def test_cells_are_where_the_processor_takes_their_pixels_from(
    adapter: Gemma3Adapter, size: tuple[int, int]
) -> None:
    """For any size, and with pixels that no patch covers."""
    for side in (SIDE, SIDE + 3):
        other = resized(adapter, {"image_size": side}, {}, size={"height": side, "width": side})
        layout = other.layout(*size)
        assert layout.total == placeholders(other, size)
        assert worst(layout, tiles(other, size, 8).flatten(0, 1)) < 0.2


def test_text_is_causal_and_its_embedding_scaled(adapter: Gemma3Adapter) -> None:
    """H[0] of text is the readout's matrix times the square root of the width."""
    ids = torch.tensor([[0, 30, 40, 50]])
    whole = adapter.text_states(ids, [0, DEPTH])
    part = adapter.text_states(ids[:, :2], [DEPTH])
    torch.testing.assert_close(part[DEPTH], whole[DEPTH][:, :2], rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(whole[0][0], adapter.readout().embed[ids[0]] * 32**0.5)


def test_logits_are_not_capped(adapter: Gemma3Adapter) -> None:
    """The text configuration may ask for it; only the model without images does it."""
    assert adapter.model.config.text_config.final_logit_softcapping == SOFTCAP
    assert adapter.readout().softcap is None
    states, logits = adapter.own_logits(probe_image())
    found = adapter.readout().logits(states)
    assert float(logits.abs().max()) > SOFTCAP
    torch.testing.assert_close(found, logits[:, : found.shape[1]], rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize(
    "change",
    [
        {"do_pan_and_scan": True},
        {"do_resize": False},
        {"size": {"height": 48, "width": 48}},
        {"size": {"height": 32, "width": 48}},
    ],
)
def test_unknown_processor_settings_are_refused(
    adapter: Gemma3Adapter, change: dict[str, Any]
) -> None:
    """Pan and scan would add views; the others are boxes in the wrong place."""
    with pytest.raises(DataError, match=f"no geometry for Gemma3.*{next(iter(change))}="):
        with_settings(adapter, **change).layout(64, 64)


@pytest.mark.parametrize("tokens", [0, 9, 15])
def test_unknown_numbers_of_tokens_are_refused(adapter: Gemma3Adapter, tokens: int) -> None:
    """Those that are no square, or leave out patches, where they are averaged."""
    other = resized(adapter, {}, {"mm_tokens_per_image": tokens})
    other.processor.image_seq_length = tokens
    with pytest.raises(DataError, match=f"no geometry.*mm_tokens_per_image={tokens}"):
        other.layout(64, 64)


def test_a_processor_that_counts_other_tokens_is_refused(adapter: Gemma3Adapter) -> None:
    """Its number of placeholders would not be that of the features."""
    other = with_settings(adapter)
    other.processor.image_seq_length = 4
    with pytest.raises(DataError, match="no geometry.*image_seq_length=4"):
        other.layout(64, 64)
