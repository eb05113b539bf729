from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape

import pytest

from harness.core.agreement import Agreement, Estimate, JudgeGroup, Needed, Policy
from harness.core.ratings import LeftOut
from harness.core.records import Record
from reports.agreement_cells import NO_BREAK, Table, interval
from reports.agreement_page import agreement_html, agreement_page
from reports.html import render_report
from reports.view import SCHEMA_VERSION, ReportView, report_json
from tests.reports.agreements import (
    CONTROL,
    LENSES,
    Figures,
    difference,
    empty_agreement,
    make_agreement,
    undefined,
)
from tests.reports.page import Page
from tests.reports.synthetic import explorer_of, make_run, view_of
from tests.reports.test_html import HOSTILE, LOADS

TURNED = "left\u202etfel"
"""A name that turns the order of what follows it."""


@pytest.fixture(scope="module")
def found() -> Agreement:
    return make_agreement()


@pytest.fixture(scope="module")
def page(found: Agreement) -> str:
    return agreement_html(found)


def section(page: str) -> str:
    return re.split('<section id="(?:r0-)?agreement">', page)[1].partition("</section>")[0]


def estimates(value: object) -> Iterator[Estimate]:
    """Yield every estimate anywhere in a record."""
    if isinstance(value, Estimate):
        yield value
    elif isinstance(value, Record):
        for name in type(value).model_fields:
            yield from estimates(getattr(value, name))
    elif isinstance(value, tuple):
        for each in value:
            yield from estimates(each)


def lookup(table: Table, heading: str, row: str, title: str = "") -> tuple[str, str]:
    """Return text and small print of one cell."""
    (cells,) = (
        each.cells
        for group in table.groups
        for each in group.rows
        if each.cells[0].text == row and title in group.title
    )
    cell = cells[table.columns.index(heading)]
    return cell.text, cell.detail


def shown(estimate: Estimate, form: str = ".3f") -> tuple[str, str]:
    assert estimate.estimate is not None
    assert estimate.interval is not None
    low, high = (format(end, form) for end in estimate.interval)
    return format(estimate.estimate, form), f"[{low},{NO_BREAK}{high}]"


def cells_of(page: str) -> set[tuple[str, str]]:
    """Return text and small print of all cells of all tables of a page."""
    cells = re.findall(r"<td[^>]*>([^<]*?)(?: <small>(.*?)</small>)?</td>", page)
    return {(unescape(text), unescape(detail)) for text, detail in cells}


def test_every_estimate_of_the_record_is_in_a_table(found: Agreement, page: str) -> None:
    cells = {(text, detail.partition(" n")[0]) for text, detail in cells_of(page)}
    known = [each for each in estimates(found) if each.estimate is not None]
    assert len(known) > 400
    for each in known:
        assert shown(each) in cells or shown(each, "+.3f") in cells, each


def test_every_count_of_the_record_is_in_a_table(found: Agreement, page: str) -> None:
    texts = {text for text, _ in cells_of(page)}
    details = " ".join(detail for _, detail in cells_of(page))
    coefficients = [found.ceiling.coefficients]
    for result in found.judges:
        assert result.words
        coefficients += [result.words, *result.against_others]
        for group in result.groups:
            coefficients.append(group.coefficients)
            assert {f"{count:,}" for _, count in group.confusion} <= texts
            assert f" n{NO_BREAK}{group.sensitivity.n:,}" in details
            assert f" n{NO_BREAK}{group.specificity.n:,}" in details
        assert {f"{each.pairs:,}" for each in result.contrasts} <= texts
        for status, count in result.unscored.items():
            assert f"{status} {count:,}" in page
    coefficients += [each.coefficients for each in found.ceiling.leave_one_out]
    for each in coefficients:
        assert f"{each.n:,}" in texts
        assert f"{each.images:,}{NO_BREAK}images" in details
    counts = [(each.ratings, each.blank, each.cant_tell) for each in found.annotators]
    counts += [(each.cells, each.labels, each.cells) for each in found.corrections]
    numbers = [number for row in counts for number in row]
    numbers += [each.n for each in found.policies] + [each.n for each in found.comparisons]
    assert {f"{number:,}" for number in numbers} <= texts
    for person in found.annotators:
        assert f"{person.median_seconds:.1f}" in texts
        assert f"{person.hit_rate:.3f}" in texts


def test_figures_stand_in_the_row_and_column_they_belong_to(found: Agreement) -> None:
    made = agreement_page(found, {})
    first = found.judges[0]
    group = next(g for g in first.groups if (g.by, g.name) == ("lens", LENSES[1]))
    coefficients = group.coefficients
    lenses, all_of_them = made.judges[0].lenses, made.judges[0].coefficients
    assert lookup(lenses, "Cohen's kappa", LENSES[1]) == shown(coefficients.cohen_kappa)
    assert lookup(lenses, "Sensitivity", LENSES[1])[0] == shown(group.sensitivity)[0]
    assert lookup(lenses, "Specificity", LENSES[1])[0] == shown(group.specificity)[0]
    assert lookup(lenses, "People", LENSES[1]) == shown(group.human_rate)
    assert lookup(lenses, "Judge", LENSES[1]) == shown(group.judge_rate)
    assert lookup(lenses, "Bias", LENSES[1]) == shown(group.bias, "+.3f")
    for heading, figure in {
        "Cohen's kappa": coefficients.cohen_kappa,
        "Same": coefficients.percent,
        "PABAK": coefficients.pabak,
        "Gwet's AC1": coefficients.gwet_ac1,
        "Krippendorff's alpha": coefficients.krippendorff_alpha,
        "Fleiss' kappa": coefficients.fleiss_kappa,
    }.items():
        assert lookup(all_of_them, heading, LENSES[1]) == shown(figure)
    counts = made.judges[0].counts
    assert [
        lookup(counts, heading, LENSES[1])[0]
        for heading in ("Both hit", "Judge only", "People only", "Neither")
    ] == [f"{count:,}" for _, count in group.confusion]


def test_figures_of_contrasts_judges_and_corrections_are_not_swapped(found: Agreement) -> None:
    made = agreement_page(found, {})
    contrast = found.judges[1].contrasts[1]
    row = f"{contrast.first} − {contrast.second}"
    table = made.judges[1].contrasts
    assert lookup(table, "People's difference", row) == shown(contrast.human, "+.3f")
    assert lookup(table, "Judge's difference", row) == shown(contrast.judge, "+.3f")
    assert lookup(table, "Judge adds", row) == shown(contrast.inflation, "+.3f")
    compared = found.comparisons[0]
    assert lookup(made.comparisons, "Kappa of the first", "gpt-5 − claude") == shown(
        compared.first_kappa
    )
    assert lookup(made.comparisons, "Of the second", "gpt-5 − claude") == shown(
        compared.second_kappa
    )
    assert lookup(made.comparisons, "Same", "gpt-5 − claude") == shown(compared.same)
    corrected = next(each for each in found.corrections if each.band and each.judge == "claude")
    bands = made.corrections[1].bands
    where = (corrected.lens, f"Layers {corrected.band}")
    assert lookup(bands, "As judged", *where) == shown(corrected.raw)
    assert lookup(bands, "Rogan–Gladen", *where) == shown(corrected.rogan_gladen)
    assert lookup(bands, "Prediction-powered", *where) == shown(corrected.ppi)


def test_judges_stand_beside_people_against_the_same_others(found: Agreement) -> None:
    table = agreement_page(found, {}).leave_one_out
    last = found.ceiling.leave_one_out[-1]
    assert [row.cells[0].text for row in table.groups[-1].rows] == [
        last.annotator,
        "judge gpt-5",
        "judge claude",
    ]
    title = f"all but {last.annotator}"
    assert lookup(table, "Cohen's kappa", "judge claude", title) == shown(
        found.judges[1].against_others[-1].cohen_kappa
    )


def test_the_headline_has_the_ceiling_beside_every_judge(found: Agreement, page: str) -> None:
    people = found.ceiling.coefficients.cohen_kappa
    lines = agreement_page(found, {}).headlines
    assert len(lines) == 2
    for result, line in zip(found.judges, lines, strict=True):
        kappa, low_high = shown(result.groups[0].coefficients.cohen_kappa)
        assert line == (
            f"Judge {result.judge} agrees with people at kappa {kappa} {low_high}; people agree "
            f"with each other at {' '.join(shown(people))}."
        )
        assert line in page


def test_what_is_asked_and_how_is_said_first(found: Agreement, page: str) -> None:
    for text in (
        found.notices[0],
        "some words fit 2,411, none of them 3,407, can't tell 41, nothing said 248",
        "Left out: 31 (unknown item 30, rated twice 1).",
        "exactly half of the people are a majority",
        "<b>missing</b> <small>default</small>",
        "concrete+abstract, concrete",
        "labels.jsonl",
        "Seed of the resampling: 4711",
        "Intervals: image bootstrap",
    ):
        assert text in page.replace("&#39;", "'"), text
    other = agreement_page(empty_agreement(), {})
    assert [(rule.chosen, rule.default) for rule in other.rules] == [
        ("none", False),
        ("strict", False),
        ("any", False),
        ("concrete", False),
    ]


@pytest.mark.parametrize(
    ("inflation", "line"),
    [
        (difference(0.08, 0.023, 0.137), "favours latent over logit by 0.080 [0.023, 0.137]"),
        (difference(-0.08, -0.137, -0.023), "favours logit over latent by 0.080 [0.023, 0.137]"),
        (difference(0.08, -0.01, 0.17), ""),
        (difference(0.08, 0.0, 0.17), ""),
        (undefined("no pairs"), ""),
    ],
)
def test_a_difference_that_the_judge_changes_is_said(inflation: Estimate, line: str) -> None:
    found = make_agreement(("gpt-5",))
    result = found.judges[0]
    contrast = result.contrasts[0].model_copy(update={"inflation": inflation})
    result = result.model_copy(update={"contrasts": (contrast,)})
    page = agreement_html(found.model_copy(update={"judges": (result,)}))
    said = re.findall(r"<strong>(.*?)</strong>", page)
    assert [each.replace(NO_BREAK, " ") for each in said] == (
        [f"Judge gpt-5 {line} more than people do."] if line else []
    )
    assert ("be told from 0" in page) == (not line)


def test_policies_stand_from_lowest_to_highest_and_the_chosen_is_marked(found: Agreement) -> None:
    lost = found.policies[3].model_copy(update={"cohen_kappa": None, "human_rate": None})
    found = found.model_copy(update={"policies": (*found.policies[:3], lost, *found.policies[4:])})
    card = agreement_page(found, {}).policies[0]
    (group,) = card.table.groups
    kappas = [row.cells[6].text for row in group.rows]
    assert kappas[-1] == "undefined"
    assert kappas[:-1] == sorted(kappas[:-1])
    assert len(kappas) == 12
    (chosen,) = [row for row in group.rows if row.mark == "chosen"]
    assert [cell.text for cell in chosen.cells[:5]] == [
        "chosen",
        "missing",
        "half",
        "majority",
        "any",
    ]
    assert f"{kappas[0]} to {kappas[-2]} (11 sets of rules)" in card.range


def test_needed_items_or_why_not(page: str) -> None:
    cells = cells_of(page)
    assert ("1,213", "") in cells
    assert ("cannot be told:", "it has no interval") in cells
    other = Needed(figure="pabak", half_width=0.1, items=3)
    made = agreement_page(empty_agreement().model_copy(update={"needed": (other,)}), {})
    assert lookup(made.needed, "Wanted interval", "pabak") == ("± 0.100", "")


def test_what_was_left_out_is_listed_and_the_rest_counted(found: Agreement, page: str) -> None:
    (unknown, twice) = agreement_page(found, {}).left_out_list.groups
    assert unknown.title == "unknown item: 30, the first 20 of them"
    assert len(unknown.rows) == 20
    assert twice.title == "rated twice: 1"
    assert [cell.text for cell in twice.rows[0].cells] == [
        "labels.jsonl line 999",
        "i5",
        "b",
        "the first rating is kept",
    ]
    assert "labels.jsonl line 21<" in page
    assert "labels.jsonl line 22<" not in page


def test_undefined_figures_have_their_reason() -> None:
    found = make_agreement(("gpt-5",))
    result = found.judges[0]
    first: JudgeGroup = result.groups[0]
    bare = Estimate(estimate=0.5, reason="one image only")
    coefficients = first.coefficients.model_copy(
        update={"cohen_kappa": undefined("both said hit every time"), "percent": bare}
    )
    group = first.model_copy(
        update={"coefficients": coefficients, "specificity": undefined("no miss by people")}
    )
    result = result.model_copy(update={"groups": (group, *result.groups[1:])})
    page = agreement_html(found.model_copy(update={"judges": (result,)}))
    cells = cells_of(page)
    assert ("undefined:", "both said hit every time") in cells
    assert ("undefined:", "no miss by people") in cells
    assert ("0.500", "no interval: one image only") in cells
    assert ("refused:", "only 9 labelled cells: at least 20 are needed") in cells
    assert "and people: kappa is undefined: both said hit every time;" in page
    assert "nan" not in section(page).lower()


def test_without_a_judge_people_still_have_their_ceiling() -> None:
    found = make_agreement(())
    (line,) = agreement_page(found, {}).headlines
    kappa, low_high = shown(found.ceiling.coefficients.cohen_kappa)
    assert line == (
        "No judge was compared with people (no judge has answered); people agree with each other "
        f"at {kappa} {low_high}."
    )
    page = agreement_html(found)
    assert Page(page).open == []
    for absent in ("judge-card", "Judges against each other", "What other rules", "corrected"):
        assert absent not in section(page)


def test_of_nothing_there_is_still_a_page() -> None:
    page = agreement_html(empty_agreement())
    assert Page(page).open == []
    assert "Nothing was left out." in page
    assert "how far people agree with each other is undefined: nothing was rated by both" in page
    for absent in ("<svg", "<h3>People", "Left out<", "Intervals:", "items a narrower"):
        assert absent not in page


def test_a_judge_without_a_common_item_says_so() -> None:
    found = make_agreement(("gpt-5",))
    bare = found.judges[0].model_copy(
        update={"groups": (), "contrasts": (), "words": None, "against_others": ()}
    )
    page = agreement_html(found.model_copy(update={"judges": (bare,), "corrections": ()}))
    assert "Judge gpt-5 and people have no rated item in common; people agree" in page
    assert "Judge gpt-5 has no verdict for" in page
    assert "<svg" not in page
    assert Page(page).open == []


def test_the_page_loads_nothing_and_is_whole(page: str) -> None:
    parsed = Page(page)
    assert parsed.open == []
    ids = [attributes["id"] for _, attributes in parsed.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert LOADS.search(page.replace("http-equiv", "")) is None
    assert "<script" not in page
    for part in ("http:", "https:", "@import", "url("):
        assert part not in page
    (policy,) = [tag for tag in parsed.of("meta") if "http-equiv" in tag]
    assert (policy["content"] or "").startswith("default-src 'none'; style-src 'unsafe-inline'")


def test_figures_are_named_and_have_tables_beside_them(found: Agreement, page: str) -> None:
    figures = [tag for tag in Page(page).of("svg") if tag.get("role") == "img"]
    # Per judge: one confusion, forest and corrections each wide and narrow.
    assert len(figures) == 2 * 5
    ids = {attributes.get("id") for _, attributes in Page(page).tags}
    for figure in figures:
        assert set((figure["aria-labelledby"] or "").split()) <= ids
    captions = re.findall(r"<caption>(.*?)</caption>", page)
    assert "Judge gpt-5 and people, lens by lens" in captions
    assert captions.count("Rates as judged and as corrected by people&#39;s labels") == 4


def test_colours_are_those_of_the_report(found: Agreement) -> None:
    run = make_run(4, images=4, layers=(0, 3))
    page = section(render_report(_with(view_of(run), found)))
    assert f'<span class="swatch lens-0"></span><bdi>{LENSES[0]}</bdi>' in page
    assert f'<span class="swatch control-grey"></span><bdi>{CONTROL}</bdi>' in page
    alone = section(agreement_html(found))
    assert f'<span class="swatch control-grey"></span><bdi>{CONTROL}</bdi>' in alone


def test_the_report_has_the_section_only_if_people_were_asked(found: Agreement) -> None:
    run = make_run(4, images=4, layers=(0, 3))
    without = view_of(run)
    view = ReportView.model_validate(dict(_with(without, found)))
    page = render_report(view, explorer_of(run))
    assert 'agreement"' not in render_report(without, explorer_of(run))
    assert section(page).count("<table") == section(agreement_html(found)).count("<table")
    assert Page(page).open == []
    assert page.index('id="cells"') < page.index('id="explorer"') < page.index('id="r0-agreement"')
    assert ReportView.model_validate_json(report_json(view)).runs[0].agreement == found
    assert SCHEMA_VERSION == 4


def _with(view: ReportView, found: Agreement) -> ReportView:
    run = view.runs[0].model_copy(update={"agreement": found})
    return view.model_copy(update={"runs": (run,)})


def test_hostile_names_stay_text() -> None:
    name = HOSTILE + TURNED
    found = make_agreement((name,), (name, "b"))
    result = found.judges[0]
    groups = tuple(group.model_copy(update={"name": name}) for group in result.groups)
    contrasts = tuple(
        each.model_copy(update={"first": name, "second": name}) for each in result.contrasts
    )
    entry = LeftOut(reason=name, source=name, item_id=name, annotator=name, detail=name)
    page = agreement_html(
        found.model_copy(
            update={
                "source": {name: name},
                "judges": (
                    result.model_copy(
                        update={"groups": groups, "contrasts": contrasts, "unscored": {name: 1}}
                    ),
                ),
                "notices": (name,),
                "left_out": {name: 1},
                "left_out_list": (entry,),
                "needed": (Needed(figure=name, half_width=0.1, items=None, reason=name),),
                "corrections": tuple(
                    each.model_copy(update={"lens": name, "band": name})
                    for each in found.corrections[:2]
                ),
                "ratings": {name: 1},
                "ceiling": found.ceiling.model_copy(
                    update={
                        "coefficients": found.ceiling.coefficients.model_copy(
                            update={"percent": undefined(name)}
                        )
                    }
                ),
            }
        )
    )
    assert "<img src=x" not in page
    assert "\u202e" not in page
    assert r"left\u202etfel" in page
    assert Page(page).open == []


def test_the_same_record_gives_the_same_page(page: str) -> None:
    assert agreement_html(make_agreement()) == page


def test_made_up_figures_are_distinct() -> None:
    """The tests above look for figures; they would prove less if two were equal."""
    figures = Figures()
    made = [figures.next() for _ in range(900)]
    assert len({interval(each.interval or (0, 0)) for each in made}) > 800
    assert Policy() == make_agreement().policy
