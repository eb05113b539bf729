"""A study of a real run, from drawing to agreement: pages handed out, rated offline, sent back."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from playwright.sync_api import Page, Playwright
from sklearn.metrics import cohen_kappa_score

from harness.cli.main import cli
from harness.core.config import JudgingOptions
from harness.core.records import Relation
from harness.pipeline.judging import judgings
from harness.pipeline.rejudge import opened
from human_eval.study import Study, read_study
from tests.human_eval.browser.driving import Watch, heading, launched, press
from tests.pipeline.runs import execute, small_options, write_small_corpus

pytestmark = pytest.mark.browser

PEOPLE = ("ada", "ben", "cyd")
EACH = 30
RELOADED = 15
LETTERS: dict[Relation, str] = {"concrete": "c", "abstract": "a", "global": "g", "none": "n"}


def test_three_people_rate_a_run_offline_and_the_judge_is_compared(
    driver: Playwright, tmp_path: Path
) -> None:
    corpus = write_small_corpus(tmp_path / "phrases.txt")
    run = execute(small_options(corpus, tmp_path / "runs", limit=5))
    pages, exports = tmp_path / "pages", tmp_path / "exports"
    exports.mkdir()
    draw = ["--items", "45", "--annotators", ",".join(PEOPLE), "--static", str(pages)]
    assert CliRunner().invoke(cli, ["annotate", str(run), *draw]).exit_code == 0
    study = read_study(run / "annotation")
    # Cells with the same words are one item; two ratings each make about 30 a person.
    assert {len(asked) for asked in study.assignments.values()} <= {EACH - 2, EACH - 1, EACH}
    verdicts = judged(run, study)
    context = launched(driver, tmp_path / "profile")
    for name in PEOPLE:
        rate(context.new_page(), pages, name, study, verdicts, exports)
    context.close()
    out = tmp_path / "out.json"
    options = ["--labels", str(exports), "-o", str(out)]
    done = CliRunner().invoke(cli, ["agree", str(run), *options])
    assert done.exit_code == 0, done.output
    found = json.loads(out.read_text())
    assert found["left_out"] == {}
    assert found["rated"] == len(study.items)
    tested = [item for item in study.items if any(cell.kind == "lens" for cell in item.cells)]
    judge = [any(each != "none" for each in verdicts[item.item_id]) for item in tested]
    people = [contrary(study, item.item_id) != hit for item, hit in zip(tested, judge, strict=True)]
    weights = [sum(c.weight for c in item.cells if c.kind == "lens") for item in tested]
    expected = cohen_kappa_score(people, judge, sample_weight=weights)
    assert found["cohen_kappa"]["estimate"] == pytest.approx(expected)
    assert expected < 1


def judged(run: Path, study: Study) -> dict[str, tuple[Relation, ...]]:
    """Return what the run's judge says of every item."""
    with opened(run, JudgingOptions()) as context:
        (judging,) = judgings(context)
        answers = judging.answers(list(context.judgements()))
        found = {}
        for item in study.items:
            cell = item.cells[0]
            assert cell.layer is not None
            answer = answers[judging.cells[cell.lens, cell.layer, item.patch_id]]
            found[item.item_id] = answer.relations
        return found


def contrary(study: Study, item_id: str) -> bool:
    """Return whether everyone says the contrary of the judge about an item: of every fifth."""
    return [item.item_id for item in study.items].index(item_id) % 5 == 0


def rate(
    page: Page,
    pages: Path,
    name: str,
    study: Study,
    verdicts: dict[str, tuple[Relation, ...]],
    exports: Path,
) -> None:
    """Answer somebody's items with keys only, reload in the middle, and export with keys."""
    watch = Watch(page)
    page.goto((pages / f"{name}.html").as_uri())
    asked = study.assignments[name]
    words = {item.item_id: item.words for item in study.items}
    for turn, item_id in enumerate(asked):
        assert heading(page) == f"Item {turn + 1} of {len(asked)}"
        press(page, keys(words[item_id], verdicts[item_id], contrary(study, item_id)))
        if turn == RELOADED:
            page.reload()
    assert heading(page).startswith(f"All {len(asked)} items are answered")
    for _ in range(5):
        if page.evaluate("document.activeElement.id") != "finish-export":
            press(page, "Tab")
    with page.expect_download() as waiting:
        press(page, "Enter")
    waiting.value.save_as(exports / waiting.value.suggested_filename)
    assert watch.errors == []
    assert all(url.startswith(("file:", "data:", "blob:")) for url in watch.urls)
    page.close()


def keys(words: tuple[str, ...], said: tuple[Relation, ...], other: bool) -> str:
    """Return what to press to say the same as the judge, or the contrary."""
    if all(each == "none" for each in said):
        return "1 c Enter" if other else "x Enter"
    if other:
        return "x Enter"
    # A word that stands several times is asked once; the ground truth says the same of each.
    shown = list(dict.fromkeys(zip(words, said, strict=True)))
    pressed = [f"{place + 1} {LETTERS[each]}" for place, (_, each) in enumerate(shown)]
    return " ".join([*pressed, "Enter"])
