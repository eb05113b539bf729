from __future__ import annotations

import json

import pytest

from harness.core.records import Entity, RegionLabels, Relation
from harness.mini.scenes.vocabulary import (
    BACKGROUNDS,
    COLOURS,
    KINDS,
    LIGHTS,
    MATERIALS,
    PARTS,
    REGIONS,
)
from judges.ground_truth import GroundTruthJudge, load_rules
from tests.judges.labels import BOAT, DOG, GRASS, LABELS, SKY, request

RULES = load_rules()
JUDGE = GroundTruthJudge()
PAINT_COLOURS = {"leaf": "green", "wood": "brown"}


def relation(word: str, labels: RegionLabels = LABELS) -> Relation:
    (answer,) = JUDGE.judge([request(word, labels=labels)])
    assert answer.status == "ok"
    return answer.relations[0]


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("dog", "concrete"),
        ("Dogs", "concrete"),
        (" puppy", "concrete"),
        ("animal", "concrete"),
        ("tails", "concrete"),
        ("red", "concrete"),
        ("crimson", "concrete"),
        ("stripes", "concrete"),
        ("lawn", "concrete"),
        ("green", "concrete"),  # grass is drawn green
        ("black", "concrete"),  # eyes are always painted black
        ("loyal", "abstract"),
        ("barking", "abstract"),
        ("danger", "abstract"),
        ("nature", "abstract"),
        ("boat", "global"),
        ("ships", "global"),
        ("sail", "global"),
        ("wooden", "global"),
        ("vehicles", "global"),
        ("sky", "global"),
        ("weather", "none"),  # only associations of what is inside count
        ("banana", "none"),
        ("cat", "none"),
        ("the", "none"),
        ("do", "none"),
        ("og", "none"),
        ("##dog", "none"),
        ("dog house", "none"),
        (".", "none"),
        ("", "none"),
    ],
)
def test_each_word_gets_the_relation_the_labels_give_it(word: str, expected: Relation) -> None:
    assert relation(word) == expected


def test_priority_is_concrete_then_abstract_then_global() -> None:
    pet_label = Entity(kind="pet", coverage=0.5)
    inside = RegionLabels(inside=(DOG, pet_label), everywhere=(DOG, pet_label), centre="dog")
    outside = RegionLabels(inside=(DOG,), everywhere=(DOG, pet_label), centre="dog")
    elsewhere = RegionLabels(inside=(GRASS,), everywhere=(GRASS, pet_label), centre="grass")
    assert relation("pet", inside) == "concrete"
    assert relation("pet", outside) == "abstract"
    assert relation("pet", elsewhere) == "global"


def test_an_entity_counts_as_inside_from_the_minimum_coverage_on() -> None:
    for coverage, expected in ((0.04, "concrete"), (0.0399, "global")):
        edge = BOAT.model_copy(update={"coverage": coverage})
        labels = RegionLabels(inside=(DOG, edge), everywhere=(DOG, BOAT), centre="dog")
        assert relation("boat", labels) == expected


def test_the_order_of_words_does_not_change_their_relations() -> None:
    words = ("dog", "boat", "loyal", "of", "lawn")
    judge = GroundTruthJudge()
    (forward,) = judge.judge([request(*words)])
    (backward,) = judge.judge([request(*reversed(words))])
    assert forward.relations == ("concrete", "global", "abstract", "none", "concrete")
    assert backward.relations == tuple(reversed(forward.relations))


def test_without_labels_the_answer_is_a_refusal_and_not_a_miss() -> None:
    (answer,) = GroundTruthJudge().judge([request("dog", labels=None)])
    assert (answer.status, answer.relations) == ("refusal", ())
    assert answer.error == "no ground-truth labels for this image"


def test_the_reply_names_the_entity_and_the_label_that_fit() -> None:
    (answer,) = GroundTruthJudge().judge([request("crimson", "ships", "of")])
    assert json.loads(answer.raw) == [
        {"word": "crimson", "relation": "concrete", "entity": "dog", "via": "colour"},
        {"word": "ships", "relation": "global", "entity": "boat", "via": "name"},
        {"word": "of", "relation": "none", "entity": "", "via": ""},
    ]


def test_requests_on_different_regions_do_not_mix() -> None:
    sea = RegionLabels(inside=(BOAT,), everywhere=(BOAT, DOG), centre="boat")
    answers = list(
        GroundTruthJudge().judge(
            [request("dog"), request("dog", labels=sea), request("dog", labels=None)]
        )
    )
    assert [answer.relations for answer in answers] == [("concrete",), ("global",), ()]


def test_labels_of_an_unknown_vocabulary_are_matched_by_name() -> None:
    zebra = Entity(kind="zebra", hypernyms=("equine",), coverage=0.6)
    labels = RegionLabels(inside=(zebra,), everywhere=(zebra,), centre="zebra")
    assert [relation(word, labels) for word in ("zebras", "equine", "horse")] == [
        "concrete",
        "concrete",
        "none",
    ]


def test_the_version_is_a_hash_of_the_rules() -> None:
    changed = RULES.model_copy(update={"minimum_coverage": 0.05})
    assert GroundTruthJudge().version == GroundTruthJudge(RULES).version
    assert GroundTruthJudge(changed).version != GroundTruthJudge().version


def test_every_label_of_the_scenes_has_its_rules() -> None:
    same, linked = RULES.synonyms, RULES.associations
    places = {*REGIONS, *BACKGROUNDS, *LIGHTS}
    assert set(same.objects) == set(linked.objects) == set(KINDS)
    assert set(same.families) == {kind.family for kind in KINDS.values()}
    assert set(same.parts) == set(PARTS)
    assert set(same.backgrounds) == set(linked.backgrounds) == places
    assert set(same.colours) == set(linked.colours) == set(COLOURS)
    assert set(same.materials) == set(linked.materials) == set(MATERIALS)
    assert set(RULES.background_colours) == set(REGIONS)


def test_every_thing_calls_something_to_mind() -> None:
    linked = RULES.associations
    for table in (linked.objects, linked.backgrounds, linked.colours, linked.materials):
        assert [name for name, words in table.items() if not words] == []


def test_every_label_of_the_scenes_is_concrete_on_itself() -> None:
    names = [(kind, False) for kind in KINDS] + [(region, True) for region in REGIONS]
    for name, background in names:
        entity = Entity(kind=name, background=background, coverage=0.5)
        labels = RegionLabels(inside=(entity,), everywhere=(entity,), centre=name)
        assert relation(name, labels) == "concrete", name
    for part in PARTS:
        entity = Entity(kind="thing", parts=(part,), coverage=0.5)
        labels = RegionLabels(inside=(entity,), everywhere=(entity,), centre="thing")
        assert relation(part, labels) == "concrete", part


def test_a_listed_part_colour_is_the_paint_of_that_part_in_every_drawing() -> None:
    for part, colours in RULES.part_colours.items():
        owners = [kind for kind in KINDS.values() if part in kind.parts]
        assert owners, part
        for kind in owners:
            paints = {piece.paint for piece in kind.pieces if piece.part == part}
            shown = {PAINT_COLOURS.get(paint, paint) for paint in paints}
            assert set(colours) <= shown, (kind.name, part)


def test_no_word_of_the_rules_is_a_function_word() -> None:
    same, linked = RULES.synonyms, RULES.associations
    tables = [getattr(same, name) for name in type(same).model_fields]
    tables += [getattr(linked, name) for name in type(linked).model_fields]
    words = {word for table in tables for key in table for word in (key, *table[key])}
    assert words & set(RULES.function_words) == set()


def test_the_global_table_does_not_depend_on_the_order_of_entities() -> None:
    turned = RegionLabels(inside=(GRASS, DOG), everywhere=(SKY, BOAT, GRASS, DOG), centre="dog")
    for word in ("dog", "sail", "blue", "loyal", "outdoors", "of"):
        assert relation(word, turned) == relation(word)


def test_a_function_word_never_fits_even_if_a_label_is_named_so() -> None:
    entity = Entity(kind="can", hypernyms=("container",), coverage=0.5)
    labels = RegionLabels(inside=(entity,), everywhere=(entity,), centre="can")
    assert relation("can", labels) == "none"
    assert relation("container", labels) == "concrete"


def test_of_a_sentence_the_marked_word_is_judged() -> None:
    sentences = ("a dog on a ⟦boat⟧ in the sun", "a ⟦dog⟧ on a boat", "⟦the⟧ dog", "⟦loyal⟧")
    (answer,) = JUDGE.judge([request(*sentences, protocol="sentence")])
    (bare,) = JUDGE.judge([request("boat", "dog", "the", "loyal")])
    assert answer.relations == bare.relations == ("global", "concrete", "none", "abstract")
    assert (answer.words, answer.raw) == (sentences, bare.raw)


def test_marks_mean_nothing_where_words_are_shown() -> None:
    (answer,) = JUDGE.judge([request("⟦dog⟧", "a ⟦dog⟧")])
    assert answer.relations == ("none", "none")
