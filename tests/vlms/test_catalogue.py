"""The registered names: every one can be listed, and its family has an adapter and a checkpoint."""

from __future__ import annotations

import pytest

from harness.core.hub import is_hub_id
from harness.vlms.catalogue import CATALOGUE
from harness.vlms.registry import FAMILIES, VLMS
from tests.vlms.checkpoints import CHECKPOINTS


@pytest.mark.parametrize("name", VLMS.names())
def test_every_name_has_an_entry_of_a_known_family(name: str) -> None:
    entry = VLMS.get(name)
    assert entry.name == name
    assert entry.family in FAMILIES
    assert entry.parameters > 0
    assert entry.verified
    assert entry.summary
    assert entry.provenance.endswith(".")


def test_published_models_come_from_the_hub() -> None:
    for entry in CATALOGUE.values():
        assert isinstance(entry.source, str)
        assert is_hub_id(entry.source)
    assert set(CATALOGUE) <= set(VLMS.names())


def test_every_family_has_a_tiny_checkpoint() -> None:
    """The contract tests run on these, so a family without one would go untested."""
    assert set(CHECKPOINTS) == set(FAMILIES)
