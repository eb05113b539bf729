"""Building reference libraries for a model by name, in this process or in one per device."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from harness.core.errors import DataError, UsageError
from harness.core.progress import announce
from harness.pipeline.spec import CORPORA, contextual_layers, parse_layers
from lenses.library.build import build_library, plan_library
from lenses.library.corpus import Corpus, read_corpus
from lenses.library.key import make_key

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

    from lenses.library.encode import TextEncoder
    from lenses.library.estimate import Estimate
    from lenses.library.manifest import LibraryKey
    from lenses.library.store import Library

AUTO = "auto"
_BFLOAT16_GAIN = 1.5


@dataclass(frozen=True, slots=True)
class TextModel:
    """The language model of a library, on its own or inside a vision-language model."""

    name: str
    """Name it was asked for by."""
    tokenizer: PreTrainedTokenizerBase
    """Its tokenizer."""
    text_states: TextEncoder
    """Its hidden states on text."""
    depth: int
    """Number of blocks."""
    weights_hash: str
    """sha256 of its files."""
    dtype: str
    """Type of the forward pass."""


@dataclass(frozen=True, slots=True)
class LibraryRequest:
    """What ``library build`` is asked for."""

    vlm: str | None
    """Registered model or checkpoint folder of a vision-language model."""
    model: str | None
    """Checkpoint folder of a language model."""
    corpus: str
    """Name or path of the corpus."""
    layers: str
    """``paper`` or a list of contextual layers."""
    policy: str
    """How rows are chosen."""
    cap: int | None
    """Most rows per token; the policy's own if None."""
    seed: int
    """Seed of the choice."""
    fraction: float
    """Share of the phrases."""
    dtype: str
    """Stored type."""
    precision: str
    """Type of the forward pass, or ``auto``."""
    device: str
    """Where the model runs."""
    max_tokens: int
    """Longer phrases are cut."""
    part_rows: int
    """Rows per part, the unit of shards and of resuming."""


def resolve_precision(precision: str, device: str) -> str:
    """Return the type of the forward pass: ``auto`` is bfloat16 where the device has it.

    That is on CUDA, and on CPUs where bfloat16 products run at least 1.5 times as fast as float32.
    """
    if precision != AUTO:
        return precision
    if device.startswith("cuda"):
        return "bfloat16"
    from lenses.speed import product_rate

    gain = product_rate("bfloat16", device) / product_rate("float32", device)
    return "bfloat16" if gain >= _BFLOAT16_GAIN else "float32"


def open_model(request: LibraryRequest) -> TextModel:
    """Load the model of a request.

    Raises:
        UsageError: Not exactly one of ``vlm`` and ``model``, or an unknown one.
        DataError: The checkpoint is unreadable.
    """
    if (request.vlm is None) == (request.model is None):
        raise UsageError("expected either --vlm NAME or --model FOLDER of a language model")
    precision = resolve_precision(request.precision, request.device)
    announce(f"loading {request.vlm or request.model} in {precision} on {request.device}")
    if request.vlm is not None:
        from harness.vlms.registry import load_vlm

        vlm = load_vlm(request.vlm, dtype=precision, device=request.device)
        facts, tokenizer, states = vlm.facts, vlm.tokenizer, vlm.text_states
        return TextModel(
            request.vlm, tokenizer, states, facts.layers, facts.weights_hash, precision
        )
    from harness.vlms.text import CausalTextModel

    path = Path(str(request.model))
    if not (path / "config.json").is_file():
        raise UsageError(f"--model {path}: no checkpoint there; expected a folder with config.json")
    model = CausalTextModel(path, dtype=precision, device=request.device)
    return TextModel(
        path.name,
        model.tokenizer,
        model.text_states,
        model.facts.layers,
        model.facts.weights_hash,
        precision,
    )


def request_key(request: LibraryRequest, model: TextModel, corpus: Corpus) -> LibraryKey:
    """Return the key of the library that a request asks for; raises as ``make_key``."""
    layers = (
        contextual_layers(model.depth)
        if request.layers == "paper"
        else parse_layers(request.layers, model.depth)
    )
    return make_key(
        corpus,
        model.tokenizer,
        layers,
        model_hash=model.weights_hash,
        precision=model.dtype,
        policy=request.policy,
        cap=request.cap,
        seed=request.seed,
        fraction=request.fraction,
        dtype=request.dtype,
        max_tokens=request.max_tokens,
        part_rows=request.part_rows,
    )


def preview(request: LibraryRequest) -> Estimate:
    """Return what a request will cost; nothing is written."""
    corpus = read_corpus(request.corpus, CORPORA)
    model = open_model(request)
    key = request_key(request, model, corpus)
    return plan_library(corpus, model.tokenizer, model.text_states, key)


def build(request: LibraryRequest, out: Path, shard: tuple[int, int]) -> Library | None:
    """Build a library, or a shard of it, in this process.

    Args:
        request: What to build.
        out: Folder of the library.
        shard: Number of this shard from 1, and how many there are.

    Returns:
        The library, or None while parts of other shards are missing.
    """
    corpus = read_corpus(request.corpus, CORPORA)
    model = open_model(request)
    key = request_key(request, model, corpus)
    return build_library(
        out,
        corpus,
        model.tokenizer,
        model.text_states,
        key,
        shard=shard,
        device=request.device,
    )


def build_on(devices: Sequence[str], arguments: Sequence[str], out: Path) -> None:
    """Build the shards of a library in one process per device, and wait for all of them.

    Args:
        devices: Where each process runs its model.
        arguments: Arguments of ``library build`` without ``--devices``.
        out: Folder of the library.

    Raises:
        DataError: A process failed; finished parts are kept.
    """
    command = [sys.executable, "-m", "harness", "library", "build", *arguments]
    total = len(devices)
    workers = [
        subprocess.Popen([*command, "--device", device, "--shard", f"{number}/{total}"])
        for number, device in enumerate(devices, start=1)
    ]
    try:
        codes = [worker.wait() for worker in workers]
    except KeyboardInterrupt:
        for worker in workers:
            worker.wait()
        raise
    failed = [f"{n} of {total} (exit code {code})" for n, code in enumerate(codes, 1) if code]
    if failed:
        raise DataError(
            f"library {out}: shard {', '.join(failed)} failed; its message stands above, finished "
            "parts are kept, the same command continues"
        )
