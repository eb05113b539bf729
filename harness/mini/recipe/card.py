"""The model card: figures as measured, gates met or not, and how the weights came about."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from jinja2 import Environment, StrictUndefined

from harness.core.files import write_json_atomic, write_text_atomic
from harness.core.records import Record
from harness.mini.recipe.evaluate import CHANCE_GATE, PROBE_GATE, RECALL_GATE, Evaluation
from harness.mini.recipe.loop import Schedule
from harness.mini.recipe.reading import READING_GATE

EVALUATION: Final = "evaluation.json"
CARD: Final = "MODEL_CARD.md"
TRAINING: Final = "training.json"


class StageTime(Record):
    """What one stage of the training took."""

    stage: str
    """Name of the stage."""
    steps: int
    """Optimiser steps."""
    batch: str
    """What one step sees."""
    minutes: float
    """Wall-clock minutes, from the training log."""


class Training(Record):
    """How a set of weights was trained; written by the recipe, shown in the card."""

    machine: str
    """Processor and number of threads."""
    stages: tuple[StageTime, ...]
    """Stages in order."""
    reading: dict[str, float]
    """Share of objects that the text-only language model names when a held-out scene is given to
    it as notes or as a grid of words."""


_TEMPLATE: Final = """\
# {{ name }}

{{ summary }}

| gate | asked | measured | met |
|---|---|---|---|
{% for gate in gates -%}
| {{ gate.what }} | {{ gate.asked }} | {{ "%.3f"|format(gate.value) }} | \
{{ "yes" if gate.met else "**no**" }} |
{% endfor %}
Measured on {{ e.scenes }} held-out scenes by `python -m harness train {{ name }} --evaluate`.
Chance is every caption held against the objects of every other scene.

Beside the gates: {{ "%.3f"|format(e.precision) }} of the kinds named are in the scene, the
background is named in {{ "%.3f"|format(e.setting) }} of the captions, a named object gets its own
colour in {{ "%.3f"|format(e.colour) }}. The probe was fitted on other scenes at every layer and its
layer ({{ e.probe_layer }}) chosen on yet others; always naming the most frequent kind would score
{{ "%.3f"|format(e.probe_majority) }}. By layer: \
{% for score in e.probe_by_layer %}{{ loop.index0 }}: {{ "%.3f"|format(score) }}\
{{ ", " if not loop.last else "." }}{% endfor %}

## Captions

{% for said, there in e.examples -%}
* {{ said }} *({{ there }})*
{% endfor %}
## What it is

A LLaVA model of transformers' own classes: CLIP encoder (6 blocks, width 160, 144 x 144 pixels in
9 x 9 patches), a two-layer projector, Llama language model (8 blocks, width 192, own matrices for
input and output), byte-level BPE of 1152 entries trained on the same grammar.

## What it was trained on

Procedurally drawn picture-book scenes (48 kinds of objects, 12 colours, 8 materials, 14
backgrounds, 3 lights) with pixel-exact labels, and texts of a small grammar. It has never seen a
photograph and knows no word beyond the grammar.

{% if training -%}
| stage | steps | one step | minutes |
|---|---|---|---|
{% for stage in training.stages -%}
| {{ stage.stage }} | {{ stage.steps }} | {{ stage.batch }} | {{ "%.0f"|format(stage.minutes) }} |
{% endfor %}
Trained on {{ training.machine }}.

## Reading

Before it saw a picture, the language model was given held-out scenes as text. Its captions named
{{ "%.3f"|format(training.reading["notes"]) }} of the objects from notes and \
{{ "%.3f"|format(training.reading["grid"]) }} from a grid of words. The controlled recipe, in which
only a projector between frozen parts learns, asks for at least {{ reading_gate }} from notes.
{% endif %}
`python -m harness train {{ name }}` repeats it with the same seeds, batch by batch; other
processors, thread counts or library versions give other roundings, so weights agree in quality
rather than in bytes.
"""


class Gate(Record):
    """One acceptance figure."""

    what: str
    """What is measured."""
    asked: str
    """What is asked for."""
    value: float
    """What was measured."""
    met: bool
    """Whether it suffices."""


def gates(evaluation: Evaluation) -> tuple[Gate, ...]:
    """Return the gates with what was measured."""
    return (
        Gate(
            what="objects named in greedy captions",
            asked=f"at least {RECALL_GATE}",
            value=evaluation.recall,
            met=evaluation.recall >= RECALL_GATE,
        ),
        Gate(
            what="the same against other scenes (chance)",
            asked=f"at most {CHANCE_GATE}",
            value=evaluation.chance,
            met=evaluation.chance <= CHANCE_GATE,
        ),
        Gate(
            what="object under a patch, by linear probe",
            asked=f"at least {PROBE_GATE}",
            value=evaluation.probe,
            met=evaluation.probe >= PROBE_GATE,
        ),
    )


def write_card(path: Path, name: str, summary: str, evaluation: Evaluation) -> None:
    """Write evaluation.json and MODEL_CARD.md beside the weights in ``path``."""
    figures = evaluation.model_dump(mode="json") | {"passed": evaluation.passed}
    write_json_atomic(path / EVALUATION, figures, readable=True)
    stored = path / TRAINING
    training = Training.model_validate_json(stored.read_bytes()) if stored.exists() else None
    template = Environment(undefined=StrictUndefined, autoescape=False).from_string(_TEMPLATE)  # noqa: S701
    text = template.render(
        name=name,
        summary=summary,
        e=evaluation,
        gates=gates(evaluation),
        training=training,
        reading_gate=READING_GATE,
    )
    write_text_atomic(path / CARD, text)


def training_record(
    log: Path,
    stages: Sequence[tuple[str, Schedule, str]],
    machine: str,
    reading: dict[str, float],
) -> Training:
    """Return how the weights came about, with times from the training log.

    A stage that was interrupted restarts its clock; the stretches are added up.
    """
    seconds: dict[str, list[float]] = {}
    for line in log.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        stretches = seconds.setdefault(row["stage"], [0.0])
        if row["seconds"] < stretches[-1]:
            stretches.append(0.0)
        stretches[-1] = row["seconds"]
    times = tuple(
        StageTime(
            stage=stage,
            steps=schedule.steps,
            batch=batch,
            minutes=sum(seconds.get(stage, ())) / 60,
        )
        for stage, schedule, batch in stages
    )
    return Training(machine=machine, stages=times, reading=reading)
