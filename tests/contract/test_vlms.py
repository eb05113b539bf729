"""What every family and every bundled model must do; ``lensbench doctor`` asks the same."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch

from harness.vlms.base import Adapter
from harness.vlms.conformance.battery import CHECKS, Check, run_check
from harness.vlms.conformance.painting import image_cells
from harness.vlms.conformance.trial import Trial, picture, trials
from harness.vlms.registry import FAMILIES, VLMS, load_vlm, vlm_depth
from tests.contract.conftest import BUNDLED, MODELS
from tests.vlms.checkpoints import CHECKPOINTS


@pytest.fixture(scope="module", params=MODELS)
def adapter(request: pytest.FixtureRequest, located: Callable[[str], str]) -> Adapter:
    """Return every model, loaded by name or by path."""
    return load_vlm(located(request.param))


@pytest.fixture(scope="module")
def pictures(adapter: Adapter) -> tuple[Trial, ...]:
    """Return the model in front of pictures of four shapes; all their cells are painted."""
    return trials(adapter, cells=None)


def test_every_family_has_a_checkpoint_to_be_tested_on() -> None:
    assert set(CHECKPOINTS) == set(FAMILIES)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name.replace(" ", "-"))
def test_conformance(check: Check, pictures: tuple[Trial, ...]) -> None:
    results = [
        result
        for trial in (pictures if check.every_picture else pictures[:1])
        for result in run_check(check, trial)
    ]
    assert [result for result in results if result.verdict == "failed"] == []
    if check.name != "separators":
        assert {result.verdict for result in results} == {"passed"}


def test_every_cell_with_image_is_painted(pictures: tuple[Trial, ...]) -> None:
    """Nothing is left out of the painted-cell check but padding."""
    for trial in pictures:
        for view in trial.layout.views.values():
            cells = [view.cell_of_token(index) for index in view.token_indices()]
            painted = set(image_cells(view))
            assert painted >= {cell for cell in cells if view.real(*cell)}
            assert len(painted) == view.tokens or view.mode == "pad"


@pytest.mark.parametrize("name", BUNDLED)
def test_entry_says_what_is_loaded(name: str) -> None:
    """Depth, width, family and grid of the registry entry are those of the checkpoint."""
    entry, loaded = VLMS.get(name), load_vlm(name)
    facts = loaded.facts
    assert (entry.layers, entry.hidden, entry.family) == (facts.layers, facts.hidden, facts.family)
    assert vlm_depth(name) == facts.layers
    assert loaded.geometry(144, 144).grid == entry.grid
    assert facts.provenance == entry.provenance


def test_text_states_in_a_tree_are_those_of_text_alone(adapter: Adapter) -> None:
    """A library shares prefixes between phrases wherever an adapter honours mask and positions."""
    ids = torch.tensor([adapter.tokenizer.encode("a red dog and a cat")])
    length = ids.shape[1]
    # The text twice in one line, the second time after the first but blind to it.
    attends = torch.ones(2 * length, 2 * length, dtype=torch.bool).tril()
    attends[length:, :length] = False
    again = adapter.text_states(
        ids.repeat(1, 2),
        [2],
        positions=torch.arange(length).repeat(2)[None],
        attends=attends[None],
        keep=torch.arange(2 * length)[None] >= length,
    )[2]
    torch.testing.assert_close(again, adapter.text_states(ids, [2])[2][0], atol=1e-4, rtol=1e-4)


def test_captions_are_greedy_text(adapter: Adapter) -> None:
    said = [adapter.caption(picture((144, 144)), "describe the picture:", 6) for _ in range(2)]
    assert said[0] == said[1]
    if adapter.facts.name in BUNDLED:
        assert said[0].strip()
