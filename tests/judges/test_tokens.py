from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.core.errors import UsageError
from judges.tokens import IMAGE_RULES, image_tokens, text_tokens

RULES = st.sampled_from(sorted(IMAGE_RULES))
SIDES = st.integers(1, 6000)
DETAILS = st.sampled_from(["low", "high", "auto", "original"])


@pytest.mark.parametrize(
    ("rule", "width", "height", "detail", "tokens"),
    [
        ("openai-tiles-gpt5", 512, 512, "high", 210),
        ("openai-tiles-gpt5", 64, 64, "high", 210),
        ("openai-tiles-gpt5", 2000, 100, "low", 70),
        # The two worked examples of the tile rule in the provider's documentation.
        ("openai-tiles-4o", 1024, 1024, "high", 765),
        ("openai-tiles-4o", 2048, 4096, "high", 1105),
        ("openai-tiles-4o", 4096, 8192, "low", 85),
        # Published measurements of replies' usage.
        ("openai-patches", 256, 256, "high", 77),
        ("openai-patches", 512, 512, "high", 308),
        ("openai-patches", 768, 768, "high", 692),
        ("openai-patches", 1024, 1024, "high", 1229),
        ("openai-patches", 1280, 720, "high", 1104),
        ("openai-patches", 1920, 1080, "high", 2448),
        ("openai-patches", 2560, 1440, "original", 4320),
        ("openai-patches", 3840, 2160, "original", 9792),
        # 256 patches by the documented factors; one tile of the model with dear pictures.
        ("openai-patches-4.1-mini", 512, 512, "high", 415),
        ("openai-patches-4.1-nano", 512, 512, "high", 630),
        ("openai-patches-o4-mini", 512, 512, "high", 441),
        ("openai-tiles-4o-mini", 512, 512, "high", 8500),
        ("anthropic-patches", 512, 512, "high", 361),
        ("anthropic-patches", 1024, 1024, "high", 1369),
        ("anthropic-patches", 1000, 1000, "high", 1296),
        ("anthropic-patches", 1, 1, "high", 1),
        ("patches-28", 560, 280, "high", 200),
    ],
)
def test_worked_examples(rule: str, width: int, height: int, detail: str, tokens: int) -> None:
    assert image_tokens(rule, width, height, detail) == tokens


def test_high_detail_is_the_default() -> None:
    assert image_tokens("openai-tiles-gpt5", 1024, 1024) == 630


def test_large_pictures_are_shrunk_before_they_are_counted() -> None:
    assert image_tokens("openai-patches", 10_000, 10_000) == 3000
    assert image_tokens("openai-patches", 10_000, 10_000, "original") == 12_000
    assert image_tokens("openai-patches", 4096, 2048, "low") == 154
    assert image_tokens("anthropic-patches", 20_000, 20_000) == 4784
    assert image_tokens("openai-tiles-4o", 10_000, 20_000) == 1105


@given(RULES, SIDES, SIDES, DETAILS)
def test_a_larger_picture_never_takes_fewer_tokens(
    rule: str, width: int, height: int, detail: str
) -> None:
    count = image_tokens(rule, width, height, detail)
    assert count >= 1
    # Growing both sides alike: growing one alone can shrink the other where a long side is capped.
    assert count <= image_tokens(rule, 2 * width, 2 * height, detail)


@given(RULES, SIDES, SIDES)
def test_low_detail_never_takes_more(rule: str, width: int, height: int) -> None:
    low, high = (image_tokens(rule, width, height, detail) for detail in ("low", "high"))
    assert low <= high


@given(RULES, SIDES, SIDES, DETAILS)
def test_turning_a_picture_changes_nothing(rule: str, width: int, height: int, detail: str) -> None:
    assert image_tokens(rule, width, height, detail) == image_tokens(rule, height, width, detail)


def test_an_unknown_rule_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UsageError, match="openai-tiles-gpt5"):
        image_tokens("openai-tiles", 512, 512)


@pytest.mark.parametrize(("width", "height"), [(0, 512), (512, -1)])
def test_a_picture_without_a_side_is_refused(width: int, height: int) -> None:
    with pytest.raises(ValueError, match="sides of 1 or more"):
        image_tokens("patches-28", width, height)


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("", 0),
        ("a", 1),
        ("abcd efgh", 3),
        ("a dog on the red boat", 6),
        ('{"a": 1}', 4),
        ("犬が好き", 4),
        ("собака", 6),
        ("été", 2),
        ("🐕🐕", 4),
        ("כלב", 3),
    ],
)
def test_text_by_script(text: str, tokens: int) -> None:
    assert text_tokens(text) == tokens


@given(st.text(), st.text())
def test_texts_add_up(first: str, second: str) -> None:
    together = text_tokens(first + second)
    assert together <= text_tokens(first) + text_tokens(second) <= together + 1


@given(st.text())
def test_no_text_takes_less_than_its_characters_by_four(text: str) -> None:
    assert text_tokens(text) >= len(text) / 4
