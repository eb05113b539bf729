"""Checks of the procedural scenes: their labels must be true of their pixels."""

from collections import Counter

import numpy as np
import pytest

from harness.mini.scenes import (
    BACKGROUNDS,
    COLOURS,
    KINDS,
    LIGHTS,
    MATERIALS,
    PARTS,
    REGIONS,
    Drawing,
    Scene,
    SceneObject,
    draw_scene,
    sample_scene,
)


def _single(
    kind: str,
    colour: str = "red",
    material: str = "plain",
    *,
    seed: int = 5,
    background: str = "sea",
    light: str = "day",
    flipped: bool = False,
) -> Scene:
    item = SceneObject(kind, colour, material, (0.5, 0.5), 0.44, flipped)
    return Scene(seed, background, light, 0.5, (item,))


def _main_parts(kind: str) -> list[int]:
    return [PARTS.index(piece.part) for piece in KINDS[kind].pieces if piece.paint == "main"]


def _same(one: Drawing, other: Drawing) -> bool:
    return (
        np.array_equal(one.image, other.image)
        and np.array_equal(one.object_map, other.object_map)
        and np.array_equal(one.part_map, other.part_map)
        and np.array_equal(one.region_map, other.region_map)
    )


def test_vocabulary_has_the_promised_breadth() -> None:
    assert len(KINDS) >= 40
    assert (len(COLOURS), len(MATERIALS), len(BACKGROUNDS), len(LIGHTS)) == (12, 8, 14, 3)
    assert len({kind.family for kind in KINDS.values()}) >= 9
    assert list(PARTS) == sorted(set(PARTS))
    assert list(REGIONS) == sorted(set(REGIONS))
    assert all(2 <= len(regions) <= 3 for regions in BACKGROUNDS.values())


def test_same_seed_gives_same_scene_and_drawing() -> None:
    for seed in range(5):
        scene, again = sample_scene(seed), sample_scene(seed)
        assert scene == again
        assert _same(draw_scene(scene), draw_scene(again))


def test_other_seed_gives_other_scene_and_drawing() -> None:
    assert len({repr(sample_scene(seed).objects) for seed in range(50)}) == 50
    one, other = draw_scene(_single("dog", seed=1)), draw_scene(_single("dog", seed=2))
    assert not np.array_equal(one.object_map, other.object_map)


def test_sampled_objects_are_distinct_apart_and_inside() -> None:
    counts: Counter[int] = Counter()
    for seed in range(400):
        items = sample_scene(seed).objects
        counts[len(items)] += 1
        assert len({item.kind for item in items}) == len(items)
        for i, item in enumerate(items):
            assert 0.28 <= item.size <= 0.46
            for centre in item.centre:
                assert item.size / 2 - 1e-9 <= centre <= 1 - item.size / 2 + 1e-9
            for other in items[:i]:
                assert abs(item.centre[0] - other.centre[0]) >= 0.1
                assert _overlap(item, other) < 0.12
    assert set(counts) == {2, 3, 4}


def _overlap(one: SceneObject, other: SceneObject) -> float:
    sides = [
        min(a + one.size / 2, b + other.size / 2) - max(a - one.size / 2, b - other.size / 2)
        for a, b in zip(one.centre, other.centre, strict=True)
    ]
    shared = max(sides[0], 0.0) * max(sides[1], 0.0)
    return shared / (one.size**2 + other.size**2 - shared)


def test_every_word_is_sampled_about_equally_often() -> None:
    scenes = [sample_scene(seed) for seed in range(2000)]
    items = [item for scene in scenes for item in scene.objects]
    tallies = (
        (Counter(item.kind for item in items), KINDS),
        (Counter(item.colour for item in items), COLOURS),
        (Counter(item.material for item in items), MATERIALS),
        (Counter(scene.background for scene in scenes), BACKGROUNDS),
        (Counter(scene.light for scene in scenes), LIGHTS),
    )
    for tally, words in tallies:
        even = sum(tally.values()) / len(words)
        assert all(0.6 * even < tally[word] < 1.5 * even for word in words)


def test_object_bounds_are_kept_and_checked() -> None:
    assert {len(sample_scene(seed, objects=(1, 1)).objects) for seed in range(20)} == {1}
    assert {len(sample_scene(seed, objects=(6, 6)).objects) for seed in range(5)} == {6}
    for bounds in ((0, 2), (3, 2), (2, 7)):
        with pytest.raises(ValueError, match="objects"):
            sample_scene(0, objects=bounds)


@pytest.mark.parametrize("kind", list(KINDS))
def test_every_kind_shows_its_parts_and_fills_its_box(kind: str) -> None:
    drawing = draw_scene(_single(kind))
    inside = drawing.object_map == 0
    assert inside.sum() >= 0.15 * (0.44 * 144) ** 2
    shown = Counter(drawing.part_map[inside].tolist())
    assert set(shown) <= {PARTS.index(part) for part in KINDS[kind].parts}
    assert len(KINDS[kind].parts) >= 2
    # Every named part must be there to be pointed at, the thin ones too.
    assert all(shown[PARTS.index(part)] >= 3 for part in KINDS[kind].parts)
    rows, columns = np.nonzero(inside)
    half = 0.22 * 144 + 1
    assert max(abs(rows - 71.5).max(), abs(columns - 71.5).max()) <= half


@pytest.mark.parametrize("kind", list(KINDS))
def test_most_of_an_object_follows_its_colour(kind: str) -> None:
    red, blue = draw_scene(_single(kind, "red")), draw_scene(_single(kind, "blue"))
    inside = red.object_map == 0
    assert np.array_equal(red.object_map, blue.object_map)
    moved = red.image[..., 0].astype(int) - blue.image[..., 0].astype(int) > 40
    assert moved[inside].mean() >= 0.6
    assert moved[~inside].mean() < 0.02


@pytest.mark.parametrize("colour", list(COLOURS))
def test_main_parts_have_the_colour_of_their_label(colour: str) -> None:
    names = list(COLOURS)
    values = np.array([COLOURS[name] for name in names])
    ranks = []
    for kind in KINDS:
        drawing = draw_scene(_single(kind, colour))
        inside = np.isin(drawing.part_map, _main_parts(kind)) & (drawing.object_map == 0)
        middle = np.median(drawing.image[inside], axis=0)
        distances = np.linalg.norm(values - middle, axis=1)
        ranks.append(int((distances < distances[names.index(colour)]).sum()))
    assert max(ranks) <= 1
    assert ranks.count(0) >= 0.9 * len(ranks)


def test_kinds_differ_in_outline_or_parts() -> None:
    drawings = [draw_scene(_single(kind)) for kind in KINDS]
    for i, one in enumerate(drawings):
        for other in drawings[:i]:
            assert (one.part_map != other.part_map).mean() > 0.01
            assert not np.array_equal(one.object_map, other.object_map)


@pytest.mark.parametrize("colour", ["black", "white", "red"])
def test_materials_look_different(colour: str) -> None:
    drawings = [draw_scene(_single("shirt", colour, material)) for material in MATERIALS]
    inside = drawings[0].object_map == 0
    surfaces = [drawing.image[inside].astype(float) for drawing in drawings]
    for i, one in enumerate(surfaces):
        for other in surfaces[:i]:
            assert np.abs(one - other).mean() > 5


@pytest.mark.parametrize("background", list(BACKGROUNDS))
def test_every_region_of_a_background_shows(background: str) -> None:
    regions = BACKGROUNDS[background]
    drawing = draw_scene(Scene(7, background, "day", 0.45, ()))
    shown = Counter(drawing.region_map.ravel().tolist())
    assert set(shown) == {REGIONS.index(region.name) for region in regions}
    assert min(shown.values()) > 0.03 * drawing.region_map.size
    assert REGIONS[drawing.region_map[0, 0]] == regions[0].name
    assert REGIONS[drawing.region_map[-1, 0]] == regions[-1].name
    for region in regions:
        area = drawing.image[drawing.region_map == REGIONS.index(region.name)]
        tone = (np.array(region.upper) + np.array(region.lower)) / 2
        assert np.abs(area.mean(axis=0) - tone).max() < 60
    assert (drawing.object_map == -1).all()
    assert (drawing.part_map == -1).all()


def test_horizon_moves_the_ground() -> None:
    high = draw_scene(Scene(7, "sea", "day", 0.35, ())).region_map == REGIONS.index("water")
    low = draw_scene(Scene(7, "sea", "day", 0.6, ())).region_map == REGIONS.index("water")
    assert high.mean() == pytest.approx(0.65, abs=0.02)
    assert low.mean() == pytest.approx(0.4, abs=0.02)


def test_lights_change_brightness_and_warmth() -> None:
    means = {
        light: draw_scene(_single("ball", "white", light=light)).image.mean(axis=(0, 1))
        for light in LIGHTS
    }
    assert means["night"].sum() < means["evening"].sum() < means["day"].sum()
    warmth = {light: mean[0] / mean[2] for light, mean in means.items()}
    assert warmth["night"] < warmth["day"] < warmth["evening"]


def test_flipped_object_faces_the_other_way() -> None:
    right, left = draw_scene(_single("dog")), draw_scene(_single("dog", flipped=True))
    for drawing, sign in ((right, 1), (left, -1)):
        nose = np.nonzero(drawing.part_map == PARTS.index("nose"))[1].mean()
        tail = np.nonzero(drawing.part_map == PARTS.index("tail"))[1].mean()
        assert sign * (nose - tail) > 20


def test_lower_object_hides_the_higher_one() -> None:
    front = SceneObject("ball", "red", "plain", (0.5, 0.6), 0.4, False)
    behind = SceneObject("ball", "blue", "plain", (0.5, 0.5), 0.4, False)
    for objects in ((front, behind), (behind, front)):
        drawing = draw_scene(Scene(3, "sea", "day", 0.5, objects))
        shared = drawing.object_map[72:90, 60:84]
        assert (shared == objects.index(front)).all()
        assert (drawing.object_map == objects.index(behind)).any()


@pytest.mark.parametrize("size", [96, 144, 200])
def test_labels_fit_the_scene_at_any_size(size: int) -> None:
    for seed in range(12):
        scene = sample_scene(seed)
        drawing = draw_scene(scene, size)
        assert drawing.image.shape == (size, size, 3)
        assert drawing.image.dtype == np.uint8
        assert drawing.object_map.dtype == drawing.region_map.dtype == np.int8
        assert drawing.part_map.dtype == np.int16
        assert drawing.object_map.shape == drawing.part_map.shape == (size, size)
        assert np.array_equal(drawing.object_map == -1, drawing.part_map == -1)
        assert set(np.unique(drawing.object_map)) == set(range(-1, len(scene.objects)))
        allowed = {REGIONS.index(region.name) for region in BACKGROUNDS[scene.background]}
        assert set(np.unique(drawing.region_map).tolist()) <= allowed
        for number, item in enumerate(scene.objects):
            inside = drawing.object_map == number
            assert inside.mean() > 0.08 * item.size**2
            parts = {PARTS[part] for part in np.unique(drawing.part_map[inside])}
            assert parts <= set(KINDS[item.kind].parts)
            rows, columns = np.nonzero(inside)
            centre = np.array((columns.mean(), rows.mean())) / size
            assert np.abs(centre - item.centre).max() < item.size / 2


def test_size_only_changes_the_scale() -> None:
    scene = sample_scene(4)
    small, large = draw_scene(scene, 72), draw_scene(scene, 144)
    agree = small.object_map == large.object_map[::2, ::2]
    assert agree.mean() > 0.97
