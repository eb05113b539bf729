from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lenses.library.placing import place

SORTED = st.lists(st.lists(st.integers(0, 3), min_size=1, max_size=9), min_size=1, max_size=30).map(
    lambda lines: sorted([0, *line] for line in lines)
)


def shared_ids(left: list[int], right: list[int]) -> int:
    pairs = zip(left, right, strict=False)
    return next((n for n, (a, b) in enumerate(pairs) if a != b), min(len(left), len(right)))


@given(SORTED, st.integers(1, 24))
def test_every_fresh_token_has_a_column_and_every_shared_one_an_earlier_owner(
    lines: list[list[int]], width: int
) -> None:
    shared = [0, *map(shared_ids, lines[:-1], lines[1:])]
    placed = place([len(line) for line in lines], shared, width)
    assert sorted(placed.turn) == list(range(len(lines)))
    columns: dict[tuple[int, int], int] = {}
    run: list[set[tuple[int, ...]]] = [set() for _ in placed.used]
    for line in sorted(range(len(lines)), key=placed.turn.__getitem__):
        pack, first = placed.packs[line], placed.fresh_from[line]
        for depth in range(len(lines[line])):
            prefix = tuple(lines[line][: depth + 1])
            if depth < first:
                assert prefix in run[pack]
            else:
                run[pack].add(prefix)
                assert columns.setdefault((pack, placed.begins[line] + depth), line) == line
    for pack, used in enumerate(placed.used):
        assert sorted(column for owner, column in columns if owner == pack) == list(range(used))
        assert 0 < used <= placed.capacity[pack]
        assert placed.capacity[pack] % width == 0
    longest = max(map(len, lines))
    assert max(placed.capacity) <= -(-longest // width) * width


def test_lines_that_begin_alike_share_a_pack_and_a_beginning() -> None:
    lengths, shared = [4, 4, 4], [0, 3, 3]
    placed = place(lengths, shared, 6)
    assert (placed.packs, placed.fresh_from, placed.used) == ([0, 0, 0], [0, 3, 3], [6])


def test_the_rest_of_a_pack_takes_a_later_line_that_fits() -> None:
    placed = place([5, 5, 3, 5], [0, 1, 1, 1], 8)
    assert (placed.packs, placed.used) == ([0, 1, 0, 2], [7, 5, 5])


def test_a_line_stays_with_those_that_begin_like_it() -> None:
    """Moved into the first pack, the third line would run its three shared tokens again."""
    placed = place([6, 5, 4, 5], [0, 0, 3, 3], 10)
    assert (placed.packs, placed.used) == ([0, 1, 1, 1], [6, 8])
