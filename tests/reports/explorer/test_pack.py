from __future__ import annotations

import base64
import zlib

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from reports.explorer.pack import Column, cells_data, chunk
from tests.reports.explorer.decoding import columns, inflate

NUMBERS = st.lists(st.integers(0, 2**32 - 1), max_size=50)


@given(st.binary(max_size=300))
def test_a_chunk_is_base64_of_raw_deflate(data: bytes) -> None:
    packed = chunk(data)
    assert "\n" not in packed
    assert zlib.decompress(base64.b64decode(packed, validate=True), wbits=-15) == data
    assert inflate(packed) == data


@given(NUMBERS, NUMBERS)
def test_columns_come_back(first: list[int], second: list[int]) -> None:
    made = [
        Column("one", np.array(first, dtype=np.int64)),
        Column("two", np.array(second, dtype=np.int64), least="u16"),
    ]
    header, found = columns(cells_data({"k": 5}, made))
    assert found == {"one": first, "two": second}
    assert header["k"] == 5


def test_types_are_as_narrow_as_values_and_the_least_allow() -> None:
    values = {"u8": 255, "u16": 256, "u32": 65536}
    for least, allowed in (("u8", ["u8", "u16", "u32"]), ("u32", ["u32", "u32", "u32"])):
        made = [Column(n, np.array([v]), least=least) for n, v in values.items()]
        header, _ = columns(cells_data({}, made))
        assert [kind for _, kind, _ in header["columns"]] == allowed


def test_wide_columns_are_written_plane_by_plane() -> None:
    data = cells_data({}, [Column("a", np.array([0x0102, 0x0304]))])
    assert data.endswith(bytes([0x02, 0x04, 0x01, 0x03]))
