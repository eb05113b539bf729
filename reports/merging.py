"""Which runs may be ranked together: what their specs must share, and what may differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any, Final

from harness.core.errors import UsageError
from harness.core.ids import canonical_json, digest
from harness.core.records import Record, RunSpec

MUST_AGREE: Final[Mapping[str, str]] = {
    "image_ids": "some images are harder to read than others, so rates of other images differ",
    "patches_per_image": "other patches are drawn",
    "seed": "it decides which patches are drawn and what the controls show",
    "view": "the model looks at other parts of the images",
    "prompt": "visual tokens after a text depend on it",
    "k": "more words are more chances of a hit",
    "corpus_hash": "a lens that retrieves phrases can say only what its corpus holds",
    "fraction": "a smaller reference library holds fewer phrases",
    "judges": "another judge has other standards",
    "protocol": "the judge is asked another question",
    "panel": "the verdicts of the judges are joined in another way",
}
"""Fields without whose agreement rates are not comparable, and why."""

MAY_DIFFER: Final[Mapping[str, str]] = {
    "schema_version": "the runs were recorded by different versions of this program",
    "vlm": "the model is what is compared",
    "vlm_hash": "the weights of the model",
    "dtype": "rounding in the forward pass moves states a little",
    "max_pixels": "a model that scales images sees finer or coarser cells",
    "images": "named differently; the images are the same byte for byte",
    "lenses": "means over models are given for the lenses that all models have",
    "layers": "the mean over layers of each model is over its own layers",
    "contextual_layers": "each reference library holds text layers of its own model",
    "corpus": "named differently; the phrases are the same",
    "library": "each model has a reference library of its own states",
    "library_hash": "each model has a reference library of its own states",
    "engine": "an approximate search may miss a neighbour that the exact one finds",
    "repeat": "repeated questions check the judge; they do not enter the rates",
    "reorder": "reordered questions check the judge; they do not enter the rates",
}
"""Fields that may differ between runs that are ranked together, and what follows from it."""

_NAMES: Final = frozenset({"vlm", "images", "corpus", "library", "repeat", "reorder"})
_HASHES: Final = frozenset({"vlm_hash", "corpus_hash", "library_hash"})
_SHOWN_DIGITS: Final = 12


class SpecDifference(Record):
    """A field in which runs differ."""

    field: str
    """Field of the spec."""
    values: dict[str, str]
    """Source to its value, in words; long values are shortened."""
    separates: bool
    """Whether runs that differ in it are kept apart."""
    why: str
    """Why it matters, or why it does not."""


class Merge(Record):
    """How far several runs can stand on one board."""

    comparable: bool
    """Whether all runs may be ranked together."""
    groups: tuple[tuple[str, ...], ...]
    """Sources that agree with each other in all that must agree, in the order given."""
    repeated: tuple[tuple[str, ...], ...]
    """Sources of one group with the same weights: side by side, but not averaged over models."""
    differences: tuple[SpecDifference, ...]
    """Every field in which two runs differ; those that keep runs apart first."""


def merge_specs(specs: Mapping[str, RunSpec]) -> Merge:
    """Say which runs agree in everything that decides a rate besides the model.

    Args:
        specs: Source name to the spec of its run.

    Raises:
        UsageError: two runs of the same weights differ in nothing that decides a rate.
    """
    _refuse_twins(specs)
    groups: dict[str, list[str]] = {}
    for source, spec in specs.items():
        key = canonical_json({field: _compared(spec, field) for field in MUST_AGREE})
        groups.setdefault(key, []).append(source)
    common = set.intersection(*(set(spec.lenses) for spec in specs.values())) if specs else set()
    apart = set(MUST_AGREE) if common or len(specs) < 2 else {*MUST_AGREE, "lenses"}
    found = [
        _difference(field, why, specs, separates=field in apart)
        for field, why in {**MUST_AGREE, **MAY_DIFFER}.items()
        if len({canonical_json(_compared(spec, field)) for spec in specs.values()}) > 1
    ]
    return Merge(
        comparable=not any(difference.separates for difference in found),
        groups=tuple(tuple(group) for group in groups.values()),
        repeated=tuple(same for group in groups.values() for same in _same_weights(group, specs)),
        differences=tuple(sorted(found, key=lambda difference: not difference.separates)),
    )


def _refuse_twins(specs: Mapping[str, RunSpec]) -> None:
    for (first, one), (second, other) in combinations(specs.items(), 2):
        left, right = (spec.model_dump(exclude=set(_NAMES)) for spec in (one, other))
        if left == right:
            raise UsageError(
                f"{first} and {second} are runs of the same model with the same settings; "
                "give one of them"
            )


def _same_weights(group: Sequence[str], specs: Mapping[str, RunSpec]) -> list[tuple[str, ...]]:
    by_hash: dict[str, list[str]] = {}
    for source in group:
        by_hash.setdefault(specs[source].vlm_hash, []).append(source)
    return [tuple(sources) for sources in by_hash.values() if len(sources) > 1]


def _compared(spec: RunSpec, field: str) -> Any:
    """Return a field's value; the order of images and of judges decides nothing."""
    value = getattr(spec, field)
    return sorted(value) if field in ("image_ids", "judges") else value


def _difference(
    field: str, why: str, specs: Mapping[str, RunSpec], *, separates: bool
) -> SpecDifference:
    values = {source: _shown(field, getattr(spec, field)) for source, spec in specs.items()}
    if field == "lenses" and separates:
        why = "the runs have no lens in common"
    return SpecDifference(field=field, values=values, separates=separates, why=why)


def _shown(field: str, value: Any) -> str:
    if field == "image_ids":
        return f"{len(value)} images, {digest(sorted(value))[:_SHOWN_DIGITS]}"
    if field in _HASHES:
        return str(value)[:_SHOWN_DIGITS] or "none"
    if isinstance(value, tuple):
        return ", ".join(map(str, value)) or "none"
    return f"{value:g}" if isinstance(value, float) else str(value) or "none"
