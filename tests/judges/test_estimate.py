from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.core.errors import UsageError
from harness.core.records import Call, Judgement
from judges.estimate import (
    INPUT_MARGIN,
    MEASURED_AT_LEAST,
    REPAIR_SHARE,
    CostEstimate,
    QuestionSize,
    ReplyKind,
    estimate,
    in_process,
    question_size,
    worst_case,
)
from judges.prices import Price, PriceTable, load_prices

EFFORTS = ("none", "minimal", "low", "medium", "high", "xhigh", "max")
PRICES = PriceTable(
    date="2026-11",
    source="made up",
    prices={"gpt-5": Price(input=1, output=10, batch_factor=0.5)},
)
SIZE = QuestionSize(words=5, text_tokens=800, image_tokens=200)


def asked(
    sizes: list[QuestionSize],
    *,
    model: str = "gpt-5",
    reply: ReplyKind = "lists",
    effort: str = "low",
    answered: int = 0,
    measured: list[Judgement] | None = None,
    batch: bool = False,
) -> CostEstimate:
    return estimate(
        "a judge",
        model,
        sizes,
        prices=PRICES,
        reply=reply,
        effort=effort,
        answered=answered,
        measured=measured or [],
        batch=batch,
    )


def answered_with(tokens: int, words: int = 5, calls: tuple[Call, ...] = ()) -> Judgement:
    return Judgement(
        key="k",
        judge="a judge",
        judge_version="1",
        patch_id="p",
        words=tuple(f"w{i}" for i in range(words)),
        status="ok",
        output_tokens=tokens,
        calls=calls,
    )


def test_open_questions_are_calls_and_answered_ones_are_not() -> None:
    found = asked([SIZE] * 30, answered=70)
    assert (found.questions, found.cached, found.calls) == (100, 70, 30)
    assert found.input_tokens == 30_000
    assert (found.price_date, found.price_source) == ("2026-11", "made up")


def test_a_finished_judge_costs_nothing_whether_or_not_its_price_is_known() -> None:
    for model in ("gpt-5", "somebody's"):
        found = asked([], model=model, answered=70)
        assert (found.questions, found.calls, found.input_tokens) == (70, 0, 0)
        assert (found.cost_low, found.cost_high, found.notes) == (0.0, 0.0, ())


def test_the_papers_setting_comes_out_around_its_known_output() -> None:
    """About 450 tokens of answer and hidden reasoning for five words at low effort."""
    found = asked([SIZE])
    assert 100 < found.output_low < 450 / 1.5
    assert 450 * 1.5 < found.output_high < 1000


@pytest.mark.parametrize("reply", ["lists", "verdicts"])
def test_more_effort_never_takes_less(reply: ReplyKind) -> None:
    found = [asked([SIZE], reply=reply, effort=effort) for effort in EFFORTS]
    highs = [each.output_high for each in found]
    assert highs == sorted(set(highs))
    lows = [each.output_low for each in found]
    assert lows == sorted(lows) and lows[0] < lows[-1]


def test_a_model_without_efforts_is_taken_to_reason_openly() -> None:
    assert asked([SIZE], effort="").output_high == asked([SIZE], effort="none").output_high


def test_an_unknown_effort_is_refused() -> None:
    with pytest.raises(UsageError, match="unknown effort 'lowest': did you mean low"):
        asked([SIZE], effort="lowest")


def test_verdicts_grow_with_every_word_lists_hardly() -> None:
    large = QuestionSize(words=30, text_tokens=800, image_tokens=200)
    verdicts = [asked([size], reply="verdicts", effort="none") for size in (SIZE, large)]
    assert verdicts[1].output_low - verdicts[0].output_low == 25 * 12
    lists = [asked([size], reply="lists", effort="none") for size in (SIZE, large)]
    assert lists[0].output_low == lists[1].output_low


def test_prices_of_both_ends() -> None:
    found = asked([SIZE] * 1000, effort="none")
    assert found.output_low == 75_000
    assert found.cost_low == pytest.approx(1.0 + 0.75)
    high = 270_000
    repaired = REPAIR_SHARE * (1_000_000 + high)
    assert found.output_high == high * (1 + REPAIR_SHARE)
    assert found.cost_high == pytest.approx((1_000_000 + repaired + 10 * found.output_high) / 1e6)


def test_a_batch_takes_as_many_tokens_for_less() -> None:
    live, batch = asked([SIZE] * 10), asked([SIZE] * 10, batch=True)
    assert live.cost_low is not None and live.cost_high is not None
    assert (batch.cost_low, batch.cost_high) == (live.cost_low / 2, live.cost_high / 2)
    assert batch.output_high == live.output_high
    assert batch.batch and not live.batch


def test_an_unknown_price_leaves_the_tokens_known() -> None:
    found = asked([SIZE], model="somebody's")
    assert (found.cost_low, found.cost_high) == (None, None)
    assert found.output_high == asked([SIZE]).output_high


def test_measured_answers_replace_the_assumption() -> None:
    """Nine of ten answers take 10 tokens a word and one takes 110: mean 20, 90 % within 10."""
    measured = [answered_with(50)] * 18 + [answered_with(550)] * 2
    found = asked([SIZE] * 100, measured=measured)
    assert found.output_low == 100 * 5 * 20
    assert found.output_high == 100 * 5 * 20 * (1 + REPAIR_SHARE)
    assert found.notes == ("tokens out as measured on 20 answers",)


def test_the_quantile_of_measured_answers_is_the_high_end() -> None:
    measured = [answered_with(5 * n) for n in range(1, 101)]
    found = asked([SIZE] * 100, measured=measured)
    assert found.output_low == 100 * 5 * 50.5
    assert found.output_high == 100 * 5 * 90 * (1 + REPAIR_SHARE)


def test_too_few_or_failed_answers_measure_nothing() -> None:
    assumed = asked([SIZE])
    few = [answered_with(50)] * (MEASURED_AT_LEAST - 1)
    failed = answered_with(50).model_copy(update={"status": "truncated"})
    uncounted = answered_with(0)
    assert asked([SIZE], measured=[*few, failed, uncounted]) == assumed
    assert assumed.notes == ("tokens out assumed for effort low",)


def test_repairs_are_not_measured_twice() -> None:
    calls = (Call(status="parse_error", output_tokens=50), Call(status="ok", output_tokens=500))
    measured = [answered_with(550, calls=calls)] * MEASURED_AT_LEAST
    assert asked([SIZE], measured=measured).output_low == 50


def test_a_judge_in_this_process_calls_nobody() -> None:
    found = in_process("ground-truth", 270, 20)
    assert (found.questions, found.cached, found.calls) == (270, 20, 0)
    assert (found.cost_low, found.cost_high, found.model) == (0.0, 0.0, "")


def test_a_question_is_as_large_as_its_texts_and_pictures() -> None:
    size = question_size(5, ["a dog", '{"a": 1}'], [(512, 512), (64, 64)], "openai-tiles-gpt5")
    assert size == QuestionSize(words=5, text_tokens=2 + 4, image_tokens=420)
    low = question_size(5, [], [(512, 512)], "openai-tiles-gpt5", "low")
    assert low == QuestionSize(words=5, text_tokens=0, image_tokens=70)


def test_a_worst_case_allows_for_a_full_reply_and_miscounted_input() -> None:
    price = Price(input=1, output=10, batch_factor=0.5)
    most = worst_case(price, 1_000, 8_192)
    assert most == pytest.approx((1_000 * INPUT_MARGIN + 81_920) / 1e6)
    assert worst_case(price, 1_000, 8_192, batch=True) == pytest.approx(most / 2 if most else 0)
    assert worst_case(None, 1_000, 8_192) is None


@given(
    st.lists(
        st.builds(QuestionSize, st.integers(1, 40), st.integers(0, 5000), st.integers(0, 3000)),
        min_size=1,
        max_size=20,
    ),
    st.sampled_from(["lists", "verdicts"]),
    st.sampled_from(EFFORTS),
    st.booleans(),
)
def test_ranges_are_ranges_and_questions_add_up(
    sizes: list[QuestionSize], reply: ReplyKind, effort: str, batch: bool
) -> None:
    whole = asked(sizes, reply=reply, effort=effort, batch=batch)
    each = [asked([size], reply=reply, effort=effort, batch=batch) for size in sizes]
    assert whole.output_low <= whole.output_high
    assert whole.cost_low is not None and whole.cost_high is not None
    assert 0 < whole.cost_low < whole.cost_high
    assert whole.input_tokens == sum(one.input_tokens for one in each)
    assert whole.cost_high == pytest.approx(sum(one.cost_high or 0 for one in each))


def test_the_whole_published_grid_costs_what_its_example_says() -> None:
    """24,300 questions at 900 tokens of prompt and 512-pixel pictures: about $149 by gpt-5."""
    size = QuestionSize(words=5, text_tokens=900, image_tokens=420)
    grid = [size] * 24_300
    found = estimate("j", "gpt-5", grid, prices=load_prices(), reply="lists", effort="low")
    assert found.cost_low is not None and found.cost_high is not None
    assert found.cost_low < 149 < found.cost_high
    assert found.cost_high < 4 * found.cost_low
