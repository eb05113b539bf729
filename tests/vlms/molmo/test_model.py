"""The model computes what the published weights mean."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from harness.vlms.capture import capture
from harness.vlms.families.molmo import MolmoAdapter
from harness.vlms.probes import probe_image
from tests.vlms.checkpoints.molmo import DEPTH, HEADS, KEY_VALUE_HEADS
from tests.vlms.molmo.reference import Reference


@pytest.fixture(scope="module")
def reference(stored: dict[str, torch.Tensor]) -> Reference:
    """Return the same model in another style."""
    weights = {name: tensor.double().numpy() for name, tensor in stored.items()}
    return Reference(weights, HEADS, KEY_VALUE_HEADS, DEPTH, theta=1e6, eps=1e-6)


def test_all_states_and_logits_are_those_of_the_reference(
    molmo: MolmoAdapter, reference: Reference
) -> None:
    """From pixels to logits, at every position and layer."""
    inputs = molmo._inputs(probe_image(), "what is it?")
    features = reference.features(inputs["images"].numpy(), inputs["image_masks"].numpy())
    places = inputs["image_input_idx"].numpy()
    expected = reference.states(inputs["input_ids"][0].numpy(), features, places)
    with (
        torch.no_grad(),
        capture(molmo.blocks, range(DEPTH + 1), lambda states: states[0]) as found,
    ):
        logits = molmo.model(**inputs, use_cache=False).logits[0]
    for layer, states in enumerate(expected):
        np.testing.assert_allclose(found[layer].numpy(), states, rtol=0, atol=2e-4)
    np.testing.assert_allclose(logits.numpy(), reference.logits(expected[-1]), rtol=0, atol=2e-4)


@pytest.mark.parametrize("mask", [0.0, 0.5, 1.0, -1.0])
def test_padding_is_told_to_the_model_in_three_ways(
    molmo: MolmoAdapter, reference: Reference, mask: float
) -> None:
    """Whole patches, partial ones and ones without; a negative share counts as partial."""
    inputs = molmo._inputs(probe_image(), "")
    images, masks = inputs["images"][:1], torch.full_like(inputs["image_masks"][:1], mask)
    masks[0, 0] = 1.0
    with torch.no_grad():
        found = molmo.model.model.vision_backbone(images, masks)
    expected = reference.features(images.numpy(), masks.numpy())
    np.testing.assert_allclose(found.numpy(), expected, rtol=0, atol=1e-4)


def test_generation_sees_the_image_once(molmo: MolmoAdapter) -> None:
    """With the cache, the next token is the same as when all is computed again."""
    inputs = molmo._inputs(probe_image(), "what?")
    with torch.no_grad():
        output = molmo.model.generate(**inputs, do_sample=False, max_new_tokens=4)
        length = inputs["input_ids"].shape[1]
        ids = inputs["input_ids"]
        for step in range(output.shape[1] - length):
            logits = molmo.model(**inputs | {"input_ids": ids}, use_cache=False).logits
            assert int(logits[0, -1].argmax()) == int(output[0, length + step])
            ids = torch.cat([ids, logits[:, -1:].argmax(-1)], dim=1)
        assert ids.shape[1] > length
        kept = molmo.model(**inputs, use_cache=False, logits_to_keep=2).logits
        whole = molmo.model(**inputs, use_cache=False).logits
    torch.testing.assert_close(kept, whole[:, -2:])
