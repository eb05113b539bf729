"""Made-up journals: what a judge was asked, asked again and paid, with known slips."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random

from harness.core.records import Answer, Call, Check, Judgement, Relation, Status
from reports.assembly import build_report
from reports.judging import Journals
from reports.outcomes import Answers, Question
from reports.panel import all_boards, panel_name
from reports.published.load import load_paper
from reports.run_view import RunTables
from reports.scoring import score_outcomes
from reports.view import JudgeNote, LensNote, ReportView
from tests.reports.synthetic import Run

RELATIONS: tuple[Relation, ...] = ("concrete", "abstract", "global", "none")


def row(
    words: Sequence[str],
    relations: Sequence[Relation] = (),
    *,
    key: str = "",
    patch_id: str = "p",
    check: Check = "",
    status: Status = "ok",
    probes: tuple[str, ...] = (),
    raw: str = "",
    judge: str = "gpt-5",
    version: str = "v1",
    snapshot: str = "",
    calls: tuple[Call, ...] = (),
) -> Judgement:
    """Return one journal row; its key tells patch, words and check apart."""
    costs = [call.cost_usd for call in calls]
    return Judgement(
        key=key or f"{judge}:{patch_id}:{'|'.join(words)}:{check}",
        judge=judge,
        judge_version=version,
        patch_id=patch_id,
        words=tuple(words),
        status=status,
        relations=tuple(relations) if status == "ok" else (),
        raw=raw,
        protocol="paper.1",
        prompt_hash="d" * 64,
        image_hash="e" * 64,
        check=check,
        probes=probes,
        snapshot=snapshot,
        input_tokens=sum(call.input_tokens for call in calls),
        output_tokens=sum(call.output_tokens for call in calls),
        cost_usd=None if None in costs else sum(cost or 0.0 for cost in costs),
        latency_s=sum(call.latency_s for call in calls),
        calls=calls,
    )


def noisy(
    answers: dict[Question, Answer], judge: str, slips: float, seed: int = 0
) -> tuple[dict[Question, Answer], list[Judgement]]:
    """Return answers and journal of a judge that errs on some words and sometimes fails.

    Every tenth question is asked again, and every tenth with its words in reverse; every
    twenty-fifth is refused.
    """
    lot = Random(f"{judge}{seed}")
    found: dict[Question, Answer] = {}
    journal: list[Judgement] = []

    def reply(question: Question, truth: Sequence[Relation], check: Check) -> Judgement:
        patch_id, words = question
        said = [lot.choice(RELATIONS) if lot.random() < slips else one for one in truth]
        status: Status = "refusal" if not check and lot.random() < 0.04 else "ok"
        call = Call(
            status=status,
            snapshot=f"{judge}-2026-08-07",
            input_tokens=lot.randrange(900, 1100),
            output_tokens=lot.randrange(150, 400),
            cost_usd=round(lot.uniform(0.001, 0.004), 6),
            latency_s=round(lot.uniform(1, 6), 3),
        )
        judgement = row(
            words,
            said,
            patch_id=patch_id,
            check=check,
            status=status,
            judge=judge,
            snapshot=call.snapshot,
            calls=(call,),
            raw=f'{{"interpretable": {str(lot.random() < 0.97).lower()}}}',
        )
        journal.append(judgement)
        return judgement

    for index, (question, answer) in enumerate(answers.items()):
        patch_id, words = question
        first = reply(question, answer.relations, "")
        found[question] = Answer(
            patch_id=patch_id,
            words=words,
            status=first.status,
            relations=first.relations,
            judgements=(first.key,),
        )
        if index % 10 == 0:
            reply(question, answer.relations, "repeat")
        if index % 10 == 5 and words != words[::-1]:
            reply((patch_id, words[::-1]), answer.relations[::-1], "reorder")
    return found, journal


def judged_tables(run: Run, judges: Mapping[str, float], *, panel: bool = True) -> RunTables:
    """Return the tables of a run judged by noisy judges, given with the share of words they err on.

    The panel holds all of them.
    """
    answers: dict[str, Answers] = {}
    journals: dict[str, Sequence[Judgement]] = {}
    for judge, slips in judges.items():
        answers[judge], journals[judge] = noisy(run.answers, judge, slips)
    return tables_of(run, answers, journals, {panel_name([*judges]): [*judges]} if panel else {})


def tables_of(
    run: Run,
    answers: Mapping[str, Answers],
    journals: Journals,
    panels: Mapping[str, Sequence[str]],
) -> RunTables:
    """Return the tables of a run with the scores of all its boards."""
    boards = all_boards(run.columns, answers, run.patches, run.spec, panels)
    return RunTables(
        model="mini",
        spec=run.spec,
        spec_hash="c" * 10,
        provenance="A miniature.",
        lenses=[LensNote(name=n, kind=k, summary=f"About {n}.") for n, k in run.kinds.items()],
        patches=run.patches,
        descriptions=run.columns,
        boards=boards,
        scores=[each for board in boards for each in score_outcomes(board, run.spec, run.kinds)],
        answers=answers,
        judgements=journals,
        judges=[
            JudgeNote(
                name=judge,
                version="v1",
                statement="A model that looks.",
                protocol="paper.1",
                prompt_hash="d3adbeef" * 8,
            )
            for judge in answers
        ],
        panels=panels,
    )


def view_of_judges(tables: RunTables) -> ReportView:
    """Build the report view of a run with several judges."""
    return build_report([tables], load_paper())
