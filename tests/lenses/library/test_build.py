from __future__ import annotations

import errno
import logging
import os
import re
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
import torch

from harness.core.errors import DataError, MismatchError, UsageError
from lenses.library import build as build_module
from lenses.library.build import build_library
from lenses.library.dtypes import store_states
from lenses.library.info import library_info
from lenses.library.key import make_key
from lenses.library.store import Library
from tests.lenses.fixtures import (
    PHRASES,
    CausalStates,
    make_corpus,
    make_tokenizer,
)
from tests.lenses.library.building import build, contents, key_of
from tests.vlms.tiny_text import load_tiny_text


class Stopping(CausalStates):
    """States of a model that is stopped after some forward passes."""

    left: int = 10**9

    def __call__(self, *args: Any, **kwargs: Any) -> dict[int, torch.Tensor]:
        self.left -= 1
        if self.left < 0:
            raise KeyboardInterrupt
        return super().__call__(*args, **kwargs)


def stopping(left: int) -> Stopping:
    encoder = Stopping()
    encoder.left = left
    return encoder


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("built") / "library"
    assert build(path) is not None
    return path


def test_a_complete_library_is_reused_without_the_model(built: Path) -> None:
    found = build(built, encoder=stopping(0))
    assert found is not None
    assert found.fingerprint() == Library.open(built).fingerprint()
    assert build(built, encoder=stopping(0), layers=[4, 2, 1, 1]) is not None


@pytest.mark.parametrize("dtype", ["float16", "int8"])
def test_neither_order_nor_shards_nor_a_stop_change_a_byte(tmp_path: Path, dtype: str) -> None:
    first = build(tmp_path / "first", dtype=dtype)
    assert first is not None
    expected = contents(first.path)
    assert len(first.plan.parts) >= 5
    assert build(tmp_path / "reversed", [*PHRASES[::-1], PHRASES[0]], dtype=dtype) is not None
    assert contents(tmp_path / "reversed") == expected
    for shard in (3, 1, 4, 2):
        found = build(tmp_path / "shards", dtype=dtype, shard=(shard, 4))
        assert (found is not None) == (shard == 2)
    assert contents(tmp_path / "shards") == expected
    with pytest.raises(KeyboardInterrupt):
        build(tmp_path / "stopped", dtype=dtype, encoder=stopping(8))
    assert 0 < library_info(tmp_path / "stopped").parts_done < len(first.plan.parts)
    assert build(tmp_path / "stopped", dtype=dtype) is not None
    assert contents(tmp_path / "stopped") == expected


@pytest.mark.parametrize("policy", ["reservoir", "paper"])
def test_order_and_shards_of_a_real_model_leave_no_trace(tmp_path: Path, policy: str) -> None:
    """With attention over packed trees, every row must still come from the same forward pass."""
    model = load_tiny_text(tmp_path / "model", "llama")
    made = {}
    for name, lines, shards in (("one", PHRASES, 1), ("four", PHRASES[::-1], 4)):
        corpus = make_corpus(lines)
        key = make_key(
            corpus, model.tokenizer, (1, 3), model_hash="m", policy=policy, cap=4, part_rows=64
        )
        for shard in range(1, shards + 1):
            found = build_library(
                tmp_path / name,
                corpus,
                model.tokenizer,
                model.text_states,
                key,
                shard=(shard, shards),
            )
        assert found is not None
        assert found.plan.packing == "tree"
        assert len(found.plan.parts) >= 2
        made[name] = contents(tmp_path / name)
    assert made["one"] == made["four"]


def test_policy_first_depends_on_the_order(tmp_path: Path) -> None:
    first = build(tmp_path / "first", policy="first")
    assert first is not None
    with pytest.raises(MismatchError, match="other settings: corpus_hash differ"):
        build(tmp_path / "first", PHRASES[::-1], policy="first")


def test_only_missing_and_damaged_parts_are_made_again(built: Path, tmp_path: Path) -> None:
    path = Path(shutil.copytree(built, tmp_path / "library"))
    expected = contents(path)
    (path / "manifest.json").unlink()
    (path / "parts" / "00001.json").unlink()
    cut, flipped = path / "layer_2/00003.safetensors", path / "layer_4/00004.safetensors"
    cut.write_bytes(cut.read_bytes()[:50])
    flipped.write_bytes(flipped.read_bytes()[:-1] + b"x")
    untouched = path / "layer_1/00000.safetensors"
    before = untouched.stat().st_mtime_ns
    encoder = CausalStates()
    assert build(path, encoder=encoder) is not None
    assert contents(path) == expected
    assert untouched.stat().st_mtime_ns == before
    assert len(encoder.calls) == 3  # How phrases may be packed is read from the plan, not measured.


def test_a_complete_library_with_a_damaged_file_is_mended(built: Path, tmp_path: Path) -> None:
    path = Path(shutil.copytree(built, tmp_path / "library"))
    expected = contents(path)
    for name in ("layer_2/00001.safetensors", "rows.parquet", "statistics.safetensors"):
        (path / name).write_bytes(b"")
    with pytest.raises(DataError, match="is damaged"):
        Library.open(path)
    assert build(path) is not None
    assert contents(path) == expected


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"model_hash": "6" * 64}, "model_hash"),
        ({"cap": 5}, "cap"),
        ({"seed": 7}, "seed"),
        ({"layers": (1, 2)}, "layers"),
        ({"dtype": "float32"}, "dtype"),
        ({"precision": "bfloat16"}, "precision"),
        ({"fraction": 0.9}, "fraction"),
        ({"max_tokens": 4}, "max_tokens"),
        ({"part_rows": 17}, "part_rows"),
    ],
)
def test_a_library_of_other_settings_is_not_reused(
    built: Path, tmp_path: Path, change: dict[str, Any], field: str
) -> None:
    incomplete = Path(shutil.copytree(built, tmp_path / "incomplete"))
    (incomplete / "manifest.json").unlink()
    for path in (built, incomplete):
        with pytest.raises(MismatchError, match=f"other settings: {field} differ"):
            build(path, encoder=stopping(0), **change)


@pytest.mark.parametrize("shard", [(0, 2), (3, 2), (1, 0)])
def test_shards_that_cannot_be_are_refused(tmp_path: Path, shard: tuple[int, int]) -> None:
    with pytest.raises(UsageError, match=rf"shard {shard[0]}/{shard[1]}: expected a number from 1"):
        build(tmp_path / "library", shard=shard)


@pytest.mark.parametrize("what", ["corpus", "tokenizer"])
def test_a_key_of_something_else_is_refused(tmp_path: Path, what: str) -> None:
    key = key_of(PHRASES[1:]) if what == "corpus" else key_of(tokenizer=make_tokenizer(300))
    with pytest.raises(MismatchError, match=f"library key: it is of {what} "):
        build_library(tmp_path / "a", make_corpus(), make_tokenizer(), CausalStates(), key)
    assert not (tmp_path / "a").exists()


def test_a_fraction_reads_fewer_phrases(tmp_path: Path) -> None:
    found = build(tmp_path / "half", fraction=0.5)
    assert found is not None
    whole = build(tmp_path / "whole")
    assert whole is not None
    texts = set(found.rows.texts.to_pylist())
    assert 0 < len(texts) < len(PHRASES)
    assert texts < set(whole.rows.texts.to_pylist())


def test_a_model_that_looks_ahead_gets_whole_phrases(tmp_path: Path) -> None:
    def looking_ahead(
        ids: torch.Tensor, layers: Sequence[int], *, keep: torch.Tensor | None = None, **_: Any
    ) -> dict[int, torch.Tensor]:
        states = CausalStates()(ids, layers)
        ahead = {layer: found + found.mean(dim=1, keepdim=True) for layer, found in states.items()}
        return ahead if keep is None else {layer: found[keep] for layer, found in ahead.items()}

    found = build(tmp_path / "library", encoder=looking_ahead)
    assert found is not None
    assert found.plan.packing == "whole"
    index = found.rows.column("token").to_pylist().index(" cat")
    row = found.row(index)
    ids = torch.tensor([make_tokenizer()(row.context)["input_ids"]])
    state = looking_ahead(ids, [2])[2][0, row.position]
    assert torch.allclose(found.vectors(2, unit=False)[index], state, rtol=2e-3, atol=2e-2)


def test_a_library_finished_meanwhile_by_another_process_serves(tmp_path: Path) -> None:
    """The other process also sweeps away the temporary files of this one."""
    path = tmp_path / "library"

    def overtaken(states: torch.Tensor, dtype: Any) -> Any:
        with patch.object(build_module, "store_states", store_states):
            assert build(path) is not None
        raise FileNotFoundError(errno.ENOENT, "gone", str(path))

    with patch.object(build_module, "store_states", overtaken):
        found = build(path)
    assert found is not None
    assert build(tmp_path / "apart") is not None
    assert contents(path) == contents(tmp_path / "apart")


def test_parts_that_another_process_made_meanwhile_are_not_made_again(tmp_path: Path) -> None:
    encoder, path = CausalStates(), tmp_path / "library"

    def slow(states: torch.Tensor, dtype: Any) -> Any:
        with patch.object(build_module, "store_states", store_states):
            assert build(path) is not None
        return store_states(states, dtype)

    with patch.object(build_module, "store_states", slow):
        assert build(path, encoder=encoder) is not None
    alone = CausalStates()
    found = build(tmp_path / "alone", encoder=alone)
    assert found is not None
    assert len(alone.calls) - len(encoder.calls) == len(found.plan.parts) - 1
    assert contents(path) == contents(tmp_path / "alone")


def test_files_that_are_missing_for_another_reason_are_not_passed_over(tmp_path: Path) -> None:
    def broken(states: torch.Tensor, dtype: Any) -> Any:
        raise FileNotFoundError(errno.ENOENT, "gone", "elsewhere")

    with patch.object(build_module, "store_states", broken), pytest.raises(FileNotFoundError):
        build(tmp_path / "library")


def test_a_foreign_folder_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "library").mkdir()
    (tmp_path / "library" / "thesis.txt").write_text("precious")
    with pytest.raises(DataError, match=r"not a reference library: it holds 'thesis.txt'"):
        build(tmp_path / "library", encoder=stopping(0))
    assert (tmp_path / "library" / "thesis.txt").read_text() == "precious"


def test_a_place_that_cannot_be_written_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="cannot write .*library"):
        build(tmp_path / "file" / "library")


def test_a_full_disk_keeps_what_is_finished(built: Path, tmp_path: Path) -> None:
    path = tmp_path / "library"
    left = 12
    opened = os.open

    def filling(name: Any, flags: int, *rest: Any, **named: Any) -> int:
        nonlocal left
        if flags & os.O_CREAT and str(path) in str(name):
            left -= 1
            if left < 0:
                raise OSError(errno.ENOSPC, "No space left on device", str(name))
        return opened(name, flags, *rest, **named)

    with (
        patch.object(os, "open", filling),
        pytest.raises(DataError, match="no space left on device; nothing finished is lost"),
    ):
        build(path)
    assert library_info(path).parts_done == 1
    assert build(path) is not None
    assert contents(path) == contents(built)


def test_states_that_are_no_numbers_stop_the_build_with_their_place(tmp_path: Path) -> None:
    def overflowing(ids: torch.Tensor, layers: Sequence[int], **named: Any) -> Any:
        states = CausalStates()(ids, layers, **named)
        states[2][-1] = torch.inf
        return states

    with (
        patch.object(build_module, "measure_packing", lambda *_, **__: "tree"),
        pytest.raises(DataError, match="NaN or Inf in states of .* at layer 2; the first is"),
    ):
        build(tmp_path / "library", encoder=overflowing)


def test_the_cost_is_told_before_the_work(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO), pytest.raises(KeyboardInterrupt):
        build(tmp_path / "library", encoder=stopping(8))
    assert re.search(r"library .*: \d+ rows x 3 layers, \d+ .*tokens, .*B, about 1 s", caplog.text)
    caplog.clear()
    done = library_info(tmp_path / "library").parts_done
    with caplog.at_level(logging.INFO):
        build(tmp_path / "library")
    assert f"{done} of " in caplog.text
    assert "parts are done already" in caplog.text


def test_the_stamp_says_where_it_comes_from(built: Path) -> None:
    stamp = library_info(built).stamp
    assert stamp is not None
    assert (stamp.source.name, stamp.source.read) == ("test", len(PHRASES))
    assert stamp.seconds >= 0
