"""Boards of made-up verdicts, without descriptions, judges or a model."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from harness.core.records import LensKind, Patch, RunSpec
from harness.core.rng import keyed_rng
from reports.board_page import BoardSource
from reports.board_rows import board_rows
from reports.outcomes import RANKED, Cell, Outcomes
from reports.ranking import rank_lenses
from reports.scoring import score_outcomes

KINDS: dict[str, LensKind] = {
    "latent": "lens",
    "logit": "lens",
    "embedding": "lens",
    "shuffled-patch:latent": "control",
}
RATES = {"latent": 0.7, "logit": 0.3, "embedding": 0.35, "shuffled-patch:latent": 0.2}
JUDGE = "gpt-5"

Verdicts = Mapping[tuple[str, int], Sequence[float]]
"""(lens, layer) to hit 1, miss 0 or unscored NaN, patch by patch."""


def spec_of(
    vlm: str = "mini",
    *,
    images: int = 12,
    per_image: int = 3,
    layers: Sequence[int] = (0, 1, 2, 4),
    lenses: Sequence[str] = tuple(KINDS),
    **changes: object,
) -> RunSpec:
    """Return a spec; ``changes`` are other fields of it."""
    fields: dict[str, object] = {
        "vlm": vlm,
        "vlm_hash": f"{vlm}-weights",
        "images": "scenes:heldout",
        "image_ids": tuple(f"image{image:03}" for image in range(images)),
        "patches_per_image": per_image,
        "lenses": tuple(lenses),
        "layers": tuple(layers),
        "contextual_layers": (1, 2),
        "corpus": "phrases",
        "corpus_hash": "b" * 64,
        "judges": (JUDGE,),
        "seed": 42,
    }
    return RunSpec.model_validate(fields | changes)


def board_of(spec: RunSpec, verdicts: Verdicts, judge: str = JUDGE) -> Outcomes:
    """Return the board with the given verdicts; a hit is a first word that is concrete."""
    patches = tuple(
        Patch(
            patch_id=f"{image}-{index}",
            image_id=image,
            row=index,
            col=index,
            token_index=index,
            box=(0, 0, 1, 1),
            region=(0, 0, 1, 1),
        )
        for image in spec.image_ids
        for index in range(spec.patches_per_image)
    )
    cells = {place: tuple(map(_cell, values)) for place, values in verdicts.items()}
    return Outcomes(judge, spec.lenses, spec.layers, patches, cells)


def verdicts_of(
    spec: RunSpec, rates: Mapping[str, float] | None = None, *, unscored: float = 0.0, lot: int = 0
) -> dict[tuple[str, int], list[float]]:
    """Return verdicts that hit with the rate of each lens; ``lot`` gives other ones."""
    rng = keyed_rng("made boards", spec.vlm, lot)
    n = len(spec.image_ids) * spec.patches_per_image
    found: dict[tuple[str, int], list[float]] = {}
    for lens in spec.lenses:
        for layer in spec.layers:
            hits = (rng.random(n) < (rates or RATES)[lens]).astype(float)
            hits[rng.random(n) < unscored] = np.nan
            found[lens, layer] = hits.tolist()
    return found


def source_of(
    spec: RunSpec,
    board: Outcomes,
    same: Sequence[int] = (),
    kinds: Mapping[str, LensKind] | None = None,
    name: Callable[[str], str] = lambda model: f"{model} 0123456789",
) -> BoardSource:
    """Return a run as the board reads it, with its rows scored and ranked."""
    known = {lens: kind for lens, kind in (kinds or KINDS).items() if lens in spec.lenses}
    scores = score_outcomes(board, spec, known, same)
    rankings = [
        rank_lenses(board, spec, known, definition, layer, same)
        for definition in RANKED
        for layer in (None, *spec.layers)
    ]
    rows = board_rows(spec.vlm, name(spec.vlm), scores, rankings, same)
    return BoardSource(spec.vlm, name(spec.vlm), spec, known, (board,), rows, same)


def made_source(vlm: str = "mini", same: Sequence[int] = (), **changes: object) -> BoardSource:
    """Return a whole made-up run."""
    spec = spec_of(vlm).model_copy(update=changes)
    return source_of(spec, board_of(spec, verdicts_of(spec, unscored=0.05)), same)


def _cell(hit: float) -> Cell:
    if hit != hit:
        return Cell((0,), ("word",), ("word",), "refusal", ())
    return Cell((0,), ("word",), ("word",), "ok", ("concrete" if hit else "none",))
