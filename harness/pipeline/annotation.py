"""What people are asked about a run: items drawn from its board, with the judges' own pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Final, Literal

from pydantic import Field

from harness.core.errors import UsageError, unknown_name
from harness.core.ids import digest
from harness.core.progress import announce, progress
from harness.core.records import Patch, Record
from harness.pipeline.context import RunContext
from harness.pipeline.judging import Judging, judgings, pictures
from harness.pipeline.questions import cells
from harness.pipeline.score import lens_kinds
from human_eval.assignment import assign
from human_eval.sampling import Candidate, Sample, draw_items, given_items, read_cells
from human_eval.study import STUDY_FILE, Study, read_study, write_study
from judges.protocols.base import JudgingProtocol
from judges.protocols.registry import PROTOCOLS, find_protocol

FOLDER: Final = "annotation"
"""Folder of a run's study in its directory, unless another one is named."""

_ID_LENGTH: Final = 16


class StudyRequest(Record):
    """What a study is to be made of."""

    items: str = "360"
    """Number of board cells to draw, or a file that lists them."""
    annotators: tuple[str, ...] = Field(min_length=1)
    """Pseudonyms of the people asked."""
    ratings: int = Field(2, ge=1)
    """People who rate each item."""
    controls: float = Field(10.0, ge=0, le=100)
    """Per cent of the cells that are drawn from control rows."""
    judge: str = ""
    """Judge whose verdicts the sample is stratified by; empty for the run's first one."""
    shows: Literal["words", "sentences", ""] = ""
    """What is rated; empty for what the run's judges are shown."""
    seed: int = Field(0, ge=0)
    """Seed of sample and orders."""


def make_study(context: RunContext, folder: Path, request: StudyRequest) -> Study:
    """Draw a study of a run and write it with its pictures, or return the same one made before.

    Raises:
        UsageError: The folder holds another study, or the request cannot be met.
        MismatchError: The pictures differ from what judges were shown.
    """
    study = drawn_study(context, request)
    if (folder / STUDY_FILE).exists():
        if read_study(folder).study_id != study.study_id:
            raise UsageError(
                f"{folder} holds a study of other items, annotators or verdicts; leave out "
                "--annotators to go on with it, or name another folder with --study"
            )
        return study
    shown = pictures(context)
    patches = list(dict.fromkeys(item.patch_id for item in study.items))
    drawn = {
        patch_id: shown.renderer(patch_id)()
        for patch_id in progress(patches, description="pictures for people", total=len(patches))
    }
    write_study(folder, study, drawn)
    return study


def drawn_study(context: RunContext, request: StudyRequest) -> Study:
    """Return the study that a request describes; the same request draws the same study."""
    judging = _stratifying(context, request.judge)
    shows = request.shows or find_protocol(context.spec.protocol).shows
    sample = _sample(context, request, candidates(context, judging, protocol_that_shows(shows)))
    if sample.excluded:
        announce(f"{sample.excluded} cells without any word cannot be asked and are not drawn")
    assignments = assign(sample.items, request.annotators, request.ratings, request.seed)
    run = digest(context.spec)
    items = [item.model_dump(mode="json") for item in sample.items]
    asked = {name: list(order) for name, order in assignments.items()}
    return Study(
        study_id=digest({"run": run, "items": items, "assignments": asked})[:_ID_LENGTH],
        run=run,
        vlm=context.spec.vlm,
        judge=judging.label if judging else "",
        shows=shows,
        seed=request.seed,
        items=sample.items,
        assignments=assignments,
    )


def candidates(
    context: RunContext, judging: Judging | None, protocol: JudgingProtocol
) -> list[Candidate]:
    """Return every cell of the board with what is shown of it and what a judge says of it."""
    kinds = lens_kinds(context.spec.lenses)
    images = {patch.patch_id: patch.image_id for patch in context.patches}
    answers = judging.answers(list(context.judgements())) if judging else {}
    found = []
    for (lens, layer, patch_id), (_, words) in cells(context, protocol).items():
        verdict: Literal["hit", "miss", "unscored", "unjudged"] = "unjudged"
        if judging:
            answer = answers.get(judging.cells[lens, layer, patch_id])
            verdict = "unscored"
            if answer is not None and answer.status == "ok":
                fits = any(relation != "none" for relation in answer.relations)
                verdict = "hit" if fits else "miss"
        found.append(
            Candidate(lens, kinds[lens], layer, patch_id, images[patch_id], words, verdict)
        )
    return found


def protocol_that_shows(shows: Literal["words", "sentences"]) -> JudgingProtocol:
    """Return a protocol that shows words, or sentences."""
    return next(protocol for protocol in PROTOCOLS.values() if protocol.shows == shows)


def _stratifying(context: RunContext, name: str) -> Judging | None:
    """Return the judge by whose verdicts items are drawn; None if the run has none."""
    known = {judging.label: judging for judging in judgings(context)}
    if name and name not in known:
        raise unknown_name("judge of the run", name, known)
    return known[name] if name else next(iter(known.values()), None)


def _sample(context: RunContext, request: StudyRequest, found: list[Candidate]) -> Sample:
    types = _patch_types(context)
    if not request.items.isdigit():
        listed = read_cells(Path(request.items))
        return given_items(found, listed, patch_types=types)
    if int(request.items) < 1:
        raise UsageError(f"--items {request.items}: expected at least 1, or a file of cells")
    return draw_items(found, int(request.items), request.seed, request.controls, patch_types=types)


def _patch_types(context: RunContext) -> dict[str, str]:
    """Return whether the centre of each patch is object or background, where labels tell."""
    found: dict[str, str] = {}
    for patch in context.patches:
        kind = _patch_type(context, patch)
        if kind:
            found[patch.patch_id] = kind
    return found


def _patch_type(context: RunContext, patch: Patch) -> str:
    left, top, right, bottom = patch.box
    centre = ((left + right) / 2, (top + bottom) / 2)
    labels = context.source.labels(context.records[patch.image_id], patch.region, centre)
    if labels is None:
        return ""
    for entity in (*labels.inside, *labels.everywhere):
        if entity.kind == labels.centre:
            return "background" if entity.background else "object"
    return ""
