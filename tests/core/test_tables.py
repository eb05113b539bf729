from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.core.errors import DataError, MismatchError
from harness.core.records import (
    Description,
    Entity,
    Judgement,
    Patch,
    Record,
    RegionLabels,
    RunSpec,
    Score,
)
from harness.core.tables import read_columns, read_table, write_table


class Everything(Record):
    """One field of every shape a record may have."""

    text: str
    maybe_text: str | None
    number: int
    maybe_number: int | None
    real: float
    maybe_real: float | None
    truth: bool
    choice: Literal["a", "b"]
    box: tuple[float, float, float, float]
    words: tuple[str, ...]
    choices: tuple[Literal["x", "y"], ...]
    maybe_words: tuple[str, ...] | None
    mixed: tuple[int, str]
    counts: dict[str, int]
    nested: tuple[Entity, ...]
    one: Entity | None
    either: int | str


FINITE = st.floats(allow_nan=False, allow_infinity=False)
TEXT = st.text(st.characters(codec="utf-8"), max_size=6)
NUMBER = st.integers(-(2**63), 2**63 - 1)
ENTITY = st.builds(
    Entity, kind=TEXT, coverage=FINITE, parts=st.tuples(TEXT), hypernyms=st.just(()), colour=TEXT
)
EVERYTHING = st.builds(
    Everything,
    text=TEXT,
    maybe_text=st.none() | TEXT,
    number=NUMBER,
    maybe_number=st.none() | NUMBER,
    real=FINITE,
    maybe_real=st.none() | FINITE,
    truth=st.booleans(),
    choice=st.sampled_from(["a", "b"]),
    box=st.tuples(FINITE, FINITE, FINITE, FINITE),
    words=st.lists(TEXT, max_size=3).map(tuple),
    choices=st.lists(st.sampled_from(["x", "y"]), max_size=3).map(tuple),
    maybe_words=st.none() | st.lists(TEXT, max_size=2).map(tuple),
    mixed=st.tuples(NUMBER, TEXT),
    counts=st.dictionaries(TEXT, NUMBER, max_size=3),
    nested=st.lists(ENTITY, max_size=2).map(tuple),
    one=st.none() | ENTITY,
    either=NUMBER | TEXT,
)


def patch(number: int) -> Patch:
    return Patch(
        patch_id=f"{number:016x}",
        image_id="b" * 64,
        row=number,
        col=2,
        token_index=3,
        box=(0.0, 0.5, 8.0, 8.5),
        region=(0.0, 0.0, 16.25, 16.0),
    )


def description(number: int) -> Description:
    return Description(
        patch_id=f"{number // 5:016x}",
        lens="latent",
        layer=number % 9,
        rank=number % 5,
        token=" dog",
        token_id=number,
        word="dog",
        score=number / 7,
        source_layer=None if number % 2 else 3,
        context=f"a dog {number} runs on the green grass",
        start=2,
        end=5,
    )


@given(records=st.lists(EVERYTHING, max_size=5))
def test_round_trip(tmp_path_factory: pytest.TempPathFactory, records: list[Everything]) -> None:
    folder = tmp_path_factory.mktemp("tables")
    write_table(folder / "a.parquet", records, Everything)
    assert read_table(folder / "a.parquet", Everything) == records
    write_table(folder / "b.parquet", list(records), Everything)
    assert (folder / "a.parquet").read_bytes() == (folder / "b.parquet").read_bytes()


@pytest.mark.parametrize(
    "type_", [Description, Judgement, Patch, RegionLabels, RunSpec, Score], ids=lambda t: t.__name__
)
def test_every_record_of_a_run_has_a_table(tmp_path: Path, type_: type[Record]) -> None:
    write_table(tmp_path / "t.parquet", [], type_)
    assert read_table(tmp_path / "t.parquet", type_) == []


def test_plain_columns_for_other_tools(tmp_path: Path) -> None:
    write_table(tmp_path / "p.parquet", [patch(1)], Patch)
    table = pq.read_table(tmp_path / "p.parquet")
    assert table.schema.field("row").type == pa.int64()
    assert table.to_pylist()[0]["region"] == [0.0, 0.0, 16.25, 16.0]


def test_bytes_do_not_depend_on_the_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    records = [description(number) for number in range(3000)]
    write_table(tmp_path / "a.parquet", records, Description)
    monkeypatch.setattr(time, "time", lambda: 0.0)
    time.sleep(1.1)
    write_table(tmp_path / "b.parquet", records, Description)
    assert (tmp_path / "a.parquet").read_bytes() == (tmp_path / "b.parquet").read_bytes()


def test_reading_takes_little_longer_than_validating_alone(tmp_path: Path) -> None:
    records = [description(number) for number in range(20_000)]
    write_table(tmp_path / "d.parquet", records, Description)
    plain = [record.model_dump() for record in records]

    def cpu_seconds(work: Callable[[], object]) -> float:
        start = time.process_time()
        work()
        return time.process_time() - start

    reading = min(
        cpu_seconds(lambda: read_table(tmp_path / "d.parquet", Description)) for _ in range(3)
    )
    validating = min(
        cpu_seconds(lambda: [Description.model_validate(row) for row in plain]) for _ in range(3)
    )
    # Row by row through Python objects would be tens of times slower.
    assert reading < 8 * validating
    assert read_table(tmp_path / "d.parquet", Description) == records


def test_columns(tmp_path: Path) -> None:
    labels = RegionLabels(inside=(Entity(kind="dog", coverage=1.0),), everywhere=(), centre="dog")
    write_table(tmp_path / "l.parquet", [labels], RegionLabels)
    columns = read_columns(tmp_path / "l.parquet", ["centre", "inside"])
    assert list(columns) == ["centre", "inside"]
    assert columns["centre"] == ["dog"]
    assert [Entity.model_validate(value) for value in columns["inside"][0]] == list(labels.inside)


def test_unknown_column(tmp_path: Path) -> None:
    write_table(tmp_path / "p.parquet", [patch(1)], Patch)
    with pytest.raises(DataError, match=r"p\.parquet has no column rows; it has patch_id, image_i"):
        read_columns(tmp_path / "p.parquet", ["row", "rows"])


def test_another_record_type_is_refused(tmp_path: Path) -> None:
    write_table(tmp_path / "p.parquet", [patch(1)], Patch)
    with pytest.raises(MismatchError, match=r"holds Patch version 1 \(.*expected Description"):
        read_table(tmp_path / "p.parquet", Description)


def test_another_layout_of_the_same_record_is_refused(tmp_path: Path) -> None:
    def variant(annotation: type) -> type[Record]:
        return type("Same", (Record,), {"__annotations__": {"value": annotation}})

    old, new = variant(int), variant(float)
    write_table(tmp_path / "s.parquet", [old.model_validate({"value": 1})], old)
    with pytest.raises(MismatchError, match="run again with --fresh"):
        read_table(tmp_path / "s.parquet", new)


def test_a_foreign_parquet_file_is_refused(tmp_path: Path) -> None:
    pq.write_table(pa.table({"a": [1]}), tmp_path / "f.parquet")
    with pytest.raises(MismatchError, match=r"holds an unknown record version \? \(a\)"):
        read_table(tmp_path / "f.parquet", Patch)


def test_an_invalid_row_is_named(tmp_path: Path) -> None:
    write_table(tmp_path / "e.parquet", [], Score)
    schema = pq.read_schema(tmp_path / "e.parquet")
    row = dict.fromkeys(schema.names) | {
        name: 1 if schema.field(name).type == pa.int64() else "x"
        for name in schema.names
        if schema.field(name).type != pa.float64()
    }
    row |= {"kind": "lens", "definition": "sometimes", "unscored": "{}"}
    pq.write_table(pa.Table.from_pylist([row], schema=schema), tmp_path / "e.parquet")
    with pytest.raises(DataError, match="row 0, definition = 'sometimes': Input should be"):
        read_table(tmp_path / "e.parquet", Score)


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="does not exist; run the stage that writes it first"):
        read_table(tmp_path / "p.parquet", Patch)


def test_a_broken_file(tmp_path: Path) -> None:
    write_table(tmp_path / "p.parquet", [patch(1)], Patch)
    whole = (tmp_path / "p.parquet").read_bytes()
    (tmp_path / "p.parquet").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match=r"cannot read .*p\.parquet: ") as caught:
        read_table(tmp_path / "p.parquet", Patch)
    assert "\n" not in str(caught.value)


def test_a_failed_write_keeps_the_old_table(tmp_path: Path) -> None:
    write_table(tmp_path / "p.parquet", [patch(1)], Patch)
    wrong = patch(2).model_copy(update={"row": "two"})
    with pytest.raises(pa.ArrowInvalid):
        write_table(tmp_path / "p.parquet", [wrong], Patch)
    assert read_table(tmp_path / "p.parquet", Patch) == [patch(1)]
    assert [path.name for path in tmp_path.iterdir()] == ["p.parquet"]
