"""The image settings of a checkpoint are read, or refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from harness.core.errors import DataError
from harness.vlms.molmo.settings import read_settings

_FILE = "preprocessor_config.json"


def _changed(source: Path, target: Path, **settings: Any) -> Path:
    stated = json.loads((source / _FILE).read_text()) | settings
    kept = {name: value for name, value in stated.items() if value is not ...}
    (target / _FILE).write_text(json.dumps(kept))
    return target


def test_settings_are_read(molmo_path: Path) -> None:
    """Derived sizes included."""
    settings = read_settings(molmo_path)
    assert (settings.patches, settings.tokens, settings.window) == (8, 4, 32)
    assert settings.grid((2, 3)) == (6, 8)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"image_patch_size": ...}, "cannot read the image settings"),
        ({"overlap_margins": [2]}, "cannot read the image settings"),
        ({"base_image_input_size": [64, 32]}, "no geometry for the image settings"),
        ({"base_image_input_size": [72, 72]}, "no geometry for the image settings"),
        ({"image_token_length_w": 5}, "no geometry for the image settings"),
        ({"overlap_margins": [2, 1]}, "no geometry for the image settings"),
        ({"do_normalize": False}, "no geometry for the image settings"),
        ({"image_padding_mask": False}, "no geometry for the image settings"),
        ({"overlap_margins": [4, 4]}, "leave nothing of a crop"),
        ({"max_crops": 0}, "leave nothing of a crop"),
    ],
)
def test_unknown_settings_are_refused(
    molmo_path: Path, tmp_path: Path, settings: dict[str, Any], message: str
) -> None:
    """Rather than boxes in the wrong place."""
    with pytest.raises(DataError, match=message):
        read_settings(_changed(molmo_path, tmp_path, **settings))


def test_missing_settings_are_refused(tmp_path: Path) -> None:
    """A checkpoint without processor."""
    with pytest.raises(DataError, match=_FILE):
        read_settings(tmp_path)
