from __future__ import annotations

import pytest

from harness.core.errors import UsageError
from judges.providers.addresses import checked_address, host_of, split_address


@pytest.mark.parametrize(
    ("text", "address", "model"),
    [
        ("http://localhost:8000/v1/tiny", "http://localhost:8000/v1", "tiny"),
        ("http://localhost:11434/v1/qwen2.5vl:7b", "http://localhost:11434/v1", "qwen2.5vl:7b"),
        (
            "https://openrouter.ai/api/v1/openai/gpt-5",
            "https://openrouter.ai/api/v1",
            "openai/gpt-5",
        ),
        ("http://h/v1/org/v2/model", "http://h/v1", "org/v2/model"),
        ("http://localhost:8000/tiny", "http://localhost:8000", "tiny"),
        ("http://h/some/path#org/model", "http://h/some/path", "org/model"),
        ("https://h/v1beta/openai/#gemini-flash", "https://h/v1beta/openai", "gemini-flash"),
    ],
)
def test_address_and_model_are_told_apart(text: str, address: str, model: str) -> None:
    assert split_address(text) == (address, model)


@pytest.mark.parametrize("text", ["http://h/v1", "http://h/v1/", "http://h/a/b/c", "http://h#"])
def test_an_address_without_a_model_shows_the_form(text: str) -> None:
    with pytest.raises(UsageError, match=r"compatible:http://localhost:8000/v1/MODEL"):
        split_address(text)


@pytest.mark.parametrize(
    "text", ["localhost:8000/v1", "ftp://h/v1", "http://", "http://h:99999/v1", "http://h:x/v1"]
)
def test_what_is_no_web_address_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="expected http://HOST"):
        checked_address(text)


@pytest.mark.parametrize("url", ["https://me:hunter2@h/v1", "https://h/v1?key=hunter2"])
def test_an_address_with_a_secret_is_refused_without_showing_it(url: str) -> None:
    with pytest.raises(UsageError, match="at h holds a user name or a query") as caught:
        checked_address(url)
    assert "hunter2" not in str(caught.value)


def test_a_trailing_slash_makes_no_other_address() -> None:
    assert checked_address("http://h/v1/") == checked_address("http://h/v1")
    assert host_of("https://OpenRouter.ai/api/v1") == "openrouter.ai"
