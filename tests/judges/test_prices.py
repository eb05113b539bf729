from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.core.errors import UsageError
from harness.core.records import Call
from judges.prices import Price, PriceTable, call_cost, load_prices, token_cost

SHIPPED = load_prices()
TABLE = PriceTable(
    date="2026-11",
    source="made up",
    prices={
        "gpt-5": Price(provider="openai", input=1.25, cached_input=0.125, output=10),
        "claude-haiku-4-5": Price(provider="anthropic", input=1, output=5, batch_factor=0.5),
        "qwen2.5vl:7b": Price(input=0, output=0),
        "gpt-4o-2024-05-13": Price(provider="openai", input=5, output=15),
        "gpt-4o": Price(provider="openai", input=2.5, output=10),
    },
)


@pytest.mark.parametrize(
    ("name", "entry"),
    [
        ("gpt-5", "gpt-5"),
        ("gpt-5-2025-08-07", "gpt-5"),
        ("openai/gpt-5", "gpt-5"),
        ("openai/gpt-5-2025-08-07", "gpt-5"),
        ("claude-haiku-4-5-20251001", "claude-haiku-4-5"),
        ("qwen2.5vl:7b", "qwen2.5vl:7b"),
        ("gpt-4o-2024-05-13", "gpt-4o-2024-05-13"),
        ("gpt-4o-2024-11-20", "gpt-4o"),
    ],
)
def test_a_model_is_found_by_name_snapshot_and_provider(name: str, entry: str) -> None:
    assert TABLE.find(name) == TABLE.prices[entry]


@pytest.mark.parametrize(
    "name",
    [
        "",
        "gpt",
        "gpt-5-mini",
        "gpt-5-mini-2025-08-07",
        "gpt-5.1",
        "gpt-5-pro",
        "gpt-5-latest",
        "gpt-5-2025",
        "gpt-5-12345678",
        "GPT-5",
        "acme/gpt-5",
        "anthropic/gpt-5",
        "/gpt-5",
        "a/openai/gpt-5",
        "openai/qwen2.5vl:7b",
        "-2025-08-07",
    ],
)
def test_another_model_is_not_guessed(name: str) -> None:
    assert TABLE.find(name) is None


def test_a_needed_price_that_is_missing_is_refused_with_what_to_write() -> None:
    assert TABLE.require("gpt-5") == TABLE.prices["gpt-5"]
    with pytest.raises(UsageError, match=r"no price for model 'gpt-9' .*2026-11.*\[models\.") as e:
        TABLE.require("gpt-9")
    assert "\n" not in str(e.value)


@pytest.mark.parametrize(
    ("model", "prices"),
    [
        ("gpt-5", (1.25, 0.125, 10)),
        ("gpt-5-mini", (0.25, 0.025, 2)),
        ("gpt-5-nano", (0.05, 0.005, 0.4)),
        ("gpt-5.4-mini", (0.75, 0.075, 4.5)),
        ("gpt-6-astra", (10, 1, 50)),
        ("claude-haiku-4-5-20251001", (1, 0.1, 5)),
        ("claude-sonnet-5-5", (2, 0.1, 10)),
        ("claude-opus-4-8", (5, 0.5, 25)),
        ("google/gemini-2.5-flash", (0.3, 0.03, 2.5)),
    ],
)
def test_shipped_prices(model: str, prices: tuple[float, float, float]) -> None:
    price = SHIPPED.require(model)
    assert (price.input, price.cached_input, price.output) == prices
    assert price.batch_factor == 0.5


def test_the_shipped_table_is_dated_and_every_entry_is_sound() -> None:
    assert SHIPPED.date == "2026-11"
    assert "litellm" in SHIPPED.source and "genai-prices" in SHIPPED.source
    for price in SHIPPED.prices.values():
        assert price.provider in ("openai", "anthropic", "google")
        assert price.cached_input is not None
        assert 0 < price.cached_input < price.input < price.output


@pytest.mark.parametrize("ending", ["toml", "json"])
def test_a_users_file_replaces_entries_whole_and_adds_others(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"prices.{ending}"
    own = {"my-model": {"input": 1.0, "output": 2.0}, "gpt-5": {"input": 9.0, "output": 8.0}}
    path.write_text(
        json.dumps({"models": own, "date": "2026-12"})
        if ending == "json"
        else 'date = "2026-12"\n[models."my-model"]\ninput = 1.0\noutput = 2.0\n'
        '[models."gpt-5"]\ninput = 9.0\noutput = 8.0\n'
    )
    table = load_prices(path)
    assert table.find("my-model") == Price(input=1, output=2)
    assert table.find("gpt-5-2025-08-07") == Price(input=9, output=8)
    assert table.find("gpt-5-mini") == SHIPPED.find("gpt-5-mini")
    assert table.date == "2026-11"
    assert table.source == f"{SHIPPED.source}; my-model, gpt-5 from {path} of 2026-12"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[models."m"]\ninput = 1\n', "model 'm', output"),
        ('[models."m"]\ninput = -1\noutput = 2\n', "model 'm', input"),
        ('[models."m"]\ninput = nan\noutput = 2\n', "model 'm', input"),
        ('[models."m"]\ninput = 1\noutput = inf\n', "model 'm', output"),
        ('[models."m"]\ninput = "cheap"\noutput = 2\n', "model 'm', input"),
        ('[models."m"]\ninput = 1\noutput = 2\nbatch_factor = 0\n', "model 'm', batch_factor"),
        ('[models."m"]\ninput = 1\noutput = 2\nbatch_factor = 2\n', "model 'm', batch_factor"),
        ('[models."m"]\ninput = 1\noutput = 2\nimages = 3\n', "model 'm', images"),
        ("[models]\nm = 3\n", "model 'm': "),
        ('["m"]\ninput = 1\noutput = 2\n', "models: "),
        ("input = \n", "cannot read prices"),
        ("", "models: "),
    ],
)
def test_a_bad_file_is_refused_by_file_model_and_field(
    tmp_path: Path, text: str, said: str
) -> None:
    path = tmp_path / "own.toml"
    path.write_text(text)
    with pytest.raises(UsageError) as caught:
        load_prices(path)
    message = str(caught.value)
    assert said in message
    assert str(path) in message
    assert "\n" not in message


def test_a_missing_file_broken_json_and_no_text_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="No such file"):
        load_prices(tmp_path / "none.toml")
    broken = tmp_path / "own.json"
    broken.write_text('{"models": ')
    with pytest.raises(UsageError, match=r"own\.json.*expected a TOML or \.json file"):
        load_prices(broken)
    broken.write_text("[]")
    with pytest.raises(UsageError, match="whole file"):
        load_prices(broken)
    broken.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UsageError, match="cannot read prices"):
        load_prices(broken)


def test_a_call_costs_its_tokens_with_cached_ones_cheaper() -> None:
    call = Call(status="ok", input_tokens=1_000_000, cached_tokens=400_000, output_tokens=100_000)
    assert call_cost(TABLE.find("gpt-5"), call) == pytest.approx(0.6 * 1.25 + 0.05 + 1.0)
    uncached = Price(input=1.25, output=10)
    assert call_cost(uncached, call) == pytest.approx(1.25 + 1.0)


def test_a_call_of_a_batch_costs_its_share() -> None:
    call = Call(status="ok", input_tokens=2_000, output_tokens=1_000)
    price = TABLE.require("claude-haiku-4-5")
    assert call_cost(price, call) == pytest.approx(0.007)
    assert call_cost(price, call, batch=True) == pytest.approx(0.0035)


def test_failures_are_charged_for_their_tokens() -> None:
    call = Call(status="truncated", input_tokens=1_000, output_tokens=4_000)
    assert call_cost(TABLE.find("gpt-5"), call) == pytest.approx(0.04125)


def test_an_unknown_price_is_unknown_and_a_free_model_is_free() -> None:
    call = Call(status="ok", input_tokens=1_000, output_tokens=1_000)
    assert call_cost(None, call) is None
    assert call_cost(None, Call(status="api_error")) is None
    assert call_cost(TABLE.find("qwen2.5vl:7b"), call) == 0.0


@given(st.integers(0, 10**6), st.integers(0, 10**6), st.integers(0, 10**6))
def test_no_call_costs_more_than_its_tokens_uncached(sent: int, cached: int, received: int) -> None:
    """Also where a server reports more cached tokens than sent ones."""
    price = TABLE.require("gpt-5")
    call = Call(status="ok", input_tokens=sent, cached_tokens=cached, output_tokens=received)
    cost, most = call_cost(price, call), token_cost(price, sent, received)
    assert cost is not None and most is not None
    assert 0 <= cost <= most * (1 + 1e-12)
