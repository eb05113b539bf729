"""The section on how far people agree with the judge, and the page that holds it alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from markupsafe import Markup

from harness.core.agreement import Agreement, Correction, Estimate, JudgeGroup, JudgeResult
from harness.core.quoting import escaped
from harness.core.records import LensKind, Record
from reports.agreement_cells import Table
from reports.agreement_people import (
    annotators_table,
    leave_one_out_table,
    left_out_table,
    needed_table,
    pairs_table,
    policy_table,
)
from reports.agreement_plots import (
    CORRECTIONS,
    CorrectedRow,
    ForestRow,
    confusion_plot,
    corrected_key,
    corrected_plot,
    forest_plot,
)
from reports.agreement_tables import (
    agreement_table,
    coefficients_table,
    comparison_table,
    contrast_table,
    correction_table,
    counts_table,
    rates_table,
)
from reports.agreement_words import (
    Rule,
    contrast_line,
    groups_by,
    headlines,
    left_out_line,
    methods,
    overall,
    policy_range,
    ratings_line,
    rules,
    unscored_line,
)
from reports.templating import NARROW, WIDE, asset, environment, lens_styles

_PANELS = ("Cohen's kappa", "sensitivity", "specificity")
_UNKNOWN_LENS = "control-grey"


class JudgeCard(Record):
    """All that is shown of one judge against people."""

    judge: str
    """Judge."""
    confusion: str
    """Figure of the counts; empty if nothing was compared."""
    forest: tuple[str, ...]
    """Figure of the lenses, wide and narrow; empty if there are none."""
    lenses: Table
    """All items and every lens: the figures of the forest and of the confusion."""
    groups: Table
    """The same of all other groups."""
    counts: Table
    """Counts of every group."""
    coefficients: Table
    """Every coefficient of every group."""
    findings: tuple[str, ...]
    """Differences of lenses that the judge changes."""
    contrasts: Table
    """All differences of lenses."""
    unscored: str
    """What it has no verdict for; empty if there is nothing."""


class PolicyCard(Record):
    """What other rules give for one judge."""

    judge: str
    """Judge."""
    range: str
    """From where to where kappa goes."""
    table: Table
    """All rules."""


class CorrectionCard(Record):
    """The board of one judge as corrected."""

    judge: str
    """Judge."""
    figures: tuple[str, ...]
    """Rates over all layers, wide and narrow."""
    table: Table
    """The same as a table."""
    bands: Table
    """By groups of layers."""


class AgreementPage(Record):
    """The section in the order in which it is shown."""

    headlines: tuple[str, ...]
    """One sentence per judge."""
    notices: tuple[str, ...]
    """What must be known before the figures."""
    facts: tuple[tuple[str, str], ...]
    """What was asked and read."""
    rules: tuple[Rule, ...]
    """The policy, option by option."""
    left_out: str
    """What was not used, by reason."""
    agreement: Table
    """People with each other, judges with people."""
    judges: tuple[JudgeCard, ...]
    """Judge by judge."""
    comparisons: Table
    """Judges against each other."""
    annotators: Table
    """Person by person."""
    pairs: Table
    """Every two people."""
    leave_one_out: Table
    """Everyone against the majority of the others."""
    policies: tuple[PolicyCard, ...]
    """What other rules give."""
    needed: Table
    """Items needed."""
    corrections: tuple[CorrectionCard, ...]
    """Corrected rates."""
    keys: tuple[tuple[str, str], ...]
    """Mark and name of every rate of a correction."""
    left_out_list: Table
    """What was not used, entry by entry."""
    methods: tuple[str, ...]
    """Names of the interval methods."""
    seed: int
    """Seed of the resampling."""


def agreement_html(agreement: Agreement) -> str:
    """Return a human evaluation as one HTML page that loads nothing and runs no script."""
    page = agreement_page(agreement, lens_styles(_kinds(agreement)))
    return (
        environment()
        .get_template("agreement_page.html.j2")
        .render(people=page, css=Markup(asset("report.css") + asset("figures.css")))
    )


def agreement_page(
    agreement: Agreement, styles: Mapping[str, str], prefix: str = ""
) -> AgreementPage:
    """Return the section on a human evaluation; all of its figures are in ``agreement``.

    Args:
        agreement: The results.
        styles: Lens name to style class, as in the rest of the page.
        prefix: Before the ids of its figures, where a page has several.
    """
    return AgreementPage(
        headlines=tuple(headlines(agreement)),
        notices=tuple(escaped(notice) for notice in agreement.notices),
        facts=_facts(agreement),
        rules=tuple(rules(agreement.policy)),
        left_out=left_out_line(agreement),
        agreement=agreement_table(agreement),
        judges=tuple(
            _judge_card(r, f"{prefix}{{}}-{i}", styles) for i, r in enumerate(agreement.judges)
        ),
        comparisons=comparison_table(agreement),
        annotators=annotators_table(agreement),
        pairs=pairs_table(agreement),
        leave_one_out=leave_one_out_table(agreement),
        policies=_policy_cards(agreement),
        needed=needed_table(agreement),
        corrections=_correction_cards(agreement.corrections, styles, prefix),
        keys=tuple(zip(corrected_key(), CORRECTIONS, strict=True)),
        left_out_list=left_out_table(agreement),
        methods=tuple(methods(agreement)),
        seed=agreement.seed,
    )


def _kinds(agreement: Agreement) -> dict[str, LensKind]:
    """Return the lenses of a result on its own; controls are known where a board was corrected."""
    judged = [group.name for r in agreement.judges for group in groups_by(r, "lens")]
    kinds: dict[str, LensKind] = dict.fromkeys(judged, "lens")
    return kinds | {each.lens: each.kind for each in agreement.corrections}


def _facts(agreement: Agreement) -> tuple[tuple[str, str], ...]:
    read = [(f"Read: {escaped(name)}", escaped(what)) for name, what in agreement.source.items()]
    return (
        ("Items asked", f"{agreement.items:,}"),
        ("Items with a verdict", f"{agreement.rated:,}"),
        ("People", f"{len(agreement.annotators):,}"),
        ("Ratings", ratings_line(agreement) or "none"),
        *read,
    )


def _judge_card(result: JudgeResult, ident: str, styles: Mapping[str, str]) -> JudgeCard:
    everything = overall(result)
    lenses = groups_by(result, "lens")
    name = escaped(result.judge)
    confusion = ""
    if everything is not None:
        title = f"Judge {name} and people, counts of items"
        rates = (everything.sensitivity, everything.specificity)
        confusion = confusion_plot(ident.format("confusion"), title, everything.confusion, *rates)
    others = groups_by(result, "kind", "band", "category", "patch_type", "model")
    shown = [*groups_by(result, "all"), *lenses]
    lines = (contrast_line(result.judge, contrast) for contrast in result.contrasts)
    return JudgeCard(
        judge=name,
        confusion=confusion,
        forest=_forest(lenses, everything, ident.format("forest"), name, styles),
        lenses=rates_table(f"Judge {name} and people, lens by lens", shown, styles),
        groups=rates_table(f"Judge {name}, other groups", others, styles, titled=True),
        counts=counts_table(result),
        coefficients=coefficients_table(result),
        findings=tuple(line for line in lines if line),
        contrasts=contrast_table(result),
        unscored=unscored_line(result),
    )


def _forest(
    lenses: Sequence[JudgeGroup],
    everything: JudgeGroup | None,
    ident: str,
    judge: str,
    styles: Mapping[str, str],
) -> tuple[str, ...]:
    if not lenses:
        return ()
    rows = [
        ForestRow(escaped(group.name), styles.get(group.name, _UNKNOWN_LENS), _panel_figures(group))
        for group in lenses
    ]
    reference = _panel_figures(everything) if everything is not None else ()
    title = f"Judge {judge} and people by lens"
    return tuple(
        forest_plot(f"{ident}-{i}", title, _PANELS, rows, width, reference)
        for i, width in enumerate((WIDE, NARROW))
    )


def _panel_figures(group: JudgeGroup) -> tuple[Estimate, ...]:
    return group.coefficients.cohen_kappa, group.sensitivity, group.specificity


def _policy_cards(agreement: Agreement) -> tuple[PolicyCard, ...]:
    judges = dict.fromkeys(result.judge for result in agreement.policies)
    return tuple(
        PolicyCard(
            judge=escaped(judge),
            range=policy_range(agreement, judge),
            table=policy_table(agreement, judge),
        )
        for judge in judges
    )


def _correction_cards(
    corrections: Sequence[Correction], styles: Mapping[str, str], prefix: str
) -> tuple[CorrectionCard, ...]:
    cards = []
    for index, judge in enumerate(dict.fromkeys(each.judge for each in corrections)):
        found = [each for each in corrections if each.judge == judge]
        ordered = sorted(found, key=lambda each: each.kind == "control")
        whole = [each for each in ordered if not each.band]
        rows = [
            CorrectedRow(
                escaped(each.lens),
                styles.get(each.lens, _UNKNOWN_LENS),
                (each.raw, each.rogan_gladen, each.ppi),
            )
            for each in whole
        ]
        title = f"Rates as judged by {escaped(judge)} and as corrected"
        figures = tuple(
            corrected_plot(f"{prefix}corrected-{index}-{i}", title, rows, width)
            for i, width in enumerate((WIDE, NARROW))
        )
        cards.append(
            CorrectionCard(
                judge=escaped(judge),
                figures=figures if rows else (),
                table=correction_table(whole, styles),
                bands=correction_table([each for each in ordered if each.band], styles),
            )
        )
    return tuple(cards)
