"""What every registered model must do, as the harness loads it; plug-ins run the same battery."""

from __future__ import annotations

import pytest
import torch
from PIL import Image, ImageDraw

from harness.core.errors import UsageError
from harness.data.manifest import make_patch
from harness.vlms.base import Adapter
from harness.vlms.registry import VLMS, load_vlm, vlm_depth

SIZES = ((144, 144), (301, 97), (60, 211))


@pytest.fixture(scope="module", params=VLMS.names())
def adapter(request: pytest.FixtureRequest) -> Adapter:
    """Return every registered model, loaded."""
    return load_vlm(str(request.param))


def picture(size: tuple[int, int]) -> Image.Image:
    """Return a gray picture with a diagonal."""
    image = Image.new("RGB", size, (120, 130, 140))
    ImageDraw.Draw(image).line((0, 0, *size), fill=(200, 40, 40), width=7)
    return image


def test_entry_says_what_is_loaded(adapter: Adapter) -> None:
    """Depth, width and family of the registry entry are those of the checkpoint."""
    entry = VLMS.get(adapter.facts.name)
    facts = adapter.facts
    assert (entry.layers, entry.hidden, entry.family) == (facts.layers, facts.hidden, facts.family)
    assert vlm_depth(facts.name) == facts.layers
    assert adapter.geometry(144, 144).grid == entry.grid
    assert facts.provenance == entry.provenance


@pytest.mark.parametrize("size", SIZES)
def test_token_count_is_the_geometrys(adapter: Adapter, size: tuple[int, int]) -> None:
    """One state per cell at every layer, for any shape of image."""
    layers = range(adapter.facts.layers + 1)
    tokens = adapter.encode(picture(size), layers)
    for layer in layers:
        assert tokens.states[layer].shape == (tokens.geometry.tokens, adapter.facts.hidden)
        assert tokens.states[layer].dtype == torch.float32
        assert torch.isfinite(tokens.states[layer]).all()


def test_equal_images_give_equal_states(adapter: Adapter) -> None:
    """Two passes agree to the last bit."""
    first, second = (adapter.encode(picture((144, 144)), [0, 3]) for _ in range(2))
    assert torch.equal(first.states[3], second.states[3])


def test_painting_a_cell_moves_the_token_that_claims_it(adapter: Adapter) -> None:
    """The encoder mixes patches, yet its own token must be among those that move most."""
    base = Image.new("RGB", (144, 144), (120, 130, 140))
    geometry = adapter.geometry(*base.size)
    before = adapter.encode(base, [0]).states[0]
    near = 0
    cells = [(row, col) for row in (1, 4, 7) for col in (1, 4, 7)]
    for row, col in cells:
        painted = base.copy()
        box = make_patch("0" * 64, geometry, row, col).box
        ImageDraw.Draw(painted).rectangle(tuple(round(edge) for edge in box), fill=(220, 30, 30))
        moved = (adapter.encode(painted, [0]).states[0] - before).norm(dim=1)
        found = geometry.cell_of_token(int(moved.argmax()))
        near += max(abs(found[0] - row), abs(found[1] - col)) <= 1
    assert near == len(cells)


def test_layers_out_of_range_are_refused(adapter: Adapter) -> None:
    """Never clamped."""
    with pytest.raises(UsageError, match=f"0.*{adapter.facts.layers}"):
        adapter.encode(picture((144, 144)), [adapter.facts.layers + 1])


def test_last_layer_is_before_the_final_norm(adapter: Adapter) -> None:
    """H[N] through norm and output matrix is the model's prediction; normed twice it is not."""
    readout = adapter.readout()
    state = adapter.encode(picture((144, 144)), [adapter.facts.layers]).states[adapter.facts.layers]
    once = readout.normalise(state)
    assert not torch.allclose(once, readout.normalise(once), atol=1e-3)
    assert not torch.allclose(state.norm(dim=1), once.norm(dim=1), rtol=1e-2)


def test_text_states_are_causal_and_unpadded(adapter: Adapter) -> None:
    """A token's states do not depend on what follows, so padding on the right is harmless."""
    ids = adapter.tokenizer("a red dog and a cat", return_tensors="pt")["input_ids"]
    whole = adapter.text_states(ids, [2])[2]
    part = adapter.text_states(ids[:, :4], [2])[2]
    torch.testing.assert_close(whole[:, :4], part, atol=1e-4, rtol=1e-4)


def test_text_states_in_a_tree_are_those_of_text_alone(adapter: Adapter) -> None:
    """A library shares prefixes between phrases wherever an adapter honours mask and positions."""
    ids = adapter.tokenizer("a red dog and a cat", return_tensors="pt")["input_ids"]
    length = ids.shape[1]
    # The text twice in one line, the second time after the first but blind to it.
    attends = torch.ones(2 * length, 2 * length, dtype=torch.bool).tril()
    attends[length:, :length] = False
    positions = torch.arange(length).repeat(2)[None]
    keep = torch.arange(2 * length)[None] >= length
    again = adapter.text_states(
        ids.repeat(1, 2),
        [2],
        positions=positions,
        attends=attends[None],
        keep=keep,
    )[2]
    torch.testing.assert_close(again, adapter.text_states(ids, [2])[2][0], atol=1e-4, rtol=1e-4)


def test_caption_is_text(adapter: Adapter) -> None:
    """Greedy and repeatable."""
    said = [adapter.caption(picture((144, 144)), "describe the picture:", 12) for _ in range(2)]
    assert said[0] == said[1]
    assert said[0].strip()
