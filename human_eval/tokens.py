"""Secret links: one random token per annotator, kept beside the study."""

from __future__ import annotations

import hmac
import json
import os
import secrets
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from harness.core.errors import DataError
from harness.core.files import replacing, write_errors

TOKENS_FILE: Final = "tokens.json"
"""The tokens in the folder of a study; only its owner may read it."""

_BYTES: Final = 16


def study_tokens(folder: Path, annotators: Iterable[str]) -> dict[str, str]:
    """Return a token for every annotator; those made before stay, so that links stay valid.

    Args:
        folder: Folder of the study.
        annotators: Pseudonyms of the people asked.

    Raises:
        DataError: The file of tokens cannot be read or written.
    """
    path = folder / TOKENS_FILE
    kept = _read(path)
    asked = list(annotators)
    missing = [name for name in asked if name not in kept]
    if missing:
        kept |= {name: secrets.token_urlsafe(_BYTES) for name in missing}
        _write(path, kept)
    return {name: kept[name] for name in asked}


def is_token_of(tokens: Mapping[str, str], annotator: str, given: str) -> bool:
    """Tell whether ``given`` is the annotator's token, in the same time whatever is wrong."""
    # Somebody unknown is compared with a token that nobody has, so that names cannot be probed.
    wanted = tokens.get(annotator) or secrets.token_urlsafe(_BYTES)
    return hmac.compare_digest(wanted.encode(), _encoded(given))


def is_any_token(tokens: Mapping[str, str], given: str) -> bool:
    """Tell whether ``given`` is the token of any annotator."""
    equal = [hmac.compare_digest(token.encode(), _encoded(given)) for token in tokens.values()]
    return any(equal)


def _encoded(given: str) -> bytes:
    return given.encode("utf-8", "surrogatepass")


def _read(path: Path) -> dict[str, str]:
    try:
        found = json.loads(path.read_bytes())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise DataError(
            f"cannot read {path}: {error}; restore it, or delete it to make new links"
        ) from error
    if not isinstance(found, dict) or not all(
        isinstance(token, str) and len(token) >= _BYTES for token in found.values()
    ):
        raise DataError(
            f"{path}: expected a JSON object of annotators and tokens of at least {_BYTES} "
            "characters; restore it, or delete it to make new links"
        )
    with write_errors(path):
        path.chmod(0o600)
    return found


def _write(path: Path, tokens: Mapping[str, str]) -> None:
    with replacing(path) as temporary:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(descriptor, "w", encoding="utf-8") as stream:  # noqa: PTH123 - takes it over
            stream.write(json.dumps(tokens, indent=2, sort_keys=True) + "\n")
