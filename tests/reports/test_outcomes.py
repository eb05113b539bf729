from __future__ import annotations

from typing import get_args

import pytest

from harness.core.errors import MismatchError
from harness.core.records import Answer, Definition
from reports.outcomes import DEFINITIONS, HEADLINE, MISSING, RANKED, definitions, join
from reports.scoring import score_outcomes
from tests.reports.synthetic import JUDGE, Run, make_run


def marked(run: Run) -> tuple[dict[str, list[str]], dict[tuple[str, tuple[str, ...]], Answer]]:
    """Return the run's descriptions with sentences as a judge is shown them, and its answers."""
    shown = [f"a small ⟦{word}⟧ by the house" for word in run.columns["word"]]
    answers = {
        (patch_id, sentences): one.model_copy(update={"words": sentences})
        for (patch_id, words), one in run.answers.items()
        for sentences in [tuple(f"a small ⟦{word}⟧ by the house" for word in words)]
    }
    return {**run.columns, "shown": shown}, answers


def test_answers_are_found_by_what_was_shown_and_cells_keep_their_words() -> None:
    run = make_run(1, images=3, layers=(0, 2))
    columns, answers = marked(run)
    plain = join(run.columns, run.answers, run.patches, run.spec, JUDGE)
    board = join(columns, answers, run.patches, run.spec, JUDGE)
    assert score_outcomes(board, run.spec, run.kinds) == score_outcomes(plain, run.spec, run.kinds)
    for place, cells in board.cells.items():
        for position, cell in enumerate(cells):
            assert cell.words == plain.cells[place][position].words
            assert cell.shown == tuple(f"a small ⟦{word}⟧ by the house" for word in cell.words)
            assert board.question(*place, position) == (
                run.patches[position].patch_id,
                cell.shown,
            )
            assert cell.words == plain.question(*place, position)[1]


def test_words_do_not_find_the_answers_to_sentences() -> None:
    run = make_run(1, images=2, layers=(0,))
    columns, answers = marked(run)
    for wrong in (
        join(run.columns, answers, run.patches, run.spec, JUDGE),
        join(columns, run.answers, run.patches, run.spec, JUDGE),
    ):
        cells = [cell for row in wrong.cells.values() for cell in row]
        assert {cell.status for cell in cells} == {MISSING}
        assert {cell.unscored(each) for cell in cells for each in DEFINITIONS} == {MISSING}


def test_a_scored_cell_has_no_reason() -> None:
    run = make_run(1, images=2, layers=(0,))
    board = join(run.columns, run.answers, run.patches, run.spec, JUDGE)
    cells = [cell for row in board.cells.values() for cell in row]
    assert {cell.unscored(each) for cell in cells for each in DEFINITIONS} == {""}


def test_relations_without_a_word_are_refused() -> None:
    run = make_run(1, images=1, layers=(0,))
    columns, answers = marked(run)
    key = next(iter(answers))
    answers[key] = answers[key].model_copy(update={"relations": ("none",)})
    with pytest.raises(MismatchError, match="1 relations for 5 words"):
        join(columns, answers, run.patches, run.spec, JUDGE)


def test_definitions_need_as_many_words_as_they_look_at() -> None:
    assert definitions(0) == ("interpretable", "concrete", "concrete+abstract")
    assert definitions(1) == (*definitions(0), "pass@1")
    assert definitions(3) == (*definitions(1), "pass@2", "pass@3")
    assert definitions(5) == definitions(9) == DEFINITIONS
    assert HEADLINE == DEFINITIONS[0] == RANKED[0]
    assert set(RANKED) <= set(definitions(1))
    assert set(DEFINITIONS) == set(get_args(Definition))


def test_hits_are_kept_and_cannot_be_changed() -> None:
    run = make_run(1, images=2, layers=(0, 3))
    board = join(run.columns, run.answers, run.patches, run.spec, JUDGE)
    hits = board.hits("latent", 3, "pass@2")
    assert board.hits("latent", 3, "pass@2") is hits
    with pytest.raises(ValueError, match="read-only"):
        hits[0] = 1.0
    both = board.hits("latent", None, "pass@2")
    assert both[:, 1].tolist() == hits.tolist()
    assert board == join(run.columns, run.answers, run.patches, run.spec, JUDGE)
    assert board.image_ids() == [patch.image_id for patch in run.patches]
