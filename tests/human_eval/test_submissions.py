from __future__ import annotations

import json
from typing import Any

import pytest

from harness.core.errors import UsageError
from human_eval.submissions import Event, Submission, check_submission, read_submission
from tests.human_eval.a_study import a_study

STUDY = a_study()
ITEM = STUDY.items[0]
FIVE = ("none", "concrete", "none", "none", "none")
NONE = ("none",) * 5


def submission(**changed: Any) -> Submission:
    plain = {"item_id": ITEM.item_id, "state": "selected", "relations": FIVE} | changed
    return Submission.model_validate(plain)


def test_a_submission_is_read_as_the_page_sends_it() -> None:
    sent = {
        "item_id": ITEM.item_id,
        "state": "selected",
        "relations": list(FIVE),
        "seconds": 12.5,
        "at": "2026-01-02T03:04:05.678Z",
        "session": "a1B2-c3",
    }
    read = read_submission(json.dumps(sent).encode())
    assert json.loads(read.model_dump_json()) == sent


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("state", "blank"),
        ("state", "maybe"),
        ("relations", ["concrete", "vague", "none", "none", "none"]),
        ("relations", "concrete"),
        ("item_id", 7),
        ("item_id", ""),
        ("seconds", -1),
        ("seconds", "soon"),
        ("at", "yesterday"),
        ("at", "2026-13-01T00:00:00Z"),
        ("session", "a b"),
        ("session", "x" * 65),
        ("session", "\u202e"),
        ("lens", "logit"),
    ],
)
def test_a_malformed_field_is_named_in_one_line(field: str, value: object) -> None:
    sent = {"item_id": ITEM.item_id, "state": "none", "relations": list(NONE), field: value}
    with pytest.raises(UsageError, match=rf"^{field}") as caught:
        read_submission(json.dumps(sent).encode())
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff\xfe",
        b"[" * 5000,
        b'{"item_id": "a", "state": "none", "seconds": NaN}',
        b'{"item_id": "a", "state": "none", "seconds": 1e999}',
        b'{"item_id": "a"}',
    ],
)
def test_what_is_no_submission_is_refused_in_one_short_line(body: bytes) -> None:
    with pytest.raises(UsageError) as caught:
        read_submission(body)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"state": "none", "relations": NONE},
        {"state": "cant_tell", "relations": ()},
        {"state": "withdrawn", "relations": ()},
    ],
)
def test_every_answer_that_the_page_offers_is_accepted(changed: dict[str, Any]) -> None:
    check_submission(STUDY, "ada", submission(**changed))


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"relations": FIVE[:4]}, "4 given .* expected 5"),
        ({"relations": (*FIVE, "none")}, "6 given .* expected 5"),
        ({"relations": ()}, "0 given .* expected 5"),
        ({"state": "none"}, "words are selected although state none"),
        ({"state": "none", "relations": ()}, "0 given .* expected 5"),
        ({"relations": NONE}, "expected state none"),
        ({"state": "cant_tell"}, "5 given with state cant_tell .* expected 0"),
        ({"state": "withdrawn"}, "5 given with state withdrawn .* expected 0"),
        ({"item_id": "elsewhere"}, "item_id 'elsewhere': expected one of the 6 items"),
    ],
)
def test_a_submission_that_contradicts_the_study_or_itself_is_refused(
    changed: dict[str, Any], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        check_submission(STUDY, "ada", submission(**changed))


def test_only_items_that_the_person_is_asked_are_accepted() -> None:
    fewer = STUDY.model_copy(update={"assignments": {"ada": (), "ben": (ITEM.item_id,)}})
    check_submission(fewer, "ben", submission())
    with pytest.raises(UsageError, match="expected one of the 0 items that ada is asked"):
        check_submission(fewer, "ada", submission())


def test_an_unknown_annotator_is_named() -> None:
    with pytest.raises(UsageError, match="unknown annotator 'adda': did you mean ada"):
        check_submission(STUDY, "adda", submission())


def test_an_event_is_a_rating_unless_it_takes_one_back() -> None:
    stored = {"annotator": "ada", "number": 3, "received": "2026-01-01T00:00:00.000Z"}
    given = Event.model_validate(submission(seconds=2.0, session="s").model_dump() | stored)
    rating = given.rating("here")
    assert rating is not None
    assert (rating.item_id, rating.annotator, rating.state) == (ITEM.item_id, "ada", "selected")
    assert (rating.relations, rating.seconds) == (FIVE, 2.0)
    assert (rating.session, rating.source) == ("s", "here")
    back = submission(state="withdrawn", relations=())
    assert Event.model_validate(back.model_dump() | stored).rating("here") is None
