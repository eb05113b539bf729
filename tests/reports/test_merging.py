from __future__ import annotations

from typing import Any

import pytest

from harness.core.errors import UsageError
from harness.core.records import RunSpec
from reports.merging import MAY_DIFFER, MUST_AGREE, merge_specs
from tests.reports.made_boards import spec_of

OTHER: dict[str, Any] = {
    "schema_version": 2,
    "vlm": "other",
    "vlm_hash": "other-weights",
    "dtype": "bfloat16",
    "view": "tiles",
    "prompt": "plain",
    "max_pixels": 1000,
    "images": "folder:/pictures",
    "image_ids": ("another",),
    "patches_per_image": 7,
    "lenses": ("latent",),
    "layers": (0, 9),
    "contextual_layers": (9,),
    "corpus": "mine.txt",
    "corpus_hash": "c" * 64,
    "fraction": 0.1,
    "library": "/libraries/one",
    "library_hash": "d" * 64,
    "engine": "hnsw",
    "judges": ("gemini",),
    "protocol": "sentence",
    "panel": "majority",
    "repeat": 5.0,
    "reorder": 5.0,
    "k": 3,
    "seed": 43,
}
FIRST = spec_of("a")
SECOND = spec_of("b")


def test_every_field_of_a_spec_is_decided_once() -> None:
    assert MUST_AGREE.keys() & MAY_DIFFER.keys() == set()
    assert MUST_AGREE.keys() | MAY_DIFFER.keys() == set(RunSpec.model_fields) == set(OTHER)


def test_runs_of_two_models_with_one_plan_are_comparable() -> None:
    merge = merge_specs({"run a": FIRST, "run b": SECOND})
    assert merge.comparable
    assert merge.groups == (("run a", "run b"),)
    assert merge.repeated == ()
    assert [(each.field, each.separates) for each in merge.differences] == [
        ("vlm", False),
        ("vlm_hash", False),
    ]
    assert merge.differences[0].values == {"run a": "a", "run b": "b"}


@pytest.mark.parametrize("field", sorted(set(OTHER) - {"vlm", "vlm_hash"}))
def test_each_difference_is_told_with_both_values_and_why(field: str) -> None:
    other = SECOND.model_copy(update={field: OTHER[field]})
    merge = merge_specs({"run a": FIRST, "run b": other})
    difference = next(each for each in merge.differences if each.field == field)
    assert set(difference.values) == {"run a", "run b"}
    assert difference.values["run a"] != difference.values["run b"]
    assert all(difference.values.values())
    assert len(difference.why) > 10
    assert difference.separates == (field in MUST_AGREE) == (not merge.comparable)
    expected = (("run a",), ("run b",)) if field in MUST_AGREE else (("run a", "run b"),)
    assert merge.groups == expected
    assert merge.differences[0].separates == (field in MUST_AGREE)


def test_runs_that_agree_stay_together_where_a_third_does_not() -> None:
    third = spec_of("c", k=3)
    merge = merge_specs({"a": FIRST, "c": third, "b": SECOND, "d": spec_of("d", k=3)})
    assert not merge.comparable
    assert merge.groups == (("a", "b"), ("c", "d"))
    assert merge.differences[0].values == {"a": "5", "c": "3", "b": "5", "d": "3"}


def test_the_order_of_images_and_judges_decides_nothing() -> None:
    turned = SECOND.model_copy(
        update={"image_ids": FIRST.image_ids[::-1], "judges": ("x", *FIRST.judges)}
    )
    first = FIRST.model_copy(update={"judges": (*FIRST.judges, "x")})
    merge = merge_specs({"a": first, "b": turned})
    assert merge.comparable
    assert {each.field for each in merge.differences} == {"vlm", "vlm_hash"}


def test_runs_without_a_common_lens_are_not_comparable() -> None:
    other = SECOND.model_copy(update={"lenses": ("sae",)})
    merge = merge_specs({"a": FIRST, "b": other})
    assert not merge.comparable
    difference = next(each for each in merge.differences if each.field == "lenses")
    assert difference.separates
    assert "no lens in common" in difference.why


@pytest.mark.parametrize("update", [{}, {"repeat": 5.0}, {"reorder": 2.0}, {"images": "b"}])
def test_the_same_run_twice_is_refused_by_both_names(update: dict[str, Any]) -> None:
    again = FIRST.model_copy(update=update)
    with pytest.raises(UsageError, match="run a and run c .* give one of them"):
        merge_specs({"run a": FIRST, "run b": SECOND, "run c": again})


def test_one_model_in_two_settings_is_named() -> None:
    again = FIRST.model_copy(update={"dtype": "4bit"})
    merge = merge_specs({"a": FIRST, "b": SECOND, "a in 4 bit": again})
    assert merge.comparable
    assert merge.repeated == (("a", "a in 4 bit"),)


def test_no_run_and_one_run_differ_in_nothing() -> None:
    assert merge_specs({}).comparable
    assert merge_specs({"a": FIRST}).differences == ()
