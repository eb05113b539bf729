from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from latentlens import ContextualIndex

from harness.core.errors import DataError, MismatchError, UsageError
from lenses.library.foreign.publish import write_published
from lenses.library.foreign.published import read_published
from lenses.library.search import search
from lenses.library.store import Library
from tests.lenses.fixtures import make_library, make_queries, make_tokenizer


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Library:
    return make_library(tmp_path_factory.mktemp("ours") / "library")


def top(index: ContextualIndex, queries: torch.Tensor) -> list[list[tuple[str, str, int, int]]]:
    """Return what the published package answers: token, phrase, position and layer."""
    return [
        [(n.token_str, n.caption, n.position, n.contextual_layer) for n in found]
        for found in index.search(queries, top_k=5)
    ]


@pytest.mark.parametrize("variant", ["library", "reproduce"])
def test_the_published_package_finds_the_same(tmp_path: Path, ours: Library, variant: str) -> None:
    index = ContextualIndex.from_directory(write_published(ours, tmp_path / "out", variant))
    queries = make_queries(40).states
    theirs = index.search(queries, top_k=5)
    found = search(ours, queries, 5)
    for query, neighbours in enumerate(theirs):
        scores = torch.tensor([neighbour.similarity for neighbour in neighbours])
        assert torch.allclose(scores, found.scores[query].float(), atol=1e-3)
    gaps = -found.scores.diff(dim=1)
    clear = (gaps > 2e-3).all(dim=1)
    assert clear.sum() >= 5
    answers = top(index, queries)
    for query in clear.nonzero().flatten().tolist():
        rows = [ours.row(row) for row in found.indices[query].tolist()]
        layers = [ours.layers[group] for group in found.groups[query].tolist()]
        expected = [
            (row.token, row.context, row.position, layer)
            for row, layer in zip(rows, layers, strict=True)
        ]
        # The fifth may tie with the sixth, which is not shown.
        assert answers[query][:4] == expected[:4]


@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16", "float8", "int8"])
@pytest.mark.parametrize("variant", ["library", "reproduce"])
def test_there_and_back(tmp_path: Path, dtype: str, variant: str) -> None:
    ours = make_library(tmp_path / "ours", dtype=dtype)
    out = write_published(ours, tmp_path / "out", variant)
    back = read_published(out, tmp_path / "back", make_tokenizer(), dtype=dtype)
    assert back.key == ours.key
    assert back.rows.rows.equals(ours.rows.rows)
    assert back.rows.texts.equals(ours.rows.texts)
    step = {"float32": 1e-3, "float16": 1e-3, "bfloat16": 4e-3, "float8": 0.04, "int8": 0.01}
    for layer in ours.layers:
        assert (back.vectors(layer) - ours.vectors(layer)).abs().max() <= step[dtype]
        if variant == "reproduce":
            assert torch.allclose(back.layer(layer).norms(), ours.layer(layer).norms(), rtol=1e-5)


def test_the_types_gone_through_are_recorded(tmp_path: Path) -> None:
    ours = make_library(tmp_path / "ours", dtype="int8")
    out = write_published(ours, tmp_path / "out")
    back = read_published(out, tmp_path / "back", make_tokenizer(), dtype="bfloat16")
    assert back.plan.lineage == ("int8", "float16")
    same = read_published(out, tmp_path / "same", make_tokenizer(), dtype="float16")
    assert same.plan.lineage == ("int8",)


def test_the_content_of_both_variants(tmp_path: Path, ours: Library) -> None:
    loaded = {}
    for variant in ("library", "reproduce"):
        out = write_published(ours, tmp_path / variant, variant)
        cache = out / "layer_2" / "embeddings_cache.pt"
        loaded[variant] = torch.load(cache, weights_only=True)
    small, full = loaded["library"], loaded["reproduce"]
    assert small.keys() == {"embeddings", "metadata"}
    assert small["embeddings"].dtype == torch.float16
    assert torch.allclose(small["embeddings"].float().norm(dim=1), torch.tensor(1.0), atol=2e-3)
    assert full["embeddings"].dtype == torch.float32
    assert torch.allclose(full["embeddings"], ours.vectors(2, unit=False), rtol=1e-3, atol=1e-3)
    assert small["metadata"] == full["metadata"]
    assert small["metadata"][0].keys() == {"token_str", "token_id", "caption", "position"}
    for token, rows in full["token_to_indices"].items():
        assert {full["metadata"][row]["token_str"] for row in rows} == {token}
    assert sum(map(len, full["token_to_indices"].values())) == len(ours)
    side = json.loads((tmp_path / "reproduce" / "layer_2" / "token_embeddings.json").read_text())
    assert {token: len(rows) for token, rows in side.items()} == {
        token: len(rows) for token, rows in full["token_to_indices"].items()
    }
    recorded = json.loads((tmp_path / "reproduce" / "metadata.json").read_text())
    assert recorded["layers_extracted"] == list(ours.layers)
    assert recorded["layer_statistics"]["layer_2"]["num_embeddings"] == len(ours)


def test_equal_libraries_give_equal_bytes(tmp_path: Path, ours: Library) -> None:
    first, second = (write_published(ours, tmp_path / name, "reproduce") for name in "ab")
    names = sorted(path.relative_to(first) for path in first.rglob("*") if path.is_file())
    assert len(names) == 2 * len(ours.layers) + 1
    for name in names:
        assert (first / name).read_bytes() == (second / name).read_bytes(), name


def test_a_stopped_call_is_taken_up_and_a_strange_folder_is_not(
    tmp_path: Path, ours: Library
) -> None:
    out = write_published(ours, tmp_path / "out")
    (out / "metadata.json").unlink()
    (out / "layer_4" / "embeddings_cache.pt").write_bytes(b"PK")
    write_published(ours, out)
    assert ContextualIndex.from_directory(out).available_layers == list(ours.layers)
    with pytest.raises(DataError, match="which is not of the published layout"):
        write_published(ours, ours.path)
    assert Library.open(ours.path).fingerprint() == ours.fingerprint()


def test_another_variant_or_tokenizer_is_refused(tmp_path: Path, ours: Library) -> None:
    with pytest.raises(UsageError, match="did you mean library"):
        write_published(ours, tmp_path / "out", "libary")
    out = write_published(ours, tmp_path / "out")
    with pytest.raises(MismatchError, match="was built with tokenizer"):
        read_published(out, tmp_path / "back", make_tokenizer(300))


def test_a_full_disk_is_one_clear_line(
    tmp_path: Path, ours: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*arguments: object) -> None:
        raise RuntimeError("PytorchStreamWriter failed writing file data.pkl\nenforce fail")

    monkeypatch.setattr(torch, "save", full)
    with pytest.raises(DataError, match="cannot write .*layer_1.*: PytorchStreamWriter failed"):
        write_published(ours, tmp_path / "out")
    assert list((tmp_path / "out" / "layer_1").iterdir()) == []
