from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.core.quoting import plain, quoted
from harness.core.records import Relation
from judges.protocols.marking import mark, marked_word
from judges.protocols.reading import read_reply
from judges.protocols.registry import find_protocol

PAPER = find_protocol("paper")
POOLED = find_protocol("pooled")
SENTENCE = find_protocol("sentence")
WORDS = ("dog", "sad", "tree", "the", "dog")
RELATIONS: tuple[Relation, ...] = ("concrete", "abstract", "global", "none")
SEEN_WORDS = st.lists(st.text().filter(plain), min_size=1, max_size=8)


def lists(
    concrete: object = (), abstract: object = (), elsewhere: object = (), **more: object
) -> str:
    return json.dumps(
        {
            "reasoning": "Some.",
            "interpretable": False,
            "concrete_words": concrete,
            "abstract_words": abstract,
            "global_words": elsewhere,
            **more,
        }
    )


def verdict(number: object, word: object, relation: object = "none") -> dict[str, object]:
    return {"number": number, "word": word, "relation": relation}


def verdicts(entries: object, **more: object) -> str:
    return json.dumps({"reasoning": "Some.", "verdicts": entries, **more})


def test_the_lists_decide_and_the_flag_is_ignored() -> None:
    for flag in (False, True):
        reading = read_reply(PAPER, WORDS, lists(["dog"], ["sad"], ["tree"], interpretable=flag))
        assert reading.status == "ok"
        assert reading.relations == ("concrete", "abstract", "global", "none", "concrete")
        assert reading.error == ""


def test_empty_lists_are_an_answer() -> None:
    assert read_reply(PAPER, WORDS, lists()).relations == ("none",) * 5


@pytest.mark.parametrize(
    ("named", "relation"),
    [
        ({"concrete": ["a"], "abstract": ["a"], "elsewhere": ["a"]}, "concrete"),
        ({"abstract": ["a"], "elsewhere": ["a"]}, "abstract"),
        ({"elsewhere": ["a", "a"]}, "global"),
    ],
)
def test_a_word_in_several_lists_takes_the_first(
    named: Mapping[str, Any], relation: Relation
) -> None:
    assert read_reply(PAPER, ("a",), lists(**named)).relations == (relation,)


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("dog", " dog\n"),
        (" dog", "dog"),
        ("cafe\u0301", "caf\u00e9"),
        ("a\nb", "a\nb"),
        ("a\nb", "a\\nb"),
        ("a\u202eb", "a\\u202eb"),
        ("a\u202eb", "ab"),
        ('say "hi"', 'say \\"hi\\"'),
    ],
)
def test_words_are_compared_by_what_is_seen(word: str, said: str) -> None:
    assert read_reply(PAPER, (word, "x"), lists([said])).relations == ("concrete", "none")
    reply = verdicts([verdict(1, said, "concrete"), verdict(2, "x")])
    assert read_reply(POOLED, (word, "x"), reply).relations == ("concrete", "none")


def test_a_word_that_is_the_escape_of_another_is_itself() -> None:
    assert read_reply(PAPER, ('"', '\\"'), lists(['\\"'])).relations == ("none", "concrete")


def test_candidates_that_look_the_same_get_the_same_relation() -> None:
    assert read_reply(PAPER, ("a ", "b", "a"), lists(["a"])).relations == (
        "concrete",
        "none",
        "concrete",
    )


@pytest.mark.parametrize("said", ["Dog", "do", "dogs", "", "cat", "dog, sad", "[dog]"])
def test_a_foreign_word_is_named(said: str) -> None:
    reading = read_reply(PAPER, WORDS, lists([], [said]))
    assert (reading.status, reading.relations) == ("schema_error", ())
    assert reading.error == f"abstract_words: {quoted(said)} is not among the candidates"


@pytest.mark.parametrize(
    ("reply", "place"),
    [
        (lists(None), "concrete_words"),
        (lists([], None), "abstract_words"),
        (lists([], [], None), "global_words"),
        (lists(True), "concrete_words"),
        (lists("dog"), "concrete_words"),
        (lists([None]), "concrete_words.0"),
        (lists([1]), "concrete_words.0"),
        (lists(["dog", ["sad"]]), "concrete_words.1"),
        (lists(interpretable=None), "interpretable"),
        (lists(interpretable="true"), "interpretable"),
        (lists(interpretable=1), "interpretable"),
        (lists(reasoning=None), "reasoning"),
        (lists(**{"more\nkeys": 1}), "more\\nkeys"),
        ("{}", "reasoning"),
        (verdicts([]), "interpretable"),
    ],
)
def test_lists_that_do_not_fit_are_schema_errors(reply: str, place: str) -> None:
    reading = read_reply(PAPER, WORDS, reply)
    assert (reading.status, reading.relations) == ("schema_error", ())
    assert reading.error.startswith(f"{place}: ")


def test_verdicts_are_taken_by_number() -> None:
    said = [verdict(n, WORDS[n - 1], RELATIONS[(n - 1) % 4]) for n in (5, 3, 1, 2, 4)]
    reading = read_reply(POOLED, WORDS, verdicts(said))
    assert reading.status == "ok"
    assert reading.relations == ("concrete", "abstract", "global", "none", "concrete")


TWO = [verdict(1, "a"), verdict(2, "b")]


@pytest.mark.parametrize(
    ("entries", "error"),
    [
        ([], "verdicts: number 1 is missing (2 in all)"),
        (TWO[:1], "verdicts: number 2 is missing (1 in all)"),
        ([*TWO, TWO[0]], "verdicts: number 1 is given twice"),
        ([TWO[0], verdict(1, "a", "concrete")], "verdicts: number 1 is given twice"),
        ([verdict(0, "a"), *TWO], "verdicts: number 0 is not among 1 to 2"),
        ([*TWO, verdict(3, "c")], "verdicts: number 3 is not among 1 to 2"),
        ([verdict(1, "b"), verdict(2, "a")], 'verdicts: "b" is not the word number 1'),
        ([verdict(1, "x\u202e"), TWO[1]], 'verdicts: "x\\u202e" is not the word number 1'),
        ([verdict(10**80, "a")], f"verdicts: number 1{'0' * 59} is not among 1 to 2"),
    ],
)
def test_every_number_once_with_its_own_word(entries: object, error: str) -> None:
    reading = read_reply(POOLED, ("a", "b"), verdicts(entries))
    assert (reading.status, reading.relations, reading.error) == ("schema_error", (), error)


@pytest.mark.parametrize(
    ("reply", "place"),
    [
        (verdicts(None), "verdicts"),
        (verdicts({"1": "concrete"}), "verdicts"),
        (verdicts([None]), "verdicts.0"),
        (verdicts([verdict(True, "a")]), "verdicts.0.number"),
        (verdicts([verdict("1", "a")]), "verdicts.0.number"),
        (verdicts([verdict(1.0, "a")]), "verdicts.0.number"),
        (verdicts([verdict(1, None)]), "verdicts.0.word"),
        (verdicts([verdict(1, "a", "Concrete")]), "verdicts.0.relation"),
        (verdicts([verdict(1, "a", None)]), "verdicts.0.relation"),
        (verdicts([verdict(1, "a") | {"why": ""}]), "verdicts.0.why"),
        (verdicts([verdict(1, "a")], reasoning=3), "reasoning"),
        (lists(), "verdicts"),
    ],
)
def test_verdicts_that_do_not_fit_are_schema_errors(reply: str, place: str) -> None:
    reading = read_reply(POOLED, ("a",), reply)
    assert (reading.status, reading.relations) == ("schema_error", ())
    assert reading.error.startswith(f"{place}: ")


SENTENCES = ("a ⟦dog⟧ runs", "⟦red⟧")


@pytest.mark.parametrize("said", ["dog", "⟦dog⟧", "a ⟦dog⟧ runs", " dog "])
def test_a_verdict_on_a_sentence_repeats_its_marked_word(said: str) -> None:
    reply = verdicts([verdict(1, said, "global"), verdict(2, "red")])
    assert read_reply(SENTENCE, SENTENCES, reply).relations == ("global", "none")


@pytest.mark.parametrize("said", ["runs", "a dog runs", "red", ""])
def test_another_word_of_the_sentence_is_foreign(said: str) -> None:
    reply = verdicts([verdict(1, said), verdict(2, "red")])
    assert read_reply(SENTENCE, SENTENCES, reply).status == "schema_error"


GOOD = lists(["dog"])


@pytest.mark.parametrize(
    "text",
    [
        f"  {GOOD}\n",
        f"```json\n{GOOD}\n```",
        f"```\n{GOOD}\n```\n",
        f"Here is my answer:\n{GOOD}\nI hope that helps.",
        f"\ufeff{GOOD}",
        json.dumps(json.loads(GOOD), indent=2),
    ],
)
def test_fences_and_prose_around_the_object_are_allowed(text: str) -> None:
    assert read_reply(PAPER, ("dog",), text).relations == ("concrete",)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " \n",
        "none of the words fit",
        "null",
        "true",
        "[]",
        '"none"',
        "}{",
        "{",
        GOOD[:-1],
        GOOD[: len(GOOD) // 2],
        GOOD + GOOD,
        GOOD + "\n" + lists(),
        f"The set {{dog}} is seen. {GOOD}",
        GOOD + " as {said}",
        GOOD.replace("false", "NaN"),
        GOOD.replace("false", "1" * 5000),
        GOOD.replace('"', "'"),
        GOOD.replace("[]", "[],", 1).replace("]}", "],}"),
        '{"concrete_words": ["dog"], ' + GOOD[1:],
        '{"a": ' * 100_000 + "1" + "}" * 100_000,
        "{" * 1_000_000,
        "[" * 1_000_000,
    ],
)
def test_what_cannot_be_read_is_a_parse_error(text: str) -> None:
    reading = read_reply(PAPER, ("dog",), text)
    assert (reading.status, reading.relations) == ("parse_error", ())
    assert reading.error
    assert len(reading.error) < 200


def test_a_truncated_reply_is_a_parse_error_wherever_it_ends() -> None:
    for reply, protocol in ((GOOD, PAPER), (verdicts(TWO), POOLED)):
        for length in range(len(reply)):
            assert read_reply(protocol, ("a", "b"), reply[:length]).status == "parse_error"


def test_a_huge_reply_is_read_and_its_words_are_cut_in_the_message() -> None:
    words = [f"word{number}" for number in range(2000)]
    assert read_reply(PAPER, words, lists(words)).relations == ("concrete",) * 2000
    reading = read_reply(PAPER, words, lists(["x" * 1_000_000]))
    assert reading.status == "schema_error"
    assert len(reading.error) < 200


@given(st.text(st.characters()))
def test_a_message_can_be_written_and_hides_nothing(text: str) -> None:
    for reply in (text, lists([text + "?"]), lists(**{text + "?": 1})):
        reading = read_reply(PAPER, ("dog",), reply)
        assert reading.status != "ok"
        assert reading.relations == ()
        reading.error.encode()
        assert len(reading.error.splitlines()) == 1


def replied(words: Sequence[str], relations: Sequence[Relation]) -> str:
    pairs = zip(words, relations, strict=True)
    return verdicts([verdict(n, word, said) for n, (word, said) in enumerate(pairs, 1)])


@given(SEEN_WORDS, st.data())
def test_any_words_come_back_from_verdicts(words: list[str], data: st.DataObject) -> None:
    said = [data.draw(st.sampled_from(RELATIONS)) for _ in words]
    assert read_reply(POOLED, words, replied(words, said)).relations == tuple(said)


@given(SEEN_WORDS, st.data())
def test_any_marked_words_come_back_from_verdicts(words: list[str], data: st.DataObject) -> None:
    sentences = [mark(f"a {word} b", 2, 2 + len(word), word) for word in words]
    said = [data.draw(st.sampled_from(RELATIONS)) for _ in words]
    reply = replied([marked_word(sentence) for sentence in sentences], said)
    assert read_reply(SENTENCE, sentences, reply).relations == tuple(said)


@given(SEEN_WORDS, st.data())
def test_any_words_come_back_from_lists(words: list[str], data: st.DataObject) -> None:
    said = {plain(word): data.draw(st.sampled_from(RELATIONS)) for word in words}
    listed = [
        [word for word in words if said[plain(word)] == relation] for relation in RELATIONS[:3]
    ]
    reading = read_reply(PAPER, words, lists(*listed))
    assert reading.relations == tuple(said[plain(word)] for word in words)


@given(st.text(), SEEN_WORDS)
def test_no_text_without_an_object_is_an_answer(text: str, words: list[str]) -> None:
    for protocol in (PAPER, POOLED, SENTENCE):
        assert read_reply(protocol, words, text).status != "ok"
