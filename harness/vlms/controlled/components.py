"""Where the frozen parts of a controlled model are, and whether they are the ones trained with."""

from __future__ import annotations

from pathlib import Path

from harness.core.errors import MismatchError, UsageError
from harness.core.hub import hub_path, is_hub_id
from harness.core.model_files import model_hash
from harness.vlms.checkpoint import CONFIG
from harness.vlms.controlled.config import ControlledConfig


def locate(name: str, field: str, folder: Path) -> Path:
    """Return the checkpoint directory of a part; one of the hub is downloaded if need be.

    Args:
        name: Path relative to ``folder``, path, or hub id.
        field: Field of the configuration that names it, for messages.
        folder: Controlled directory.

    Raises:
        UsageError: It is none of these, or the hub cannot be reached; says where a local directory
            can be given.
    """
    for path in (folder / name, Path(name)):
        if (path / CONFIG).is_file():
            return path
    remedy = f"the directory of the part can be written as {field!r} into {folder / CONFIG}"
    if not is_hub_id(name) or Path(name).is_dir():
        raise UsageError(f"{field} {name!r}: no checkpoint there, neither below {folder}; {remedy}")
    try:
        return hub_path(name)
    except UsageError as error:
        raise UsageError(f"{field} {error}; {remedy}") from error


def verified(field: str, found: str, expected: str, path: Path) -> None:
    """Check the hash of a part, if one was recorded.

    Raises:
        MismatchError: It is not the part that the projector was trained with.
    """
    if expected and found != expected:
        raise MismatchError(
            f"{field} {path} is not the one the projector was trained with: sha256 is "
            f"{found[:12]}, expected {expected[:12]}"
        )


def with_hashes(config: ControlledConfig, folder: Path) -> ControlledConfig:
    """Return the configuration with the hashes of both parts as they are now.

    Raises:
        UsageError: A part is missing.
        DataError: A part's directory holds no model files.
    """
    model = locate(config.language_model, "language_model", folder)
    encoder = locate(config.encoder, "encoder", folder)
    hashes = {"language_model_hash": model_hash(model), "encoder_hash": model_hash(encoder)}
    return config.model_copy(update=hashes)
