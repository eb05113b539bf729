from __future__ import annotations

from reports.costs import JudgeCost, LensCost
from reports.costs_text import costs_text

PAID = JudgeCost(
    judge="gpt-5",
    questions=2_400,
    answered=2_390,
    by_status={"ok": 2_390, "refusal": 7, "api_error": 3},
    calls=2_431,
    failed_calls=19,
    repaired=12,
    batches=0,
    input_tokens=3_214_112,
    output_tokens=1_071_220,
    cost_usd=7.84123,
    known_usd=7.84123,
    unknown=0,
    median_s=2.34,
    p95_s=6.12,
    snapshots={"gpt-5-2025-08-07": 2_412},
)
FREE = PAID.model_copy(
    update={
        "judge": "ground-truth",
        "answered": 2_400,
        "by_status": {"ok": 2_400},
        "calls": 0,
        "cost_usd": 0.0,
        "known_usd": 0.0,
    }
)
SHARES = [
    LensCost(judge="gpt-5", lens="latent", questions=1_200, cost_usd=4.0, known_usd=4.0),
    LensCost(judge="gpt-5", lens="checks", questions=1_200, cost_usd=3.84123, known_usd=3.84123),
    LensCost(judge="other", lens="logit", questions=1, cost_usd=1.0, known_usd=1.0),
]


def test_a_paid_judge_takes_a_few_lines() -> None:
    assert costs_text([PAID], SHARES).splitlines() == [
        "judge gpt-5: $7.84",
        "  2,390 of 2,400 questions answered (7 refusal, 3 api_error)",
        "  2,431 calls, 19 failed, 12 replies put right",
        "  3,214,112 tokens in, 1,071,220 out; 2.3 s an answer, 95 % within 6.1 s",
        "  answered by gpt-5-2025-08-07",
        "  by lens: latent $4.00, checks $3.84",
    ]


def test_a_judge_without_calls_takes_one_line() -> None:
    assert costs_text([FREE]) == (
        "judge ground-truth: $0.00, 2,400 of 2,400 questions answered, no calls to a provider"
    )


def test_an_unknown_price_is_never_shown_as_a_sum() -> None:
    unknown = PAID.model_copy(update={"cost_usd": None, "known_usd": 0.5, "unknown": 1})
    share = SHARES[0].model_copy(update={"cost_usd": None})
    bare = share.model_copy(update={"lens": "logit", "known_usd": 0.0})
    text = costs_text([unknown], [share, bare])
    assert "judge gpt-5: price unknown of 1 call, $0.5000 without" in text
    assert "by lens: latent $4.00 + unknown, logit unknown" in text


def test_batches_several_models_and_large_sums() -> None:
    cost = PAID.model_copy(
        update={
            "batches": 3,
            "median_s": None,
            "p95_s": None,
            "cost_usd": 1_234.567,
            "snapshots": {"m-1": 2_000, "m-2": 1},
        }
    )
    text = costs_text([cost])
    assert text.startswith("judge gpt-5: $1,234.57\n")
    assert "12 replies put right, in 3 batches\n" in text
    assert "3,214,112 tokens in, 1,071,220 out\n" in text
    assert text.endswith("answered by m-1 (2,000 replies), m-2 (1 reply)")


def test_times_are_plain_figures() -> None:
    text = costs_text([PAID.model_copy(update={"median_s": 0.04, "p95_s": 1_250.0})])
    assert "0.0 s an answer, 95 % within 1,250 s" in text


def test_judges_stand_in_the_order_given() -> None:
    heads = [x for x in costs_text([FREE, PAID]).splitlines() if x.startswith("judge")]
    assert [head.split(":")[0] for head in heads] == ["judge ground-truth", "judge gpt-5"]
