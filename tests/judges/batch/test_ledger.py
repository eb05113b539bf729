from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.core.errors import DataError
from judges.batch.ledger import Batch, BatchLedger

KEYS = ["a" * 64, "b" * 64]


def _ledger(folder: Path) -> BatchLedger:
    ticks = itertools.count(100)
    return BatchLedger(folder / "deep" / "batches.jsonl", lambda: float(next(ticks)))


def test_an_empty_ledger_has_no_batches_and_writes_no_file(tmp_path: Path) -> None:
    ledger = _ledger(tmp_path)
    assert ledger.batches("gpt-5", "v") == ()
    assert not ledger.path.exists()


def test_a_batch_is_read_back_as_it_was_left(tmp_path: Path) -> None:
    ledger = _ledger(tmp_path)
    intended = ledger.intend("gpt-5", "v", KEYS, 1.5)
    assert intended.event == "intent"
    assert intended.open
    assert intended.batch_id == ""
    submitted = ledger.submitted(intended, "batch_1")
    assert submitted.open
    assert submitted.batch_id == "batch_1"
    collected = ledger.collected(submitted, {KEYS[1]})
    assert not collected.open
    assert collected.unanswered == {KEYS[1]}
    again = BatchLedger(ledger.path)
    assert again.batches("gpt-5", "v") == (collected,)
    assert collected.keys == tuple(KEYS)
    assert collected.since == 100.0
    assert collected.worst_usd == 1.5


def test_a_failed_batch_is_no_longer_open_and_keeps_its_id(tmp_path: Path) -> None:
    ledger = _ledger(tmp_path)
    batch = ledger.submitted(ledger.intend("gpt-5", "v", KEYS, None), "batch_1")
    failed = ledger.failed(batch, "validation failed")
    assert not failed.open
    assert ledger.known_ids() == {"batch_1"}
    assert '"reason":"validation failed"' in ledger.path.read_text()


def test_judges_and_their_versions_are_kept_apart(tmp_path: Path) -> None:
    ledger = _ledger(tmp_path)
    for judge, version in (("gpt-5", "1"), ("gpt-5", "2"), ("claude", "1")):
        ledger.intend(judge, version, KEYS, 0.0)
    found = [ledger.batches(*who) for who in (("gpt-5", "1"), ("gpt-5", "2"), ("claude", "1"))]
    assert [len(batches) for batches in found] == [1, 1, 1]
    assert len({batches[0].tag for batches in found}) == 3


def test_the_same_questions_get_a_new_tag_each_time(tmp_path: Path) -> None:
    ledger = BatchLedger(tmp_path / "batches.jsonl", lambda: 1.0)
    tags = [ledger.intend("gpt-5", "v", KEYS, 0.0).tag for _ in range(3)]
    assert len(set(tags)) == 3


def test_a_torn_last_line_is_cut(tmp_path: Path) -> None:
    ledger = _ledger(tmp_path)
    batch = ledger.intend("gpt-5", "v", KEYS, 0.0)
    with ledger.path.open("a") as stream:
        stream.write('{"event":"submitted","tag":"' + batch.tag)
    assert BatchLedger(ledger.path).batches("gpt-5", "v") == (batch,)


@pytest.mark.parametrize("line", ['{"event":"submitted","tag":"t","at":1.0}', '{"event":"paid"}'])
def test_a_line_that_is_no_event_is_named(tmp_path: Path, line: str) -> None:
    ledger = _ledger(tmp_path)
    ledger.intend("gpt-5", "v", KEYS, 0.0)
    with ledger.path.open("a") as stream:
        stream.write(line + "\n")
    with pytest.raises(DataError, match=r"batches\.jsonl, line 2: not an event of a batch"):
        BatchLedger(ledger.path)


@given(st.lists(st.sampled_from(["submitted", "collected", "failed"]), max_size=6), st.data())
@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_replay_gives_what_was_in_memory(
    tmp_path_factory: pytest.TempPathFactory, events: list[str], data: st.DataObject
) -> None:
    ledger = _ledger(tmp_path_factory.mktemp("ledger"))
    batches: list[Batch] = [ledger.intend("j", "v", KEYS, 0.1)]
    for number, event in enumerate(events):
        if data.draw(st.booleans()):
            batches.append(ledger.intend("j", "v", [*KEYS, str(number)], None))
        place = data.draw(st.integers(0, len(batches) - 1))
        batch = batches[place]
        if event == "submitted":
            batches[place] = ledger.submitted(batch, f"id-{number}")
        elif event == "collected":
            batches[place] = ledger.collected(batch, data.draw(st.sets(st.sampled_from(KEYS))))
        else:
            batches[place] = ledger.failed(batch, "gone")
    assert ledger.batches("j", "v") == tuple(batches)
    assert BatchLedger(ledger.path).batches("j", "v") == tuple(batches)
