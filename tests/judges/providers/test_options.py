from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.core.errors import UsageError
from judges.providers.capabilities import TABLES, capabilities
from judges.providers.options import ApiOptions, resolve_options, split_model


def test_trailing_options_are_taken_off_the_model() -> None:
    model, options = split_model("gpt-5:effort=medium:detail=low:max_output_tokens=2000")
    assert model == "gpt-5"
    assert options == ApiOptions(effort="medium", detail="low", max_output_tokens=2000)


@pytest.mark.parametrize(
    "model",
    ["qwen2.5vl:7b", "Qwen/Qwen2.5-VL-7B-Instruct", "http://localhost:8000/v1/a:b", "m:a=b/c"],
)
def test_colons_of_a_model_stay(model: str) -> None:
    assert split_model(model) == (model, ApiOptions())
    assert split_model(f"{model}:detail=low") == (model, ApiOptions(detail="low"))


@given(
    st.text(st.characters(codec="utf-8", exclude_characters="=:"), min_size=1),
    st.dictionaries(
        st.sampled_from(["effort", "detail", "verbosity"]), st.sampled_from(["low", "high"])
    ),
)
def test_what_is_joined_is_split_again(model: str, chosen: dict[str, str]) -> None:
    text = model + "".join(f":{name}={value}" for name, value in chosen.items())
    assert split_model(text) == (model, ApiOptions.model_validate(chosen))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("gpt-5:efort=low", "unknown option in judge model 'gpt-5:efort=low' 'efort': did you"),
        ("gpt-5:effort=low:effort=high", "gives effort twice"),
        ("gpt-5:max_output_tokens=many", "max_output_tokens=many is not possible"),
        ("gpt-5:max_output_tokens=-1", "max_output_tokens=-1 is not possible"),
        ("gpt-5:format=xml", "format=xml is not possible"),
        (":effort=low", "names no model"),
        ("", "names no model"),
    ],
)
def test_impossible_options_are_named(text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        split_model(text)


@pytest.mark.parametrize(
    ("provider", "text", "message"),
    [
        ("openai", "gpt-5:effort=xhigh", "effort=xhigh.*accepts minimal, low, medium, high"),
        ("openai", "gpt-4o:effort=low", "effort=low.*has no such setting"),
        ("openai", "gpt-5:detail=original", "detail=original.*accepts low, high, auto"),
        ("openai", "o3:verbosity=low", "verbosity=low.*has no such setting"),
        ("openai", "gpt-4-turbo:format=json_schema", "accepts json_object, none"),
        ("anthropic", "claude-haiku-4-5:effort=low", "effort=low.*has no such setting"),
        ("anthropic", "claude-opus-4-8:effort=none", "accepts low, medium, high, xhigh, max"),
        ("anthropic", "claude-opus-4-8:detail=low", "detail=low.*has no such setting"),
        ("anthropic", "claude-opus-4-8:format=json_object", "accepts json_schema, none"),
        ("compatible", "tiny:effort=low", "effort=low.*has no such setting"),
    ],
)
def test_options_that_a_model_does_not_accept_are_refused(
    provider: str, text: str, message: str
) -> None:
    model, options = split_model(text)
    with pytest.raises(UsageError, match=message):
        resolve_options(provider, model, options)


def test_defaults_follow_the_model() -> None:
    found = resolve_options("openai", "gpt-5", ApiOptions())
    assert found == ApiOptions(max_output_tokens=8192, format="json_schema")
    assert resolve_options("openai", "gpt-5-pro", ApiOptions()).effort == "high"
    plain = resolve_options("anthropic", "claude-haiku-4-5", ApiOptions())
    assert (plain.effort, plain.detail, plain.verbosity) == ("", "", "")
    assert resolve_options("anthropic", "claude-3-opus-20240229", ApiOptions()).format == "none"


@pytest.mark.parametrize("provider", sorted(TABLES))
def test_every_model_of_the_tables_can_be_asked_without_options(provider: str) -> None:
    for prefix in TABLES[provider]:
        found = resolve_options(provider, prefix or "new", ApiOptions())
        able = capabilities(provider, prefix or "new")
        assert found.effort in (able.efforts or ("",))
        assert found.detail in (able.details or ("",))
        assert found.max_output_tokens > 0
