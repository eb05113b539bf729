from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from lenses.library.lines import lines_of
from lenses.library.plan import plan_rows
from tests.lenses.library.id_corpora import CORPORA, corpus_of, prefix_of


def common(left: list[int], right: list[int]) -> int:
    pairs = zip(left, right, strict=False)
    return next((n for n, (a, b) in enumerate(pairs) if a != b), min(len(left), len(right)))


@given(CORPORA, st.integers(1, 3), st.booleans())
@settings(max_examples=60, deadline=None)
def test_lines_are_sorted_cut_and_know_what_they_share(
    texts: list[str], cap: int, cut: bool
) -> None:
    tokenised = corpus_of(texts)
    plan = plan_rows(tokenised, "reservoir", cap)
    lines = lines_of(tokenised, plan, 0, len(plan), cut=cut)
    ids = [
        lines.ids[start : start + length].tolist()
        for start, length in zip(lines.starts, lines.lengths, strict=True)
    ]
    expected = []
    for phrase in set(plan.phrases.tolist()):
        own = tokenised.ids[tokenised.starts[phrase] : tokenised.starts[phrase + 1]].tolist()
        expected.append(own[: plan.positions[plan.phrases == phrase].max() + 1] if cut else own)
    assert ids == sorted(expected)
    assert lines.shared.tolist() == [0, *map(common, ids[:-1], ids[1:])]
    assert lines.positions.tolist() == [depth for line in ids for depth in range(len(line))]
    assert lines.rows.tolist() == list(range(len(plan)))
    for row, token in enumerate(lines.tokens.tolist()):
        position = plan.positions[row]
        assert lines.positions[token] == position
        spelled = lines.ids[token - position : token + 1].tolist()
        assert spelled == prefix_of(tokenised, plan, row)


def test_ids_of_several_bytes_sort_as_numbers() -> None:
    tokenised = corpus_of(["0 256 (0)", "0 1 (0)", "0 65536 (0)", "0 2 (0)"])
    plan = plan_rows(tokenised)
    assert lines_of(tokenised, plan, 0, 4, cut=True).ids[1::2].tolist() == [1, 2, 256, 65536]
