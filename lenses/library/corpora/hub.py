"""One column of a dataset in the Hugging Face format: a folder, or a hub id at a commit."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pyarrow as pa

from harness.core.errors import DataError, UsageError
from harness.core.progress import announce
from lenses.library.corpora.columns import choose_column
from lenses.library.corpora.parquet import decoded, is_text
from lenses.library.corpora.phrases import Phrases

PREFIX: Final = "hf:"
"""Beginning of a dataset's name."""

FORM: Final = "hf:FOLDER_OR_ID[@REVISION][:CONFIG[/SPLIT]][#COLUMN]"
"""How a dataset is named."""

_BATCH: Final = 1 << 14
_SAMPLE: Final = 100
_HUB_ID: Final = re.compile(r"[\w-][\w.-]*(/[\w-][\w.-]*)?")
_ADDRESS: Final = re.compile(
    r"(?P<where>[^@:]+)(@(?P<revision>[^:]+))?(:(?P<config>[^/]*)(/(?P<split>[^/]+))?)?"
)
# Tables, and the card that says which files make a config and a split; no pictures.
_FILES: Final = ["parquet", "arrow", "csv", "tsv", "json", "jsonl", "txt", "gz", "zst", "md"]
_EXTRA: Final = "pip install 'lensbench[datasets]'"


@dataclass(frozen=True, slots=True)
class _Address:
    """The parts of a dataset's name; empty ones were left out."""

    where: str
    revision: str
    config: str
    split: str
    column: str


def open_dataset(text: str) -> Phrases:
    """Return one column of a dataset; nulls count as empty, line breaks become spaces.

    A folder holds files that the ``datasets`` package reads (parquet, CSV, JSON, text) or what its
    ``save_to_disk`` wrote. A hub id is fetched, or taken from the hub's cache on this machine where
    there is no network; the name of the result has the commit in it. Without a split, it is the
    only one or ``train``.

    Args:
        text: ``hf:FOLDER_OR_ID[@REVISION][:CONFIG[/SPLIT]][#COLUMN]``.

    Raises:
        UsageError: Not of this form, no such folder, config, split or column, one of them has to be
            chosen, or the ``datasets`` package is not installed.
        DataError: The dataset can neither be found on this machine nor fetched, or is unreadable.
    """
    address = _parse(text)
    datasets = _package(text)
    folder, revision = Path(address.where), ""
    if not folder.is_dir():
        folder = _snapshot(text, address)
        revision = f"@{folder.name}"
    elif address.revision:
        raise UsageError(f"corpus {text!r}: a folder has no revision; expected {FORM}")
    broken = (
        OSError,
        ValueError,
        RuntimeError,
        pa.ArrowException,
        datasets.exceptions.DatasetsError,
    )
    try:
        config, splits = _load(datasets, text, folder, address.config)
        split = _choose_split(text, address.split, sorted(splits))
        rows = splits[split].with_format("arrow")
        schema = next(iter(rows.iter(batch_size=_SAMPLE)), pa.table({})).schema
    except broken as error:
        raise DataError(f"cannot read corpus {text!r}: {_first_line(error)}") from error
    place = f":{config}/{split}" if split else ""
    name = f"{PREFIX}{address.where}{revision}{place}"
    texts = [field.name for field in schema if is_text(field.type)]
    column = choose_column(name, address.column or None, texts, schema.names)
    return Phrases(f"{name}#{column}", _cells(f"{name}#{column}", rows, column, broken))


def _parse(text: str) -> _Address:
    body, _, column = text.removeprefix(PREFIX).partition("#")
    if body and Path(body).is_dir():
        return _Address(body, "", "", "", column)
    match = _ADDRESS.fullmatch(body)
    if match is None:
        raise UsageError(f"corpus {text!r}: expected {FORM}")
    parts = match.groupdict(default="")
    where = parts["where"]
    if not Path(where).is_dir() and not _HUB_ID.fullmatch(where):
        raise UsageError(f"corpus {text!r}: no such folder, and no hub id; expected {FORM}")
    return _Address(where, parts["revision"], parts["config"], parts["split"], column)


def _package(text: str) -> Any:
    try:
        return importlib.import_module("datasets")
    except ImportError as error:
        raise UsageError(
            f"corpus {text!r} needs the package datasets ({error}); install it by {_EXTRA}"
        ) from error


def _snapshot(text: str, address: _Address) -> Path:
    """Return the folder of a hub dataset, fetched if need be; it is named by its commit."""
    from huggingface_hub import snapshot_download

    try:
        folder = snapshot_download(
            address.where,
            repo_type="dataset",
            revision=address.revision or None,
            allow_patterns=[f"*.{ending}" for ending in _FILES],
        )
    except (OSError, ValueError) as error:
        raise DataError(
            f"corpus {text!r}: the dataset is neither on this machine nor to be had from the hub "
            f"({_first_line(error)}); fetch it where there is a network by 'hf download "
            f"--repo-type dataset {address.where}', or name a folder"
        ) from error
    commit = Path(folder).name
    if commit != address.revision:
        announce(f"corpus {text}: taken at commit {commit}")
    return Path(folder)


def _load(datasets: Any, text: str, folder: Path, asked: str) -> tuple[str, dict[str, Any]]:
    """Return config and splits; what ``save_to_disk`` wrote has no config, perhaps no split."""
    if any((folder / name).is_file() for name in ("dataset_dict.json", "state.json")):
        if asked:
            raise UsageError(f"corpus {text!r}: a saved dataset has no config {asked!r}")
        saved = datasets.load_from_disk(str(folder))
        return "", dict(saved) if isinstance(saved, dict) else {"": saved}
    configs = datasets.get_dataset_config_names(str(folder))
    config = asked or (configs[0] if len(configs) == 1 else "default")
    if config not in configs:
        problem = f"no config {asked!r}" if asked else "name the config"
        raise UsageError(f"corpus {text!r}: {problem}; configs: {', '.join(configs)} ({FORM})")
    # Streaming reads the files where they are, without a second copy in a cache.
    return config, dict(datasets.load_dataset(str(folder), name=config, streaming=True))


def _choose_split(text: str, asked: str, splits: Sequence[str]) -> str:
    listed = ", ".join(filter(None, splits)) or "none"
    if asked:
        if asked not in splits:
            raise UsageError(f"corpus {text!r}: no split {asked!r}; splits: {listed}")
        return asked
    if len(splits) == 1:
        return splits[0]
    if "train" not in splits:
        raise UsageError(f"corpus {text!r}: name the split; splits: {listed} ({FORM})")
    announce(f"corpus {text}: split train of {listed}")
    return "train"


def _cells(name: str, rows: Any, column: str, broken: tuple[type[Exception], ...]) -> Iterator[str]:
    number = 1
    try:
        for table in rows.select_columns([column]).iter(batch_size=_BATCH):
            for chunk in table.column(0).chunks:
                yield from decoded(name, chunk, number)
                number += len(chunk)
    except broken as error:
        raise DataError(
            f"cannot read corpus {name}, after row {number - 1}: {_first_line(error)}"
        ) from error


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
