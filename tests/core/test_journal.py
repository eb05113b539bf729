from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.core.errors import DataError
from harness.core.journal import Journal, read_records
from harness.core.records import Entity

VALUES = st.dictionaries(
    st.text(max_size=8),
    st.none() | st.booleans() | st.integers() | st.text() | st.lists(st.text(max_size=4)),
    max_size=4,
)


def test_records_come_back_in_order(tmp_path: Path) -> None:
    with Journal(tmp_path / "a" / "j.jsonl") as journal:
        journal.append({"n": 1})
        journal.append_many([{"n": 2}, {"n": 3, "word": "Äpfel\u2028\n"}])
        assert [record["n"] for record in journal.records()] == [1, 2, 3]
    assert (tmp_path / "a" / "j.jsonl").read_bytes().count(b"\n") == 3


def test_a_record_model_is_written_as_canonical_json(tmp_path: Path) -> None:
    with Journal(tmp_path / "j.jsonl") as journal:
        journal.append(Entity(kind="dog", coverage=0.5))
    line = (tmp_path / "j.jsonl").read_text()
    assert line.startswith('{"background":false,"colour":"","coverage":0.5,"hypernyms":[],"kind":')
    with Journal(tmp_path / "j.jsonl") as journal:
        assert [Entity.model_validate(value).kind for value in journal.records()] == ["dog"]


def test_without_a_file_there_are_no_records_and_none_is_made(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j.jsonl")
    journal.append_many([])
    assert list(journal.records()) == []
    assert not (tmp_path / "j.jsonl").exists()


def test_append_continues_after_close(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j.jsonl")
    journal.append({"n": 1})
    journal.close()
    journal.close()
    journal.append({"n": 2})
    journal.close()
    assert [record["n"] for record in Journal(tmp_path / "j.jsonl").records()] == [1, 2]


@given(kept=st.lists(VALUES, max_size=4), torn=VALUES, data=st.data())
def test_a_torn_tail_is_cut_and_all_complete_lines_kept(
    tmp_path_factory: pytest.TempPathFactory,
    kept: list[dict[str, object]],
    torn: dict[str, object],
    data: st.DataObject,
) -> None:
    path = tmp_path_factory.mktemp("torn") / "j.jsonl"
    with Journal(path) as journal:
        journal.append_many(kept)
        size = path.stat().st_size if path.exists() else 0
        journal.append(torn)
    whole = path.read_bytes()
    cut = data.draw(st.integers(size, len(whole) - 1))
    path.write_bytes(whole[:cut])
    with Journal(path) as journal:
        assert path.stat().st_size == size
        assert list(journal.records()) == kept
        journal.append({"after": 1})
        assert list(journal.records()) == [*kept, {"after": 1}]


def test_a_torn_tail_longer_than_a_block(tmp_path: Path) -> None:
    path = tmp_path / "j.jsonl"
    path.write_bytes(b'{"n":1}\n' + b"x" * 200_000)
    assert list(Journal(path).records()) == [{"n": 1}]
    assert path.read_bytes() == b'{"n":1}\n'


def test_a_file_that_is_all_tail_becomes_empty(tmp_path: Path) -> None:
    path = tmp_path / "j.jsonl"
    path.write_bytes(b'{"n":' + b"1" * 70_000)
    assert list(Journal(path).records()) == []
    assert path.stat().st_size == 0


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b'{"n":', "not JSON"),
        (b"\xff\xfe", "not JSON"),
        (b"", "not JSON"),
        (b"[1]", "expected a JSON object, not list"),
    ],
)
def test_a_corrupt_line_in_the_middle_is_named(tmp_path: Path, line: bytes, reason: str) -> None:
    path = tmp_path / "j.jsonl"
    path.write_bytes(b'{"n":1}\n{"n":2}\n' + line + b'\n{"n":4}\n')
    before = path.read_bytes()
    read: list[dict[str, object]] = []
    with pytest.raises(DataError, match=reason) as caught:
        read.extend(Journal(path).records())
    assert f"{path}, line 3:" in str(caught.value)
    assert path.read_bytes() == before


def test_every_append_reaches_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[int] = []
    path = tmp_path / "j.jsonl"
    with Journal(path) as journal:
        journal.append({"n": 0})
        monkeypatch.setattr(os, "fsync", lambda _: synced.append(path.stat().st_size))
        journal.append({"n": 1})
        journal.append_many([{"n": 2}, {"n": 3}])
    assert synced == [16, 32]


def test_a_full_disk_is_one_line_and_leaves_the_journal_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "j.jsonl"
    write = os.write
    with Journal(path) as journal:
        journal.append({"n": 1})

        def half(descriptor: int, data: bytes) -> int:
            if len(data) < 5:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return write(descriptor, data[: len(data) // 2])

        with monkeypatch.context() as patch:
            patch.setattr(os, "write", half)
            with pytest.raises(DataError) as caught:
                journal.append({"n": 2, "long": "x" * 50})
        assert str(caught.value) == (
            f"cannot write {path}: no space left on device; nothing finished is lost, free space "
            "and run the same command again"
        )
        assert path.read_bytes() == b'{"n":1}\n'
        journal.append({"n": 3})
        assert [record["n"] for record in journal.records()] == [1, 3]


def test_a_short_write_is_continued(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write = os.write
    monkeypatch.setattr(os, "write", lambda to, data: write(to, data[:3]))
    with Journal(tmp_path / "j.jsonl") as journal:
        journal.append({"word": "a longer word"})
        assert list(journal.records()) == [{"word": "a longer word"}]


def test_a_read_only_file_with_a_torn_tail(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "j.jsonl"
    path.write_bytes(b'{"n":1}\n{"n"')

    def refuse(*_: object) -> int:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(path))

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(DataError, match="cannot write .*: read-only file system; nothing finished"):
        Journal(path)


WRITER = """
import sys
from pathlib import Path
from harness.core.journal import Journal, read_records

with Journal(Path(sys.argv[1])) as journal:
    for n in range(100_000):
        journal.append({"n": n, "text": "x" * 3000})
        print(n, flush=True)
"""


def test_a_kill_loses_no_record_that_append_returned_from(tmp_path: Path) -> None:
    path = tmp_path / "j.jsonl"
    process = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    promised = [int(process.stdout.readline()) for _ in range(20)]
    process.send_signal(signal.SIGKILL)
    promised += [int(line) for line in process.stdout.read().splitlines() if line]
    process.wait()
    process.stdout.close()
    numbers = [record["n"] for record in Journal(path).records()]
    assert numbers[: len(promised)] == promised == list(range(len(promised)))
    assert len(numbers) <= len(promised) + 1


def test_reading_leaves_a_torn_tail_alone(tmp_path: Path) -> None:
    """A journal that another process writes is read up to its last whole line, and not touched."""
    path = tmp_path / "j.jsonl"
    entities = [Entity(kind=kind, coverage=0.5) for kind in ("dog", "sky")]
    with Journal(path) as journal:
        journal.append_many(entities)
    whole = path.read_bytes()
    path.write_bytes(whole + whole[:20])
    assert list(read_records(path, Entity)) == entities
    assert path.read_bytes() == whole + whole[:20]
    assert list(read_records(tmp_path / "none.jsonl", Entity)) == []


@pytest.mark.parametrize(
    ("line", "place"),
    [(b"{", "whole line"), (b'{"kind":"dog"}', "coverage"), (b'{"x":1}', "kind"), (b"[]", "whole")],
)
def test_a_line_that_is_no_such_record_is_named(tmp_path: Path, line: bytes, place: str) -> None:
    path = tmp_path / "j.jsonl"
    path.write_bytes(b'{"kind":"dog","coverage":1}\n' + line + b"\n")
    with pytest.raises(DataError, match=rf"j\.jsonl, line 2: not a Entity \({place}"):
        list(read_records(path, Entity))
