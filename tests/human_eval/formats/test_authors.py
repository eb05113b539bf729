"""The layout of the paper's human study."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from harness.core.errors import DataError, UsageError
from harness.core.ratings import Rating
from human_eval.formats.imported import Imported
from human_eval.formats.registry import read_study_labels
from tests.human_eval.formats.a_labelled_study import write_json

MODEL = "train_mlp-only_pixmo_cap_resize_olmo-7b_vit-l-14-336_step12000-unsharded"
WORDS = ["',\r\n'", " Green", "Green", "():\n", "dog"]
SENTENCES = [
    ["three blue pens", " pens"],
    ["two green pens", " pens"],
    ["three blue pens", " blue"],
]


def item_id(number: int, image: int = 139) -> str:
    return f"{MODEL}_{image:05d}_patch{number}"


def entry(number: int, **values: Any) -> dict[str, Any]:
    """Return one entry of data.json of the token condition."""
    fixed = {"id": item_id(number), "index": 139, "model": MODEL, "candidates": WORDS}
    return fixed | {"patch_type": "segmented", "patch_row": 2, "patch_col": 3} | values


def result(number: int, *words: tuple[str, str], none: bool = False, at: int = 0) -> dict[str, Any]:
    """Return what one person said of one item."""
    return {
        "instanceId": item_id(number),
        "selectedWords": [{"word": word, "relation": relation} for word, relation in words],
        "noneSelected": none,
        "timestamp": f"2026-01-01T00:{at // 60:02d}:{at % 60:02d}.000Z",
    }


def sitting(*results: Any, person: str = "ada", session: str = "s1") -> dict[str, Any]:
    return {"userId": person, "sessionId": session, "timestamp": "", "results": list(results)}


def study(folder: Path, sittings: list[dict[str, Any]], data: list[Any] | None = None) -> Imported:
    """Write a study in this layout and read it."""
    asked = [entry(number) for number in range(6)] if data is None else data
    file = write_json(folder / "data.json", asked)
    for number, found in enumerate(sittings):
        name = f"evaluation_{found.get('userId')}_{found.get('sessionId')}x{number}.json"
        write_json(folder / "results" / name, found)
    return read_study_labels("authors", [file], [folder], [])


def one(folder: Path, *words: tuple[str, str], none: bool = False) -> Rating:
    """Return the only rating of a study with one answer."""
    found = study(folder, [sitting(result(0, *words, none=none))])
    assert not found.left_out
    (rating,) = found.ratings
    return rating


def left(found: Imported) -> list[tuple[str, str]]:
    return [(entry.reason, entry.detail) for entry in found.left_out]


def test_items_of_the_token_condition(tmp_path: Path) -> None:
    found = study(tmp_path, [sitting(result(0, ("dog", "concrete")))])
    item = found.items[0]
    assert (item.item_id, item.image_id, item.words) == (item_id(0), "139", tuple(WORDS))
    assert (item.model, item.patch_type) == ("olmo-7b_vit-l-14-336", "segmented")
    (cell,) = item.cells
    assert (cell.lens, cell.layer, cell.kind, cell.pair) == ("embedding", 0, "lens", item_id(0))
    assert cell.weight == 1


def test_items_of_the_sentence_condition(tmp_path: Path) -> None:
    model = MODEL.replace("olmo-7b", "qwen2-7b").replace("_step", "_seed10_step")
    data = [entry(0, candidates=SENTENCES, layer=8, visual_layer=0, model=model)]
    found = study(tmp_path, [sitting(result(0, ("three blue pens", "abstract")))], data)
    (item,) = found.items
    assert item.words == ("three blue pens", "two green pens", "three blue pens")
    assert item.model == "qwen2-7b_vit-l-14-336"
    assert (item.cells[0].lens, item.cells[0].layer) == ("latent", 0)
    assert found.ratings[0].relations == ("abstract", "none", "abstract")


@pytest.mark.parametrize(
    ("values", "image"),
    [
        ({"index": 7, "original_index": 8}, "7"),
        ({"index": None, "original_index": 8}, "8"),
        ({"index": None, "image_url": "https://example.org/a.jpg"}, "https://example.org/a.jpg"),
        ({"index": None}, "00139"),
    ],
)
def test_the_image_is_found(values: dict[str, Any], image: str, tmp_path: Path) -> None:
    found = study(tmp_path, [sitting(result(0, none=True))], [entry(0, **values)])
    assert found.items[0].image_id == image


@pytest.mark.parametrize(
    ("values", "reason", "detail"),
    [
        ({"candidates": []}, "unusable item", "expected words, or pairs"),
        ({"candidates": ["a", ["b", "c"]]}, "unusable item", "expected words, or pairs"),
        ({"candidates": None}, "unusable item", "expected words, or pairs"),
        ({"id": None}, "unusable item", "it has no id"),
        ({"id": "x", "index": None}, "unusable item", "it names no image"),
        ({"id": item_id(0)}, "duplicate item", "an item before has its id"),
    ],
)
def test_a_bad_item_is_named(
    values: dict[str, Any], reason: str, detail: str, tmp_path: Path
) -> None:
    data = [entry(0), entry(1, **values)]
    found = study(tmp_path, [sitting(result(0, none=True))], data)
    assert [item.item_id for item in found.items] == [item_id(0)]
    assert [reason] == [name for name, _ in left(found)]
    assert detail in left(found)[0][1]
    assert found.left_out[0].source == f"{tmp_path / 'data.json'}, entry 2"


def test_kinds_of_answers(tmp_path: Path) -> None:
    assert one(tmp_path / "a", ("dog", "global")).state == "selected"
    assert one(tmp_path / "b", none=True).relations == ("none",) * 5
    blank = one(tmp_path / "c")
    assert (blank.state, blank.relations) == ("blank", ())
    assert (blank.annotator, blank.session) == ("ada", "s1")
    assert blank.at == "2026-01-01T00:00:00.000Z"


@pytest.mark.parametrize(
    ("word", "place"),
    [
        ("',\r\n'", 0),
        ("',\n'", 0),
        (" Green", 1),
        ("Green", 2),
        ("():\n", 3),
        ("():", 3),
        ("dog ", 4),
    ],
)
def test_odd_words_are_found(word: str, place: int, tmp_path: Path) -> None:
    wanted = ["none"] * 5
    wanted[place] = "concrete"
    assert list(one(tmp_path, (word, "concrete")).relations) == wanted


def test_a_word_that_was_not_shown_is_ignored_and_named(tmp_path: Path) -> None:
    words = (("cat", "concrete"), ("dog", "abstract"), ("Green", "unknown"))
    found = study(tmp_path, [sitting(result(0, *words))])
    assert found.ratings[0].relations == ("none", "none", "none", "none", "abstract")
    assert left(found) == [
        ("word not shown", '"cat" is none of the item\'s 5 words'),
        ("unknown relation of a word", 'relation "unknown": expected concrete, abstract, global'),
    ]
    assert {entry.item_id for entry in found.left_out} == {item_id(0)}
    assert {entry.annotator for entry in found.left_out} == {"ada"}


def test_a_rating_of_which_nothing_is_left_is_left_out(tmp_path: Path) -> None:
    found = study(tmp_path, [sitting(result(0, ("cat", "concrete")), result(1, none=True))])
    assert left(found) == [("no word left", '"cat" is none of the item\'s 5 words')]
    assert len(found.ratings) == 1


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (result(0, ("dog", "concrete"), none=True), "contradictory rating"),
        (result(0, ("dog", "concrete"), ("dog", "global")), "contradictory rating"),
        (result(99), "unknown item"),
        ({"selectedWords": []}, "unknown item"),
        (result(0) | {"selectedWords": "dog"}, "unreadable entry"),
        (result(0) | {"noneSelected": "yes"}, "unreadable entry"),
        ("text", "unreadable entry"),
        (None, "unreadable entry"),
    ],
)
def test_a_bad_entry_is_named(bad: Any, reason: str, tmp_path: Path) -> None:
    found = study(tmp_path, [sitting(result(1, none=True), bad, result(2, none=True))])
    assert [rating.item_id for rating in found.ratings] == [item_id(1), item_id(2)]
    assert [name for name, _ in left(found)] == [reason]
    assert found.left_out[0].source.endswith("x0.json, entry 2")
    assert found.left_out[0].annotator == "ada"


def test_the_same_word_twice_is_one_word(tmp_path: Path) -> None:
    rating = one(tmp_path, ("dog", "concrete"), ("dog", "concrete"))
    assert rating.relations[4] == "concrete"


def test_seconds_are_since_the_rating_before(tmp_path: Path) -> None:
    times = [0, 8, 5, 5 + 1801, 3000]
    results = [result(place, none=True, at=at) for place, at in enumerate(times)]
    results.append(result(5, none=True) | {"timestamp": "soon"})
    found = study(tmp_path, [sitting(*results)])
    assert [rating.seconds for rating in found.ratings] == [None, 8, None, None, 1194, None]


def test_people_and_sittings_are_told_by_the_file_name_if_need_be(tmp_path: Path) -> None:
    bare = sitting(result(0, none=True), person="", session="")
    write_json(tmp_path / "evaluation_a_b_s9.json", bare)
    file = write_json(tmp_path / "data.json", [entry(0)])
    read = read_study_labels("authors", [file], [tmp_path / "evaluation_a_b_s9.json"], [])
    assert (read.ratings[0].annotator, read.ratings[0].session) == ("a_b", "s9")
    write_json(tmp_path / "ada.json", bare)
    with pytest.raises(DataError, match="1 x no annotator"):
        read_study_labels("authors", [file], [tmp_path / "ada.json"], [])


def test_the_same_sitting_twice_counts_once(tmp_path: Path) -> None:
    found = study(tmp_path, [sitting(result(0, none=True))] * 2)
    assert [name for name, _ in left(found)] == ["duplicate rating"]
    assert len(found.ratings) == 1


def test_two_people_under_one_name_are_found(tmp_path: Path) -> None:
    other = sitting(result(0, ("dog", "concrete")), result(1, none=True), session="s2")
    found = study(tmp_path, [sitting(result(0, none=True)), other])
    assert [name for name, _ in left(found)] == ["two people under one name"] * 2
    assert [rating.item_id for rating in found.ratings] == [item_id(1)]


def test_a_folder_with_a_bad_file_uses_the_others(tmp_path: Path) -> None:
    place = tmp_path / "results"
    place.mkdir()
    (place / "evaluation_b_1.json").write_text(json.dumps(sitting(result(0)))[:-9])
    (place / "evaluation_c_1.json").write_text("{}")
    (place / "evaluation_d_1.json").write_bytes('{"userId": "é"}'.encode("latin-1"))
    (place / "summary.csv").write_text("a,b\n")
    found = study(tmp_path, [sitting(result(1, none=True))])
    assert len(found.ratings) == 1
    named = {Path(entry.source).name: entry.reason for entry in found.left_out}
    assert named == {
        "evaluation_b_1.json": "truncated file",
        "evaluation_c_1.json": "unreadable file",
        "evaluation_d_1.json": "unreadable file",
        "summary.csv": "not a label file",
    }
    with pytest.raises(DataError, match="is cut off"):
        read_study_labels("authors", [tmp_path / "data.json"], [place / "evaluation_b_1.json"], [])


@pytest.mark.parametrize(
    ("value", "message"),
    [({}, "expected a JSON list of items"), ([], "the list is empty"), ([1], "it has no id")],
)
def test_a_file_without_items_is_refused(value: Any, message: str, tmp_path: Path) -> None:
    file = write_json(tmp_path / "data.json", value)
    with pytest.raises(DataError, match=message):
        read_study_labels("authors", [file], [tmp_path], [])


def two_conditions(tmp_path: Path) -> tuple[list[Path], list[Path]]:
    words, sentences = tmp_path / "nn", tmp_path / "contextual"
    study(words, [sitting(result(0, ("dog", "concrete")), result(9))])
    data = [entry(number, candidates=SENTENCES, layer=8, visual_layer=0) for number in range(3)]
    study(sentences, [sitting(result(0, ("two green pens", "abstract")), session="s2")], data)
    return [words / "data.json", sentences / "data.json"], [words, sentences]


def test_two_conditions_are_kept_apart_and_paired(tmp_path: Path) -> None:
    found = read_study_labels("authors", *two_conditions(tmp_path), [])
    assert len(found.items) == 6 + 3
    assert {rating.item_id: rating.relations for rating in found.ratings} == {
        f"embedding:{item_id(0)}": ("none", "none", "none", "none", "concrete"),
        f"latent:{item_id(0)}": ("none", "abstract", "none"),
    }
    pairs = {item.item_id: item.cells[0].pair for item in found.items}
    assert pairs[f"embedding:{item_id(0)}"] == pairs[f"latent:{item_id(0)}"] == item_id(0)
    assert [entry.item_id for entry in found.left_out] == [f"embedding:{item_id(9)}"]


def test_conditions_are_matched_by_position(tmp_path: Path) -> None:
    data, labels = two_conditions(tmp_path)
    with pytest.raises(UsageError, match="--items is given 2 times, --labels 1"):
        read_study_labels("authors", data, labels[:1], [])
    with pytest.raises(UsageError, match="--judge-replies 1"):
        read_study_labels("authors", data, labels, data[:1])
    with pytest.raises(UsageError, match="in another condition of the same lens"):
        read_study_labels("authors", data[:1] * 2, labels[:1] * 2, [])


def test_a_mixed_condition_is_refused_beside_another(tmp_path: Path) -> None:
    data, labels = two_conditions(tmp_path)
    write_json(data[0], [entry(0), entry(1, candidates=SENTENCES)])
    with pytest.raises(DataError, match="mixes words and sentences"):
        read_study_labels("authors", data, labels, [])


def test_a_study_of_the_published_size(tmp_path: Path) -> None:
    """As in the paper's token condition: 360 items, 104 sittings of six, 248 blank ratings."""
    data = [
        entry(0, id=item_id(number % 6, number // 6), index=number // 6) for number in range(360)
    ]
    sittings = []
    for number in range(104):
        image = number % 60
        results = []
        for patch in range(6):
            answer = result(patch, *([("dog", "concrete")] if patch % 2 else []), at=patch * 4)
            blank = number * 6 + patch < 248
            clean: dict[str, Any] = (
                {"selectedWords": []} if blank else {"noneSelected": patch % 2 == 0}
            )
            results.append(answer | {"instanceId": item_id(patch, image)} | clean)
        person = "rev" if number < 42 else f"p{number // 60}"
        sittings.append(sitting(*results, person=person, session=f"s{number}"))
    found = study(tmp_path, sittings, data)
    assert len(found.items) == 360
    assert len({item.image_id for item in found.items}) == 60
    assert len(found.ratings) == 624
    assert sum(rating.state == "blank" for rating in found.ratings) == 248
    assert not found.left_out
