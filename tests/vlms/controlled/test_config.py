"""The configuration file of a controlled directory."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from harness.core.errors import DataError
from harness.vlms.checkpoint import depth, model_type
from harness.vlms.controlled.config import read_config, write_config
from tests.vlms.checkpoints.controlled import DEPTH, Variant, make_config


@pytest.mark.parametrize(
    "variant",
    [Variant(), Variant(projector="linear", encoder="siglip"), Variant(marker_ids=(1, 2, 3, 4))],
)
def test_written_configurations_read_the_same(tmp_path: Path, variant: Variant) -> None:
    """And the registry finds family and depth in them."""
    config = make_config(variant)
    write_config(tmp_path, config)
    assert read_config(tmp_path) == config
    assert model_type(tmp_path) == "lensbench_controlled"
    assert depth(tmp_path) == DEPTH


def test_markers_in_use_follow_sequence_and_placeholder() -> None:
    """The placeholder is one of them only where features are added to it."""
    rows = ("im_start", "im_end", "im_patch", "im_col")
    assert make_config(Variant()).markers == rows
    assert make_config(Variant(placeholder=False)).markers == ("im_start", "im_end", "im_col")
    assert make_config(Variant(sequence="bare")).markers == ("im_patch",)
    assert make_config(Variant(sequence="bare", placeholder=False)).markers == ()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"hidden_size": 7}, r"out_size 32 is not the language model's hidden_size 7"),
        ({"features": []}, "at least one encoder layer"),
        ({"marker_ids": [1, 2]}, "none or 4 ids"),
        ({"sequence": "columns"}, "sequence"),
        ({"provenence": "x"}, "provenence"),
        ({"schema_version": 2}, "schema_version"),
        (
            {"projector": {"kind": "mlp", "in_size": 48, "out_size": 32}},
            "expected 0 for linear, more for others",
        ),
    ],
)
def test_wrong_fields_are_named(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    """In one line with the file."""
    write_config(tmp_path, make_config(Variant()))
    file = tmp_path / "config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | change))
    with pytest.raises(DataError, match=message) as caught:
        read_config(tmp_path)
    assert str(file) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_missing_and_broken_files_are_named(tmp_path: Path) -> None:
    """Missing, not JSON."""
    with pytest.raises(DataError, match=r"config\.json"):
        read_config(tmp_path)
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(DataError, match=r"config\.json"):
        read_config(tmp_path)


def test_unknown_fields_are_refused_in_code_too() -> None:
    """Records are closed."""
    with pytest.raises(ValidationError):
        type(make_config(Variant())).model_validate({"languge_model": "x"})
