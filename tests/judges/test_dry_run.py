from __future__ import annotations

from judges.dry_run import dry_run_text
from judges.estimate import CostEstimate, in_process

PAID = CostEstimate(
    judge="gpt-5",
    model="gpt-5",
    questions=2_700,
    cached=300,
    calls=2_400,
    input_tokens=3_168_000,
    output_low=986_000,
    output_high=4_070_000,
    cost_low=13.82,
    cost_high=45.07,
    price_date="2026-11",
    price_source="two tables",
    notes=("tokens out assumed for effort low",),
)
BATCH = PAID.model_copy(
    update={"judge": "haiku", "model": "haiku", "batch": True, "cost_low": 0.25, "cost_high": 0.5}
)
UNPRICED = PAID.model_copy(
    update={"judge": "mine", "model": "my-model", "cost_low": None, "cost_high": None}
)


def rows(text: str) -> list[list[str]]:
    """Cells of the table's lines, split where at least two spaces stand."""
    return [
        [cell.strip() for cell in line.split("  ") if cell.strip()]
        for line in text.splitlines()
        if "  " in line
    ]


def test_one_judge_is_one_row_without_a_total() -> None:
    head, row = rows(dry_run_text([PAID]))
    assert head == ["judge", "questions", "answered", "calls", "tokens in", "tokens out", "price"]
    assert row == [
        "gpt-5",
        "2,700",
        "300",
        "2,400",
        "3.17M",
        "986k - 4.07M",
        "$13.82 - $45.07",
    ]


def test_the_total_adds_up_and_names_what_it_leaves_out() -> None:
    text = dry_run_text([PAID, BATCH, UNPRICED, in_process("ground-truth", 2_700)])
    table = rows(text)
    assert [row[0] for row in table] == [
        "judge",
        "gpt-5",
        "haiku (batch)",
        "mine",
        "ground-truth",
        "total",
    ]
    assert [row[-1] for row in table[1:]] == [
        "$13.82 - $45.07",
        "$0.25 - $0.50",
        "unknown",
        "$0",
        "$14.07 - $45.57 + unknown",
    ]
    assert table[-1][1:4] == ["10,800", "900", "7,200"]
    assert table[-1][4:6] == ["9.50M", "2.96M - 12.2M"]
    assert "no price for my-model: a cost limit is refused until a price file has it" in text


def test_notes_say_what_the_prices_and_tokens_rest_on() -> None:
    lines = dry_run_text([PAID, BATCH]).splitlines()
    assert lines[-3:] == [
        "prices in US dollars, of 2026-11 (two tables)",
        "gpt-5: tokens out assumed for effort low",
        "haiku: tokens out assumed for effort low",
    ]


def test_only_unknown_prices_have_an_unknown_total() -> None:
    assert rows(dry_run_text([UNPRICED, UNPRICED]))[-1][-1] == "unknown"


def test_judges_in_this_process_need_no_prices() -> None:
    text = dry_run_text([in_process("ground-truth", 270, 20)])
    assert rows(text)[1] == ["ground-truth", "270", "20", "0", "0", "0", "$0"]
    assert "prices" not in text


def test_columns_line_up() -> None:
    lines = dry_run_text([PAID, BATCH, in_process("ground-truth", 9)]).splitlines()[:6]
    assert len({len(line) for line in lines}) == 1


def test_a_long_name_keeps_its_end() -> None:
    name = "compatible:http://localhost:8000/v1/Qwen/Qwen2.5-VL-7B-Instruct"
    text = dry_run_text([PAID.model_copy(update={"judge": name})])
    cell = rows(text)[1][0]
    assert len(cell) == 32
    assert cell.startswith("...") and cell.endswith("/Qwen2.5-VL-7B-Instruct")
    assert f"{name}: tokens out" in text


def test_small_and_round_figures_are_readable() -> None:
    small = PAID.model_copy(
        update={
            "input_tokens": 999,
            "output_low": 999_600,
            "output_high": 999_600,
            "cost_low": 0.00123,
            "cost_high": 0.996,
        }
    )
    assert rows(dry_run_text([small]))[1][4:] == ["999", "1.00M", "$0.0012 - $1.00"]
