"""PaliGemma: one square view; the prefix sees both ways, the language model alone does not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import example, given, settings

from harness.core.errors import DataError, UsageError
from harness.vlms.decoder import decoder_states
from harness.vlms.families.paligemma import PaliGemmaAdapter
from harness.vlms.probes import probe_image
from tests.vlms.checkpoints.llava_next import DEPTH
from tests.vlms.checkpoints.paligemma import PATCH, SIDE, TOKENS, WINDOW, build
from tests.vlms.families.packing import placeholders, resized, tiles, worst
from tests.vlms.families.painting import SIZES, misplaced
from tests.vlms.families.ramp import sizes, with_settings

IDS = torch.tensor([[0, 30, 40, 50, 60, 70]])


@pytest.fixture(scope="module")
def adapter(tmp_path_factory: pytest.TempPathFactory) -> PaliGemmaAdapter:
    """Return a tiny random model, loaded by path."""
    return PaliGemmaAdapter(build(tmp_path_factory.mktemp("paligemma") / "x"), "x", "random")


@pytest.fixture(scope="module")
def second(tmp_path_factory: pytest.TempPathFactory) -> PaliGemmaAdapter:
    """Return one of the second generation, with capped logits and windows of attention."""
    path = build(tmp_path_factory.mktemp("paligemma2") / "x", text="gemma2")
    return PaliGemmaAdapter(path, "x", "random")


def test_facts_are_those_of_the_family(adapter: PaliGemmaAdapter) -> None:
    """Nothing stands before the image, and the image sees what is behind it."""
    facts = adapter.facts
    assert (facts.family, facts.layers, facts.hidden) == ("paligemma", DEPTH, 32)
    assert (facts.image_attention, facts.feature_entry) == ("bidirectional", "replace")
    assert (facts.injection_layers, facts.prefix) == ((), "")


@pytest.mark.parametrize("size", SIZES)
def test_every_painted_cell_moves_its_own_token(
    adapter: PaliGemmaAdapter, size: tuple[int, int]
) -> None:
    """In the one view there is."""
    assert misplaced(adapter, size) == []
    layout = adapter.layout(*size)
    assert (layout.total, list(layout.views)) == (TOKENS, ["global"])


@settings(max_examples=40, deadline=None)
@given(size=sizes)
@example(size=(1, 5000))
@example(size=(5000, 1))
@example(size=(1, 1))
def test_cells_are_where_the_processor_takes_their_pixels_from(
    adapter: PaliGemmaAdapter, size: tuple[int, int]
) -> None:
    """For any size, and with pixels that no patch covers."""
    for side in (SIDE, SIDE + 5):
        other = resized(adapter, {"image_size": side}, {}, size={"height": side, "width": side})
        layout = other.layout(*size)
        assert layout.total == placeholders(other, size)
        assert worst(layout, tiles(other, size, PATCH).flatten(0, 1)) < 0.2


def test_the_prompt_is_the_family_s(adapter: PaliGemmaAdapter) -> None:
    """Image, begin of text, task, line break, and no training targets."""
    inputs = adapter._inputs(probe_image(), "caption en")
    text = adapter.tokenizer.decode(inputs["input_ids"][0][TOKENS:])
    assert text == "<s>caption en\n"
    assert "labels" not in inputs
    whole = adapter._inputs(probe_image(), "<image>caption en")
    assert torch.equal(whole["input_ids"], inputs["input_ids"])
    assert isinstance(adapter.caption(probe_image(), "caption en", 3), str)


def test_visual_states_depend_on_the_question(
    adapter: PaliGemmaAdapter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The whole prefix sees both ways; so the question is fixed."""
    before = adapter.encode(probe_image(), [0, DEPTH]).states
    monkeypatch.setattr(adapter, "question", "detect tree")
    after = adapter.encode(probe_image(), [0, DEPTH]).states
    torch.testing.assert_close(before[0], after[0])
    assert not torch.allclose(before[DEPTH], after[DEPTH], rtol=0.01)


@pytest.mark.parametrize("generation", ["adapter", "second"])
def test_text_states_are_causal(generation: str, request: pytest.FixtureRequest) -> None:
    """What follows changes nothing, whatever its length."""
    model: PaliGemmaAdapter = request.getfixturevalue(generation)
    layers = range(DEPTH + 1)
    whole = model.text_states(IDS, layers)
    for length in range(1, IDS.shape[1]):
        part = model.text_states(IDS[:, :length], layers)
        for layer in layers:
            torch.testing.assert_close(part[layer], whole[layer][:, :length], rtol=1e-4, atol=1e-4)


def test_the_bare_decoder_is_not_causal(adapter: PaliGemmaAdapter) -> None:
    """So the mask is needed."""
    bare = decoder_states(
        adapter.decoder,
        adapter.blocks,
        IDS,
        [1],
        positions=None,
        attends=None,
        keep=None,
        source="bare",
    )
    assert not torch.allclose(bare[1], adapter.text_states(IDS, [1])[1], rtol=0.01)


def test_text_states_are_those_of_what_the_model_writes(adapter: PaliGemmaAdapter) -> None:
    """Behind the prefix the model itself is causal: token type 1 says so."""
    with torch.no_grad():
        output = adapter.model(
            input_ids=IDS, token_type_ids=torch.ones_like(IDS), output_hidden_states=True
        )
    states = adapter.text_states(IDS, range(DEPTH))
    for layer, found in states.items():
        torch.testing.assert_close(found, output.hidden_states[layer], rtol=1e-4, atol=1e-4)


def test_texts_in_a_tree_have_the_states_of_texts_alone(adapter: PaliGemmaAdapter) -> None:
    """A mask of the caller's own is passed on."""
    attends = torch.ones(6, 6, dtype=torch.bool).tril()
    attends[4:, 2:4] = False
    positions = torch.tensor([[0, 1, 2, 3, 2, 3]])
    tree = adapter.text_states(IDS, [DEPTH], positions=positions, attends=attends[None])[DEPTH]
    for columns in ([0, 1, 2, 3], [0, 1, 4, 5]):
        alone = adapter.text_states(IDS[:, columns], [DEPTH])[DEPTH]
        torch.testing.assert_close(tree[:, columns], alone, rtol=1e-4, atol=1e-4)


def test_texts_are_padded_and_chosen_as_everywhere(adapter: PaliGemmaAdapter) -> None:
    """Padding on the right is not seen; only chosen states are returned; shapes are checked."""
    (pad,) = adapter.tokenizer.encode("<pad>", add_special_tokens=False)
    batch = torch.cat([IDS, IDS.flip(1)])
    batch[1, 3:] = pad
    keep = torch.zeros(2, 6, dtype=torch.bool)
    keep[1, :3] = True
    found = adapter.text_states(batch, [DEPTH], keep=keep)[DEPTH]
    alone = adapter.text_states(batch[1:, :3], [DEPTH])[DEPTH][0]
    torch.testing.assert_close(found, alone, rtol=1e-4, atol=1e-4)
    with pytest.raises(UsageError, match=r"expected \[batch, length\]"):
        adapter.text_states(IDS[0], [0])


def test_the_second_generation_has_windows_and_capped_logits(second: PaliGemmaAdapter) -> None:
    """The cap is in the readout; texts longer than the window are refused."""
    assert second.readout().softcap == 30.0
    assert second.facts.image_attention == "bidirectional"
    assert misplaced(second, (64, 64)) == []
    with pytest.raises(UsageError, match=f"sees {WINDOW} tokens back"):
        second.text_states(torch.zeros(1, WINDOW + 1, dtype=torch.long), [1])


@pytest.mark.parametrize(
    "change",
    [
        {"do_resize": False},
        {"size": {"height": 48, "width": 48}},
        {"size": {"height": 32, "width": 48}},
        {"size": {"shortest_edge": 32}},
    ],
)
def test_unknown_processor_settings_are_refused(
    adapter: PaliGemmaAdapter, change: dict[str, Any]
) -> None:
    """Rather than boxes in the wrong place."""
    with pytest.raises(DataError, match=f"no geometry for Siglip.*{next(iter(change))}="):
        with_settings(adapter, **change).layout(64, 64)


def test_a_processor_that_counts_other_tokens_is_refused(adapter: PaliGemmaAdapter) -> None:
    """Its number of placeholders would not be that of the features."""
    other = with_settings(adapter)
    other.processor.image_seq_length = 9
    with pytest.raises(DataError, match="no geometry.*image_seq_length=9"):
        other.layout(64, 64)


def test_the_checkpoint_is_the_same_every_time(tmp_path: Path) -> None:
    """Same weights for the same recipe."""
    one, two = (build(tmp_path / name) / "model.safetensors" for name in ("a", "b"))
    assert one.read_bytes() == two.read_bytes()
