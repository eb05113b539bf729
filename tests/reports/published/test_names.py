from __future__ import annotations

import pytest

from harness.core.errors import UsageError
from harness.vlms.registry import VLMS
from reports.published.load import load_paper
from reports.published.names import find_published, published_models, published_name

PAPER = load_paper()


def test_every_published_model_is_registered_under_a_known_name() -> None:
    found = [name for name in map(published_name, VLMS.names()) if name is not None]
    assert sorted(found) == sorted(published_models(PAPER))


def test_hub_ids_of_registered_models_are_known_too() -> None:
    for model in published_models(PAPER)[-6:]:
        assert published_name(VLMS.get(model).hub) == model
        assert published_name(f"{VLMS.get(model).hub}@0123abc".lower()) == model


@pytest.mark.parametrize("model", ["mini", "qwen3-vl-8b", "/models/qwen2-vl-7b", ""])
def test_other_models_have_no_published_name(model: str) -> None:
    assert published_name(model) is None


def test_an_unknown_model_is_refused_with_near_names() -> None:
    with pytest.raises(UsageError, match=r"'qwen2-vl'.*did you mean qwen2-vl-7b.*--model"):
        find_published("qwen2-vl", PAPER)
