"""A small made-up study with drawn pictures, for tests of the page, its server and its store."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw

from harness.core.ids import digest
from harness.core.ratings import Item, ItemCell
from human_eval.study import Study, write_study

ANNOTATORS = ("ada", "ben", "cyd")

SECRETS = ("SECRET-LENS", "SECRET-CONTROL", "SECRET-BAND", "SECRET-PAIR", "SECRET-MODEL")
"""What must never reach an annotator; every item carries all of them."""

SECRET_LAYER = 7351
SECRET_WEIGHT = 9124.5

_WORDS = (
    ("dog", "puppy", "animal", "dog", "leash"),
    ("sky", "blue", "calm", "cloud", "weather"),
    ("red brick", "wall", "wall", "wall", "wall"),
    ("wheel", "tyre", "speed", "road", "car"),
    ("STOP", "sign", "danger", "octagon", "letters"),
    ("grass", "green", "picnic", "field", "summer"),
)
_SENTENCES = (
    ("a small ⟦dog⟧ on a leash", "the ⟦puppy⟧ sleeps", "an ⟦animal⟧ in the yard"),
    ("a clear ⟦sky⟧ over the sea", "the ⟦blue⟧ door of a barn", "⟦calm⟧"),
)
_COLOURS = ("#7fa8d1", "#c9b27c", "#8fb98a", "#b98a8a", "#9a8fb9", "#cfcfcf")


def a_study(
    items: int = 6,
    annotators: Sequence[str] = ANNOTATORS,
    *,
    words: Sequence[tuple[str, ...]] = (),
    sentences: bool = False,
) -> Study:
    """Return a study in which everyone is asked every item, each in an own order."""
    told = words or (_SENTENCES if sentences else _WORDS)
    made = tuple(_item(number, told[number % len(told)]) for number in range(items))
    ids = [item.item_id for item in made]
    turned = {
        name: tuple(ids[turn % items :] + ids[: turn % items])
        for turn, name in enumerate(annotators)
    }
    return Study(
        study_id=digest([ids, list(annotators)])[:16],
        run="SECRET-RUN",
        vlm="SECRET-VLM",
        judge="SECRET-JUDGE",
        shows="sentences" if sentences else "words",
        items=made,
        assignments=turned,
    )


def pictures(study: Study, side: int = 96) -> dict[str, tuple[bytes, bytes]]:
    """Return boxed canvas and crop of every patch of the study."""
    return {item.patch_id: _drawn(number, side) for number, item in enumerate(study.items)}


def written_study(folder: Path, study: Study | None = None, side: int = 96) -> Study:
    """Write a study with its pictures into ``folder`` and return it."""
    made = study or a_study()
    write_study(folder, made, pictures(made, side))
    return made


def _item(number: int, words: tuple[str, ...]) -> Item:
    patch_id = f"p{number:03d}"
    cells = (
        ItemCell(
            lens="SECRET-LENS",
            layer=SECRET_LAYER,
            band="SECRET-BAND",
            pair="SECRET-PAIR",
            weight=SECRET_WEIGHT,
        ),
        ItemCell(lens="SECRET-CONTROL", kind="control", layer=SECRET_LAYER, weight=SECRET_WEIGHT),
    )
    return Item(
        item_id=digest([patch_id, list(words)])[:16],
        image_id=f"image-{number // 2}",
        patch_id=patch_id,
        words=words,
        cells=cells,
        model="SECRET-MODEL",
        patch_type="SECRET-MODEL",
    )


def _drawn(number: int, side: int) -> tuple[bytes, bytes]:
    view = Image.new("RGB", (side, side * 3 // 4), _COLOURS[number % len(_COLOURS)])
    pen = ImageDraw.Draw(view)
    unit = side // 8
    left, top = unit * (1 + number % 4), unit * (1 + number % 3)
    region = (left, top, left + 2 * unit, top + 2 * unit)
    pen.ellipse((left - unit, top, left + 2 * unit, top + 3 * unit), fill="#6b4f3a")
    pen.rectangle((0, view.height - unit, side, view.height), fill="#5d7d4f")
    crop = view.crop(region)
    pen.rectangle(region, outline="#ff0000", width=3)
    return _png(view), _png(crop)


def _png(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format="PNG")
    return buffer.getvalue()
