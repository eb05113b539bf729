from __future__ import annotations

import gzip
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.core.errors import DataError
from lenses.library.corpora import text
from lenses.library.corpora.text import count_lines, text_lines


def test_only_newlines_end_a_line(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes("one\u2028still one\x0cstill\rone\ntwo\n".encode())
    assert list(text_lines(path)) == ["one\u2028still one\x0cstill\rone", "two"]


@given(
    st.lists(st.text(st.characters(exclude_characters="\n\0", exclude_categories=["Cs"]))),
    st.integers(4, 20),
    st.booleans(),
    st.booleans(),
)
def test_blocks_do_not_show(lines: list[str], block: int, packed: bool, bom: bool) -> None:
    """Lines longer and shorter than a block, characters cut by its end, with and without a mark."""
    data = b"\xef\xbb\xbf" * bom + "\n".join(lines).encode()
    ended = [*lines[:-1], *filter(None, lines[-1:])]
    if ended and not bom:
        ended[0] = ended[0].removeprefix("\ufeff")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(text, "_BLOCK", block)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / ("a.txt.gz" if packed else "a.txt")
            path.write_bytes(gzip.compress(data, 1) if packed else data)
            assert list(text_lines(path)) == ended
            assert count_lines(path) == len(ended)


@pytest.mark.parametrize("block", [4, 1 << 20])
@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"a\nb\n\xff\xfe\n", "line 3: not UTF-8 text"),
        (b"\xff\xfea\0\n\0", "line 1: not UTF-8 text"),
        (b"a\n\nb\0c\nd", r"line 3: a NUL byte; expected UTF-8 text \(is it UTF-16\?\)"),
        (b"good\ncut \xe2\x82", "line 2: not UTF-8 text"),
    ],
)
def test_bad_bytes_name_the_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, data: bytes, message: str, block: int
) -> None:
    monkeypatch.setattr(text, "_BLOCK", block)
    path = tmp_path / "a.txt"
    path.write_bytes(data)
    with pytest.raises(DataError, match=f"a.txt, {message}"):
        list(text_lines(path))


@pytest.mark.parametrize("data", [gzip.compress(b"a cat\n" * 1000)[:-12], b"not gzip", b"\x1f\x8b"])
def test_broken_gzip_is_unreadable(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "broken.txt.gz"
    path.write_bytes(data)
    with pytest.raises(DataError, match=r"cannot read corpus .*broken\.txt\.gz"):
        list(text_lines(path))
    with pytest.raises(DataError, match="cannot read corpus"):
        count_lines(path)


def test_damaged_gzip_is_unreadable(tmp_path: Path) -> None:
    """A wrong checksum or a broken stream never gives some of the lines as if they were all."""
    data = bytearray(gzip.compress(bytes(range(32, 127)) * 50))
    for place in range(12, len(data), 7):
        damaged = bytes(data[:place]) + bytes([data[place] ^ 0x55]) + bytes(data[place + 1 :])
        (tmp_path / "x.txt.gz").write_bytes(damaged)
        with pytest.raises(DataError):
            list(text_lines(tmp_path / "x.txt.gz"))


def test_a_line_of_ten_thousand_words_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "long.txt"
    path.write_text("a cat\n" + "word " * 10_000 + "\nsky\n")
    assert [len(line) for line in text_lines(path)] == [5, 50_000, 3]
