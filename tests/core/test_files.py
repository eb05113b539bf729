from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from harness.core.errors import DataError
from harness.core.files import (
    replacing,
    write_bytes_atomic,
    write_errors,
    write_json_atomic,
    write_text_atomic,
)
from harness.core.records import Entity


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_bytes_text_and_json(tmp_path: Path) -> None:
    write_bytes_atomic(tmp_path / "new" / "b", b"\x00\xff")
    write_text_atomic(tmp_path / "t", "ä\r\n")
    write_json_atomic(tmp_path / "j", {"b": 1, "a": ["ä"]})
    write_json_atomic(tmp_path / "r", {"b": 1, "a": 2}, readable=True)
    assert (tmp_path / "new" / "b").read_bytes() == b"\x00\xff"
    assert (tmp_path / "t").read_bytes() == "ä\r\n".encode()
    assert (tmp_path / "j").read_text() == '{"a":["ä"],"b":1}\n'
    assert (tmp_path / "r").read_text() == '{\n  "a": 2,\n  "b": 1\n}\n'


@pytest.mark.parametrize("readable", [True, False])
def test_json_of_a_record(tmp_path: Path, readable: bool) -> None:
    entity = Entity(kind="dog", coverage=0.25, parts=("tail",))
    write_json_atomic(tmp_path / "e", entity, readable=readable)
    assert Entity.model_validate_json((tmp_path / "e").read_bytes()) == entity


@pytest.mark.parametrize("readable", [True, False])
def test_nan_is_refused_and_the_old_file_stays(tmp_path: Path, readable: bool) -> None:
    write_json_atomic(tmp_path / "j", 1)
    with pytest.raises(ValueError, match="JSON compliant"):
        write_json_atomic(tmp_path / "j", float("nan"), readable=readable)
    assert (tmp_path / "j").read_text() == "1\n"
    assert names(tmp_path) == ["j"]


def test_files_get_the_usual_permissions(tmp_path: Path) -> None:
    (tmp_path / "plain").write_text("")
    write_text_atomic(tmp_path / "atomic", "")
    assert (tmp_path / "atomic").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_replacing_yields_a_path_in_the_same_folder(tmp_path: Path) -> None:
    target = tmp_path / "t"
    target.write_text("old")
    with replacing(target) as temporary:
        assert temporary.parent == tmp_path
        assert temporary != target
        temporary.write_text("new")
        assert target.read_text() == "old"
    assert target.read_text() == "new"
    assert names(tmp_path) == ["t"]


def test_a_failing_body_leaves_no_trace(tmp_path: Path) -> None:
    target = tmp_path / "t"
    target.write_text("old")

    def fail(path: Path) -> None:
        path.write_text("half")
        raise KeyError("body")

    with pytest.raises(KeyError, match="body"), replacing(target) as temporary:
        fail(temporary)
    assert target.read_text() == "old"
    assert names(tmp_path) == ["t"]


def test_the_content_is_on_the_disk_before_the_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    events: list[str] = []
    fsync, replace = os.fsync, os.replace

    def noted_fsync(descriptor: int) -> None:
        events.append("sync " + Path(f"/proc/self/fd/{descriptor}").readlink().name[:2])
        fsync(descriptor)

    def noted_replace(source: Path, target: Path) -> None:
        events.append("replace")
        replace(source, target)

    monkeypatch.setattr(os, "fsync", noted_fsync)
    monkeypatch.setattr(os, "replace", noted_replace)
    write_text_atomic(tmp_path / "t", "x")
    assert events == ["sync .t", "replace", f"sync {tmp_path.name[:2]}"]


@pytest.mark.parametrize("call", ["open", "replace", "fsync"])
@pytest.mark.parametrize(
    ("code", "message"),
    [
        (
            errno.ENOSPC,
            "no space left on device; nothing finished is lost, free space and run the same "
            "command again",
        ),
        (errno.EROFS, "read-only file system; nothing finished is lost, make the folder writable"),
        (errno.EACCES, "permission denied; nothing finished is lost, make the folder writable"),
    ],
)
def test_a_refusal_is_one_line_and_keeps_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str, code: int, message: str
) -> None:
    target = tmp_path / "t"
    target.write_text("old")

    def refuse(*_: object) -> None:
        raise OSError(code, os.strerror(code))

    with monkeypatch.context() as patch:
        patch.setattr(os, call, refuse)
        with pytest.raises(DataError) as caught:
            write_text_atomic(target, "new")
    assert str(caught.value).startswith(f"cannot write {target}: {message}")
    assert "\n" not in str(caught.value)
    assert target.read_text() == "old"
    assert names(tmp_path) == ["t"]


def test_a_full_disk_inside_the_body(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no space left"), replacing(tmp_path / "t"):
        raise OSError(errno.ENOSPC, "arrow says: no space")


def test_a_file_where_a_folder_is_needed(tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("")
    with pytest.raises(DataError, match=r"cannot write .*runs/a/b: .*a file is in the way"):
        write_text_atomic(tmp_path / "runs" / "a" / "b", "x")


def test_a_folder_where_the_file_should_be(tmp_path: Path) -> None:
    (tmp_path / "t").mkdir()
    with pytest.raises(DataError, match="is a directory; a folder is in the way"):
        write_text_atomic(tmp_path / "t", "x")
    assert names(tmp_path) == ["t"]


def test_trouble_with_another_file_is_not_a_write_error(tmp_path: Path) -> None:
    with pytest.raises(PermissionError), write_errors(tmp_path / "t"):
        raise PermissionError(errno.EACCES, "denied", str(tmp_path / "elsewhere" / "photo.jpg"))
    with pytest.raises(FileNotFoundError), write_errors(tmp_path / "t"):
        raise FileNotFoundError(errno.ENOENT, "gone", str(tmp_path / "t"))


WRITER = """
import sys
from pathlib import Path
from harness.core.files import write_bytes_atomic

n = 0
while True:
    n = n % 9 + 1
    write_bytes_atomic(Path(sys.argv[1]), str(n).encode() * 400_000)
    print(n, flush=True)
"""


def test_a_kill_leaves_a_whole_file(tmp_path: Path) -> None:
    target = tmp_path / "t"
    process = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(target)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    for _ in range(5):
        process.stdout.readline()
    process.send_signal(signal.SIGKILL)
    process.communicate()
    content = target.read_bytes()
    assert len(content) == 400_000
    assert content == content[:1] * 400_000
