"""Evidence of made-up runs: judged or not, with holes, by a panel, with words that need care."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from harness.core.measures import (
    LayerSpread,
    LeapLayer,
    Measures,
    RogueLayer,
    SourceLayerCosine,
    Spread,
)
from harness.core.records import Answer, LensKind, Relation, RunSpec, Status
from reports.outcomes import Answers, Outcomes, Question
from reports.panel import all_boards, panel_name
from reports.published.paper import Paper, PublishedCell
from reports.scoring import score_outcomes
from reports.sections.base import Evidence
from reports.templating import lens_styles
from tests.reports.synthetic import JUDGE, Rate, Run, known_rate, make_run

SECOND = "strict"
"""A judge that calls only concrete words related."""

THIRD = "silent"
"""A judge that refuses to answer some of the questions."""

ODD = ("<script>alert(1)</script>", "שלום", "e\u0301\u0302", "\ufffd", "", " ", "Ⅷ 5 %", "x" * 300)
"""Words that are markup, run from right to left, combine, are no text, blank or very long."""


KINDS: dict[str, LensKind] = {
    "latent": "lens",
    "logit": "lens",
    "embedding": "lens",
    "shuffled-patch:latent": "control",
    "random-reference": "control",
}
"""Lenses and controls of a small run."""


def small_run(
    images: int = 6,
    *,
    per_image: int = 4,
    layers: tuple[int, ...] = (0, 1, 4),
    kinds: dict[str, LensKind] | None = None,
    rate: Rate = known_rate,
) -> Run:
    """Return a run of few lenses and layers, whose scores differ from word to word."""
    run = make_run(
        images=images, per_image=per_image, layers=layers, kinds=kinds or KINDS, rate=rate
    )
    return with_scores(run, lambda row: (row * 37 % 101) / 101)


def evidence(
    run: Run | None = None,
    *,
    answers: Mapping[str, Answers] | None = None,
    panels: Mapping[str, Sequence[str]] | None = None,
    measures: Measures | None = None,
    paper: Paper | None = None,
    options: Mapping[str, str] | None = None,
) -> Evidence:
    """Return the evidence of a run; by default one judge that knows every word answered.

    Args:
        run: A made-up run; small and judged if left out.
        answers: Judge to its answers; an empty mapping leaves the run unjudged.
        panels: Panel to the judges in it.
        measures: Measurements of its states.
        paper: Published figures, in which its model is called as here.
        options: Options of optional analyses.
    """
    run = run or small_run()
    given = {JUDGE: run.answers} if answers is None else answers
    boards = all_boards(run.columns, given, run.patches, run.spec, panels)
    return Evidence(
        model=run.spec.vlm,
        spec=run.spec,
        kinds=run.kinds,
        styles=lens_styles(run.kinds),
        boards=boards,
        descriptions=run.columns,
        scores=[score for board in boards for score in score_outcomes(board, run.spec, run.kinds)],
        measures=measures,
        paper=paper,
        published_model=run.spec.vlm if paper else None,
        options=options or {},
    )


def board_of(found: Evidence) -> Outcomes:
    """Return the board that sections show."""
    return found.boards[0]


def answered_by(run: Run, change: Callable[[int, Answer], Answer]) -> dict[Question, Answer]:
    """Return the answers of a run, each changed by its place and what it was."""
    return {
        question: change(place, answer)
        for place, (question, answer) in enumerate(run.answers.items())
    }


def strict(_: int, answer: Answer) -> Answer:
    """Return the answer of a judge for whom only concrete words are related."""
    relations: tuple[Relation, ...] = tuple(
        relation if relation == "concrete" else "none" for relation in answer.relations
    )
    return answer.model_copy(update={"relations": relations})


def refused(answer: Answer, status: Status = "refusal") -> Answer:
    """Return an answer that failed."""
    return answer.model_copy(update={"status": status, "relations": ()})


def some_refused(place: int, answer: Answer) -> Answer:
    """Return two of every seven answers as refusals."""
    return refused(answer) if place % 7 < 2 else answer


def judged_by_panel(run: Run | None = None) -> Evidence:
    """Return a run with a panel of three judges, who differ and partly fail, as first board."""
    run = run or small_run()
    judges: dict[str, Answers] = {
        JUDGE: run.answers,
        SECOND: answered_by(run, strict),
        THIRD: answered_by(run, some_refused),
    }
    return evidence(run, answers=judges, panels={panel_name(tuple(judges)): tuple(judges)})


def nothing_scored(run: Run | None = None) -> Evidence:
    """Return a run whose judge failed on every question."""
    run = run or small_run()
    return evidence(run, answers={JUDGE: answered_by(run, lambda _, answer: refused(answer))})


def with_holes(run: Run | None = None) -> Evidence:
    """Return a run where one lens gave no words at its first layer and some answers are missing."""
    run = run or small_run()
    lens, layer = run.spec.lenses[0], run.spec.layers[0]
    places = zip(run.columns["lens"], run.columns["layer"], strict=True)
    kept = [row for row, place in enumerate(places) if place != (lens, layer)]
    holed = replace(run, columns=_rows(run.columns, kept))
    answers = {
        question: answer
        for place, (question, answer) in enumerate(run.answers.items())
        if place % 7
    }
    return evidence(holed, answers={JUDGE: answers})


def with_odd_words(run: Run | None = None) -> Evidence:
    """Return a run in which words, sentences and one lens's name are strings that need care."""
    kinds: dict[str, LensKind] = {"latent:<b>'\"": "lens", "logit 7": "lens", "random": "control"}
    run = run or make_run(images=4, kinds=kinds, rate=lambda *_: 0.5)
    columns = dict(run.columns)
    columns["word"] = [ODD[row % len(ODD)] for row in range(len(columns["word"]))]
    columns["context"] = [f"\u202e{word} & {word}" for word in columns["word"]]
    columns["start"] = [1] * len(columns["word"])
    columns["end"] = [1 + len(word) for word in columns["word"]]
    odd = replace(run, columns=columns)
    unjudged = evidence(odd, answers={})
    board = board_of(unjudged)
    answers: dict[Question, Answer] = {}
    for lens in board.lenses:
        for layer in board.layers:
            for place in range(len(board.patches)):
                question = board.question(lens, layer, place)
                answers[question] = Answer(
                    patch_id=question[0],
                    words=question[1],
                    status="ok",
                    relations=tuple(_odd_relation(word, layer) for word in question[1]),
                )
    return evidence(odd, answers={JUDGE: answers})


def shuffled(run: Run) -> Run:
    """Return the run with the rows of its table and its answers in another order."""
    rows = range(len(run.columns["word"]))
    order = sorted(rows, key=lambda row: (row * 7919) % len(rows))
    answers = dict(sorted(run.answers.items(), reverse=True))
    return replace(run, columns=_rows(run.columns, order), answers=answers)


def paper_of(model: str, rates: Mapping[str, Mapping[int, float]], n: int = 100) -> Paper:
    """Return published figures of one model: lens to layer to rate."""
    cells = tuple(
        PublishedCell(
            group="controlled", model=model, lens=lens, variant="none", layer=layer, rate=rate, n=n
        )
        for lens, by_layer in rates.items()
        for layer, rate in by_layer.items()
    )
    return Paper(source="made up", judge="gpt-5", cells=cells, alignments=(), drift=())


def first_words(run: Run, k: int) -> Run:
    """Return the run with the first ``k`` words of every cell only."""
    rows = [row for row, rank in enumerate(run.columns["rank"]) if rank < k]
    answers = {
        (patch, words[:k]): answer.model_copy(
            update={"words": words[:k], "relations": answer.relations[:k]}
        )
        for (patch, words), answer in run.answers.items()
    }
    spec = run.spec.model_copy(update={"k": k})
    return replace(run, spec=spec, columns=_rows(run.columns, rows), answers=answers)


def with_scores(run: Run, score: Callable[[int], float]) -> Run:
    """Return the run with the score of every row of its table made from the row's number."""
    rows = range(len(run.columns["word"]))
    return replace(run, columns={**run.columns, "score": [score(row) for row in rows]})


def measures_of(spec: RunSpec, drift: Mapping[int, float] | None = None) -> Measures:
    """Return made-up measurements of a run: mean cosine to layer 0 by layer, or 1, 0.9, 0.8, ..."""
    cosines = {layer: 1 - 0.1 * place for place, layer in enumerate(spec.layers)} | dict(
        drift or {}
    )
    sources = spec.contextual_layers
    return Measures(
        layers=spec.layers,
        visual_drift=tuple(_spread(layer, cosines[layer]) for layer in spec.layers),
        text_drift=tuple(_spread(layer, 1 / (1 + layer)) for layer in sources),
        visual_norms=tuple(_spread(layer, 40.0 + layer) for layer in spec.layers),
        text_norms=tuple(_spread(layer, 1.0 + layer) for layer in sources),
        library=tuple(
            SourceLayerCosine(
                layer=layer,
                within=0.3,
                visual=(0.1 + 0.01 * layer,) * len(spec.layers),
                spread=(0.05,) * len(spec.layers),
            )
            for layer in sources
        ),
        rogue=tuple(
            RogueLayer(
                layer=layer,
                dimensions=(3, 1),
                shares=(0.4, 0.2),
                removed=2,
                overlap=0.35,
                k=spec.k,
                n=24,
            )
            for layer in spec.layers
        ),
        leap=tuple(
            LeapLayer(
                layer=layer,
                source_layers=sources,
                nearest=_first_of(len(sources), 0.7),
                normalised=_first_of(len(sources), 0.4),
                n=24,
                rows=100,
            )
            for layer in spec.layers
        ),
        rows=100,
        tokens=24,
    )


def _spread(layer: int, middle: float) -> LayerSpread:
    steps = ("low", 0.8), ("quartile", 0.9), ("median", 1.0), ("upper", 1.1), ("high", 1.2)
    values = {name: middle * step for name, step in steps}
    return LayerSpread(layer=layer, spread=Spread(n=24, mean=middle, top=1.3 * middle, **values))


def _first_of(n: int, share: float) -> tuple[float, ...]:
    """Return shares of which the first is ``share`` and the others are equal."""
    return (share, *((1 - share) / (n - 1) for _ in range(n - 1)))


def _odd_relation(word: str, layer: int) -> Relation:
    relations: tuple[Relation, ...] = ("concrete", "abstract", "global", "none")
    return relations[(ODD.index(word) + layer) % 4]


def _rows(columns: Mapping[str, Sequence[Any]], rows: Sequence[int]) -> dict[str, list[Any]]:
    return {name: [values[row] for row in rows] for name, values in columns.items()}
