"""Molmo as an adapter: facts, layout, views, types."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from harness.core.errors import DataError
from harness.vlms.conformance.painting import image_cells
from harness.vlms.families.molmo import MolmoAdapter
from harness.vlms.probes import probe_image
from harness.vlms.registry import load_vlm, vlm_depth
from tests.vlms.checkpoints.molmo import ADDED, DEPTH, HIDDEN


def test_facts_are_those_of_the_family(molmo: MolmoAdapter) -> None:
    """Causal, features added, no rows of the output for the image tokens."""
    facts = molmo.facts
    assert (facts.family, facts.layers, facts.hidden) == ("molmo", DEPTH, HIDDEN)
    assert (facts.image_attention, facts.feature_entry) == ("causal", "add")
    assert (facts.processor, facts.injection_layers) == ("MolmoProcessor", ())
    assert facts.prefix == f"{molmo.tokenizer.eos_token}<im_start>"
    table = molmo.model.get_input_embeddings().weight
    assert facts.vocabulary == len(table) - ADDED < len(molmo.tokenizer)
    assert len(molmo.vocabulary()) == len(molmo.readout().unembed) == facts.vocabulary


def test_a_directory_is_enough(molmo_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the remote code that its files name is asked for or run."""

    def ask(prompt: str = "") -> str:
        raise AssertionError(prompt)

    monkeypatch.setattr("builtins.input", ask)
    assert load_vlm(str(molmo_path)).facts.family == "molmo"
    assert vlm_depth(str(molmo_path)) == DEPTH


@pytest.mark.parametrize("size", [(150, 90), (90, 200), (64, 64)])
def test_a_painted_cell_moves_its_own_token_and_no_other(
    molmo: MolmoAdapter, size: tuple[int, int]
) -> None:
    """In the whole view and in the grid over all crops, where no crop sees beyond its edge."""
    photo = np.random.default_rng(3).integers(90, 160, (size[1], size[0], 3)).astype(np.uint8)
    with molmo.isolated():
        before = molmo.encode(Image.fromarray(photo), [0]).states[0]
        for view in molmo.layout(*size).views.values():
            tested = 0
            for cell in image_cells(view):
                left, top, right, bottom = view.cell_box(*cell)
                x, y = (left + right) / 2, (top + bottom) / 2
                painted = photo.copy()
                painted[int(y) : int(y) + 1, int(x) : int(x) + 1] = (255, 0, 255)
                moved = (molmo.encode(Image.fromarray(painted), [0]).states[0] - before).norm(
                    dim=-1
                )
                places = [place for place in view.token_indices() if moved[place] > 0]
                assert places == [view.token_index(*cell)]
                tested += 1
            assert tested >= view.tokens // 2


def test_cells_without_image_show_none_of_it(molmo: MolmoAdapter) -> None:
    """Whatever the picture, they are the same."""
    size = (90, 200)
    pictures = [Image.new("RGB", size, colour) for colour in ("red", "white")]
    with molmo.isolated():
        first, second = (molmo.encode(picture, [0]).states[0] for picture in pictures)
    moved = (first - second).norm(dim=-1) > 0
    for view in molmo.layout(*size).views.values():
        for place in view.token_indices():
            left, top, right, bottom = view.cell_box(*view.cell_of_token(place))
            assert bool(moved[place]) == (right > left and bottom > top)


def test_cells_know_where_the_image_is(molmo: MolmoAdapter) -> None:
    """Letterboxed: the grid's first and last rows are padding."""
    view = molmo.layout(150, 90).view("global")
    assert (view.mode, view.grid, view.placed) == ("pad", (4, 4), (0.0, 13.0, 64.0, 51.0))
    assert view.fill == (0, 0, 0)
    assert [view.real(row, 1) for row in range(4)] == [False, True, True, False]


def test_features_are_added_to_the_placeholder(molmo: MolmoAdapter) -> None:
    """H[0] is the embedding of the placeholder plus what the connector gives, in token order."""
    inputs = molmo._inputs(probe_image(), molmo.question)
    with torch.no_grad():
        features = molmo.model.model.vision_backbone(inputs["images"], inputs["image_masks"])
        placeholder = molmo.model.get_input_embeddings().weight[molmo.processor.image_token_id]
    used = inputs["image_input_idx"] >= 0
    ordered = features[used][inputs["image_input_idx"][used].argsort()]
    torch.testing.assert_close(molmo.encode(probe_image(), [0]).states[0], ordered + placeholder)


def test_tiles_can_be_looked_at(molmo: MolmoAdapter, molmo_path: Path) -> None:
    """The states are the same; the geometry is that of the chosen view."""
    tiles = MolmoAdapter(molmo_path, "x", "random", view="tiles")
    image = probe_image()
    found, other = tiles.encode(image, [2]), molmo.encode(image, [2])
    assert found.geometry == molmo.layout(*image.size).view("tiles") != other.geometry
    assert torch.equal(found.states[2], other.states[2])


def test_bfloat16_gives_nearly_the_same(molmo: MolmoAdapter, molmo_path: Path) -> None:
    """The readout is proved at load, with all parts in 16 bits."""
    half = MolmoAdapter(molmo_path, "x", "random", dtype="bfloat16")
    assert {parameter.dtype for parameter in half.model.parameters()} == {torch.bfloat16}
    found = half.encode(probe_image(), [DEPTH]).states[DEPTH]
    expected = molmo.encode(probe_image(), [DEPTH]).states[DEPTH]
    assert float((found - expected).norm() / expected.norm()) < 0.05


def test_text_states_are_causal(molmo: MolmoAdapter) -> None:
    """The language model alone, for reference libraries."""
    ids = torch.tensor([[5, 6, 7, 8]])
    long, short = (molmo.text_states(part, [0, DEPTH]) for part in (ids, ids[:, :2]))
    torch.testing.assert_close(long[DEPTH][:, :2], short[DEPTH])
    assert torch.equal(long[0][0], molmo.model.get_input_embeddings().weight[ids[0]])


def test_caption_is_text(molmo: MolmoAdapter) -> None:
    """Generation runs through image, cache and tokenizer."""
    first = molmo.caption(probe_image(), "what?", 4)
    assert first == molmo.caption(probe_image(), "what?", 4)
    assert first != molmo.caption(Image.new("RGB", (90, 30)), "what?", 4)


def test_an_image_too_thin_is_refused(molmo: MolmoAdapter) -> None:
    """Before the model runs."""
    with pytest.raises(DataError, match="a 1x5000 image"):
        molmo.encode(Image.new("RGB", (1, 5000)), [0])
