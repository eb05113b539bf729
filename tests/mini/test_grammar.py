"""What is said about a scene is true of it."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from harness.core.rng import keyed_rng
from harness.mini.grammar import NUMBERS, caption, dialogue, in_order, look, notes, place
from harness.mini.knowledge import FACTS
from harness.mini.phrases import phrase
from harness.mini.scenes import KINDS, LIGHTS, sample_scene

SEEDS = st.integers(0, 10_000)


@given(SEEDS)
def test_caption_names_every_object_once_from_left_to_right(seed: int) -> None:
    """Kinds appear in the order of their centres, with their colours, and nothing else does."""
    scene = sample_scene(seed)
    words = re.findall("[a-z]+", caption(scene))
    named = [word for word in words if word in KINDS]
    assert named == [thing.kind for thing in sorted(scene.objects, key=lambda o: o.centre[0])]
    for thing in scene.objects:
        assert thing.colour in words[: words.index(thing.kind)]


@given(SEEDS)
def test_answers_are_true(seed: int) -> None:
    """Every question of a dialogue is answered by what the scene holds."""
    scene = sample_scene(seed)
    things = in_order(scene)
    looks = {look(thing) for thing in things}
    for question, answer in dialogue(scene, keyed_rng("test", seed), questions=13):
        kinds = [word for word in re.findall("[a-z]+", question) if word in KINDS]
        asked = next((thing for thing in things if kinds and thing.kind == kinds[0]), None)
        if question.startswith("what color"):
            assert asked is not None
            assert answer == f"{asked.colour}."
        elif question.startswith("where is the"):
            assert asked is not None
            assert answer == f"at the {place(asked)}."
        elif question.startswith("how many"):
            assert answer == f"{NUMBERS[len(things)]}."
        elif question.startswith("what is at the"):
            spot = question.removeprefix("what is at the ").rstrip("?")
            found = [look(thing) for thing in things if place(thing) == spot]
            assert all(words in answer for words in found)
            assert (answer == "nothing.") == (not found)
        elif question.startswith(("what is left", "what is right")):
            assert asked is not None
            step = -1 if "left" in question else 1
            at = things.index(asked) + step
            inside = 0 <= at < len(things)
            assert (look(things[at]) in answer) if inside else answer == "nothing."
        elif question.startswith("what is the first"):
            end = things[0] if "left" in question else things[-1]
            assert look(end) in answer
        elif question.startswith("describe"):
            assert all(words in answer for words in looks)


@given(SEEDS)
def test_notes_hold_everything_the_caption_says(seed: int) -> None:
    """A reader of the notes can write the caption."""
    scene = sample_scene(seed)
    text = notes(scene, keyed_rng("test", seed))
    assert all(look(thing) in text and place(thing) in text for thing in scene.objects)
    assert scene.background in text
    assert scene.light in text


def test_facts_cover_every_kind() -> None:
    """No kind is without knowledge, none is known that is never drawn."""
    assert FACTS.keys() == KINDS.keys()
    assert set(LIGHTS) == {"day", "evening", "night"}


def test_phrases_depend_on_the_lot_alone() -> None:
    """Equal keys give equal phrases; a thousand draws give many different ones."""
    first = [phrase(keyed_rng("test", number)) for number in range(1000)]
    assert first == [phrase(keyed_rng("test", number)) for number in range(1000)]
    assert len(set(first)) > 700
    assert all(text == text.strip() and "  " not in text for text in first)
