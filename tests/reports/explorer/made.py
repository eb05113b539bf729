"""A made-up run for the explorer: odd strings, failures, a panel, and words of every cell."""

from __future__ import annotations

import base64
import hashlib
import io
from random import Random
from typing import Any

from PIL import Image, ImageDraw

from harness.core.records import Answer, LensKind, Patch, Relation, RunSpec, Status
from reports.explorer.book import ExplorerSource, Picture
from reports.outcomes import Answers, Question
from reports.panel import all_boards, panel_name
from reports.templating import lens_styles

KINDS: dict[str, LensKind] = {
    "latent": "lens",
    "shuffled-patch:latent": "control",
    "logit": "lens",
    "random-reference": "control",
}
UNITS = {"latent": "cosine", "shuffled-patch:latent": "cosine", "logit": "logit"}
LAYERS = (0, 1, 4, 8)
LONG = "a very long sentence about a dog " * 30
SENTENCES: tuple[tuple[str, str], ...] = (
    ("a small dog by the house", "dog"),
    ("</script><script>window.planted = 1</script> in a corpus", "corpus"),
    ("\U0001f415\U0001f3fd\u200d\U0001f9af a guide beside its owner", "guide"),
    ("\u05db\u05dc\u05d1 \u05d2\u05d3\u05d5\u05dc \u05e8\u05e5", "\u05d2\u05d3\u05d5\u05dc"),
    ("un cafe\u0301 noir", "cafe\u0301"),
    ("broken \ufffd bytes", "\ufffd"),
    ("half a pair \ud83d of surrogates", "\ud83d"),
    (f"{LONG}near the striped awning of a shop {LONG}", "striped"),
    ("two lines\u2028of one\nphrase", "one"),
    ("a red roof", "roof"),
    ("grass and sky", "sky"),
)
"""Sentences with the word that was read in them."""
BARE = ("the", "", " ", "<b>", "##ing", "of", "wheel", "\ud83d", "\u0301", "\U0001f600")
"""Words of lenses without sentences."""
_RELATIONS: tuple[Relation, ...] = ("concrete", "abstract", "global", "none")
_NAMES = "patch_id lens layer rank token token_id word score source_layer context start end"
_GRID = "image_id row col lens layer rank word score source_layer context start end"
_SIZE = 96

Columns = dict[str, list[Any]]


def explorer_source(
    images: int = 3,
    rows: int = 12,
    cols: int = 12,
    judges: int = 2,
    *,
    per_image: int = 4,
    k: int = 5,
    layers: tuple[int, ...] = LAYERS,
    grid: bool = True,
    padded: bool = False,
    model: str = "made-up",
    seed: int = 0,
) -> ExplorerSource:
    """Return a made-up run.

    Args:
        images: Pictures.
        rows: Grid rows.
        cols: Grid columns.
        judges: Judges; two or more also form a panel, none leaves the run unjudged.
        per_image: Patches per image, on the diagonal of the grid.
        k: Words of a cell at most; some cells have fewer or none.
        layers: Visual layers.
        grid: Whether the other cells have words too.
        padded: Whether the last row and column are outside the image.
        model: Name of the model.
        seed: What all of it is drawn by.
    """
    lot = Random(seed)
    ids = [hashlib.sha256(f"image {i}".encode()).hexdigest() for i in range(images)]
    patches = [_patch(image, i, i % cols) for image in ids for i in range(min(per_image, rows))]
    spec = _spec(ids, per_image, k, layers, model)
    described: Columns = {name: [] for name in _NAMES.split()}
    questions: list[Question] = []
    for patch in patches:
        for lens in KINDS:
            for layer in layers:
                place = {"patch_id": patch.patch_id, "lens": lens, "layer": layer}
                words = _describe(lot, described, place, k)
                questions.append((patch.patch_id, tuple(words)))
    names = [f"judge-{'ab'[i] if i < 2 else i}" for i in range(judges)]
    answers = {name: _answers(lot, questions) for name in names}
    panels = {panel_name(names): names} if judges > 1 else {}
    return ExplorerSource(
        model=model,
        run=f"{seed:010x}",
        k=k,
        kinds=KINDS,
        styles=lens_styles(KINDS),
        units=UNITS,
        boards=all_boards(described, answers, patches, spec, panels),
        descriptions=described,
        pictures=[
            _picture(image, i, _edges(rows, padded), _edges(cols, padded))
            for i, image in enumerate(ids)
        ],
        grid=_grid(lot, ids, rows - padded, cols - padded, layers, k) if grid else None,
        reasons={
            name: {
                question: f"{name} sees {' and '.join(question[1])} in region {question[0]}."
                for question, answer in given.items()
                if answer.status == "ok" and lot.random() < 0.8
            }
            for name, given in answers.items()
        },
        same=layers[1:2],
    )


def _spec(ids: list[str], per_image: int, k: int, layers: tuple[int, ...], model: str) -> RunSpec:
    return RunSpec(
        vlm=model,
        vlm_hash="a" * 64,
        images="scenes:heldout",
        image_ids=tuple(ids),
        patches_per_image=per_image,
        lenses=tuple(KINDS),
        layers=layers,
        contextual_layers=(1, 2, 4, 6),
        corpus="phrases",
        corpus_hash="b" * 64,
        judges=("judge-a",),
        k=k,
    )


def _patch(image: str, row: int, col: int) -> Patch:
    return Patch(
        patch_id=hashlib.sha256(f"{image} {row} {col}".encode()).hexdigest()[:16],
        image_id=image,
        row=row,
        col=col,
        token_index=row + col,
        box=(8 * col, 8 * row, 8 * col + 8, 8 * row + 8),
        region=(8 * col - 8, 8 * row - 8, 8 * col + 16, 8 * row + 16),
    )


def _describe(lot: Random, columns: Columns, place: dict[str, Any], k: int) -> list[str]:
    """Append one cell to ``columns`` and return its words: ``k``, fewer, or none."""
    count = lot.choice((0, k, k, k, k, k, k, k, max(k - 2, 0)))
    words = []
    for rank in range(count):
        sentence, word, start, source = "", lot.choice(BARE), 0, None
        if place["lens"] != "logit":
            sentence, word = lot.choice(SENTENCES)
            start, source = sentence.index(word), lot.choice((1, 2, 4, 6))
        words.append(word)
        row = place | {
            "rank": rank,
            "token": word,
            "token_id": 1,
            "word": word,
            "score": lot.uniform(0, 0.2) + 0.5 / (rank + 1),
            "source_layer": source,
            "context": sentence,
            "start": start,
            "end": start + len(word) if sentence else 0,
        }
        for name, values in columns.items():
            values.append(row[name])
    return words


def _answers(lot: Random, questions: list[Question]) -> Answers:
    found: dict[Question, Answer] = {}
    for patch_id, words in questions:
        if not words or lot.random() < 0.05:
            continue
        status: Status = lot.choice(("ok",) * 8 + ("refusal", "parse_error"))
        seen = lot.random() < 0.4
        found[patch_id, words] = Answer(
            patch_id=patch_id,
            words=words,
            status=status,
            relations=tuple(lot.choice(_RELATIONS) if seen else "none" for _ in words)
            if status == "ok"
            else (),
        )
    return found


def _grid(
    lot: Random, ids: list[str], rows: int, cols: int, layers: tuple[int, ...], k: int
) -> Columns:
    columns: Columns = {name: [] for name in _GRID.split()}
    lenses = [name for name, kind in KINDS.items() if kind == "lens"]
    for image in ids:
        for row in range(rows):
            for col in range(cols):
                for lens in lenses:
                    for layer in layers:
                        place = {"image_id": image, "row": row, "col": col}
                        _describe(lot, columns, place | {"lens": lens, "layer": layer}, k)
    return columns


def _edges(count: int, padded: bool) -> tuple[tuple[float, float] | None, ...]:
    inside = count - padded
    edges = [(i / inside, (i + 1) / inside) for i in range(inside)]
    return (*edges, None) if padded else tuple(edges)


def _picture(image: str, number: int, ys: tuple[Any, ...], xs: tuple[Any, ...]) -> Picture:
    drawn = Image.new("RGB", (_SIZE, _SIZE), (40 * number % 256, 120, 160))
    pen = ImageDraw.Draw(drawn)
    pen.ellipse((20, 20 + 5 * (number % 4), 60, 70), fill=(220, 180, 40))
    pen.rectangle((50, 60, 90, 90), fill=(150, 60, 60))
    stream = io.BytesIO()
    drawn.save(stream, "JPEG")
    return Picture(
        image_id=image,
        source=f"scene:{number}" if number else "scene:0 <i>",
        data_uri="data:image/jpeg;base64," + base64.b64encode(stream.getvalue()).decode(),
        width=_SIZE,
        height=_SIZE,
        xs=xs,
        ys=ys,
    )
