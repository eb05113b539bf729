from __future__ import annotations

import re

import pytest

from harness.core.agreement import Agreement
from reports.agreement_cells import NO_BREAK
from reports.agreement_text import WIDTH, agreement_text
from tests.reports.agreements import empty_agreement, make_agreement, undefined

LONG = "a-provider/with-a-very-long-name-of-a-model-2026-11-21\u202e\x1b[31m" * 2


@pytest.fixture(scope="module")
def found() -> Agreement:
    return make_agreement(("gpt-5",))


@pytest.fixture(scope="module")
def text(found: Agreement) -> str:
    return agreement_text(found)


def fields(text: str, name: str, nth: int = 0) -> list[str]:
    """Return the columns of the ``nth`` line that begins with ``name``."""
    lines = [line.strip() for line in text.splitlines() if line.strip().startswith(f"{name}  ")]
    return re.split(r"\s{2,}", lines[nth])


def test_it_fits_a_screen(text: str) -> None:
    lines = text.splitlines()
    assert len(lines) <= 45
    assert max(map(len, lines)) <= WIDTH
    assert NO_BREAK not in text
    assert not text.endswith("\n")
    assert all(line == line.rstrip() for line in lines)


def test_the_headline_comes_first_with_the_ceiling(found: Agreement, text: str) -> None:
    kappa = found.judges[0].groups[0].coefficients.cohen_kappa
    people = found.ceiling.coefficients.cohen_kappa
    first = " ".join(text.partition("\n\n")[0].split())
    assert first.startswith(f"Judge gpt-5 agrees with people at kappa {kappa.estimate:.3f} [")
    assert f"; people agree with each other at {people.estimate:.3f} [" in first


def test_the_policy_and_its_defaults_are_printed(text: str) -> None:
    flat = " ".join(text.split())
    assert (
        "Rules: blank=missing (default; or none), ties=half (default; or strict), "
        "pooling=majority (default; or any, all), "
        "definition=any (default; or concrete+abstract, concrete)." in flat
    )
    other = " ".join(agreement_text(empty_agreement()).split())
    assert "blank=none (or missing), ties=strict (or half), pooling=any (or majority, all)" in other


def test_rows_hold_kappa_same_ac1_sensitivity_and_specificity(found: Agreement, text: str) -> None:
    for name, group in (("gpt-5", found.judges[0].groups[0]), ("logit", found.judges[0].groups[2])):
        figures = group.coefficients
        low, high = figures.cohen_kappa.interval or (0, 0)
        assert fields(text, name) == [
            name,
            f"{figures.n:,}",
            f"{figures.cohen_kappa.estimate:.3f} [{low:.3f}, {high:.3f}]",
            f"{figures.percent.estimate:.3f}",
            f"{figures.gwet_ac1.estimate:.3f}",
            f"{group.sensitivity.estimate:.3f}",
            f"{group.specificity.estimate:.3f}",
        ]
    ceiling = found.ceiling.coefficients
    assert fields(text, "people with each other")[3:] == [
        f"{ceiling.percent.estimate:.3f}",
        f"{ceiling.gwet_ac1.estimate:.3f}",
    ]


def test_corrected_rates_stand_beside_the_rate_as_judged(found: Agreement, text: str) -> None:
    rate = next(each for each in found.corrections if each.lens == "embedding")
    row = fields(text, "embedding", nth=1)
    assert row[1] == f"{rate.labels:,}"
    for shown, estimate in zip(row[2:], (rate.raw, rate.rogan_gladen, rate.ppi), strict=True):
        assert shown.startswith(f"{estimate.estimate:.3f} [")
    assert fields(text, "random-reference", nth=1)[3:] == ["refused", "refused"]
    assert text.count("and prediction-powered refused for random-reference: only 9") == 1


def test_what_the_judge_does_and_what_rules_do_is_said(found: Agreement, text: str) -> None:
    assert "Judge gpt-5 favours latent over logit by 0.080 [0.023, 0.137] more than" in text
    kappas = sorted(each.cohen_kappa or 0.0 for each in found.policies)
    assert f"is {kappas[0]:.3f} to {kappas[-1]:.3f} (12 sets of rules)" in text


def test_what_was_left_out_is_counted_and_the_first_are_named(text: str) -> None:
    tail = text[text.index("Left out") :]
    assert tail.splitlines() == [
        "Left out: 31 (unknown item 30, rated twice 1).",
        "  labels.jsonl line 2: unknown item, i2, a, no such item in the study",
        "  labels.jsonl line 3: unknown item, i3, a, no such item in the study",
        "  labels.jsonl line 4: unknown item, i4, a, no such item in the study",
        "  and 28 more, which the JSON file lists",
    ]


def test_two_judges_are_compared_and_lenses_stand_under_their_judge() -> None:
    text = agreement_text(make_agreement())
    assert "Judges gpt-5 and claude on the same" in text
    lines = [line.split()[0] for line in text.splitlines() if line]
    assert lines.index("gpt-5") < lines.index("latent") < lines.index("claude")
    assert len(text.splitlines()) <= 52
    assert max(map(len, text.splitlines())) <= WIDTH


def test_lists_that_are_too_long_are_cut_and_say_so() -> None:
    found = make_agreement(("gpt-5",))
    result = found.judges[0]
    lens = result.groups[1]
    groups = (
        result.groups[0],
        *(lens.model_copy(update={"name": f"lens-{index}"}) for index in range(40)),
    )
    contrasts = tuple(
        result.contrasts[0].model_copy(update={"second": f"lens-{index}"}) for index in range(30)
    )
    rates = tuple(
        found.corrections[0].model_copy(update={"lens": f"lens-{index}"}) for index in range(40)
    )
    text = agreement_text(
        found.model_copy(
            update={
                "judges": (result.model_copy(update={"groups": groups, "contrasts": contrasts}),),
                "corrections": rates,
                "notices": tuple(f"Notice {index}." for index in range(9)),
            }
        )
    )
    assert "and 28 more lenses, on the page" in text
    assert "and 28 more rates, on the page" in text
    assert "And 26 more differences of lenses, on the page." in text
    assert "And 5 more notices, on the page." in text
    assert len(text.splitlines()) <= 65


def test_long_and_hostile_names_neither_break_the_width_nor_the_terminal() -> None:
    found = make_agreement((LONG, "b"), (LONG, "c"))
    notices = (LONG, f"{LONG} said nothing.")
    rates = tuple(
        each.model_copy(update={"lens": LONG, "ppi": undefined(LONG)}) for each in found.corrections
    )
    entries = tuple(
        each.model_copy(update={"source": LONG, "detail": LONG}) for each in found.left_out_list
    )
    text = agreement_text(
        found.model_copy(
            update={"notices": notices, "corrections": rates, "left_out_list": entries}
        )
    )
    assert max(map(len, text.splitlines())) <= WIDTH
    assert "\u202e" not in text
    assert "\x1b" not in text


def test_undefined_figures_are_named() -> None:
    text = agreement_text(empty_agreement())
    flat = " ".join(text.split())
    assert "No judge was compared with people (no judge has answered); how far people agree" in flat
    assert "is undefined: nothing was rated by both." in flat
    assert fields(text, "people with each other")[1:] == [
        "0",
        "undefined",
        "undefined",
        "undefined",
    ]
    assert "corrected rates" not in text
    assert text.endswith("Nothing was left out.")


def test_a_judge_without_common_items_has_no_row() -> None:
    found = make_agreement(("gpt-5",))
    bare = found.judges[0].model_copy(update={"groups": ()})
    text = agreement_text(found.model_copy(update={"judges": (bare,), "corrections": ()}))
    assert text.startswith("Judge gpt-5 and people have no rated item in common; people agree")
    assert not [line for line in text.splitlines() if line.startswith("gpt-5")]
