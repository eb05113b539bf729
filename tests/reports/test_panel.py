from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.core.errors import MismatchError
from harness.core.records import Patch, Relation
from reports.outcomes import DEFINITIONS, Cell, Outcomes
from reports.panel import (
    DIFFERENT_WORDS,
    NO_MAJORITY,
    all_boards,
    panel,
    panel_name,
)
from reports.ranking import rank_lenses
from reports.scoring import score_outcomes
from tests.reports.synthetic import Run, answer, make_run

WORDS = ("a", "b", "c")
RELATIONS: tuple[Relation, ...] = ("concrete", "abstract", "global", "none")
PATCHES = (
    Patch(
        patch_id="p",
        image_id="i",
        row=1,
        col=1,
        token_index=0,
        box=(0, 0, 1, 1),
        region=(0, 0, 3, 3),
    ),
)

Verdict = tuple[Relation, ...] | None
"""Relations of the three words, or None where the member failed."""

verdicts = st.none() | st.tuples(*[st.sampled_from(RELATIONS)] * 3)
panels = st.lists(verdicts, min_size=1, max_size=6)


def board(verdict: Verdict, judge: str = "a") -> Outcomes:
    """A board of one cell."""
    status, relations = ("refusal", ()) if verdict is None else ("ok", verdict)
    cell = Cell((0, 1, 2), WORDS, WORDS, status, relations)
    return Outcomes(judge, ("latent",), (3,), PATCHES, {("latent", 3): (cell,)})


def decide(*members: Verdict) -> Cell:
    return panel([board(member) for member in members], "panel").cells["latent", 3][0]


def hits(cell: Cell) -> list[float | None]:
    values = [cell.hit(definition) for definition in DEFINITIONS]
    return [None if np.isnan(value) else value for value in values]


@given(verdicts, st.integers(1, 5))
def test_a_unanimous_panel_is_each_of_its_members(verdict: Verdict, members: int) -> None:
    alone = board(verdict).cells["latent", 3][0]
    together = decide(*[verdict] * members)
    assert hits(together) == hits(alone)
    assert together.relations == alone.relations
    reasons = {together.unscored(definition) for definition in DEFINITIONS}
    assert reasons == ({""} if verdict else {NO_MAJORITY})


@given(st.lists(verdicts, min_size=1, max_size=4))
def test_the_order_of_members_does_not_matter(members: list[Verdict]) -> None:
    assert len({str(decide(*order)) for order in permutations(members)}) == 1


@given(panels, st.integers(1, 3))
def test_a_failing_judge_never_creates_a_verdict(members: list[Verdict], failing: int) -> None:
    before, after = hits(decide(*members)), hits(decide(*members, *[None] * failing))
    for old, new in zip(before, after, strict=True):
        assert new in (old, None)


@given(panels)
def test_a_verdict_needs_more_than_half_of_all_members(members: list[Verdict]) -> None:
    """Counted here by the paper's rule alone: any word related."""
    votes = [None if member is None else any(r != "none" for r in member) for member in members]
    found = decide(*members)
    expected = None
    if votes.count(True) > len(members) / 2:
        expected = 1.0
    if votes.count(False) > len(members) / 2:
        expected = 0.0
    assert hits(found)[0] == expected
    assert (found.unscored("interpretable") == NO_MAJORITY) == (expected is None)


@given(panels)
def test_status_ok_means_that_the_words_show_the_verdict(members: list[Verdict]) -> None:
    found = decide(*members)
    shown = any(relation != "none" for relation in found.relations)
    match found.status:
        case "ok":
            assert found.hit("interpretable") == float(shown)
        case status if status == DIFFERENT_WORDS:
            assert found.hit("interpretable") == 1.0
            assert not shown
        case status:
            assert status == NO_MAJORITY
            assert np.isnan(found.hit("interpretable"))


def test_two_judges_that_differ_leave_no_majority() -> None:
    found = decide(("concrete", "none", "none"), ("none", "none", "none"))
    assert hits(found) == [None, None, None, None, None, None, None, None]
    assert found.relations == (None, "none", "none")
    assert found.status == NO_MAJORITY


def test_words_need_more_than_half_of_all_members_too() -> None:
    found = decide(("concrete", "none", "none"), ("concrete", "none", "none"), None, None)
    assert found.relations == (None, None, None)
    assert found.status == NO_MAJORITY


def test_each_definition_is_decided_on_its_own() -> None:
    found = decide(("none", "concrete", "none"), ("abstract", "none", "none"))
    assert dict(zip(DEFINITIONS, hits(found), strict=True)) == {
        "interpretable": 1.0,
        "concrete": None,
        "concrete+abstract": 1.0,
        "pass@1": None,
        "pass@2": 1.0,
        "pass@3": 1.0,
        "pass@4": 1.0,
        "pass@5": 1.0,
    }
    assert [found.unscored(definition) for definition in DEFINITIONS] == [
        "",
        NO_MAJORITY,
        "",
        NO_MAJORITY,
        "",
        "",
        "",
        "",
    ]


@given(panels)
def test_more_words_never_take_a_hit_away_from_a_panel(members: list[Verdict]) -> None:
    found = [0.5 if hit is None else hit for hit in hits(decide(*members))[3:]]
    assert found == sorted(found)
    assert found[-1] == (0.5 if (first := hits(decide(*members))[0]) is None else first)


def test_hits_by_different_words_are_hits() -> None:
    found = decide(("concrete", "none", "none"), ("none", "global", "none"), ("none",) * 3)
    assert found.hit("interpretable") == 1.0
    assert found.relations == ("none", "none", "none")
    assert found.status == DIFFERENT_WORDS


def small() -> Run:
    return make_run(3, images=6, layers=(0, 3))


def test_scores_count_what_has_no_majority_per_definition() -> None:
    """Of three judges one always fails and one knows only the first half of the questions."""
    run = small()
    failing = {key: answer(*key, "refusal") for key in run.answers}
    half = dict(list(run.answers.items())[: len(run.answers) // 2])
    answers = {"a": run.answers, "b": failing, "c": half}
    name = panel_name(list(answers))
    boards = all_boards(run.columns, answers, run.patches, run.spec, {name: list(answers)})
    assert [board.judge for board in boards] == ["panel:majority(a,b,c)", "a", "b", "c"]
    scores = score_outcomes(boards[0], run.spec, run.kinds)
    alone = score_outcomes(boards[3], run.spec, run.kinds)
    assert [(s.hits, s.n, s.estimate) for s in scores] == [(s.hits, s.n, s.estimate) for s in alone]
    for score in scores:
        assert score.judge == name
        assert score.unscored == {NO_MAJORITY: score.total - score.n}
    rows = rank_lenses(boards[0], run.spec, run.kinds, "interpretable").rows
    assert {row.judge for row in rows} == {name}


def test_each_definition_counts_its_own_unscored_cells() -> None:
    """Of two judges one finds nothing: what the other hits is open, by each definition anew."""
    run = small()
    silent = {
        key: one.model_copy(update={"relations": ("none",) * len(one.words)})
        for key, one in run.answers.items()
    }
    answers = {"a": run.answers, "b": silent}
    board, alone, _ = all_boards(run.columns, answers, run.patches, run.spec, {"p": ["a", "b"]})
    scores = score_outcomes(board, run.spec, run.kinds)
    hits = [score.hits for score in score_outcomes(alone, run.spec, run.kinds)]
    assert [score.unscored.get(NO_MAJORITY, 0) for score in scores] == hits
    assert [score.total - score.n for score in scores] == hits


def test_without_a_judge_there_is_one_board_of_words() -> None:
    run = small()
    (board,) = all_boards(run.columns, {}, run.patches, run.spec)
    assert board.judge == "none"


def test_members_must_have_judged_the_same() -> None:
    with pytest.raises(MismatchError, match="no members"):
        panel([], "p")
    other = board(None, "b")
    cell = Cell((0,), ("x",), ("x",), "refusal", ())
    words = Outcomes("b", other.lenses, other.layers, PATCHES, {("latent", 3): (cell,)})
    with pytest.raises(MismatchError, match="a and b judged different words of latent at layer 3"):
        panel([board(None), words], "p")
    layers = Outcomes("b", other.lenses, (4,), PATCHES, {("latent", 4): (cell,)})
    with pytest.raises(MismatchError, match="judged different layers"):
        panel([board(None), layers], "p")


def test_judges_may_be_shown_different_texts_of_the_same_words() -> None:
    """One judge saw sentences, the other bare words; their panel is that of one judge."""
    run = small()
    texts = [f"a ⟦{word}⟧" for word in run.columns["word"]]
    sentences = {
        (patch_id, shown): one.model_copy(update={"words": shown})
        for (patch_id, words), one in run.answers.items()
        for shown in [tuple(f"a ⟦{word}⟧" for word in words)]
    }
    answers = {"a": run.answers, "b": sentences}
    both, a, b = all_boards(
        run.columns, answers, run.patches, run.spec, {"p": ["a", "b"]}, {"b": texts}
    )
    assert b.cells["latent", 3][0].shown[0].startswith("a ⟦")
    for place, cells in both.cells.items():
        assert [hits(cell) for cell in cells] == [hits(cell) for cell in a.cells[place]]
        assert None not in hits(cells[0])


def test_a_member_without_answers_is_named() -> None:
    run = small()
    with pytest.raises(MismatchError, match="no answers of b; judged by a"):
        all_boards(run.columns, {"a": run.answers}, run.patches, run.spec, {"p": ["a", "b"]})
