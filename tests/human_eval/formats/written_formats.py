"""The small study written in every format that can be imported."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from harness.core.ratings import Item, Rating
from human_eval.formats.lensbench import ratings_jsonl
from tests.human_eval.formats.a_labelled_study import (
    PEOPLE,
    STUDY_ID,
    by_item,
    choices,
    item_rows,
    items_jsonl,
    number_of,
    study,
    write_json,
)

Write = Callable[[Path, Sequence[Item], Sequence[Rating]], tuple[list[Path], list[Path]]]


def as_study(
    folder: Path, asked: Sequence[Item], found: Sequence[Rating]
) -> tuple[list[Path], list[Path]]:
    """Write study.json, and one JSONL export for each person."""
    (folder / "study.json").write_text(study(asked).model_dump_json(indent=2))
    labels = folder / "labels"
    labels.mkdir()
    for name in PEOPLE:
        own = [rating for rating in found if rating.annotator == name]
        (labels / f"ratings-{name}.jsonl").write_text(ratings_jsonl(STUDY_ID, name, own))
    return [folder / "study.json"], [labels]


def csv_line(rating: Rating) -> str:
    relations = "|".join(rating.relations)
    return (
        f"{STUDY_ID},{rating.item_id},{rating.annotator},{rating.state},{relations},"
        f"{rating.seconds},{rating.at},{rating.session}\n"
    )


def as_csv(
    folder: Path, asked: Sequence[Item], found: Sequence[Rating]
) -> tuple[list[Path], list[Path]]:
    """Write a table of items, and all ratings as one CSV file."""
    path = folder / "ratings.csv"
    header = "study,item_id,annotator,state,relations,seconds,at,session\n"
    path.write_text(header + "".join(csv_line(rating) for rating in found))
    return [items_jsonl(folder, asked)], [path]


def as_label_studio(
    folder: Path, asked: Sequence[Item], found: Sequence[Rating]
) -> tuple[list[Path], list[Path]]:
    """Write one JSON export whose tasks describe the items."""
    tasks: list[dict[str, Any]] = []
    for row, (_, own) in zip(item_rows(asked), by_item(asked, found), strict=True):
        annotations = [
            {
                "id": number,
                "completed_by": number_of(rating.annotator),
                "was_cancelled": False,
                "lead_time": rating.seconds,
                "created_at": rating.at,
                "result": [
                    {
                        "from_name": name,
                        "to_name": "image",
                        "type": "choices",
                        "value": {"choices": [choice]},
                    }
                    for name, choice in choices(rating).items()
                ],
            }
            for number, rating in enumerate(own, start=1)
        ]
        tasks.append({"id": len(tasks), "data": row, "annotations": annotations})
    return [], [write_json(folder / "export.json", tasks)]


def as_argilla(
    folder: Path, asked: Sequence[Item], found: Sequence[Rating]
) -> tuple[list[Path], list[Path]]:
    """Write the flattened records, which describe the items; blank answers have no response."""
    records = []
    for row, (_, own) in zip(item_rows(asked), by_item(asked, found), strict=True):
        record: dict[str, Any] = {"id": f"record-{row['item_id']}", "status": "completed", **row}
        for name in ("word1", "word2", "word3", "word4", "word5", "verdict"):
            said = [(choices(rating).get(name), rating) for rating in own]
            record[f"{name}.responses"] = [choice for choice, _ in said]
            record[f"{name}.responses.users"] = [
                str(number_of(rating.annotator)) for _, rating in said
            ]
            record[f"{name}.responses.status"] = ["submitted" for _ in said]
        records.append(record)
    return [], [write_json(folder / "records.json", records)]


def as_argilla_nested(
    folder: Path, asked: Sequence[Item], found: Sequence[Rating]
) -> tuple[list[Path], list[Path]]:
    """Write the records with nested responses."""
    records = []
    for row, (_, own) in zip(item_rows(asked), by_item(asked, found), strict=True):
        responses: dict[str, list[dict[str, Any]]] = {}
        for rating in own:
            said: dict[str, Any] = {**choices(rating)} or {"verdict": None}
            for name, choice in said.items():
                user = str(number_of(rating.annotator))
                responses.setdefault(name, []).append({"value": choice, "user_id": user})
        records.append(
            {"id": row["item_id"], "fields": row, "metadata": {}, "responses": responses}
        )
    return [], [write_json(folder / "records.json", records)]


def as_potato(
    folder: Path, asked: Sequence[Item], found: Sequence[Rating]
) -> tuple[list[Path], list[Path]]:
    """Write one user state for each person, of both shapes."""
    labels = folder / "annotation_output"
    for name in PEOPLE:
        own = [rating for rating in found if rating.annotator == name]
        nested: dict[str, Any] = {
            rating.item_id: {schema: {choice: "true"} for schema, choice in choices(rating).items()}
            for rating in own
        }
        pairs: dict[str, Any] = {
            rating.item_id: [
                [{"schema": schema, "name": choice}, choice]
                for schema, choice in choices(rating).items()
            ]
            for rating in own
        }
        state = {
            "user_id": str(number_of(name)),
            "instance_id_to_label_to_value": nested if name == PEOPLE[0] else pairs,
            "instance_id_to_behavioral_data": {
                rating.item_id: {"time_string": "Time spent: 0d 0h 1m 5s "} for rating in own
            },
        }
        write_json(labels / str(number_of(name)) / "user_state.json", state)
    return [items_jsonl(folder, asked)], [labels]


def as_potato_lines(
    folder: Path, asked: Sequence[Item], found: Sequence[Rating]
) -> tuple[list[Path], list[Path]]:
    """Write the older list of annotated instances for each person."""
    labels = folder / "annotation_output"
    for name in PEOPLE:
        own = [rating for rating in found if rating.annotator == name]
        place = labels / str(number_of(name))
        place.mkdir(parents=True)
        lines = [
            {
                "id": rating.item_id,
                "label_annotations": {
                    schema: {choice: "true"} for schema, choice in choices(rating).items()
                },
            }
            for rating in own
        ]
        text = "".join(json.dumps(line) + "\n" for line in lines)
        (place / "annotated_instances.jsonl").write_text(text)
    return [items_jsonl(folder, asked)], [labels]


def as_potato_table(
    folder: Path, asked: Sequence[Item], found: Sequence[Rating]
) -> tuple[list[Path], list[Path]]:
    """Write the Parquet export."""
    rows = [
        {"instance_id": rating.item_id, "user_id": str(number_of(rating.annotator))}
        | {f"word{place}": choices(rating).get(f"word{place}") for place in range(1, 6)}
        | {"verdict": choices(rating).get("verdict")}
        for rating in found
    ]
    path = folder / "annotations.parquet"
    pq.write_table(pa.Table.from_pylist(rows), path)
    return [items_jsonl(folder, asked)], [path]


def authors_entry(item: Item, *, sentences: bool = False) -> dict[str, Any]:
    """Return one entry of data.json."""
    candidates = [[word, "token"] for word in item.words] if sentences else list(item.words)
    entry = {
        "id": item.item_id,
        "index": int(item.image_id.removeprefix("image")),
        "candidates": candidates,
        "patch_type": "segmented",
        "model": "train_mlp-only_pixmo_cap_resize_qwen2-7b_siglip_seed10_step12000-unsharded",
    }
    return entry | ({"layer": 8, "visual_layer": 0} if sentences else {})


def authors_result(rating: Rating, item: Item) -> dict[str, Any]:
    """Return one entry of a sitting: words are ticked, equal ones once."""
    ticked = dict(zip(item.words, rating.relations, strict=False))
    return {
        "instanceId": item.item_id,
        "selectedWords": [
            {"word": word.replace("\r\n", "\n"), "relation": relation}
            for word, relation in ticked.items()
            if relation != "none"
        ],
        "noneSelected": rating.state == "none",
        "timestamp": rating.at,
    }


def as_authors(
    folder: Path, asked: Sequence[Item], found: Sequence[Rating]
) -> tuple[list[Path], list[Path]]:
    """Write data.json and a sitting of six items at most, as in the paper's study."""
    known = {item.item_id: item for item in asked}
    for name in PEOPLE:
        own = [rating for rating in found if rating.annotator == name]
        for start in range(0, len(own), 6):
            session = f"s{number_of(name)}x{start}"
            sitting = {
                "userId": str(number_of(name)),
                "sessionId": session,
                "timestamp": "2026-01-01T01:00:00.000Z",
                "results": [
                    authors_result(rating, known[rating.item_id])
                    for rating in own[start : start + 6]
                ],
            }
            file = f"evaluation_{number_of(name)}_{session}.json"
            write_json(folder / "results" / file, sitting)
    data = write_json(folder / "data.json", [authors_entry(item) for item in asked])
    return [data], [folder]


FORMATS: dict[str, tuple[str, Write]] = {
    "lensbench": ("lensbench", as_study),
    "lensbench csv": ("lensbench", as_csv),
    "label-studio": ("label-studio", as_label_studio),
    "argilla": ("argilla", as_argilla),
    "argilla nested": ("argilla", as_argilla_nested),
    "potato": ("potato", as_potato),
    "potato lines": ("potato", as_potato_lines),
    "potato table": ("potato", as_potato_table),
    "authors": ("authors", as_authors),
}
"""How each format is written, and its name."""
