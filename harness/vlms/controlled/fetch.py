"""Published projectors: fetched once, converted once, kept in the cache of the hub library."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from harness.core.errors import DataError, UsageError
from harness.core.ids import digest, sha256_file
from harness.core.progress import announce
from harness.vlms.checkpoint import CONFIG, CONNECTOR
from harness.vlms.controlled.components import with_hashes
from harness.vlms.controlled.config import read_config, write_config
from harness.vlms.controlled.connector import SETTINGS, convert

_LIBRARY: Final = "lensbench"
_NAMESPACE: Final = "connectors-1"
"""Converted projectors; the number rises when conversion changes."""


def published(repository: str, folder: str) -> Path:
    """Return the controlled directory of a published projector with its parts on this machine.

    Args:
        repository: Hub id.
        folder: Folder in it with ``connector.pt`` and ``config.yaml``.

    Raises:
        UsageError: Something has to be downloaded and cannot be; says how to get it.
        DataError: A file is unreadable, or the disk refuses.
        MismatchError: The projector is of an unknown kind.
    """
    return local(_download(repository, folder))


def local(source: Path) -> Path:
    """Return the controlled directory of a folder with ``connector.pt`` and ``config.yaml``.

    It is made once for every content of the two files; errors as :func:`published`.
    """
    from huggingface_hub import cached_assets_path

    try:
        content = "".join(sha256_file(source / name) for name in (CONNECTOR, SETTINGS))
    except OSError as error:
        raise DataError(f"cannot read {error.filename}: {error.strerror}") from error
    place = f"{source.name}-{digest(content)[:16]}"
    target = Path(cached_assets_path(_LIBRARY, _NAMESPACE, place))
    if not (target / CONFIG).is_file():
        announce(f"converting {source / CONNECTOR}")
        convert(source, target)
    config = read_config(target)
    if not (config.language_model_hash and config.encoder_hash):
        write_config(target, with_hashes(config, target))
    return target


def _download(repository: str, folder: str) -> Path:
    """Return the local folder of the two files, downloading them if they are not in the cache."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError, OfflineModeIsEnabled

    names = [f"{folder}/{name}" for name in (CONNECTOR, SETTINGS)]
    try:
        root = Path(snapshot_download(repository, allow_patterns=names))
        missing = [name for name in names if not (root / name).is_file()]
        if missing:
            raise LocalEntryNotFoundError(f"{repository} has no {missing[0]}")
    except (LocalEntryNotFoundError, OfflineModeIsEnabled, HfHubHTTPError, OSError) as error:
        raise UsageError(
            f"{repository}/{folder} is not on this machine and cannot be downloaded: where the hub "
            f"can be reached, run `hf download {repository} {' '.join(names)} --local-dir DIR`, "
            f"then give DIR/{folder} instead of the name"
        ) from error
    return root / folder
