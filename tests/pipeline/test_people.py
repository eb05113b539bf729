"""People's ratings of a run: drawn items, agreement with its judges, what the run keeps."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from harness.core.agreement import Agreement, Policy
from harness.core.config import JudgingOptions
from harness.core.errors import MismatchError, UsageError
from harness.core.ratings import HumanLabel, Item, Rating
from harness.core.records import Relation
from harness.core.tables import read_table
from harness.data.rendering import png_bytes, shown_pictures
from harness.pipeline.annotation import FOLDER, StudyRequest, drawn_study, make_study
from harness.pipeline.context import RunContext
from harness.pipeline.judging import judgings
from harness.pipeline.people import evaluate, keep, study_ratings
from harness.pipeline.rejudge import add_judges, judge_again, opened, own_setup
from human_eval.study import Study, picture_names, read_study
from tests.pipeline.runs import execute, small_options

OPTIONS = JudgingOptions()
REQUEST = StudyRequest(items="60", annotators=("ada", "ben", "cyd"), seed=3)


@pytest.fixture
def run(finished: Path, tmp_path: Path) -> Path:
    """Return a copy of the finished run that a test may change."""
    return Path(shutil.copytree(finished, tmp_path / finished.name))


def said_by_the_judge(context: RunContext, item: Item) -> tuple[Relation, ...]:
    """Return what the first judge of a run says of an item."""
    (judging,) = judgings(context)
    cell = item.cells[0]
    assert cell.layer is not None
    answers = judging.answers(list(context.judgements()))
    return answers[judging.cells[cell.lens, cell.layer, item.patch_id]].relations


def rate_all(
    context: RunContext, study: Study, wrong: frozenset[str] = frozenset()
) -> list[Rating]:
    """Return everyone's ratings: the judge's own, or the contrary for the items in ``wrong``."""
    items = {item.item_id: item for item in study.items}
    ratings = []
    for annotator, asked in study.assignments.items():
        for item_id in asked:
            relations = said_by_the_judge(context, items[item_id])
            if item_id in wrong:
                hit = any(relation != "none" for relation in relations)
                relations = ("none" if hit else "concrete",) * len(relations)
            state = "selected" if any(each != "none" for each in relations) else "none"
            ratings.append(
                Rating.model_validate(
                    {
                        "item_id": item_id,
                        "annotator": annotator,
                        "state": state,
                        "relations": relations,
                    }
                )
            )
    return ratings


def overall(found: Agreement) -> tuple[int, int, int, int]:
    """Return the counts of the first judge's confusion over all items."""
    table = found.judges[0].groups[0].confusion
    return table.both, table.judge_only, table.people_only, table.neither


def test_a_study_is_drawn_from_the_board_and_shows_what_judges_see(run: Path) -> None:
    with opened(run, OPTIONS) as context:
        study = make_study(context, run / FOLDER, REQUEST)
        assert read_study(run / FOLDER) == study
        assert make_study(context, run / FOLDER, REQUEST) == study
        drawn = [cell for item in study.items for cell in item.cells]
        assert len(drawn) == 60
        assert {cell.lens for cell in drawn} >= set(context.spec.lenses[:3])
        assert sum(cell.kind == "control" for cell in drawn) == 6
        asked = [item_id for order in study.assignments.values() for item_id in order]
        assert sorted(asked) == sorted([item.item_id for item in study.items] * 2)
        words = {}
        columns = context.descriptions
        for lens, layer, patch, rank, word in zip(
            *(columns[name] for name in ("lens", "layer", "patch_id", "rank", "word")), strict=True
        ):
            words[lens, layer, patch, rank] = word
        for item in study.items:
            patch = next(each for each in context.patches if each.patch_id == item.patch_id)
            assert item.image_id == patch.image_id
            for cell in item.cells:
                told = tuple(words[cell.lens, cell.layer, item.patch_id, i] for i in range(5))
                assert told == item.words
            geometry = context.geometries[patch.image_id]
            image = context.source.open(context.records[patch.image_id])
            ((boxed, crop),) = shown_pictures(image, geometry, [patch])
            for name, picture in zip(picture_names(item.patch_id), (boxed, crop), strict=True):
                assert (run / FOLDER / "pictures" / name).read_bytes() == png_bytes(picture)
        with pytest.raises(UsageError, match="another folder with --study"):
            make_study(context, run / FOLDER, REQUEST.model_copy(update={"seed": 4}))


def test_a_listed_sample_and_one_by_sentences(run: Path, tmp_path: Path) -> None:
    with opened(run, OPTIONS) as context:
        patch = context.patches[0].patch_id
        listed = tmp_path / "cells.csv"
        listed.write_text(f"lens,layer,patch_id\nlatent,0,{patch}\nlogit,8,{patch}\n")
        request = StudyRequest(items=str(listed), annotators=("ada", "ben"), shows="sentences")
        study = drawn_study(context, request)
        cells = sorted(cell.lens for item in study.items for cell in item.cells)
        assert cells == ["latent", "logit"]
        assert study.shows == "sentences"
        assert all("⟦" in word for item in study.items for word in item.words)
        with pytest.raises(UsageError, match="unknown judge of the run 'nobody'"):
            drawn_study(context, request.model_copy(update={"judge": "nobody"}))


def test_people_who_say_what_the_judge_says_agree_with_it(run: Path) -> None:
    with opened(run, OPTIONS) as context:
        study = drawn_study(context, REQUEST)
        ratings = rate_all(context, study)
        found = evaluate(context, study, ratings, Policy(), labels="made up")
        assert found.cohen_kappa.estimate == 1
        assert overall(found)[1:3] == (0, 0)
        assert found.judges[0].words is not None
        assert found.judges[0].words.percent.estimate == 1
        assert found.judges[0].unscored == {}
        assert {row.lens for row in found.corrections} == set(context.spec.lenses)
        patch_types = {group.name for group in found.judges[0].groups if group.by == "patch_type"}
        assert patch_types <= {"object", "background"}
        again = evaluate(context, study, ratings[::-1], Policy(), labels="made up")
        assert again == found


def test_a_run_keeps_ratings_labels_and_agreement_and_its_report_shows_them(run: Path) -> None:
    with opened(run, OPTIONS) as context:
        study = make_study(context, run / FOLDER, REQUEST)
        wrong = frozenset(item.item_id for item in study.items[:9])
        ratings = rate_all(context, study, wrong)
        found = evaluate(context, study, ratings, Policy(), labels="made up")
        keep(context, study, ratings, found)
        assert found.cohen_kappa.estimate is not None
        assert found.cohen_kappa.estimate < 1
        assert read_table(run / "ratings.parquet", Rating) == ratings
        labels = read_table(run / "labels.parquet", HumanLabel)
        assert len(labels) == len(ratings)
        stored = json.loads((run / "report.json").read_text())["runs"][0]["agreement"]
        assert Agreement.model_validate(stored) == found
        assert "agrees with people" in (run / "report.html").read_text()
        add_judges(context, [own_setup(context.spec, "human")], None)
        judge_again(context)
    with opened(run, OPTIONS) as context:
        people = judgings(context)[1]
        assert people.label == "human"
        answers = people.answers(list(context.judgements()))
        items = {item.item_id: item for item in study.items}
        for item in items.values():
            cell = item.cells[0]
            assert cell.layer is not None
            told = answers[people.cells[cell.lens, cell.layer, item.patch_id]]
            said = next(each for each in ratings if each.item_id == item.item_id)
            assert told.relations == said.relations
        stale = json.loads((run / "report.json").read_text())["runs"][0]["agreement"]["notices"][0]
        assert "before the judges last answered" in stale
        again = evaluate(context, study, ratings, Policy(), labels="made up")
        assert [judge.judge for judge in again.judges] == ["ground-truth"]


def test_labels_given_by_people_outlive_a_fresh_start(small_corpus: Path, tmp_path: Path) -> None:
    options = small_options(small_corpus, tmp_path / "runs", limit=2, lens="latent", layers="8")
    run = execute(options)
    with opened(run, OPTIONS) as context:
        request = REQUEST.model_copy(update={"items": "8", "controls": 0.0})
        study = make_study(context, run / FOLDER, request)
        ratings = rate_all(context, study)
        keep(context, study, ratings, evaluate(context, study, ratings, Policy(), labels="x"))
    execute(options.model_copy(update={"fresh": True}))
    assert read_study(run / FOLDER) == study
    assert read_table(run / "ratings.parquet", Rating) == ratings
    assert (run / "labels.parquet").exists()


def test_a_study_of_another_run_and_one_without_ratings_are_refused(run: Path) -> None:
    with opened(run, OPTIONS) as context:
        study = make_study(context, run / FOLDER, REQUEST)
        foreign = study.model_copy(update={"run": "0" * 64})
        with pytest.raises(MismatchError, match="drawn from another run"):
            evaluate(context, foreign, [], Policy(), labels="none")
    with pytest.raises(UsageError, match="nobody has rated anything"):
        study_ratings(run / FOLDER, "lensbench", [])
    with pytest.raises(UsageError, match="holds no study"):
        study_ratings(run, "lensbench", [])
