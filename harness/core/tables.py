"""Records to Parquet and back; equal records give equal bytes, and a file knows its record."""

from __future__ import annotations

import json
import types
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, TypeVar, Union, get_args, get_origin

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import BaseModel, TypeAdapter, ValidationError

from harness.core.errors import DataError, MismatchError
from harness.core.files import replacing
from harness.core.ids import canonical_json
from harness.core.records import Record

R = TypeVar("R", bound=Record)

TABLE_VERSION = "1"
"""Version of the mapping from records to columns; a file of another version is refused."""

_SCALARS: Mapping[Any, pa.DataType] = {
    str: pa.string(),
    int: pa.int64(),
    float: pa.float64(),
    bool: pa.bool_(),
}
_JSON = {b"encoding": b"json"}


def write_table(path: Path, records: Sequence[R], type: type[R]) -> None:  # noqa: A002
    """Write ``records``, one row each, atomically.

    Text, numbers and truth values are plain columns (nullable where the field may be None), tuples
    of them are list columns, and everything else (dictionaries, nested records) is JSON text.

    Args:
        path: Parquet file.
        records: Rows, in the order they are to be read back.
        type: Their record type; its name is stored and checked on reading.

    Raises:
        DataError: The file cannot be written.
    """
    schema = _schema(type)
    columns = []
    for field in schema:
        values = [getattr(record, field.name) for record in records]
        if _is_json(field):
            values = [_to_json(value) for value in values]
        columns.append(pa.array(values, type=field.type))
    table = pa.Table.from_arrays(columns, schema=schema)
    with replacing(path) as temporary:
        pq.write_table(table, temporary, compression="zstd")


def read_table(path: Path, type: type[R]) -> list[R]:  # noqa: A002
    """Read all rows of ``path`` as validated records, in the order they were written.

    Raises:
        DataError: There is no such file, it is not Parquet, or a row is not a valid record.
        MismatchError: It holds another record type or another version of it.
    """
    table = _read(path, None)
    expected = _schema(type)
    if not table.schema.equals(expected, check_metadata=True):
        raise MismatchError(
            f"{path} holds {_label(table.schema)}, expected {_label(expected)}; it was written by "
            "another version: run again with --fresh"
        )
    columns = [_values(table, field) for field in expected]
    names = expected.names
    rows = [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]
    try:
        return TypeAdapter(list[type]).validate_python(rows)  # type: ignore[valid-type]
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"][1:])
        raise DataError(
            f"{path}, row {first['loc'][0]}, {place} = {first['input']!r}: {first['msg']}"
        ) from error


def read_columns(path: Path, columns: Sequence[str]) -> dict[str, list[Any]]:
    """Read some columns as Python lists, for work on whole columns.

    Tuples come back as lists and nested records as plain JSON data.

    Raises:
        DataError: As :func:`read_table`, or a column that the file does not have.
    """
    table = _read(path, columns)
    return {name: _values(table, table.schema.field(name)) for name in columns}


def _read(path: Path, columns: Sequence[str] | None) -> pa.Table:
    if not path.is_file():
        raise DataError(f"{path} does not exist; run the stage that writes it first")
    try:
        with pq.ParquetFile(path) as file:
            present = file.schema_arrow.names
            missing = [name for name in columns or () if name not in present]
            if missing:
                raise DataError(
                    f"{path} has no column {', '.join(missing)}; it has {', '.join(present)}"
                )
            return file.read(columns=None if columns is None else list(columns))
    except (pa.ArrowException, OSError) as error:
        raise DataError(f"cannot read {path}: {str(error).splitlines()[0]}") from error


def _schema(type_: type[Record]) -> pa.Schema:
    fields = [_field(name, info.annotation) for name, info in type_.model_fields.items()]
    metadata = {"lensbench.record": type_.__name__, "lensbench.version": TABLE_VERSION}
    return pa.schema(fields, metadata=metadata)


def _field(name: str, annotation: Any) -> pa.Field:
    required, nullable = _without_none(annotation)
    plain = _arrow_type(required)
    if plain is None:
        return pa.field(name, pa.string(), nullable=nullable, metadata=_JSON)
    return pa.field(name, plain, nullable=nullable)


def _without_none(annotation: Any) -> tuple[Any, bool]:
    """Return the annotation without ``| None`` and whether there was one."""
    if get_origin(annotation) not in (Union, types.UnionType):
        return annotation, False
    options = [option for option in get_args(annotation) if option is not types.NoneType]
    nullable = len(options) < len(get_args(annotation))
    return (options[0] if len(options) == 1 else object), nullable


def _arrow_type(annotation: Any) -> pa.DataType | None:
    """Return the column type of a scalar, a literal of strings or a tuple of one scalar."""
    if get_origin(annotation) is Literal:
        return pa.string() if all(isinstance(item, str) for item in get_args(annotation)) else None
    if get_origin(annotation) is tuple:
        items = {_arrow_type(item) for item in get_args(annotation) if item is not Ellipsis}
        item = items.pop() if len(items) == 1 else None
        if item is None or pa.types.is_list(item):
            return None
        return pa.list_(pa.field("element", item))
    return _SCALARS.get(annotation)


def _is_json(field: pa.Field) -> bool:
    return bool(field.metadata) and field.metadata.get(b"encoding") == b"json"


def _to_json(value: Any) -> str | None:
    if value is None:
        return None
    return canonical_json(_plain(value))


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value


def _values(table: pa.Table, field: pa.Field) -> list[Any]:
    values: list[Any] = table.column(field.name).to_pylist()
    if not _is_json(field):
        return values
    return [None if value is None else json.loads(value) for value in values]


def _label(schema: pa.Schema) -> str:
    metadata = schema.metadata or {}
    name = metadata.get(b"lensbench.record", b"an unknown record").decode()
    version = metadata.get(b"lensbench.version", b"?").decode()
    return f"{name} version {version} ({', '.join(schema.names)})"
