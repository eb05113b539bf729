"""A judge that knows what was drawn: words are compared with the labels of the region."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Final

from harness.core.ids import canonical_json, digest
from harness.core.records import Entity, Judgement, Record, RegionLabels, Relation
from judges.base import JudgeRequest, judgement
from judges.lemmas import LEMMA_VERSION, lemmas, noun_forms
from judges.protocols.marking import marked_word

_NO_LABELS: Final = "no ground-truth labels for this image"

WordTable = dict[str, tuple[str, ...]]


class Synonyms(Record):
    """Words that name the same thing as a label, by kind of label."""

    objects: WordTable
    """Of object kinds."""
    families: WordTable
    """Of the wider classes that labels give as hypernyms."""
    parts: WordTable
    """Of named parts."""
    backgrounds: WordTable
    """Of background regions, places and light."""
    colours: WordTable
    """Of colours."""
    materials: WordTable
    """Of materials and surface looks."""


class Associations(Record):
    """Words that a thing calls to mind without being visible: use, place, feeling, quality."""

    objects: WordTable
    """Of object kinds."""
    backgrounds: WordTable
    """Of background regions, places and light."""
    colours: WordTable
    """Of colours."""
    materials: WordTable
    """Of materials and surface looks."""


class GroundTruthRules(Record):
    """All knowledge of the ground-truth judge, as data; read from ``rules/ground_truth.json``."""

    schema_version: int
    """Version of this layout."""
    minimum_coverage: float
    """Share of the region an entity must cover to count as being inside it."""
    function_words: tuple[str, ...]
    """Words that never describe a region."""
    irregular_forms: WordTable
    """Inflected form to its dictionary forms, where the endings do not tell."""
    synonyms: Synonyms
    """Words that name the same thing as a label."""
    background_colours: WordTable
    """Colours a background region is drawn in."""
    part_colours: WordTable
    """Colours of parts that are always painted alike, whatever the object's own colour."""
    associations: Associations
    """Words that a thing calls to mind."""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a word was accepted."""

    entity: str
    """Kind of the entity that it fits."""
    via: str
    """Which label of the entity it fits: name, hypernym, part, colour, material or association."""


@dataclass(frozen=True, slots=True)
class _Region:
    """The words that fit one region, by relation in order of priority, each with its reason."""

    tables: tuple[tuple[Relation, Mapping[str, Reason]], ...]


def load_rules() -> GroundTruthRules:
    """Return the published rules."""
    text = files("judges").joinpath("rules", "ground_truth.json").read_text(encoding="utf-8")
    return GroundTruthRules.model_validate_json(text)


class GroundTruthJudge:
    """Rules over the labels the images were drawn from; no model and no person looks at the words.

    A word is *concrete* if it names something that covers enough of the 3x3 region (object, wider
    class, part, colour, material, background), else *abstract* if the published association table
    links it to such a thing, else *global* if it names something elsewhere in the image. Words are
    compared whole, by sets of dictionary forms: fragments, signs and function words fit nothing.
    """

    name: str = "ground-truth"
    needs_labels: bool = True
    needs_pixels: bool = False

    def __init__(self, rules: GroundTruthRules | None = None) -> None:
        """Use the published rules, or ``rules``; the version is a hash of whichever are used."""
        self.rules = rules or load_rules()
        self.version = digest([LEMMA_VERSION, self.rules.model_dump(mode="json")])[:16]
        self._function_words = frozenset(self.rules.function_words)

    def judge(self, requests: Sequence[JudgeRequest]) -> Iterator[Judgement]:
        """Yield one judgement per request, in order; no labels is a refusal, never a miss.

        Of a sentence, the marked word is judged.
        """
        regions: dict[RegionLabels, _Region] = {}
        for request in requests:
            if request.labels is None:
                yield judgement(self, request, "refusal", error=_NO_LABELS)
                continue
            region = regions.get(request.labels)
            if region is None:
                region = regions.setdefault(request.labels, self._compile(request.labels))
            words = _judged_words(request)
            answers = [self._relate(word, region) for word in words]
            relations = [relation for relation, _ in answers]
            yield judgement(self, request, "ok", relations=relations, raw=_reply(words, answers))

    def _relate(self, word: str, region: _Region) -> tuple[Relation, Reason | None]:
        candidates = lemmas(word, self.rules.irregular_forms)
        if candidates.isdisjoint(self._function_words):
            for relation, table in region.tables:
                for form in sorted(candidates):
                    if form in table:
                        return relation, table[form]
        return "none", None

    def _compile(self, labels: RegionLabels) -> _Region:
        """Return the lookup tables of a region; what is inside it never counts as elsewhere."""
        least = self.rules.minimum_coverage
        inside = [entity for entity in labels.inside if entity.coverage >= least]
        return _Region(
            (
                ("concrete", _table(inside, self._names)),
                ("abstract", _table(inside, self._associations)),
                ("global", _table(labels.everywhere, self._names)),
            )
        )

    def _names(self, entity: Entity) -> Iterator[tuple[str, str]]:
        """Yield (word, label it fits) for everything that can be seen of ``entity``."""
        same = self.rules.synonyms
        kinds = same.backgrounds if entity.background else same.objects
        yield from _spread("name", (entity.kind,), kinds)
        yield from _spread("hypernym", entity.hypernyms, {**same.backgrounds, **same.families})
        yield from _spread("part", entity.parts, same.parts)
        yield from _spread("colour", (entity.colour,), same.colours)
        yield from _spread("material", (entity.material,), same.materials)
        if entity.background:
            painted = self.rules.background_colours.get(entity.kind, ())
        else:
            painted = tuple(
                colour for part in entity.parts for colour in self.rules.part_colours.get(part, ())
            )
        yield from _spread("colour", painted, same.colours)

    def _associations(self, entity: Entity) -> Iterator[tuple[str, str]]:
        """Yield (word, ``association``) for what ``entity`` calls to mind."""
        linked = self.rules.associations
        kinds = linked.backgrounds if entity.background else linked.objects
        for table, label in (
            (kinds, entity.kind),
            (linked.colours, entity.colour),
            (linked.materials, entity.material),
        ):
            for word in table.get(label, ()):
                yield word, "association"


def _judged_words(request: JudgeRequest) -> tuple[str, ...]:
    if request.protocol.shows == "sentences":
        return tuple(marked_word(sentence) for sentence in request.words)
    return request.words


def _spread(via: str, labels: Iterable[str], synonyms: WordTable) -> Iterator[tuple[str, str]]:
    for label in labels:
        for word in (label, *synonyms.get(label, ())):
            yield word, via


def _table(
    entities: Iterable[Entity], words_of: Callable[[Entity], Iterator[tuple[str, str]]]
) -> dict[str, Reason]:
    """Return dictionary form to reason; where several entities fit, the first one is named."""
    found: dict[str, Reason] = {}
    for entity in entities:
        for word, via in words_of(entity):
            for form in noun_forms(word):
                found.setdefault(form, Reason(entity.kind, via))
    return found


def _reply(words: Sequence[str], answers: Sequence[tuple[Relation, Reason | None]]) -> str:
    return canonical_json(
        [
            {
                "word": word,
                "relation": relation,
                "entity": reason.entity if reason else "",
                "via": reason.via if reason else "",
            }
            for word, (relation, reason) in zip(words, answers, strict=True)
        ]
    )
