from __future__ import annotations

import pytest

from harness.core.errors import UsageError
from judges.providers.capabilities import TABLES, capabilities, is_dated
from judges.tokens import IMAGE_RULES


@pytest.mark.parametrize(
    ("model", "efforts"),
    [
        ("gpt-5", ("minimal", "low", "medium", "high")),
        ("gpt-5-mini-2025-08-07", ("minimal", "low", "medium", "high")),
        ("gpt-5.1", ("none", "low", "medium", "high")),
        ("gpt-5.4-mini", ("none", "low", "medium", "high", "xhigh")),
        ("gpt-6-luna", ("none", "low", "medium", "high", "xhigh", "max")),
        ("gpt-5-pro", ("high",)),
        ("gpt-5-chat-latest", ()),
        ("o3-2025-04-16", ("low", "medium", "high")),
        ("gpt-4o", ()),
    ],
)
def test_openai_models_have_the_efforts_of_their_family(
    model: str, efforts: tuple[str, ...]
) -> None:
    assert capabilities("openai", model).efforts == efforts


@pytest.mark.parametrize(
    ("model", "efforts"),
    [
        ("claude-haiku-4-5", ()),
        ("claude-opus-4-5-20251101", ("low", "medium", "high")),
        ("claude-sonnet-4-6", ("low", "medium", "high", "max")),
        ("claude-sonnet-5-5", ("low", "medium", "high", "xhigh", "max")),
    ],
)
def test_anthropic_models_have_the_efforts_of_their_family(
    model: str, efforts: tuple[str, ...]
) -> None:
    assert capabilities("anthropic", model).efforts == efforts


def test_only_models_without_hidden_reasoning_get_a_temperature() -> None:
    for provider in ("openai", "anthropic"):
        for prefix, able in TABLES[provider].items():
            assert not (able.temperature and able.efforts), prefix
    assert not any(able.temperature for able in TABLES["anthropic"].values())
    assert capabilities("openai", "gpt-4o").temperature
    assert not capabilities("openai", "gpt-5").temperature
    assert capabilities("compatible", "qwen2.5vl:7b").temperature
    assert not capabilities("compatible", "openai/gpt-5").temperature


def test_a_longer_name_wins_over_its_beginning() -> None:
    assert capabilities("openai", "gpt-5").image_rule == "openai-tiles-gpt5"
    assert capabilities("openai", "gpt-5-mini").image_rule == "openai-patches"
    assert capabilities("openai", "gpt-4-turbo").schema_kind == "json_object"
    assert capabilities("openai", "gpt-4.1").schema_kind == "json_schema"
    assert capabilities("anthropic", "claude-3-5-sonnet-20241022").schema_kind == "none"


def test_an_unknown_model_gets_what_the_newest_ones_accept() -> None:
    assert capabilities("openai", "gpt-9") == capabilities("openai", "gpt-6-sol")
    assert capabilities("anthropic", "claude-opus-9") == capabilities("anthropic", "claude-opus-5")


def test_images_are_counted_by_rules_that_exist() -> None:
    assert {able.image_rule for table in TABLES.values() for able in table.values()} <= set(
        IMAGE_RULES
    )


def test_batches_are_for_the_two_providers_only() -> None:
    assert all(able.batch for able in TABLES["openai"].values())
    assert all(able.batch for able in TABLES["anthropic"].values())
    assert not any(able.batch for able in TABLES["compatible"].values())


def test_an_unknown_provider_is_named() -> None:
    with pytest.raises(UsageError, match="unknown provider 'gemini'.*anthropic"):
        capabilities("gemini", "flash")


@pytest.mark.parametrize(
    ("provider", "model", "dated"),
    [
        ("openai", "gpt-5-2025-08-07", True),
        ("openai", "gpt-5", False),
        ("openai", "gpt-5-mini", False),
        ("openai", "gpt-5-chat-latest", False),
        ("anthropic", "claude-sonnet-4-5-20250929", True),
        ("anthropic", "claude-sonnet-4-5", False),
        ("anthropic", "claude-opus-4-1", False),
        ("anthropic", "claude-3-7-sonnet-latest", False),
        ("anthropic", "claude-sonnet-4-6", True),
        ("anthropic", "claude-opus-5", True),
        ("anthropic", "claude-haiku-5-5", True),
        ("compatible", "qwen2.5vl:7b", False),
        ("compatible", "openai/gpt-5-2025-08-07", True),
    ],
)
def test_names_that_stay_one_model_for_good(provider: str, model: str, dated: bool) -> None:
    assert is_dated(provider, model) is dated
