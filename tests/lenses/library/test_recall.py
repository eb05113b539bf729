from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.recall import recall, text_library, visual_states
from harness.vlms.registry import load_vlm
from lenses.library.convert import convert_library


@pytest.mark.parametrize("dtype", ["int8", "float8"])
def test_8_bits_find_nearly_all_neighbours_of_real_states_and_all_when_rescored(
    tmp_path: Path, dtype: str
) -> None:
    adapter = load_vlm("mini")
    queries = visual_states(adapter, 2)[::3]
    full = text_library(adapter, tmp_path, 600)
    found = recall(full, convert_library(full.path, tmp_path / dtype, dtype), queries)
    assert found.near >= 0.97
    assert found.after == 1.0
