from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.core.errors import DataError, MismatchError, UsageError
from harness.core.ratings import Rating
from harness.core.records import Relation
from human_eval.store import STORE_FILE, Store
from human_eval.submissions import Event, Submission
from tests.human_eval.a_study import ANNOTATORS, a_study

STUDY = a_study()
IDS = [item.item_id for item in STUDY.items]
FIVE = ("none", "concrete", "none", "abstract", "global")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "study" / STORE_FILE


@pytest.fixture
def store(path: Path) -> Iterator[Store]:
    with Store(path, STUDY) as opened:
        yield opened


def said(item: str = IDS[0], **changed: Any) -> Submission:
    return Submission.model_validate(
        {"item_id": item, "state": "selected", "relations": FIVE} | changed
    )


def back(item: str = IDS[0]) -> Submission:
    return Submission(item_id=item, state="withdrawn")


def answers(ratings: tuple[Rating, ...]) -> dict[str, str]:
    return {rating.item_id: rating.state for rating in ratings}


def test_a_rating_comes_back_as_it_was_given(store: Store, path: Path) -> None:
    at = "2026-01-02T03:04:05.678Z"
    event = store.append("ada", said(seconds=12.25, at=at, session="s-1"))
    assert event.number == 1
    assert event.received.endswith("Z")
    expected = Rating(
        item_id=IDS[0],
        annotator="ada",
        state="selected",
        relations=FIVE,
        seconds=12.25,
        at=at,
        session="s-1",
        source=f"{STORE_FILE}, row 1",
    )
    store.close()
    with Store(path, STUDY) as again:
        assert again.latest("ada") == (expected,)
        assert again.ratings() == (expected,)
        assert again.history() == (event,)


def test_the_last_answer_counts_and_the_earlier_ones_stay(store: Store) -> None:
    store.append("ada", said())
    store.append("ada", said(state="cant_tell", relations=()))
    store.append("ben", said())
    store.append("ada", said(IDS[1]))
    store.append("ada", back(IDS[1]))
    assert answers(store.latest("ada")) == {IDS[0]: "cant_tell"}
    assert answers(store.latest("ben")) == {IDS[0]: "selected"}
    assert answers(store.latest("cyd")) == {}
    assert [rating.annotator for rating in store.ratings()] == ["ada", "ben"]
    assert [event.state for event in store.history()] == [
        "selected",
        "cant_tell",
        "selected",
        "selected",
        "withdrawn",
    ]
    store.append("ada", said(IDS[1]))
    assert list(answers(store.latest("ada"))) == [IDS[0], IDS[1]]


def test_what_cannot_be_accepted_is_not_stored(store: Store) -> None:
    for annotator, wrong in [
        ("eve", said()),
        ("ada", said("elsewhere")),
        ("ada", said(relations=FIVE[:3])),
        ("ada", said(state="none")),
    ]:
        with pytest.raises(UsageError):
            store.append(annotator, wrong)
    assert store.history() == ()


def test_the_store_of_another_study_is_refused_and_left_alone(store: Store, path: Path) -> None:
    store.append("ada", said())
    other = a_study(items=3)
    with pytest.raises(MismatchError, match=f"{STUDY.study_id}, not {other.study_id}"):
        Store(path, other)
    assert len(store.history()) == 1


def test_answers_stay_when_an_annotator_is_added(store: Store, path: Path) -> None:
    store.append("ada", said())
    store.close()
    assignments = STUDY.assignments | {"dan": STUDY.assignments["ada"]}
    with Store(path, STUDY.model_copy(update={"assignments": assignments})) as more:
        more.append("dan", said())
        assert [rating.annotator for rating in more.ratings()] == ["ada", "dan"]


@pytest.mark.parametrize("content", [b"", b"no database at all, but some text " * 100])
def test_a_file_that_is_no_store_is_named_and_left_alone(path: Path, content: bytes) -> None:
    path.parent.mkdir()
    path.write_bytes(content)
    with pytest.raises(DataError, match=STORE_FILE):
        Store(path, STUDY)
    assert path.read_bytes() == content


def test_a_truncated_store_is_named(store: Store, path: Path) -> None:
    for item in IDS:
        store.append("ada", said(item))
    store.close()
    os.truncate(path, path.stat().st_size // 2)
    with pytest.raises(DataError, match=STORE_FILE):
        Store(path, STUDY)


def test_a_folder_in_the_way_is_named(path: Path) -> None:
    path.mkdir(parents=True)
    with pytest.raises(DataError, match=STORE_FILE):
        Store(path, STUDY)
    (path.parent / "file").write_text("")
    with pytest.raises(DataError, match="a file is in the way"):
        Store(path.parent / "file" / STORE_FILE, STUDY)


def test_rows_cannot_be_changed_or_removed(store: Store, path: Path) -> None:
    store.append("ada", said())
    other = sqlite3.connect(path)
    for command in ("DELETE FROM events", "UPDATE events SET state = 'none'"):
        with pytest.raises(sqlite3.IntegrityError, match="only ever added"):
            other.execute(command)
    other.close()
    assert answers(store.latest("ada")) == {IDS[0]: "selected"}


def test_a_row_that_was_spoilt_by_hand_is_named(store: Store, path: Path) -> None:
    store.append("ada", said())
    with sqlite3.connect(path) as other:
        other.execute(
            "INSERT INTO events (study, annotator, item_id, state, relations, at, received, "
            "session) VALUES ('', 'ada', 'x', 'selected', '[\"maybe\"]', '', '', '')"
        )
    other.close()
    with pytest.raises(DataError, match="row 2 of events"):
        store.latest("ada")
    with pytest.raises(DataError, match="row 2 of events"):
        store.history()


def test_every_commit_waits_for_the_disk(store: Store) -> None:
    connection = store._connection
    assert connection.execute("PRAGMA synchronous").fetchone() == (2,)
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_a_full_disk_is_told_and_what_was_there_stays(store: Store) -> None:
    store.append("ada", said())
    (pages,) = store._connection.execute("PRAGMA page_count").fetchone()
    store._connection.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(DataError, match="full"):
        for _ in range(100):
            store.append("ben", said())
    kept = len(store.history())
    store._connection.execute(f"PRAGMA max_page_count = {pages + 100}")
    assert store.append("ben", said()).number == kept + 1


def test_threads_and_connections_lose_nothing_and_mix_nothing_up(store: Store, path: Path) -> None:
    start = threading.Barrier(6)

    def rate(annotator: str, opened: Store) -> None:
        start.wait()
        for item in STUDY.assignments[annotator]:
            opened.append(annotator, said(item, session=annotator))
            opened.append(annotator, said(item, state="cant_tell", relations=()))
            opened.latest(annotator)

    with Store(path, STUDY) as second, ThreadPoolExecutor(6) as pool:
        jobs = [pool.submit(rate, name, each) for name in ANNOTATORS for each in (store, second)]
        for job in jobs:
            job.result()
        assert second.ratings() == store.ratings()
    assert [event.number for event in store.history()] == list(range(1, 6 * len(IDS) * 2 + 1))
    for name in ANNOTATORS:
        assert answers(store.latest(name)) == dict.fromkeys(IDS, "cant_tell")


def test_stores_made_at_the_same_moment_are_one(path: Path) -> None:
    start = threading.Barrier(8)

    def make(number: int) -> None:
        start.wait()
        with Store(path, STUDY) as made:
            made.append("ada", said(session=f"s{number}"))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(make, range(8)))
    with Store(path, STUDY) as after:
        assert {event.session for event in after.history()} == {f"s{i}" for i in range(8)}
    assert [each.name for each in path.parent.iterdir()] == [STORE_FILE]


WRITER = """
import sys
from pathlib import Path
from human_eval.store import Store
from human_eval.submissions import Submission
from tests.human_eval.a_study import a_study
study = a_study()
store = Store(Path(sys.argv[1]), study)
relations = ("concrete", "none", "none", "none", "none")
while True:
    for item in study.items:
        given = Submission(item_id=item.item_id, state="selected", relations=relations)
        sys.stdout.write(f"{store.append('ada', given).number}\\n")
        sys.stdout.flush()
"""


@pytest.mark.parametrize("acknowledged", [1, 40, 200])
def test_a_kill_loses_nothing_that_was_acknowledged(path: Path, acknowledged: int) -> None:
    root = Path(__file__).parents[2]
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=root,
        env=os.environ | {"PYTHONPATH": str(root)},
    )
    assert writer.stdout is not None
    told = [int(writer.stdout.readline()) for _ in range(acknowledged)]
    writer.send_signal(signal.SIGKILL)
    told += [int(line) for line in writer.stdout if line.endswith("\n")]
    writer.stdout.close()
    assert writer.wait() == -signal.SIGKILL
    with Store(path, STUDY) as store:
        numbers = [event.number for event in store.history()]
        assert numbers[: len(told)] == told
        assert len(told) <= len(numbers) <= len(told) + 1
        store.append("ben", said())


RELATIONS = st.lists(st.sampled_from(get_args(Relation)), min_size=5, max_size=5)
STEPS = st.lists(
    st.tuples(
        st.sampled_from(ANNOTATORS),
        st.sampled_from(IDS),
        st.sampled_from(["rate", "cant_tell", "withdrawn", "reopen"]),
        RELATIONS,
    ),
    max_size=30,
)


@settings(max_examples=25)
@given(STEPS)
def test_the_store_is_a_dictionary_with_a_history(
    steps: list[tuple[str, str, str, list[Relation]]],
) -> None:
    model: dict[tuple[str, str], tuple[str, tuple[str, ...]]] = {}
    kept: list[Event] = []
    with TemporaryDirectory() as folder:
        store = Store(Path(folder) / STORE_FILE, STUDY)
        for annotator, item, step, relations in steps:
            if step == "reopen":
                store.close()
                store = Store(Path(folder) / STORE_FILE, STUDY)
                continue
            given_ = _step(item, step, relations)
            kept.append(store.append(annotator, given_))
            model.pop((annotator, item), None)
            if step != "withdrawn":
                model[annotator, item] = (given_.state, given_.relations)
        for annotator in ANNOTATORS:
            found = {
                rating.item_id: (rating.state, rating.relations)
                for rating in store.latest(annotator)
            }
            wanted = {item: value for (name, item), value in model.items() if name == annotator}
            assert list(found.items()) == list(wanted.items())
        assert len(store.ratings()) == len(model)
        assert list(store.history()) == kept
        store.close()


def _step(item: str, step: str, relations: list[Relation]) -> Submission:
    if step != "rate":
        return said(item, state=step, relations=())
    fits = any(relation != "none" for relation in relations)
    return said(item, state="selected" if fits else "none", relations=relations)
