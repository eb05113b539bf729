"""Options of a run, resolved: command line > environment > file > default, with their sources."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError

from harness.core.errors import UsageError, unknown_name
from harness.core.records import Record

ENVIRONMENT_PREFIX = "LENSBENCH_"
"""An option ``runs_dir`` is read from the variable ``LENSBENCH_RUNS_DIR``."""

CONFIG_FILE = "lensbench.toml"
"""Read from the working folder unless another file is named."""


class JudgingOptions(Record):
    """How judges are asked: what ``run`` and ``judge`` can both be told."""

    judge: str = Field("auto", min_length=1)
    """Judges by name, separated by commas; ``none`` leaves descriptions unjudged; ``auto`` is the
    ground truth where images are labelled, and none elsewhere."""
    protocol: str = Field("paper", min_length=1)
    """How judges are asked, see ``list protocols``."""
    panel: Literal["none", "majority"] = "none"
    """How the verdicts of several judges are joined."""
    repeat: float = Field(0.0, ge=0, le=100)
    """Per cent of the questions asked twice, for the judge's self-consistency."""
    reorder: float = Field(0.0, ge=0, le=100)
    """Per cent of the questions asked again in another order of words."""
    concurrency: int = Field(16, ge=1)
    """Most calls to a provider under way at once."""
    rpm: int | None = Field(None, ge=1)
    """Most calls to a provider in a minute."""
    tpm: int | None = Field(None, ge=1)
    """Most tokens to and from a provider in a minute."""
    timeout: float = Field(120.0, gt=0)
    """Longest wait for one reply in seconds."""
    patience: float = Field(900.0, gt=0)
    """Longest time for one question in seconds, waits and retries included."""
    max_cost: float | None = Field(None, ge=0)
    """Most US dollars the run's judging may cost, earlier judging included."""
    prices: str = ""
    """File of prices that replace or extend the bundled ones."""
    keys: str = ""
    """File of NAME=value lines with API keys that the environment lacks."""
    batch: bool = False
    """Use the providers' batch interfaces: cheaper, hours later."""
    wait: bool = False
    """With ``batch``: wait until all batches have ended."""
    dry_run: bool = False
    """Ask nothing; say what asking would cost."""


class RunOptions(JudgingOptions):
    """Everything ``lensbench run`` can be told."""

    vlm: str = Field("mini", min_length=1)
    """Registered name, path or hub id of the vision-language model."""
    dtype: str = Field("auto", min_length=1)
    """Type of the forward pass: auto, float32, bfloat16, float16 or 4bit."""
    device: str = Field("auto", min_length=1)
    """Where the model runs: auto (all GPUs, else the CPU), cpu, cuda:0 ..."""
    view: str = Field("global", min_length=1)
    """What is looked at of a model that sees an image several times: global or tiles."""
    prompt: str = Field("chat", min_length=1)
    """Text around the image: chat, the model's own template, or plain."""
    max_pixels: int = Field(0, ge=0)
    """Most pixels at which an image is shown to a model that scales images; 0: its own limit."""
    images: str = Field("scenes:heldout", min_length=1)
    """Image source, see ``open_source``: drawn scenes, files, annotations, datasets."""
    lens: str = ""
    """Lenses by name, separated by commas; empty for all default lenses and controls."""
    layers: str = "all"
    """``all``, ``paper``, or visual layers separated by commas."""
    limit: int | None = Field(None, ge=1)
    """Largest number of images; None for all of them."""
    patches: int = Field(10, ge=1)
    """Sampled patches per image."""
    grid: int = Field(2, ge=0)
    """Images of which lenses describe every cell, for the report's explorer; nothing is judged."""
    k: int = Field(5, ge=1)
    """Descriptions per patch, lens and layer."""
    seed: int = Field(42, ge=0)
    """Seed of patch sampling and of the controls."""
    runs_dir: str = Field("runs", min_length=1)
    """Folder that holds run directories."""
    corpus: str = Field("mini", min_length=1)
    """Name or path of the reference corpus."""
    fraction: float = Field(1.0, gt=0, le=1)
    """Share of the corpus' phrases that the reference library is built from."""
    library: str = ""
    """Folder of a finished reference library to use instead of building one from the corpus."""
    engine: str = Field("exact", min_length=1)
    """Search of the library: ``exact``, or a faiss engine such as ``faiss:ivf``."""
    fresh: bool = False
    """Start the run over instead of continuing it."""


@dataclass(frozen=True, slots=True)
class Resolved:
    """Options with all defaults filled in."""

    values: RunOptions
    """The checked values."""
    sources: Mapping[str, str]
    """Option to where its value comes from, in words a message can use."""


def find_config(explicit: Path | None, folder: Path) -> Path | None:
    """Return the options file to read, or None.

    Args:
        explicit: File the user named; it must exist.
        folder: Working folder, whose ``lensbench.toml`` is read if there is one.

    Raises:
        UsageError: The named file does not exist.
    """
    if explicit is None:
        candidate = folder / CONFIG_FILE
        return candidate if candidate.is_file() else None
    if not explicit.is_file():
        raise UsageError(f"--config {explicit}: no such file; expected a TOML file of options")
    return explicit


def resolve(
    defaults: Mapping[str, object],
    cli: Mapping[str, object | None],
    env: Mapping[str, str],
    file: Path | None,
) -> Resolved:
    """Merge the four sources of options and check the result.

    Args:
        defaults: Values that replace those of :class:`RunOptions`.
        cli: Values from the command line; None means not given.
        env: Environment; an empty variable means not given.
        file: TOML file of options at top level, or None.

    Raises:
        UsageError: Unknown option, unreadable file, or a value that is not accepted; one line that
            names the option, the value, where it came from and what would be accepted.
    """
    merged: dict[str, object] = {}
    sources = dict.fromkeys(RunOptions.model_fields, "default")
    layers: list[tuple[str, Mapping[str, object]]] = [("default", defaults)]
    if file is not None:
        layers.append((str(file), _read_file(file)))
    layers.append(("environment", _read_environment(env)))
    layers.append(("command line", {key: value for key, value in cli.items() if value is not None}))
    for source, values in layers:
        for key, value in values.items():
            if key not in RunOptions.model_fields:
                raise _located(unknown_name("option", key, RunOptions.model_fields), source)
            merged[key] = value
            sources[key] = source
    try:
        return Resolved(RunOptions.model_validate(merged), sources)
    except ValidationError as error:
        problems = [_problem(dict(details), sources) for details in error.errors()]
        raise UsageError("; ".join(problems)) from error


def _read_environment(env: Mapping[str, str]) -> dict[str, object]:
    given = {
        name: env.get(ENVIRONMENT_PREFIX + name.upper(), "") for name in RunOptions.model_fields
    }
    return {name: value for name, value in given.items() if value}


def _read_file(file: Path) -> dict[str, Any]:
    try:
        with file.open("rb") as stream:
            return tomllib.load(stream)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise UsageError(f"cannot read options from {file}: {reason}; expected TOML") from error


def _located(error: UsageError, source: str) -> UsageError:
    return UsageError(f"{source}: {error}")


def _problem(details: Mapping[str, Any], sources: Mapping[str, str]) -> str:
    name = str(details["loc"][0])
    message = str(details["msg"])
    source = sources[name]
    if source == "environment":
        source = f"environment {ENVIRONMENT_PREFIX}{name.upper()}"
    return f"{name} = {details['input']!r} ({source}): {message[:1].lower()}{message[1:]}"
