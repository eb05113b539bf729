from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from latentlens import ContextualIndex

from harness.core.errors import DataError, MismatchError, UsageError
from harness.core.rng import keyed_rng
from lenses.library.foreign.published import PUBLISHED, UNKNOWN, read_published
from lenses.library.store import Library
from tests.lenses.fixtures import MODEL_HASH, make_library, make_tokenizer
from tests.lenses.library.foreign.archives import Payload, entries, payload, write_folder

MODEL = {"model_name": "owner/name", "max_captions_per_token": 20}


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Library:
    """A library of ours in the widest type."""
    return make_library(tmp_path_factory.mktemp("ours") / "library", dtype="float32")


def shuffled(library: Library, seed: int) -> list[int]:
    order: list[int] = keyed_rng("order", seed).permutation(len(library)).tolist()
    return order


def same_rows(left: Library, right: Library) -> bool:
    """Tell whether all columns but the prefix hashes, which are keyed by the seed, are equal."""
    columns = [name for name in left.rows.rows.column_names if name != "prefix"]
    return bool(
        left.rows.rows.select(columns).equals(right.rows.rows.select(columns))
        and left.rows.texts.equals(right.rows.texts)
    )


def assert_same_vectors(left: Library, right: Library, error: float) -> None:
    assert left.layers == right.layers
    for layer in left.layers:
        difference = (left.vectors(layer) - right.vectors(layer)).abs().max()
        assert difference <= error, f"layer {layer}"


@pytest.mark.parametrize(
    ("dtype", "error"),
    [
        (torch.float32, 2e-7),
        (torch.float16, 1e-3),
        (torch.bfloat16, 6e-3),
        (torch.float8_e4m3fn, 0.1),
    ],
)
@pytest.mark.parametrize("unit", [True, False])
def test_rows_and_vectors_come_back_from_any_order_per_layer(
    tmp_path: Path, ours: Library, dtype: torch.dtype, error: float, unit: bool
) -> None:
    def make(layer: int) -> Payload:
        return payload(ours, layer, shuffled(ours, layer), dtype=dtype, unit=unit)

    folder = write_folder(tmp_path / "published", ours, make)
    back = read_published(folder, tmp_path / "back", make_tokenizer(), dtype="float32")
    assert same_rows(ours, back)
    assert_same_vectors(ours, back, error)
    norms = back.layer(1).norms()
    if not unit:
        assert torch.allclose(norms, ours.layer(1).norms(), rtol=0.1)


def test_an_index_of_the_published_package_is_read(tmp_path: Path, ours: Library) -> None:
    layers = {layer: payload(ours, layer, shuffled(ours, 3)) for layer in ours.layers}
    ContextualIndex(layers).save(tmp_path / "published")
    back = read_published(tmp_path / "published", tmp_path / "back", make_tokenizer())
    assert same_rows(ours, back)
    assert_same_vectors(ours, back, 1e-3)
    key = back.key
    assert (key.policy, key.cap, key.precision, key.dtype) == (UNKNOWN, 0, UNKNOWN, "float16")
    assert key.model_hash.startswith(f"{PUBLISHED}{UNKNOWN}@")
    assert key.tokenizer_hash == ours.key.tokenizer_hash


def test_what_the_scripts_of_the_paper_record_is_kept(tmp_path: Path, ours: Library) -> None:
    folder = write_folder(tmp_path / "published", ours, metadata=MODEL)
    back = read_published(
        folder, tmp_path / "back", make_tokenizer(), model="owner/name", hidden=ours.hidden
    )
    assert back.key.model_hash.startswith(f"{PUBLISHED}owner/name@")
    assert (back.key.policy, back.key.cap) == ("paper", 20)
    told = read_published(folder, tmp_path / "told", make_tokenizer(), model_hash=MODEL_HASH)
    assert told.key.model_hash == MODEL_HASH


def test_the_same_call_continues_and_another_is_refused(tmp_path: Path, ours: Library) -> None:
    folder, out = write_folder(tmp_path / "published", ours), tmp_path / "back"
    first = read_published(folder, out, make_tokenizer()).fingerprint()
    (out / "manifest.json").unlink()
    assert read_published(folder, out, make_tokenizer()).fingerprint() == first
    with pytest.raises(MismatchError, match="dtype"):
        read_published(folder, out, make_tokenizer(), dtype="int8")


def test_layers_can_be_chosen(tmp_path: Path, ours: Library) -> None:
    folder = write_folder(tmp_path / "published", ours)
    back = read_published(folder, tmp_path / "back", make_tokenizer(), layers=[4, 2])
    assert back.layers == (2, 4)


def test_repeated_rows_are_left_out_and_counted(
    tmp_path: Path, ours: Library, caplog: pytest.LogCaptureFixture
) -> None:
    twice = [*range(len(ours)), 3, 5, 3]
    folder = write_folder(tmp_path / "p", ours, lambda layer: payload(ours, layer, twice))
    with caplog.at_level("INFO", logger="lensbench"):
        back = read_published(folder, tmp_path / "back", make_tokenizer())
    assert same_rows(ours, back)
    assert "3 repeated rows are left out" in caplog.text


def test_rows_without_an_id_are_checked_by_their_text(tmp_path: Path, ours: Library) -> None:
    def make(layer: int) -> Payload:
        made = payload(ours, layer)
        for entry in made["metadata"]:
            del entry["token_id"]
        return made

    folder = write_folder(tmp_path / "published", ours, make)
    assert same_rows(ours, read_published(folder, tmp_path / "back", make_tokenizer()))

    def wrong(layer: int) -> Payload:
        made = make(layer)
        made["metadata"][5]["token_str"] += "?"
        return made

    folder = write_folder(tmp_path / "wrong", ours, wrong)
    with pytest.raises(MismatchError, match="1 of .* name another token .* first: row 5, token "):
        read_published(folder, tmp_path / "other", make_tokenizer())


def test_another_tokenizer_is_refused(tmp_path: Path, ours: Library) -> None:
    folder = write_folder(tmp_path / "published", ours)
    other = make_tokenizer(300)
    with pytest.raises(MismatchError, match=r"layer_1.* rows \(\d+\.\d%\) name another token"):
        read_published(folder, tmp_path / "back", other)
    assert not (tmp_path / "back").exists()


def test_positions_counted_from_padding_on_the_left_are_refused(
    tmp_path: Path, ours: Library
) -> None:
    def padded(layer: int) -> Payload:
        made = payload(ours, layer)
        for entry in made["metadata"]:
            entry["position"] += 3
        return made

    folder = write_folder(tmp_path / "published", ours, padded)
    with pytest.raises(MismatchError, match="padding on the left"):
        read_published(folder, tmp_path / "back", make_tokenizer())


def test_a_position_behind_the_end_is_refused(tmp_path: Path, ours: Library) -> None:
    def far(layer: int) -> Payload:
        made = payload(ours, layer)
        # The id of the very first token, where a careless look-up may land.
        made["metadata"][4] |= {"position": 500, "token_id": 0}
        return made

    folder = write_folder(tmp_path / "published", ours, far)
    with pytest.raises(MismatchError, match="1 of .* position 500 of .* tokenizer has nothing"):
        read_published(folder, tmp_path / "back", make_tokenizer())


@settings(max_examples=15)
@given(row=st.integers(0, 40), layer=st.sampled_from([1, 2, 4]))
def test_a_layer_with_other_rows_is_named(
    tmp_path_factory: pytest.TempPathFactory, ours: Library, row: int, layer: int
) -> None:
    left = [number for number in range(len(ours)) if number != row]

    def make(current: int) -> Payload:
        return payload(ours, current, left if current == layer else None)

    path = tmp_path_factory.mktemp("p")
    folder = write_folder(path / "published", ours, make)
    known = entries(ours)[row]
    expected = f"{known['position']} of {known['caption']!r}".replace("?", r"\?")
    named = 2 if layer == 1 else layer
    with pytest.raises(DataError, match=rf"layer_{named}.*first: token {expected}"):
        read_published(folder, path / "back", make_tokenizer())


def broken(
    change: Callable[[torch.Tensor], torch.Tensor], ours: Library
) -> Callable[[int], Payload]:
    def make(layer: int) -> Payload:
        made = payload(ours, layer)
        return made | ({"embeddings": change(made["embeddings"])} if layer == 4 else {})

    return make


def test_nan_is_named_before_anything_is_written(tmp_path: Path, ours: Library) -> None:
    def with_nan(vectors: torch.Tensor) -> torch.Tensor:
        vectors[[2, 7], 1] = torch.nan
        return vectors

    folder = write_folder(tmp_path / "published", ours, broken(with_nan, ours))
    with pytest.raises(DataError, match="layer_4.* 2 of .* rows hold NaN or Inf, first: row 2, "):
        read_published(folder, tmp_path / "back", make_tokenizer())
    assert not (tmp_path / "back").exists()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"hidden": 4096}, "vectors of width 24, expected 4096"),
        ({"model": "owner/other"}, "is of model owner/name, expected owner/other"),
    ],
)
def test_another_model_is_refused(
    tmp_path: Path, ours: Library, settings: dict[str, object], message: str
) -> None:
    folder = write_folder(tmp_path / "published", ours, metadata=MODEL)
    with pytest.raises(MismatchError, match=message):
        read_published(folder, tmp_path / "back", make_tokenizer(), **settings)  # type: ignore[arg-type]


def test_layers_of_different_width_are_refused(tmp_path: Path, ours: Library) -> None:
    folder = write_folder(
        tmp_path / "published", ours, broken(lambda vectors: vectors[:, :20], ours), metadata={}
    )
    with pytest.raises(MismatchError, match=r"layer_4.* width 20, .*layer_1.* of 24"):
        read_published(folder, tmp_path / "back", make_tokenizer())


def test_an_unknown_type_is_refused(tmp_path: Path, ours: Library) -> None:
    folder = write_folder(tmp_path / "published", ours)
    with pytest.raises(UsageError, match="float15"):
        read_published(folder, tmp_path / "back", make_tokenizer(), dtype="float15")
