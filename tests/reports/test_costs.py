from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.core.records import Answer, Call, Check, Judgement, Status
from reports.costs import CHECKS, UNANSWERED, UNUSED, LensCost, Question, judge_costs, lens_costs

QUESTIONS: list[Question] = [
    (f"p{patch}", (word, "tail")) for patch in range(3) for word in ("dog", "red")
]


def row(
    key: str,
    status: Status = "ok",
    cost: float | None = 0.0,
    *,
    check: Check = "",
    calls: tuple[Call, ...] = (),
    latency: float = 0.0,
    batch: str = "",
    snapshot: str = "",
) -> Judgement:
    return Judgement(
        key=key,
        judge="j",
        judge_version="1",
        patch_id="p0",
        words=("dog", "tail"),
        status=status,
        check=check,
        input_tokens=sum(call.input_tokens for call in calls),
        output_tokens=sum(call.output_tokens for call in calls),
        cost_usd=cost,
        calls=calls,
        latency_s=latency,
        batch=batch,
        snapshot=snapshot,
    )


def answer(question: Question, *keys: str, status: Status = "ok") -> Answer:
    return Answer(patch_id=question[0], words=question[1], status=status, judgements=keys)


def by_lens(rows: list[LensCost]) -> dict[str, tuple[float, float | None]]:
    return {each.lens: (each.questions, each.cost_usd) for each in rows}


def test_every_try_is_paid_for_and_the_best_outcome_counts() -> None:
    found = judge_costs(
        "gpt-5",
        [
            row("a", "truncated", 0.5),
            row("b", "ok", 0.25),
            row("a", "ok", 0.25),
            row("c", "refusal", 0.25),
            row("c", "api_error", 0.0),
            row("b", "truncated", 0.125),
        ],
    )
    assert found.judge == "gpt-5"
    assert (found.questions, found.answered) == (3, 2)
    assert found.by_status == {"ok": 2, "api_error": 1}
    assert (found.cost_usd, found.known_usd, found.unknown) == (1.375, 1.375, 0)


def test_calls_tokens_and_repairs_are_counted_over_all_tries() -> None:
    bad = Call(status="parse_error", input_tokens=100, output_tokens=10, snapshot="m-1")
    good = Call(status="ok", input_tokens=120, output_tokens=20, snapshot="m-1")
    late = Call(status="ok", input_tokens=120, output_tokens=20, snapshot="m-2")
    lost = Call(status="api_error")
    found = judge_costs(
        "j",
        [
            row("a", calls=(bad, good)),
            row("b", calls=(lost, lost, late)),
            row("c", "api_error", calls=(lost,)),
            row("d", "schema_error", calls=(good, good)),
        ],
    )
    assert (found.calls, found.failed_calls, found.repaired) == (8, 4, 2)
    assert (found.input_tokens, found.output_tokens) == (580, 90)
    assert found.snapshots == {"m-1": 4, "m-2": 1}


def test_batches_are_counted_once_each() -> None:
    rows = [row("a", batch="b1"), row("b", batch="b1"), row("c", batch="b2"), row("d")]
    assert judge_costs("j", rows).batches == 2


def test_times_are_those_of_live_answers() -> None:
    rows = [row(str(n), latency=float(n)) for n in range(1, 21)]
    rows += [row("b", latency=90_000.0, batch="b1"), row("f", "api_error", latency=900.0)]
    found = judge_costs("j", rows)
    assert found.median_s == 10.5
    assert found.p95_s == pytest.approx(19.05)


def test_untimed_judges_have_no_times() -> None:
    found = judge_costs("ground-truth", [row("a"), row("b")])
    assert (found.median_s, found.p95_s, found.calls, found.cost_usd) == (None, None, 0, 0.0)


def test_models_of_answers_without_calls_are_named_too() -> None:
    assert judge_costs("local", [row("a", snapshot="w-1")]).snapshots == {"w-1": 1}


def test_unknown_prices_are_counted_and_known_ones_kept() -> None:
    priced, unpriced = Call(status="ok", cost_usd=0.25), Call(status="ok", cost_usd=None)
    found = judge_costs(
        "j",
        [
            row("a", cost=0.5, calls=(unpriced,)),
            row("b", cost=None, calls=(priced, unpriced, unpriced)),
            row("c", cost=None),
        ],
    )
    assert (found.cost_usd, found.known_usd, found.unknown) == (None, 0.75, 3)


def test_an_empty_journal_costs_nothing() -> None:
    found = judge_costs("j", [])
    assert (found.questions, found.calls, found.cost_usd, found.by_status) == (0, 0, 0.0, {})


def test_a_question_is_split_equally_over_the_cells_that_rest_on_it() -> None:
    """Two cells of one lens and one of another share a question, retries included."""
    first, second = QUESTIONS[:2]
    cells = {
        ("latent", 0, "p0"): first,
        ("latent", 1, "p0"): first,
        ("logit", 0, "p0"): first,
        ("logit", 1, "p0"): second,
    }
    answers = {first: answer(first, "a"), second: answer(second, "b")}
    rows = [row("a", "truncated", 0.5), row("a", "ok", 0.25), row("b", "ok", 0.125)]
    latent, logit = lens_costs("j", rows, answers, cells)
    assert (latent.lens, logit.lens) == ("latent", "logit")
    assert latent.questions == pytest.approx(2 / 3)
    assert latent.cost_usd == pytest.approx(0.5)
    assert logit.questions == pytest.approx(4 / 3)
    assert logit.cost_usd == pytest.approx(0.375)


def test_an_answer_that_names_a_question_twice_bears_it_once() -> None:
    first, second = QUESTIONS[:2]
    cells = {("latent", 0, "p0"): first, ("logit", 0, "p0"): second}
    answers = {first: answer(first, "a", "a"), second: answer(second, "a")}
    found = by_lens(lens_costs("j", [row("a", "ok", 1.0)], answers, cells))
    assert found == {"latent": (0.5, 0.5), "logit": (0.5, 0.5)}


def test_a_pooled_question_is_shared_also_by_answers_that_failed_elsewhere() -> None:
    first, second = QUESTIONS[:2]
    cells = {("latent", 0, "p0"): first, ("logit", 0, "p0"): second}
    answers = {
        first: answer(first, "chunk1"),
        second: answer(second, "chunk1", "chunk2", status="truncated"),
    }
    rows = [row("chunk1", "ok", 1.0), row("chunk2", "truncated", 0.5)]
    assert by_lens(lens_costs("j", rows, answers, cells)) == {
        "latent": (0.5, 0.5),
        "logit": (0.5, 0.5),
        UNANSWERED: (1.0, 0.5),
    }


def test_checks_failures_and_leftovers_have_rows_of_their_own() -> None:
    question = QUESTIONS[0]
    cells = {("latent", 0, "p0"): question}
    rows = [
        row("a", "ok", 1.0),
        row("r", "ok", 0.5, check="repeat"),
        row("o", "truncated", 0.25, check="reorder"),
        row("f", "refusal", 0.125),
        row("old", "ok", 0.0625),
    ]
    assert by_lens(lens_costs("j", rows, {question: answer(question, "a")}, cells)) == {
        "latent": (1.0, 1.0),
        CHECKS: (2.0, 0.75),
        UNANSWERED: (1.0, 0.125),
        UNUSED: (1.0, 0.0625),
    }


def test_a_lens_without_answers_has_a_row_and_no_cost() -> None:
    cells = {("latent", 0, "p0"): QUESTIONS[0]}
    assert by_lens(lens_costs("j", [], {}, cells)) == {"latent": (0.0, 0.0)}


def test_an_unknown_price_makes_only_the_rows_it_is_in_unknown() -> None:
    first, second = QUESTIONS[:2]
    cells = {("latent", 0, "p0"): first, ("logit", 0, "p0"): second}
    answers = {first: answer(first, "a"), second: answer(second, "b")}
    rows = [row("a", "truncated", 0.5), row("a", "ok", None), row("b", "ok", 0.25)]
    latent, logit = lens_costs("j", rows, answers, cells)
    assert (latent.cost_usd, latent.known_usd) == (None, 0.5)
    assert (logit.cost_usd, logit.known_usd) == (0.25, 0.25)


CALLS = st.builds(
    Call,
    status=st.sampled_from(["ok", "api_error"]),
    cost_usd=st.one_of(st.none(), st.floats(0, 1)),
)
ROWS = st.lists(
    st.builds(
        row,
        st.sampled_from("abcdefgh"),
        st.sampled_from(["ok", "refusal", "api_error"]),
        st.one_of(st.none(), st.floats(0, 10)),
        check=st.sampled_from(["", "", "", "repeat", "reorder"]),
        calls=st.lists(CALLS, max_size=3).map(tuple),
    ),
    max_size=30,
)
CELLS = st.dictionaries(
    st.tuples(
        st.sampled_from(["latent", "logit", "random-vector"]),
        st.integers(0, 3),
        st.sampled_from(["p0", "p1", "p2"]),
    ),
    st.sampled_from(QUESTIONS),
)
RESTS = st.dictionaries(
    st.sampled_from(QUESTIONS), st.lists(st.sampled_from("abcdefgh"), max_size=4)
)


@given(ROWS, CELLS, RESTS)
def test_the_rows_of_a_judge_add_up_to_its_cost(
    rows: list[Judgement],
    cells: dict[tuple[str, int, str], Question],
    rests: dict[Question, list[str]],
) -> None:
    answers = {question: answer(question, *keys) for question, keys in rests.items()}
    whole = judge_costs("j", rows)
    shares = lens_costs("j", rows, answers, cells)
    assert math.fsum(each.known_usd for each in shares) == pytest.approx(whole.known_usd)
    assert math.fsum(each.questions for each in shares) == pytest.approx(whole.questions)
    assert any(each.cost_usd is None for each in shares) == (whole.cost_usd is None)
    assert len({each.lens for each in shares}) == len(shares)
    assert sum(whole.by_status.values()) == whole.questions
    assert (whole.unknown == 0) == (whole.cost_usd is not None)
