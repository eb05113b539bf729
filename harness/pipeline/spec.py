"""From options to a resolved spec: every default filled in, every name checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from harness.core.config import JudgingOptions, RunOptions
from harness.core.errors import UsageError
from harness.core.model_files import model_hash
from harness.core.records import RunSpec
from harness.data.sources import ImageSource, open_source
from harness.mini.entry import CORPUS
from harness.pipeline.judge_choice import resolve_judges
from harness.vlms.checkpoint import depth as checkpoint_depth
from harness.vlms.layout import VIEWS
from harness.vlms.prompts import PROMPTS
from harness.vlms.registry import VlmEntry, find_vlm
from judges.protocols.registry import find_protocol
from lenses.library.corpus import Corpus, read_corpus
from lenses.library.engines.spec import EXACT, parse_spec
from lenses.registry import SHUFFLED_PATCH, parse_lenses

if TYPE_CHECKING:
    from lenses.library.store import Library

CORPORA: Final[Mapping[str, Path]] = MappingProxyType({"mini": CORPUS})
"""Reference corpora by name."""

_PAPER_LAYERS: Final = (0, 1, 2, 4, 8, 16, 24)


@dataclass(frozen=True, slots=True)
class Plan:
    """A spec together with the opened inputs it was resolved from."""

    spec: RunSpec
    """What the run is."""
    source: ImageSource
    """Its images."""
    corpus: Corpus | None
    """Its reference corpus; None if the run is only to be judged."""
    device: str
    """Where its model runs, which decides nothing but the last digits."""
    judging: JudgingOptions
    """How fast, how long and for how much its judges may be asked."""
    grid: int = 0
    """Images of which every cell is described for the explorer."""


def paper_layers(depth: int) -> tuple[int, ...]:
    """Return 0, 1, 2, 4, 8, 16, 24, N-2 and N-1, as far as they are below N (arXiv 2602.00462)."""
    layers = {layer for layer in _PAPER_LAYERS if layer < depth}
    return tuple(sorted(layers | {layer for layer in (depth - 2, depth - 1) if layer >= 0}))


def parse_layers(text: str, depth: int) -> tuple[int, ...]:
    """Return the visual layers that ``all``, ``paper`` or a list such as ``0,2,8`` names.

    Raises:
        UsageError: Not a list of whole numbers, or a layer outside 0..N; never clamped.
    """
    if text == "all":
        return tuple(range(depth + 1))
    if text == "paper":
        return paper_layers(depth)
    parts = [part.strip() for part in text.split(",") if part.strip()]
    wrong = [part for part in parts if not part.isdecimal() or int(part) > depth]
    if wrong or not parts:
        raise UsageError(
            f"layers {text!r}: {', '.join(wrong) or 'nothing'} is not a layer of this model; "
            f"expected all, paper, or numbers from 0 to {depth} separated by commas"
        )
    return tuple(sorted({int(part) for part in parts}))


def contextual_layers(depth: int) -> tuple[int, ...]:
    """Return the text layers of the reference library: the paper's without 0.

    Raises:
        UsageError: A model of one block, which has no contextual layer below its last.
    """
    layers = tuple(layer for layer in paper_layers(depth) if layer > 0)
    if not layers:
        raise UsageError(f"a model of {depth} block has no contextual layer for a library")
    return layers


def resolve_spec(options: RunOptions) -> Plan:
    """Check every option against what there is and return the resolved run.

    Raises:
        UsageError: An unknown name, a bad layer, or a judge that these images cannot serve.
        DataError: An unreadable image, corpus or model file.
    """
    path, entry = find_vlm(options.vlm)
    depth = checkpoint_depth(path)
    dtype, device = _placement(options, entry)
    lenses = parse_lenses(options.lens)
    find_protocol(options.protocol)
    layers = parse_layers(options.layers, depth)
    source = open_source(options.images, options.limit)
    library = _open_library(options, path)
    corpus = read_corpus(options.corpus, CORPORA) if library is None else phrases_of(library)
    if options.engine != EXACT:
        parse_spec(options.engine)
    judges = resolve_judges(options, source)
    _check_controls(lenses, source)
    spec = RunSpec(
        vlm=options.vlm,
        vlm_hash=model_hash(path),
        dtype=dtype,
        view=options.view,
        prompt=options.prompt,
        max_pixels=options.max_pixels,
        images=source.name,
        image_ids=tuple(record.image_id for record in source.records()),
        patches_per_image=options.patches,
        lenses=lenses,
        layers=layers,
        contextual_layers=contextual_layers(depth) if library is None else library.layers,
        corpus=corpus.name,
        corpus_hash=corpus.sha256,
        fraction=options.fraction,
        library=options.library,
        library_hash="" if library is None else library.fingerprint(),
        engine=options.engine,
        judges=judges,
        protocol=options.protocol,
        panel=options.panel,
        repeat=options.repeat,
        reorder=options.reorder,
        k=options.k,
        seed=options.seed,
    )
    return Plan(spec, source, corpus, device, options, options.grid)


def phrases_of(library: Library) -> Corpus:
    """Return the phrases that a library's rows come from, as a corpus."""
    lines = tuple(library.rows.texts.to_pylist())
    key = library.key
    return Corpus(
        lines=lines,
        sha256=key.corpus_hash,
        order_sha256=key.corpus_hash,
        name=f"library {library.path.name}",
        read=len(lines),
        empty=0,
        duplicates=0,
    )


def _placement(options: RunOptions, entry: VlmEntry | None) -> tuple[str, str]:
    """Return type and device of the forward pass, checked before anything is loaded."""
    from harness.vlms.loading import parse_placement, resolve_placement

    dtype, device = resolve_placement(
        options.dtype, options.device, None if entry is None else entry.parameters
    )
    parse_placement(dtype, device)
    for name, value, known in (
        ("view", options.view, VIEWS),
        ("prompt", options.prompt, PROMPTS),
    ):
        if value not in known:
            raise UsageError(f"{name} {value!r}: expected {' or '.join(known)}")
    return dtype, device


def _open_library(options: RunOptions, model: Path) -> Library | None:
    if not options.library:
        return None
    if options.fraction != 1:
        raise UsageError(
            f"fraction = {options.fraction}: it is of a corpus and cannot be taken of --library "
            f"{options.library}; make a smaller one by `library sample`"
        )
    from lenses.library.store import Expectation, Library

    return Library.open(
        Path(options.library), Expectation(model_hash=model_hash(model), model=options.vlm)
    )


def _check_controls(lenses: tuple[str, ...], source: ImageSource) -> None:
    shuffled = [name for name in lenses if name.startswith(SHUFFLED_PATCH)]
    if shuffled and len(source.records()) < 2:
        raise UsageError(
            f"lens {shuffled[0]!r} needs words of another image, and there is only one image; give "
            "more images, or name lenses without it, such as --lens latent,logit,embedding"
        )
