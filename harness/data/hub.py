"""A table in the Hugging Face format: a folder, or a hub id at a commit."""

from __future__ import annotations

import importlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Any, Final

import pyarrow as pa

from harness.core.errors import DataError, UsageError
from harness.core.progress import announce

PREFIX: Final = "hf:"
"""Beginning of a dataset's name."""

FORM: Final = "hf:FOLDER_OR_ID[@REVISION][:CONFIG[/SPLIT]][#COLUMN]"
"""How a dataset is named."""

LARGEST_COPY: Final = 4 * 10**9
"""A hub dataset of up to this many bytes is fetched whole; of a larger one only rows are read."""

_HUB_ID: Final = re.compile(r"[\w-][\w.-]*(/[\w-][\w.-]*)?")
_ADDRESS: Final = re.compile(
    r"(?P<where>[^@:]+)(@(?P<revision>[^:]+))?(:(?P<config>[^/]*)(/(?P<split>[^/]+))?)?"
)
_EXTRA: Final = "pip install 'lensbench[datasets]'"


@dataclass(frozen=True, slots=True)
class Address:
    """The parts of a dataset's name; empty ones were left out."""

    where: str
    """Folder or hub id."""
    revision: str
    """Branch, tag or commit."""
    config: str
    """Configuration (subset)."""
    split: str
    """Split."""
    column: str
    """Column."""


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of one split."""

    name: str
    """What they are called, with commit, config and split filled in."""
    table: Any
    """A ``datasets`` dataset, in memory or streamed."""
    commit: str
    """Commit of a hub dataset; empty for a folder."""
    broken: tuple[type[Exception], ...]
    """What reading it can raise where it is damaged or unreachable."""


def parse_address(text: str, kind: str = "images") -> Address:
    """Return the parts of a text of :data:`FORM`.

    Args:
        text: The dataset as the user named it.
        kind: What it is named for, ``images`` or ``corpus``, for messages.

    Raises:
        UsageError: It has another form.
    """
    body, _, column = text.removeprefix(PREFIX).partition("#")
    if body and Path(body).is_dir():
        return Address(body, "", "", "", column)
    match = _ADDRESS.fullmatch(body)
    if match is None:
        raise UsageError(f"{kind} {text!r}: expected {FORM}")
    parts = match.groupdict(default="")
    where = parts["where"]
    folder = Path(where).is_dir()
    if not folder and not _HUB_ID.fullmatch(where):
        raise UsageError(f"{kind} {text!r}: no such folder, and no hub id; expected {FORM}")
    if folder and parts["revision"]:
        raise UsageError(f"{kind} {text!r}: a folder has no revision; expected {FORM}")
    return Address(where, parts["revision"], parts["config"], parts["split"], column)


def open_rows(
    text: str,
    address: Address,
    local: str = "hf:FOLDER",
    *,
    kind: str = "images",
    patterns: Sequence[str] = ("*",),
) -> Rows:
    """Return the rows of one split; the only one, or ``train``, if none is named.

    A folder holds files that the ``datasets`` package reads (parquet, CSV, JSON, images) or what
    its ``save_to_disk`` wrote.

    Args:
        text: The source as the user named it, for messages.
        address: Its parts.
        local: How a folder would be named instead, for messages.
        kind: What the rows are for, ``images`` or ``corpus``, for messages.
        patterns: Files of a hub dataset that are needed.

    Raises:
        UsageError: No such config or split, one of them has to be chosen, or the ``datasets``
            package is not installed.
        DataError: The dataset can neither be found on this machine nor fetched, or is unreadable.
    """
    label = f"{kind} {text!r}"
    datasets = _package(label)
    import httpx2

    broken = (
        OSError,
        ValueError,
        RuntimeError,
        httpx2.HTTPError,
        pa.ArrowException,
        datasets.exceptions.DatasetsError,
    )
    commit = ""
    try:
        if Path(address.where).is_dir():
            config, splits = _load(datasets, label, address.where, "", address.config)
        else:
            place, commit = _locate(label, address, local, patterns, broken)
            streamed = commit if place == address.where else ""
            config, splits = _load(datasets, label, place, streamed, address.config)
        split = _choose_split(label, address.split, sorted(splits))
    except broken as error:
        raise DataError(f"cannot read {label}: {first_line(error)}") from error
    revision = f"@{commit}" if commit else ""
    part = f":{config}/{split}" if split else ""
    return Rows(f"{PREFIX}{address.where}{revision}{part}", splits[split], commit, broken)


def first_line(error: Exception) -> str:
    """Return the first line of an error's message."""
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__


def _package(label: str) -> Any:
    try:
        return importlib.import_module("datasets")
    except ImportError as error:
        raise UsageError(
            f"{label} needs the package datasets ({error}); install it by {_EXTRA}"
        ) from error


def _locate(
    label: str,
    address: Address,
    local: str,
    patterns: Sequence[str],
    broken: tuple[type[Exception], ...],
) -> tuple[str, str]:
    """Return folder and commit of a hub dataset, or its id and commit if it is too large to copy.

    Without a network it is what the hub's cache on this machine has.
    """
    from huggingface_hub import HfApi, snapshot_download

    revision = address.revision or None
    try:
        info = HfApi().dataset_info(address.where, revision=revision, files_metadata=True)
        files = [file for file in info.siblings or () if _wanted(file.rfilename, patterns)]
        if sum(file.size or 0 for file in files) > LARGEST_COPY:
            _announce_commit(label, address, str(info.sha))
            return address.where, str(info.sha)
        folder = snapshot_download(
            address.where, repo_type="dataset", revision=info.sha, allow_patterns=[*patterns]
        )
    except broken as unreachable:
        try:
            folder = snapshot_download(
                address.where, repo_type="dataset", revision=revision, local_files_only=True
            )
        except broken as error:
            raise DataError(
                f"{label}: the dataset is neither on this machine nor to be had from the "
                f"hub ({first_line(unreachable)}); fetch it where there is a network by 'hf "
                f"download --repo-type dataset {address.where}', or name a folder as {local}"
            ) from error
    _announce_commit(label, address, Path(folder).name)
    return folder, Path(folder).name


def _wanted(file: str, patterns: Sequence[str]) -> bool:
    return any(fnmatch(file, pattern) for pattern in patterns)


def _announce_commit(label: str, address: Address, commit: str) -> None:
    if commit != address.revision:
        announce(f"{label}: taken at commit {commit}")


def _load(
    datasets: Any, label: str, place: str, commit: str, asked: str
) -> tuple[str, dict[str, Any]]:
    """Return config and splits; what ``save_to_disk`` wrote has no config, perhaps no split."""
    saved_files = ("dataset_dict.json", "state.json")
    if not commit and any((Path(place) / name).is_file() for name in saved_files):
        if asked:
            raise UsageError(f"{label}: a saved dataset has no config {asked!r}")
        saved = datasets.load_from_disk(place)
        return "", dict(saved) if isinstance(saved, dict) else {"": saved}
    pinned = {"revision": commit} if commit else {}
    configs = datasets.get_dataset_config_names(place, **pinned)
    config = asked or (configs[0] if len(configs) == 1 else "default")
    if config not in configs:
        problem = f"no config {asked!r}" if asked else "name the config"
        raise UsageError(f"{label}: {problem}; configs: {', '.join(configs)} ({FORM})")
    # Streaming reads the files where they are, without a second copy in a cache.
    return config, dict(datasets.load_dataset(place, name=config, streaming=True, **pinned))


def _choose_split(label: str, asked: str, splits: Sequence[str]) -> str:
    listed = ", ".join(filter(None, splits)) or "none"
    if asked:
        if asked not in splits:
            raise UsageError(f"{label}: no split {asked!r}; splits: {listed}")
        return asked
    if len(splits) == 1:
        return splits[0]
    if "train" not in splits:
        raise UsageError(f"{label}: name the split; splits: {listed} ({FORM})")
    announce(f"{label}: split train of {listed}")
    return "train"
