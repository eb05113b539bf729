"""Several ratings of one item by one person."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from harness.core.ratings import Rating
from human_eval.formats.duplicates import settled
from human_eval.formats.reasons import DUPLICATE, ONE_NAME, REPLACED


def said(
    relation: str, *, at: str = "", session: str = "s", item: str = "i", person: str = "a"
) -> Rating:
    state = "none" if relation == "none" else "selected"
    fields = {"item_id": item, "annotator": person, "state": state, "relations": [relation]}
    return Rating.model_validate(
        fields | {"at": at, "session": session, "source": f"{relation}{at}"}
    )


def outcome(*ratings: Rating, files: str = "") -> tuple[list[Rating], list[str]]:
    names = files or "f" * len(ratings)
    kept, left = settled(list(zip(names, ratings, strict=True)))
    return list(kept), [entry.reason for entry in left]


def test_equal_answers_count_once() -> None:
    first, second = said("concrete"), said("concrete", session="t")
    assert outcome(first, second) == ([first], [DUPLICATE])


def test_the_last_answer_of_a_sitting_counts_by_time() -> None:
    late = said("concrete", at="2026-01-01T00:00:09Z")
    early = said("none", at="2026-01-01T00:00:08.999Z")
    assert outcome(late, early) == ([late], [REPLACED])
    assert outcome(early, late) == ([late], [REPLACED])


def test_times_of_different_zones_are_compared() -> None:
    late = said("concrete", at="2026-01-01T00:30:00+00:00")
    early = said("none", at="2026-01-01T01:00:00+01:00")
    assert outcome(late, early)[0] == [late]


def test_without_times_the_order_of_the_file_decides() -> None:
    first, second = said("concrete", at="2026-01-01T00:00:09Z"), said("none")
    assert outcome(first, second) == ([second], [REPLACED])


def test_different_answers_in_different_sittings_are_two_people() -> None:
    first, second = said("concrete"), said("none", session="t")
    assert outcome(first, second) == ([], [ONE_NAME, ONE_NAME])


def test_a_change_of_mind_does_not_hide_two_people() -> None:
    found = outcome(said("none"), said("global"), said("none", session="t"))
    assert found == ([], [REPLACED, ONE_NAME, ONE_NAME])


def test_without_sessions_a_file_is_a_sitting() -> None:
    first, second = said("concrete", session=""), said("none", session="")
    assert outcome(first, second) == ([second], [REPLACED])
    assert outcome(first, second, files="fg") == ([], [ONE_NAME, ONE_NAME])


def test_a_session_goes_over_files() -> None:
    first, second = said("concrete"), said("none")
    assert outcome(first, second, files="fg") == ([second], [REPLACED])


def test_other_items_and_people_are_not_touched() -> None:
    found = [said("concrete"), said("none", item="j"), said("global", person="b")]
    assert outcome(*found) == (found, [])


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["concrete", "none", "global"]),
            st.sampled_from(["", "2026-01-01T00:00:01Z", "2026-01-01T00:00:02Z"]),
            st.sampled_from(["", "s", "t"]),
            st.sampled_from("ij"),
            st.sampled_from("ab"),
        ),
        max_size=12,
    )
)
def test_nothing_is_lost(found: list[tuple[str, str, str, str, str]]) -> None:
    ratings = [
        said(relation, at=at, session=session, item=item, person=person)
        for relation, at, session, item, person in found
    ]
    kept, left = settled([("f", rating) for rating in ratings])
    assert len(kept) + len(left) == len(ratings)
    pairs = [(rating.annotator, rating.item_id) for rating in kept]
    assert len(set(pairs)) == len(pairs)
    unsettled = {(e.annotator, e.item_id) for e in left if e.reason == ONE_NAME}
    assert set(pairs) | unsettled == {(r.annotator, r.item_id) for r in ratings}
    assert not set(pairs) & unsettled
