from __future__ import annotations

from pathlib import Path

import pytest

from harness.core.errors import UsageError
from judges.providers.keys import read_key

SECRET = "sk-verysecret-0123456789"


@pytest.fixture
def keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a path for a file of keys; the environment has none."""
    for name in ("OPENAI_API_KEY", "OTHER_KEY"):
        monkeypatch.delenv(name, raising=False)
    path = tmp_path / "keys"
    path.touch(mode=0o600)
    return path


def test_the_environment_comes_before_the_file(keys: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keys.write_text(f"OPENAI_API_KEY={SECRET}\n")
    assert read_key(["OPENAI_API_KEY"], keys) == SECRET
    monkeypatch.setenv("OPENAI_API_KEY", "from-environment")
    assert read_key(["OPENAI_API_KEY"], keys) == "from-environment"
    monkeypatch.setenv("OPENAI_API_KEY", "  ")
    assert read_key(["OPENAI_API_KEY"], keys) == SECRET


def test_the_first_name_with_a_key_counts(keys: Path) -> None:
    keys.write_text("OTHER_KEY=second\n")
    assert read_key(["OPENAI_API_KEY", "OTHER_KEY"], keys) == "second"
    assert read_key(["OPENAI_API_KEY"], keys) is None
    assert read_key(["OPENAI_API_KEY"], None) is None


@pytest.mark.parametrize(
    "line",
    [
        f"OPENAI_API_KEY={SECRET}",
        f"export OPENAI_API_KEY='{SECRET}'",
        f'  OPENAI_API_KEY = "{SECRET}"  ',
        f"# a comment with an = sign\n\nOPENAI_API_KEY={SECRET}\r",
    ],
)
def test_lines_may_be_written_as_a_shell_reads_them(keys: Path, line: str) -> None:
    keys.write_text(line + "\n")
    assert read_key(["OPENAI_API_KEY"], keys) == SECRET


@pytest.mark.parametrize("line", [SECRET, f"{SECRET}=", f"two words={SECRET}", f"={SECRET}"])
def test_a_malformed_line_is_named_by_number_and_never_shown(keys: Path, line: str) -> None:
    keys.write_text(f"# keys\n{line}\n")
    with pytest.raises(UsageError, match=r"keys, line 2: expected NAME=value") as caught:
        read_key(["OPENAI_API_KEY"], keys)
    assert SECRET not in str(caught.value)


def test_a_file_that_cannot_be_read_is_named(keys: Path) -> None:
    with pytest.raises(UsageError, match=r"cannot read the file of keys .*missing: No such file"):
        read_key(["OPENAI_API_KEY"], keys.parent / "missing")
    keys.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UsageError, match="not UTF-8"):
        read_key(["OPENAI_API_KEY"], keys)


@pytest.mark.parametrize("ending", ["\u2026", "\n second", "\x7f", " x"])
def test_a_key_that_cannot_be_sent_is_refused_without_showing_it(
    keys: Path, monkeypatch: pytest.MonkeyPatch, ending: str
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", SECRET + ending)
    with pytest.raises(UsageError, match="OPENAI_API_KEY in the environment holds") as caught:
        read_key(["OPENAI_API_KEY"], keys)
    assert SECRET not in str(caught.value)


def test_a_file_that_others_can_read_is_warned_about_once(
    keys: Path, caplog: pytest.LogCaptureFixture
) -> None:
    keys.write_text(f"OPENAI_API_KEY={SECRET}\n")
    with caplog.at_level("INFO", logger="lensbench"):
        read_key(["OPENAI_API_KEY"], keys)
        assert not caplog.messages
        keys.chmod(0o644)
        read_key(["OPENAI_API_KEY"], keys)
        read_key(["OPENAI_API_KEY"], keys)
    assert len(caplog.messages) == 1
    assert "can be read by other users" in caplog.messages[0]
    assert str(keys) in caplog.messages[0]
    assert SECRET not in caplog.text
