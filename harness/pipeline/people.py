"""People's ratings of a run: compared with its judges, kept in it, and shown in its report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from harness.core.agreement import Agreement, Policy
from harness.core.errors import DataError, MismatchError, UsageError
from harness.core.files import write_json_atomic
from harness.core.ids import digest
from harness.core.ratings import HumanLabel, Item, JudgeReply, LeftOut, Rating
from harness.core.records import Answer, Relation
from harness.core.tables import write_table
from harness.pipeline.context import RunContext
from harness.pipeline.engine import run_stage
from harness.pipeline.judging import Judging, judgings
from harness.pipeline.kept_agreement import JUDGEMENTS, judgements_digest
from harness.pipeline.score import lens_kinds
from human_eval.agreement import BoardCell, agreement
from human_eval.formats.imported import Imported
from human_eval.formats.registry import read_study_labels
from human_eval.sampling import layer_bands
from human_eval.store import STORE_FILE, Store
from human_eval.study import STUDY_FILE, Study, read_study
from judges.human import NAME as PEOPLE
from judges.protocols.base import Question


def study_ratings(folder: Path, format_name: str, labels: Sequence[Path]) -> tuple[Study, Imported]:
    """Return a study and what people said: on its page, or in files.

    Args:
        folder: Folder of the study.
        format_name: Whose files they are.
        labels: Files or folders of ratings; none for what the page of the study saved.

    Raises:
        UsageError: There is no study, or nothing was saved.
        DataError: A file cannot be read.
    """
    study = read_study(folder)
    if labels:
        return study, read_study_labels(format_name, [folder / STUDY_FILE], labels, [])
    path = folder / STORE_FILE
    if not path.exists():
        raise UsageError(
            f"nobody has rated anything on the page of {folder} yet; name files by --labels"
        )
    with Store(path, study) as store:
        return study, Imported(study.items, store.ratings(), {}, ())


def evaluate(
    context: RunContext,
    study: Study,
    ratings: Sequence[Rating],
    policy: Policy,
    *,
    labels: str,
    left_out: Sequence[LeftOut] = (),
    half_width: float = 0.05,
    seed: int = 0,
) -> Agreement:
    """Compare the judges of a run with people, and correct its rates by what people said.

    Args:
        context: The run.
        study: What people were asked about it.
        ratings: What they said.
        policy: How that is read.
        labels: Where the ratings come from, for the record.
        left_out: What was read and is not used.
        half_width: Wanted half-width of intervals, for the number of items needed.
        seed: Seed of the resampling.

    Raises:
        MismatchError: The study is of another run.
    """
    if study.run != digest(context.spec):
        raise MismatchError(
            f"study {study.study_id} was drawn from another run than {context.run.path}; name the "
            "run it was drawn from"
        )
    judges = _judges(context)
    rows = list(context.judgements())
    answers = {judging.label: judging.answers(rows) for judging in judges}
    return agreement(
        study.items,
        ratings,
        {judging.label: _replies(judging, study, answers[judging.label]) for judging in judges},
        policy,
        source={
            "run": context.run.path.name,
            "study": study.study_id,
            "labels": labels,
            JUDGEMENTS: judgements_digest(context),
        },
        left_out=left_out,
        board={
            judging.label: _board(context, judging, answers[judging.label]) for judging in judges
        },
        half_width=half_width,
        seed=seed,
    )


def keep(context: RunContext, study: Study, ratings: Sequence[Rating], found: Agreement) -> None:
    """Write ratings, labels for the judge ``human`` and the agreement; make the report anew."""
    run = context.run
    items = {item.item_id: item for item in study.items}
    write_table(run.ratings, ratings, Rating)
    labels = [
        label
        for rating in ratings
        if (label := _label(items[rating.item_id], rating, found.policy))
    ]
    write_table(run.labels, labels, HumanLabel)
    write_json_atomic(run.agreement, found, readable=True)
    run_stage(context, "report")


def _judges(context: RunContext) -> list[Judging]:
    """Return the judges of the run but the one that is made of people's labels."""
    return [judging for judging in judgings(context) if judging.setup.judge != PEOPLE]


def _replies(
    judging: Judging, study: Study, answers: Mapping[Question, Answer]
) -> list[JudgeReply]:
    """Return what a judge said of the items; its words are the item's, or sentences for them."""
    found = []
    for item in study.items:
        cell = item.cells[0]
        if cell.layer is None:
            raise DataError(f"item {item.item_id} of study {study.study_id} has no layer")
        question = judging.cells.get((cell.lens, cell.layer, item.patch_id))
        answer = answers.get(question) if question else None
        if answer is not None:
            found.append(
                JudgeReply(
                    item_id=item.item_id,
                    judge=judging.label,
                    status=answer.status,
                    relations=answer.relations,
                )
            )
    return found


def _board(
    context: RunContext, judging: Judging, answers: Mapping[Question, Answer]
) -> list[BoardCell]:
    bands = layer_bands(context.spec.layers)
    kinds = lens_kinds(context.spec.lenses)
    images = {patch.patch_id: patch.image_id for patch in context.patches}
    found = []
    for (lens, layer, patch_id), question in judging.cells.items():
        answer = answers.get(question)
        scored = answer is not None and answer.status == "ok"
        found.append(
            BoardCell(
                lens=lens,
                kind=kinds[lens],
                layer=layer,
                band=bands[layer],
                patch_id=patch_id,
                image_id=images[patch_id],
                relations=answer.relations if answer is not None and scored else None,
            )
        )
    return found


def _label(item: Item, rating: Rating, policy: Policy) -> HumanLabel | None:
    """Return the rating as a label; None for a blank one that counts as missing."""
    relations: tuple[Relation, ...] = rating.relations
    if rating.state == "blank":
        if policy.blank == "missing":
            return None
        relations = tuple("none" for _ in item.words)
    return HumanLabel(
        annotator=rating.annotator,
        patch_id=item.patch_id,
        words=item.words,
        relations=relations,
        cant_tell=rating.state == "cant_tell",
        seconds=rating.seconds or 0.0,
    )
