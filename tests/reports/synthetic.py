"""A made-up run whose hit rates are known: descriptions, answers and labels without any model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

from harness.core.records import Answer, LensKind, Patch, Relation, RunSpec, Status
from reports.assembly import build_report
from reports.explorer.book import Explorer, ExplorerSource, Picture
from reports.explorer.budget import build_explorer
from reports.outcomes import Answers, Question, join
from reports.published.load import load_paper
from reports.run_view import RunTables
from reports.scoring import score_outcomes
from reports.templating import lens_styles
from reports.view import JudgeNote, LensNote, ReportView

WORDS: dict[Relation, tuple[str, ...]] = {
    "concrete": ("dog", "tail", "red", "striped", "grass", "window", "wheel", "roof"),
    "abstract": ("pet", "summer", "travel", "warm", "home", "play"),
    "global": ("boat", "sky", "blue", "lamp", "castle"),
    "none": ("of", "ing", "quickly", "seven", "maybe", "Xi", "##er", "the", "tax", "vote"),
}
RELATION: dict[str, Relation] = {word: name for name, group in WORDS.items() for word in group}
KINDS: dict[str, LensKind] = {
    "latent": "lens",
    "logit": "lens",
    "embedding": "lens",
    "shuffled-patch:latent": "control",
    "shuffled-patch:logit": "control",
    "shuffled-patch:embedding": "control",
    "random-reference": "control",
    "random-vector": "control",
}
LAYERS = tuple(range(8))
JUDGE = "ground-truth"
PIXEL = "data:image/gif;base64,R0lGODlhAQABAIAAAP///wAAACwAAAAAAQABAAACAkQBADs="

Rate = Callable[[str, int], float]


def known_rate(lens: str, layer: int) -> float:
    """Latent is high throughout, logit rises late, embedding falls; controls are low."""
    if lens.startswith("shuffled-patch:"):
        return 0.22
    return {
        "latent": 0.72,
        "logit": 0.15 + 0.06 * layer,
        "embedding": 0.5 - 0.04 * layer,
        "random-reference": 0.2,
        "random-vector": 0.05,
    }[lens]


@dataclass(frozen=True)
class Run:
    """All tables of a made-up run."""

    spec: RunSpec
    patches: list[Patch]
    columns: dict[str, list[Any]]
    answers: dict[Question, Answer]
    kinds: dict[str, LensKind]
    hits: dict[tuple[str, int], int] = field(default_factory=dict)
    """Planned interpretable patches per lens and layer, counted while they are made."""


def make_run(
    seed: int = 0,
    *,
    images: int = 20,
    per_image: int = 4,
    layers: tuple[int, ...] = LAYERS,
    kinds: dict[str, LensKind] | None = None,
    rate: Rate = known_rate,
    image_effect: float = 0.0,
) -> Run:
    """Make a run in which each patch is a hit with chance ``rate(lens, layer)``.

    ``image_effect`` moves the chance of all patches of an image together, by up to that much.
    """
    lot = Random(seed)
    kinds = kinds or KINDS
    patches = [
        Patch(
            patch_id=f"p{image:03}-{index}",
            image_id=f"image{image:03}",
            row=1 + 2 * index,
            col=1 + index,
            token_index=index,
            box=(10 * index, 10, 10 * index + 10, 20),
            region=(10 * index, 0, 10 * index + 30, 30),
        )
        for image in range(images)
        for index in range(per_image)
    ]
    spec = RunSpec(
        vlm="mini",
        vlm_hash="a" * 64,
        images="scenes:heldout",
        image_ids=tuple(f"image{image:03}" for image in range(images)),
        patches_per_image=per_image,
        lenses=tuple(kinds),
        layers=layers,
        contextual_layers=(1, 2, 4, 6),
        corpus="phrases",
        corpus_hash="b" * 64,
        judges=(JUDGE,),
        seed=42,
    )
    run = Run(spec, patches, _empty_columns(), {}, dict(kinds))
    shift = {image: image_effect * lot.uniform(-1, 1) for image in spec.image_ids}
    for patch in patches:
        for lens in kinds:
            for layer in layers:
                chance = rate(lens, layer) + shift[patch.image_id]
                _describe(run, lot, patch, lens, layer, lot.random() < chance)
    return run


def answer(patch_id: str, words: tuple[str, ...], status: Status = "ok") -> Answer:
    """Return the answer of a judge that knows :data:`WORDS`."""
    return Answer(
        patch_id=patch_id,
        words=words,
        status=status,
        relations=tuple(RELATION[word] for word in words) if status == "ok" else (),
        judgements=(f"{patch_id}:{' '.join(words)}",),
    )


def tables_of(run: Run, *, judged: bool = True, model: str = "mini") -> RunTables:
    """Return a run as the report reads it."""
    answers: dict[str, Answers] = {JUDGE: run.answers} if judged else {}
    judge, given = (JUDGE, run.answers) if judged else ("none", None)
    board = join(run.columns, given, run.patches, run.spec, judge)
    note = JudgeNote(name=JUDGE, version="v1", statement="Rules, no person.")
    return RunTables(
        model=model,
        spec=run.spec,
        spec_hash="c" * 10,
        provenance="A miniature, never trained on photographs.",
        lenses=[LensNote(name=n, kind=k, summary=f"About {n}.") for n, k in run.kinds.items()],
        patches=run.patches,
        descriptions=run.columns,
        boards=(board,),
        scores=score_outcomes(board, run.spec, run.kinds),
        answers=answers,
        judges=[note] if judged else [],
        stamp={"python": "3.11"},
    )


def view_of(run: Run, *, judged: bool = True) -> ReportView:
    """Build the report view of a run."""
    return build_report([tables_of(run, judged=judged)], load_paper())


def explorer_of(run: Run, *, judged: bool = True, images: int = 3) -> Explorer:
    """Pack the explorer of a run, with pictures of its first ``images`` images."""
    tables = tables_of(run, judged=judged)
    source = ExplorerSource(
        model=tables.model,
        run=tables.spec_hash,
        k=run.spec.k,
        kinds=run.kinds,
        styles=lens_styles(run.kinds),
        units={"latent": "cosine"},
        boards=tables.boards,
        descriptions=run.columns,
        pictures=pictures(run)[:images],
    )
    return build_explorer([source])


def pictures(run: Run) -> list[Picture]:
    """Return one tiny picture per image, with a grid of 10 x 10 cells."""
    edges = tuple((i / 10, (i + 1) / 10) for i in range(10))
    return [
        Picture(
            image_id=image,
            source=f"scene:{index}",
            data_uri=PIXEL.replace("AAACAk", f"AAAC{index:02}"),
            width=120,
            height=120,
            xs=edges,
            ys=edges,
        )
        for index, image in enumerate(run.spec.image_ids)
    ]


def _empty_columns() -> dict[str, list[Any]]:
    names = "patch_id lens layer rank token token_id word score source_layer context start end"
    return {name: [] for name in names.split()}


def _describe(run: Run, lot: Random, patch: Patch, lens: str, layer: int, hit: bool) -> None:
    words = lot.choices(WORDS["none"], k=run.spec.k)
    if hit:
        relation: Relation = lot.choice(("concrete", "concrete", "concrete", "abstract", "global"))
        words[lot.randrange(3)] = lot.choice(WORDS[relation])
    run.hits[lens, layer] = run.hits.get((lens, layer), 0) + int(hit)
    sourced = "latent" in lens or lens == "random-reference"
    for rank, word in enumerate(words):
        context = f"a small {word} by the house" if sourced else ""
        (leap,) = lot.choices(run.spec.contextual_layers, weights=(1, 2, 5, 2))
        row = {
            "patch_id": patch.patch_id,
            "lens": lens,
            "layer": layer,
            "rank": rank,
            "token": word,
            "token_id": 1,
            "word": word,
            "score": round(0.9 - 0.1 * rank, 3),
            "source_layer": leap if sourced else None,
            "context": context,
            "start": context.find(word) if sourced else 0,
            "end": context.find(word) + len(word) if sourced else 0,
        }
        for name, value in row.items():
            run.columns[name].append(value)
    shown = tuple(words)
    run.answers[patch.patch_id, shown] = answer(patch.patch_id, shown)
