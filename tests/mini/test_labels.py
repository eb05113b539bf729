"""Ground truth of a region is what was drawn there."""

from __future__ import annotations

import numpy as np
import pytest

from harness.core.errors import DataError, UsageError
from harness.core.records import ImageRecord
from harness.mini.grammar import caption
from harness.mini.labels import region_labels
from harness.mini.scenes import KINDS, Scene, SceneObject, draw_scene, sample_scene
from harness.mini.source import HIGHEST_SEED, SceneSource

DOG = SceneObject("dog", "red", "striped", (0.3, 0.7), 0.4, flipped=False)
CUP = SceneObject("cup", "blue", "plain", (0.8, 0.8), 0.3, flipped=False)
SCENE = Scene(seed=5, background="meadow", light="night", horizon=0.4, objects=(DOG, CUP))


def test_inside_is_the_region_and_everywhere_is_the_image() -> None:
    """Around the dog there is no cup; the cup is elsewhere in the image."""
    drawing = draw_scene(SCENE)
    labels = region_labels(SCENE, drawing, (16.0, 72.0, 64.0, 120.0), (43.0, 100.0))
    inside = {entity.kind: entity for entity in labels.inside}
    everywhere = {entity.kind: entity for entity in labels.everywhere}
    assert "cup" not in inside
    assert {"dog", "cup", "grass", "sky", "night"} <= everywhere.keys()
    assert inside["dog"].colour == "red"
    assert inside["dog"].material == "striped"
    assert inside["dog"].hypernyms == ("animal",)
    assert everywhere["cup"].material == ""
    assert inside["grass"].background
    assert inside["grass"].hypernyms == ("meadow",)
    assert labels.centre == "dog"


def test_coverage_is_the_share_of_pixels() -> None:
    """Objects and background together cover the region exactly; the light covers all of it."""
    drawing = draw_scene(SCENE)
    labels = region_labels(SCENE, drawing, (32.0, 80.0, 80.0, 128.0), (50.0, 90.0))
    shares = {entity.kind: entity.coverage for entity in labels.inside}
    assert shares.pop("night") == 1.0
    assert sum(shares.values()) == pytest.approx(1.0)
    window = drawing.object_map[80:128, 32:80]
    assert shares["dog"] == pytest.approx(float((window == 0).mean()))


def test_parts_are_those_that_can_be_seen_in_the_region() -> None:
    """A strip through the dog's legs shows legs and no head."""
    drawing = draw_scene(SCENE)
    rows, columns = np.nonzero(drawing.object_map == 0)
    strip = (float(columns.min()), float(rows.max() - 6), float(columns.max()), float(rows.max()))
    labels = region_labels(SCENE, drawing, strip, (43.0, float(rows.max() - 2)))
    dog = next(entity for entity in labels.inside if entity.kind == "dog")
    assert "leg" in dog.parts
    assert "head" not in dog.parts
    assert set(dog.parts) <= set(KINDS["dog"].parts)


def test_a_scene_has_one_caption_and_it_is_its_own() -> None:
    """Scenes that differ have captions that differ, as the grammar says them."""
    source = SceneSource("scenes:7+3")
    captions = [source.captions(record) for record in source.records()]
    assert captions == [(caption(sample_scene(seed)),) for seed in (7, 8, 9)]
    assert len(set(captions)) == 3


def test_source_is_content_addressed() -> None:
    """Records are stable, and a scene that is drawn differently is an error."""
    source = SceneSource("scenes:heldout", limit=3)
    assert source.records() == SceneSource("scenes:0+3").records()
    record = source.records()[1]
    assert source.open(record).size == (144, 144)
    wrong = ImageRecord(image_id="0" * 64, source=record.source, width=144, height=144)
    with pytest.raises(DataError, match="drawn differently"):
        source.open(wrong)


def test_held_out_scenes_are_a_hundred_and_not_for_training() -> None:
    """Seeds that training uses are refused."""
    assert len(SceneSource("scenes:heldout").records()) == 100
    with pytest.raises(UsageError, match="training scenes"):
        SceneSource(f"scenes:{HIGHEST_SEED - 1}+2")
    assert sample_scene(0) != sample_scene(1)
