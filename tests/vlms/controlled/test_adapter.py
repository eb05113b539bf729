"""A controlled model behind the adapter protocol, and against LLaVA made of the same parts."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw
from transformers import LlamaConfig, LlamaForCausalLM

from harness.core.errors import MismatchError, UsageError
from harness.core.model_files import model_hash
from harness.vlms.base import Adapter
from harness.vlms.controlled.adapter import ControlledAdapter
from harness.vlms.controlled.config import (
    COMPONENTS,
    ControlledConfig,
    ImageSettings,
    ProjectorSettings,
    read_config,
    write_config,
)
from harness.vlms.controlled.model import build
from harness.vlms.families.llava import LlavaAdapter
from harness.vlms.registry import load_vlm, vlm_depth
from harness.vlms.text import CausalTextModel
from tests.vlms.checkpoints.controlled import DEPTH, GRID, HIDDEN, PATCH, Variant
from tests.vlms.controlled.conftest import Directory, Loaded
from tests.vlms.tiny import build_tiny_llava

SIDE = GRID * PATCH
VARIANTS = (
    Variant(),
    Variant(language="qwen2", encoder="dinov2", mode="squash", bos=False),
    Variant(language="olmo2", encoder="siglip", mode="squash", marker_ids=(360, 361, 362, 363)),
    Variant(mode="crop", projector="mlp", sequence="bare", placeholder=False),
    Variant(projector="linear"),
)


def picture(width: int, height: int) -> Image.Image:
    lot = np.random.default_rng(width + 1000 * height)
    return Image.fromarray(lot.integers(0, 256, (height, width, 3), dtype=np.uint8))


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("size", [(SIDE, SIDE), (70, 40), (33, 91), (200, 7)])
def test_every_layer_has_a_state_per_cell(
    loaded: Loaded, variant: Variant, size: tuple[int, int]
) -> None:
    """For any shape of image, and the geometry is known beforehand."""
    adapter: Adapter = loaded(variant)
    tokens = adapter.encode(picture(*size), range(DEPTH + 1))
    assert tokens.geometry == adapter.geometry(*size)
    assert tokens.geometry.mode == variant.mode
    for layer in range(DEPTH + 1):
        assert tokens.states[layer].shape == (GRID * GRID, HIDDEN)
        assert tokens.states[layer].dtype == torch.float32


@pytest.mark.parametrize("variant", VARIANTS)
def test_layer_zero_is_the_language_models_input(loaded: Loaded, variant: Variant) -> None:
    """Projected features, plus the placeholder where there is one."""
    adapter = loaded(variant)
    image = picture(SIDE, SIDE)
    given = adapter._embedded(image, "other words")
    expected = given.inputs_embeds[0, given.visual]
    assert torch.equal(adapter.encode(image, [0]).states[0], expected)
    assert adapter.facts.feature_entry == ("add" if variant.placeholder else "replace")


@pytest.mark.parametrize("variant", VARIANTS)
def test_isolated_tokens_see_their_own_cell_alone(loaded: Loaded, variant: Variant) -> None:
    """Painting a cell of an image that is not resized moves its token and no other."""
    adapter = loaded(variant)
    base = picture(SIDE, SIDE)
    geometry = adapter.geometry(SIDE, SIDE)
    with adapter.isolated():
        before = adapter.encode(base, [0]).states[0]
        for index in range(GRID * GRID):
            painted = base.copy()
            left, top, right, bottom = geometry.cell_box(*geometry.cell_of_token(index))
            ImageDraw.Draw(painted).rectangle((left, top, right - 1, bottom - 1), fill="red")
            moved = (adapter.encode(painted, [0]).states[0] - before).norm(dim=1)
            assert moved.nonzero()[:, 0].tolist() == [index]
    painted.paste("red", (0, 0, SIDE, SIDE))
    seen = adapter.encode(painted, [0]).states[0]
    with adapter.isolated():
        assert not torch.allclose(seen, adapter.encode(painted, [0]).states[0], atol=1e-4)


def test_pad_vectors_reach_the_padded_tokens_alone(directory: Directory) -> None:
    """A wide image: rows 0 and 3 are empty, rows 1 and 2 half so; a square one has no padding."""
    adapter = ControlledAdapter(directory(Variant()), "tiny", "")
    images = picture(64, 16), picture(SIDE, SIDE)
    before = [adapter.encode(image, [0]).states[0] for image in images]
    adapter.model.pad_embed.data[0] = 0
    after = [adapter.encode(image, [0]).states[0] for image in images]
    moved = (after[0] - before[0]).norm(dim=1) > 1e-4
    assert moved.reshape(GRID, GRID).all(dim=1).tolist() == [True, False, False, True]
    assert int(moved.sum()) == 2 * GRID
    assert torch.equal(after[1], before[1])


def test_isolated_tokens_of_resized_images_see_their_own_cell_alone(loaded: Loaded) -> None:
    """Padded, wide and tall: the kernel reaches one pixel of the input beyond what is painted."""
    adapter = loaded(Variant())
    for size in ((160, 120), (90, 120), (640, 640)):
        base = picture(*size)
        geometry = adapter.geometry(*size)
        reach = 1.5 / min(geometry.scale)
        real = [index for index in range(16) if geometry.real(*geometry.cell_of_token(index))]
        assert len(real) >= 8
        with adapter.isolated():
            before = adapter.encode(base, [0]).states[0]
            for index in real:
                painted = base.copy()
                left, top, right, bottom = geometry.cell_box(*geometry.cell_of_token(index))
                inner = (left + reach, top + reach, right - reach, bottom - reach)
                ImageDraw.Draw(painted).rectangle(inner, fill=(250, 20, 20))
                moved = (adapter.encode(painted, [0]).states[0] - before).norm(dim=1)
                assert moved.nonzero()[:, 0].tolist() == [index]


@pytest.mark.parametrize("variant", VARIANTS)
def test_last_layer_gives_the_models_own_logits(loaded: Loaded, variant: Variant) -> None:
    """Through the readout, un-normed states in; norm weights are random, so twice would show."""
    adapter = loaded(variant)
    states, logits = adapter.own_logits(picture(50, 40))
    found = adapter.readout().logits(states)
    assert torch.allclose(found, logits[:, : adapter.facts.vocabulary], rtol=1e-3, atol=1e-3)
    assert len(adapter.vocabulary()) == adapter.facts.vocabulary == found.shape[1]
    assert adapter.facts.image_attention == "causal"


def test_text_side_is_the_language_model_alone(loaded: Loaded, directory: Directory) -> None:
    """The same states as the component by itself."""
    adapter = loaded(Variant())
    alone = CausalTextModel(directory(Variant()) / COMPONENTS / "language_model")
    ids = torch.tensor([[1, 30, 40, 50], [1, 60, 70, 0]])
    found, expected = (model.text_states(ids, [0, 2, DEPTH]) for model in (adapter, alone))
    for layer in (0, 2, DEPTH):
        assert torch.equal(found[layer], expected[layer])


def test_caption_continues_greedily(loaded: Loaded) -> None:
    """Token by token the most likely one after image and prompt."""
    adapter = loaded(Variant())
    image = picture(40, 40)
    model = adapter.model
    prepared = adapter._embedded(image, "a dog")
    embeds, ids = prepared.inputs_embeds, []
    with torch.no_grad():
        for _ in range(6):
            token = int(model.language_model(inputs_embeds=embeds).logits[0, -1].argmax())
            ids.append(token)
            if token == adapter.tokenizer.eos_token_id:
                break
            more = model.language_model.get_input_embeddings()(torch.tensor([[token]]))
            embeds = torch.cat([embeds, more], dim=1)
    expected = str(adapter.tokenizer.decode(ids, skip_special_tokens=True)).strip()
    assert adapter.caption(image, "a dog", 6) == expected


def test_registry_loads_a_directory(directory: Directory) -> None:
    """By path, with what its configuration says of itself."""
    path = directory(Variant())
    adapter = load_vlm(str(path))
    assert isinstance(adapter, ControlledAdapter)
    assert vlm_depth(str(path)) == adapter.facts.layers == DEPTH
    assert adapter.facts.weights_hash == model_hash(path)
    assert adapter.facts.provenance == read_config(path).provenance
    assert adapter.facts.prefix == "<s><im_start>"
    assert adapter.facts.family == "lensbench_controlled"


def test_bare_models_have_nothing_but_the_start_before_the_image(loaded: Loaded) -> None:
    """The prefix in the facts is what stands before the first visual token."""
    adapter = loaded(VARIANTS[3])
    assert adapter.facts.prefix == "<s>"


def test_unknown_views_prompts_and_layers_are_refused(loaded: Loaded, directory: Directory) -> None:
    """Each says what there is."""
    path = directory(Variant())
    with pytest.raises(UsageError, match="view 'tiles': this model has global"):
        ControlledAdapter(path, "tiny", "", view="tiles")
    with pytest.raises(UsageError, match="prompt 'poem'"):
        ControlledAdapter(path, "tiny", "", prompt="poem")
    with pytest.raises(UsageError, match=rf"layer {DEPTH + 1} .*0\.\.{DEPTH}"):
        loaded(Variant()).encode(picture(8, 8), [DEPTH + 1])


def test_bfloat16_is_near_float32(directory: Directory, loaded: Loaded) -> None:
    """The same directions to a few per cent."""
    rough = ControlledAdapter(directory(Variant()), "tiny", "", "bfloat16")
    image = picture(50, 50)
    exact = loaded(Variant()).encode(image, [0, DEPTH]).states
    for layer, states in rough.encode(image, [0, DEPTH]).states.items():
        cosine = torch.nn.functional.cosine_similarity(states, exact[layer], dim=-1)
        assert float(cosine.min()) > 0.98


@pytest.fixture(scope="module")
def twin(tmp_path_factory: pytest.TempPathFactory) -> tuple[LlavaAdapter, ControlledAdapter]:
    """Return a LLaVA and the controlled model made of its parts."""
    folder = tmp_path_factory.mktemp("twin")
    source = build_tiny_llava(folder / "llava", zero_attention=False)
    llava = LlavaAdapter(source, "llava", "", prompt="plain")
    target = folder / "controlled"
    _take_apart(llava, target)
    return llava, ControlledAdapter(target, "twin", "")


def _take_apart(llava: LlavaAdapter, target: Path) -> None:
    whole: Any = llava.model
    text: LlamaConfig = whole.config.text_config
    causal: Any = LlamaForCausalLM(text)
    causal.model.load_state_dict(whole.model.language_model.state_dict())
    causal.lm_head.load_state_dict(whole.lm_head.state_dict())
    causal.save_pretrained(target / COMPONENTS / "language_model")
    llava.tokenizer.save_pretrained(target / COMPONENTS / "language_model")
    whole.model.vision_tower.save_pretrained(target / COMPONENTS / "encoder")
    projector = whole.model.multi_modal_projector
    settings = llava.processor.image_processor
    config = ControlledConfig(
        language_model=f"{COMPONENTS}/language_model",
        encoder=f"{COMPONENTS}/encoder",
        num_hidden_layers=text.num_hidden_layers,
        hidden_size=text.hidden_size,
        features=(-2,),
        image=ImageSettings(
            mode="crop",
            size=settings.crop_size.height,
            resample="bicubic",
            antialias=True,
            whole_levels=True,
            mean=tuple(settings.image_mean),
            std=tuple(settings.image_std),
        ),
        projector=ProjectorSettings(
            kind="mlp",
            in_size=projector.linear_1.in_features,
            hidden_size=projector.linear_1.out_features,
            out_size=projector.linear_2.out_features,
            bias=True,
        ),
        sequence="bare",
        prompt="\nDescribe this image.",
        placeholder=False,
        pad_embed=False,
        provenance="Parts of a random LLaVA.",
    )
    write_config(target, config)
    model = build(config, target)
    model.projector.w1.load_state_dict(projector.linear_1.state_dict())
    model.projector.w2.load_state_dict(projector.linear_2.state_dict())
    model.save(target)


def test_a_llava_taken_apart_has_the_same_states(
    twin: tuple[LlavaAdapter, ControlledAdapter],
) -> None:
    """transformers' own joined model is the oracle, from pixels to the last layer."""
    llava, ours = twin
    last = llava.facts.layers
    side = llava.geometry(8, 8).canvas[0]
    for size in ((side, side), (150, 90)):
        image = Image.fromarray(
            np.add.outer(np.arange(size[1]), np.arange(size[0]))[..., None]
            .repeat(3, 2)
            .astype("u1")
        )
        found, expected = (model.encode(image, range(last + 1)) for model in (ours, llava))
        assert found.geometry == expected.geometry
        for layer in range(last + 1):
            if size == (side, side):
                assert torch.allclose(
                    found.states[layer], expected.states[layer], rtol=1e-3, atol=1e-4
                )
            else:  # Pillow rounds to whole levels after each axis, torch once.
                cosine = torch.nn.functional.cosine_similarity(
                    found.states[layer], expected.states[layer], dim=-1
                )
                assert float(cosine.mean()) > 0.998


def test_a_llava_taken_apart_says_the_same(twin: tuple[LlavaAdapter, ControlledAdapter]) -> None:
    """The prompt is taken as it is, so the line break belongs to it."""
    llava, ours = twin
    side = llava.geometry(8, 8).canvas[0]
    for lot in range(3):
        image = picture(side, side).rotate(90 * lot)
        assert ours.caption(image, "\na red ball", 5) == llava.caption(image, "a red ball", 5)


def test_a_readout_that_differs_is_refused(directory: Directory) -> None:
    """As for every family: proved at load, not believed."""
    adapter = ControlledAdapter(directory(Variant()), "tiny", "")
    readout = adapter.readout()
    adapter.__dict__["_readout"] = replace(readout, unembed=readout.unembed * 1.5)
    with pytest.raises(MismatchError, match="readout does not reproduce"):
        adapter._prove()
