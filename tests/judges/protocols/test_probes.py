from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from judges.protocols.probes import ProbeWords

SPOKEN: dict[str, list[tuple[str, ...]]] = {
    "p1": [("dog", "Cat"), ("sun",)],
    "p2": [("roof", "dog")],
    "p3": [("cat", "CAT", "tree", "sun", "roof")],
    "p4": [("cup", "tree")],
}
IMAGES = {"p1": "a", "p2": "a", "p3": "b", "p4": "c"}


def fit(spoken: Mapping[str, list[tuple[str, ...]]], patch_id: str) -> set[str]:
    """Return every word that may probe a patch, by the rule itself."""
    own = {word.casefold() for cell in spoken[patch_id] for word in cell}
    others = {
        word
        for other, cells in spoken.items()
        if IMAGES[other] != IMAGES[patch_id]
        for cell in cells
        for word in cell
    }
    return {word for word in others if word.casefold() not in own}


@pytest.mark.parametrize(
    ("patch_id", "expected"),
    [
        ("p1", {"roof", "tree", "cup"}),
        ("p2", {"cat", "CAT", "tree", "sun", "cup"}),
        ("p3", {"dog", "cup"}),
        ("p4", {"dog", "Cat", "cat", "CAT", "sun", "roof"}),
    ],
)
def test_probes_are_said_of_other_images_and_not_of_the_patch(
    patch_id: str, expected: set[str]
) -> None:
    assert fit(SPOKEN, patch_id) == expected
    drawn = ProbeWords(SPOKEN, IMAGES).draw(patch_id, 100, "key")
    assert len(drawn) == len(expected)
    assert set(drawn) == expected


SPOKEN_OF = st.fixed_dictionaries(
    {patch: st.lists(st.lists(st.sampled_from("abcdABCD")).map(tuple)) for patch in IMAGES}
)


@given(SPOKEN_OF, st.integers(0, 6), st.integers(0, 9))
def test_as_many_fit_probes_as_there_are(
    spoken: dict[str, list[tuple[str, ...]]], count: int, key: int
) -> None:
    probes = ProbeWords(spoken, IMAGES)
    for patch_id in spoken:
        drawn = probes.draw(patch_id, count, key)
        fitting = fit(spoken, patch_id)
        assert len(set(drawn)) == len(drawn) == min(count, len(fitting))
        assert set(drawn) <= fitting


def test_one_image_has_no_probes() -> None:
    assert ProbeWords(SPOKEN, dict.fromkeys(SPOKEN, "a")).draw("p1", 3, 0) == []


def test_a_draw_depends_on_its_key_and_patch_alone() -> None:
    spoken = {patch: [tuple(f"{patch}{n}" for n in range(50))] for patch in IMAGES}
    probes = ProbeWords(spoken, IMAGES)
    turned = {patch: [cell[::-1] for cell in spoken[patch]] for patch in reversed(spoken)}
    assert probes.draw("p1", 5, 7) == ProbeWords(turned, IMAGES).draw("p1", 5, 7)
    drawn = {tuple(probes.draw(patch, 5, key)) for patch in ("p1", "p2") for key in range(5)}
    assert len(drawn) == 10
