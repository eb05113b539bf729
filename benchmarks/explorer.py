"""The explorer at full size: words of every cell of 100 images, packed into the page's budget.

``python -m benchmarks.explorer``. The words are drawn, not described, by this recipe. A library
has as many phrases as asked for, of 2 to 6 words whose frequency falls as 1 / rank. An answer of
the contextual lens is one word of a phrase at one text layer; the other lenses answer with one of
32,000 words. The ranks of answers fall as 1 / rank as well; half of an image's answers come from
300 of its own. A cell keeps each word of its left neighbour, and a layer each word of the layer
before, with a chance of one half; otherwise it is drawn anew. Scores fall with the rank. Pictures
are JPEG files of smoothed noise. Ten cells of each image have been judged, by two judges with a
panel, one of which gave its reasoning.
"""

from __future__ import annotations

import argparse
import base64
import io
import json
import time
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from PIL import Image

from harness.core.records import Answer, LensKind, Patch, Relation, RunSpec
from harness.core.rng import keyed_rng
from reports.explorer import BUDGET_BYTES, ExplorerSource, Picture, build_explorer
from reports.outcomes import Answers, Question
from reports.panel import all_boards, panel_name
from reports.templating import lens_styles

_LENSES: Final = ("latent", "logit", "embedding")
_KINDS: Final[dict[str, LensKind]] = {
    **dict.fromkeys(_LENSES, "lens"),
    **dict.fromkeys((f"shuffled-patch:{name}" for name in _LENSES), "control"),
}
_LAYERS: Final = (0, 1, 2, 4, 8, 16, 24, 30, 31)
_SOURCES: Final = np.array((1, 2, 4, 8, 16, 24, 30, 31))
_K: Final = 5
_PATCHES: Final = 10
_VOCABULARY: Final = 32_000
_OWN: Final = 300
_RELATIONS: Final[tuple[Relation, ...]] = ("concrete", "abstract", "global", "none")

Ints = npt.NDArray[np.int64]


def main() -> None:
    """Make the words, pack them, and print what it took."""
    parser = argparse.ArgumentParser(description="Size and time of the packed explorer.")
    parser.add_argument("--images", type=int, default=100)
    parser.add_argument("--side", type=int, default=24, help="Grid rows and columns.")
    parser.add_argument("--phrases", type=int, default=300_000)
    parser.add_argument("--budget", type=int, default=BUDGET_BYTES)
    parser.add_argument("--sampled", action="store_true", help="Leave out whole images.")
    given = parser.parse_args()
    source = made_source(given.images, given.side, given.phrases, whole=not given.sampled)
    words = len(source.descriptions["word"])
    words += 0 if source.grid is None else len(source.grid["word"])
    before = _memory("VmRSS")
    started, busy = time.perf_counter(), time.process_time()
    explorer = build_explorer([source], given.budget)
    seconds, busy = time.perf_counter() - started, time.process_time() - busy
    chunks, pictures = _length(explorer.chunks), _length(explorer.pictures)
    answers = len(explorer.chunks[json.loads(explorer.index)["books"][0]["answers"]])
    total = chunks + pictures + len(explorer.index)
    print(
        f"{given.images} images x {given.side**2} cells, {words} words\n"
        f"packed in {seconds:.1f} s ({busy:.1f} s of processor) with "
        f"{_memory('VmHWM') - before:.0f} MB over {before:.0f} MB\n"
        f"{total} bytes of {given.budget}: answers {answers}, cells {chunks - answers}, "
        f"pictures {pictures}, index {len(explorer.index)}\n"
        f"{explorer.shown} of {explorer.of} images. {explorer.note or 'Nothing is left out.'}"
    )


def made_source(images: int, side: int, phrases: int, whole: bool = True) -> ExplorerSource:
    """Return a run of ``images`` images of ``side`` x ``side`` cells; ``whole`` ones, or sampled.

    The sampled cells are those of the first columns of the middle row.
    """
    draw = keyed_rng("explorer benchmark", 0)
    library = _Library(draw, phrases)
    ids = [f"{number:064x}" for number in range(images)]
    patches = [
        _patch(image, side // 2, column) for image in ids for column in range(min(_PATCHES, side))
    ]
    columns = _sampled(draw, library, patches, images)
    spec = _spec(tuple(ids))
    answers = {name: _answers(draw, columns) for name in ("one", "two")}
    panel = panel_name(["one", "two"])
    return ExplorerSource(
        model="made-up",
        run="0" * 10,
        k=_K,
        kinds=_KINDS,
        styles=lens_styles(_KINDS),
        units={"latent": "cosine", "logit": "logit", "embedding": "cosine"},
        boards=all_boards(columns, answers, patches, spec, {panel: ["one", "two"]}),
        descriptions=columns,
        pictures=[_picture(draw, image, side) for image in ids],
        grid=_grid(draw, library, ids, side) if whole else None,
        reasons={
            "one": {
                question: f"The region shows {draw.integers(1000)} and so {question[1][0]} fits."
                for question in answers["one"]
            }
        },
    )


class _Library:
    """Phrases, single words, and how often each is an answer."""

    def __init__(self, draw: np.random.Generator, phrases: int) -> None:
        letters = np.array(list("etaoinshrdlucmfwypvbgk"))
        lengths = draw.integers(2, 9, _VOCABULARY)
        self.words = ["".join(letters[draw.integers(0, 22, length)]) for length in lengths]
        said = self._ranks(draw, (phrases, 6), _VOCABULARY)
        sizes = draw.integers(2, 7, phrases)
        split = [[self.words[word] for word in row[:n]] for row, n in zip(said, sizes, strict=True)]
        self.phrases = [" ".join(words) for words in split]
        chosen = draw.integers(0, sizes)
        self.chosen = [words[at] for words, at in zip(split, chosen, strict=True)]
        self.starts = np.array(
            [
                sum(len(word) + 1 for word in words[:at])
                for words, at in zip(split, chosen, strict=True)
            ]
        )

    @staticmethod
    def _ranks(draw: np.random.Generator, shape: tuple[int, ...], count: int) -> Ints:
        """Return numbers below ``count`` whose frequency falls as 1 / (number + 1)."""
        found: Ints = (np.exp(draw.random(shape) * np.log(count + 1)) - 1).astype(np.int64)
        return np.minimum(found, count - 1)

    def answers(self, draw: np.random.Generator, side: int, count: int) -> Ints:
        """Return [cells, layers, k] answers below ``count`` for one image and lens."""
        shape = (side, side, len(_LAYERS), _K)
        own = self._ranks(draw, (_OWN,), count)
        fresh = np.where(
            draw.random(shape) < 0.5,
            own[self._ranks(draw, shape, _OWN)],
            self._ranks(draw, shape, count),
        )
        for axis in (1, 2):
            kept = draw.random(shape) < 0.5
            kept = np.moveaxis(kept, axis, 0)
            moved = np.moveaxis(fresh, axis, 0)
            for at in range(1, shape[axis]):
                moved[at] = np.where(kept[at], moved[at - 1], moved[at])
        return fresh.reshape(side * side, len(_LAYERS), _K)

    def columns(
        self, draw: np.random.Generator, lens: str, answers: Ints
    ) -> dict[str, list[Any] | npt.NDArray[Any] | pa.Array]:
        """Return word, score, source_layer, context, start and end of flat ``answers``."""
        rank = np.arange(len(answers)) % _K
        score = draw.normal(0.35, 0.05, len(answers)) - 0.01 * rank
        if not lens.endswith("latent"):
            return {
                "word": pa.DictionaryArray.from_arrays(answers, self.words).cast(pa.string()),
                "score": score,
                "source_layer": pa.nulls(len(answers), pa.int64()),
                "context": pa.repeat("", len(answers)),
                "start": np.zeros(len(answers), dtype=np.int64),
                "end": np.zeros(len(answers), dtype=np.int64),
            }
        word = pa.DictionaryArray.from_arrays(answers, self.chosen).cast(pa.string())
        start = self.starts[answers]
        extents = np.array([len(text) for text in self.chosen])[answers]
        return {
            "word": word,
            "score": score,
            "source_layer": _SOURCES[(answers + (draw.random(len(answers)) < 0.2)) % len(_SOURCES)],
            "context": pa.DictionaryArray.from_arrays(answers, self.phrases).cast(pa.string()),
            "start": start,
            "end": start + extents,
        }


def _grid(draw: np.random.Generator, library: _Library, ids: list[str], side: int) -> pa.Table:
    cells = side * side
    per_cell = len(_LAYERS) * _K
    tables = []
    for image in ids:
        for lens in _LENSES:
            count = len(library.phrases) if lens == "latent" else _VOCABULARY
            answers = library.answers(draw, side, count).reshape(-1)
            cell = np.repeat(np.arange(cells), per_cell)
            columns = {
                "image_id": pa.repeat(image, len(answers)),
                "row": cell // side,
                "col": cell % side,
                "lens": pa.repeat(lens, len(answers)),
                "layer": np.tile(np.repeat(_LAYERS, _K), cells),
                "rank": np.tile(np.arange(_K), cells * len(_LAYERS)),
                **library.columns(draw, lens, answers),
            }
            tables.append(pa.table(columns))
    return pa.concat_tables(tables)


def _sampled(
    draw: np.random.Generator, library: _Library, patches: list[Patch], images: int
) -> dict[str, list[Any]]:
    tables = []
    for lens in _KINDS:
        count = len(library.phrases) if lens.endswith("latent") else _VOCABULARY
        answers = np.concatenate(
            [library.answers(draw, 4, count)[:_PATCHES] for _ in range(images)]
        )
        names = [patch.patch_id for patch in patches]
        answers = answers[: len(names)]
        columns = {
            "patch_id": np.repeat(names, len(_LAYERS) * _K),
            "lens": pa.repeat(lens, answers.size),
            "layer": np.tile(np.repeat(_LAYERS, _K), len(names)),
            "rank": np.tile(np.arange(_K), len(names) * len(_LAYERS)),
            **library.columns(draw, lens, answers.reshape(-1)),
        }
        tables.append(pa.table(columns))
    found: dict[str, list[Any]] = pa.concat_tables(tables).to_pydict()
    return found


def _answers(draw: np.random.Generator, columns: dict[str, list[Any]]) -> Answers:
    """Return the answers of a judge that finds two questions of five related."""
    found: dict[Question, Answer] = {}
    for at in range(0, len(columns["word"]), _K):
        words = tuple(columns["word"][at : at + _K])
        codes = draw.integers(0, 4, _K) if draw.random() < 0.4 else np.full(_K, 3)
        patch = columns["patch_id"][at]
        found[patch, words] = Answer(
            patch_id=patch,
            words=words,
            status="ok",
            relations=tuple(_RELATIONS[code] for code in codes),
        )
    return found


def _patch(image: str, row: int, col: int) -> Patch:
    return Patch(
        patch_id=f"{image[-8:]}{row:04}{col:04}",
        image_id=image,
        row=row,
        col=col,
        token_index=0,
        box=(0, 0, 1, 1),
        region=(0, 0, 1, 1),
    )


def _spec(ids: tuple[str, ...]) -> RunSpec:
    return RunSpec(
        vlm="made-up",
        vlm_hash="0" * 64,
        images="made-up",
        image_ids=ids,
        patches_per_image=_PATCHES,
        lenses=tuple(_KINDS),
        layers=_LAYERS,
        contextual_layers=tuple(_SOURCES.tolist()),
        corpus="made-up",
        corpus_hash="0" * 64,
        judges=("one", "two"),
        k=_K,
    )


def _picture(draw: np.random.Generator, image: str, side: int) -> Picture:
    """Return a picture whose JPEG file is about as large as that of a photograph."""
    rough = draw.integers(0, 256, (42, 42, 3), dtype=np.uint8)
    stream = io.BytesIO()
    Image.fromarray(rough).resize((336, 336), Image.Resampling.BICUBIC).save(
        stream, "JPEG", quality=80
    )
    edges = tuple((at / side, (at + 1) / side) for at in range(side))
    return Picture(
        image_id=image,
        source=f"{image}.jpg",
        data_uri="data:image/jpeg;base64," + base64.b64encode(stream.getvalue()).decode(),
        width=336,
        height=336,
        xs=edges,
        ys=edges,
    )


def _length(texts: tuple[str, ...]) -> int:
    return sum(map(len, texts))


def _memory(field: str) -> float:
    """Return the memory of this process in MB: ``VmRSS`` now, ``VmHWM`` at most so far."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(field):
            return int(line.split()[1]) / 1024
    return float("nan")


if __name__ == "__main__":
    main()
