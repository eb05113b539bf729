from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from harness.core.config import RunOptions, find_config, resolve
from harness.core.errors import UsageError


def options_file(folder: Path, text: str) -> Path:
    path = folder / "lensbench.toml"
    path.write_text(text)
    return path


def test_defaults() -> None:
    resolved = resolve({}, {}, {}, None)
    assert resolved.values == RunOptions()
    assert resolved.values.vlm == "mini"
    assert resolved.values.seed == 42
    assert resolved.values.limit is None
    assert set(resolved.sources) == set(RunOptions.model_fields)
    assert set(resolved.sources.values()) == {"default"}


def test_each_source_wins_over_the_ones_after_it(tmp_path: Path) -> None:
    file = options_file(tmp_path, "k = 3\nseed = 3\npatches = 3\nlimit = 3\n")
    env = {"LENSBENCH_K": "2", "LENSBENCH_SEED": "2", "LENSBENCH_LIMIT": ""}
    resolved = resolve(
        {"k": 4, "seed": 4, "patches": 4, "layers": "paper"}, {"k": 1, "seed": None}, env, file
    )
    values = resolved.values
    assert (values.k, values.seed, values.patches, values.limit) == (1, 2, 3, 3)
    assert values.layers == "paper"
    assert [resolved.sources[name] for name in ("k", "seed", "patches", "limit", "layers")] == [
        "command line",
        "environment",
        str(file),
        str(file),
        "default",
    ]


def test_text_of_the_environment_is_parsed() -> None:
    env = {"LENSBENCH_FRESH": "true", "LENSBENCH_RUNS_DIR": "/data/runs", "LENSBENCH_LIMIT": "7"}
    values = resolve({}, {}, env, None).values
    assert (values.fresh, values.runs_dir, values.limit) == (True, "/data/runs", 7)


def test_a_false_flag_on_the_command_line_wins(tmp_path: Path) -> None:
    file = options_file(tmp_path, "fresh = true")
    assert resolve({}, {"fresh": None}, {}, file).values.fresh is True
    assert resolve({}, {"fresh": False}, {}, file).values.fresh is False


def test_other_variables_are_left_alone() -> None:
    env = {"LENSBENCH_CACHE": "x", "K": "9", "HOME": "/root"}
    assert resolve({}, {}, env, None).values == RunOptions()


def test_unknown_key_in_the_file_gets_near_names(tmp_path: Path) -> None:
    file = options_file(tmp_path, 'runs-dir = "elsewhere"\n')
    with pytest.raises(UsageError) as caught:
        resolve({}, {}, {}, file)
    message = str(caught.value)
    assert message.startswith(f"{file}: unknown option 'runs-dir': did you mean runs_dir?")
    assert "patches" in message
    assert "\n" not in message


@pytest.mark.parametrize(
    ("cli", "env", "expected"),
    [
        (
            {"k": 0},
            {},
            "k = 0 (command line): input should be greater than or equal to 1",
        ),
        (
            {},
            {"LENSBENCH_LIMIT": "many"},
            "limit = 'many' (environment LENSBENCH_LIMIT): input should be a valid integer, "
            "unable to parse string as an integer",
        ),
        ({"seed": -1}, {}, "seed = -1 (command line): input should be greater than or equal to 0"),
        ({"vlm": ""}, {}, "vlm = '' (command line): string should have at least 1 character"),
    ],
)
def test_a_bad_value_is_one_line_that_says_where_it_stands(
    cli: dict[str, object], env: dict[str, str], expected: str
) -> None:
    with pytest.raises(UsageError) as caught:
        resolve({}, cli, env, None)
    assert str(caught.value) == expected
    assert caught.value.exit_code == 2


def test_all_bad_values_are_named_at_once(tmp_path: Path) -> None:
    file = options_file(tmp_path, "k = 0\nlimit = 0.5\n")
    with pytest.raises(UsageError, match=r"limit = 0\.5 \(.*\): .*; k = 0 \(.*\): "):
        resolve({}, {}, {}, file)


@pytest.mark.parametrize("content", [b"k = = 3\n", b"\xff = 3\n"])
def test_a_file_that_is_not_toml(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "lensbench.toml"
    file.write_bytes(content)
    with pytest.raises(UsageError, match=r"cannot read options from .*lensbench\.toml: .*TOML"):
        resolve({}, {}, {}, file)


def test_the_file_in_the_working_folder_is_found(tmp_path: Path) -> None:
    assert find_config(None, tmp_path) is None
    file = options_file(tmp_path, "")
    assert find_config(None, tmp_path) == file
    other = tmp_path / "other.toml"
    other.write_text("")
    assert find_config(other, tmp_path) == other


def test_a_named_file_must_exist(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"--config .*missing\.toml: no such file"):
        find_config(tmp_path / "missing.toml", tmp_path)


def test_options_are_frozen_and_documented() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        RunOptions().k = 3  # type: ignore[misc]
    assert all(field.description for field in RunOptions.model_fields.values())
