"""Which pack each line goes to, so that lines that begin alike meet and no pack is left half full.

Lines come in trie order and fill one pack after another. Where the next line does not fit, the rest
of the pack takes later lines that share little with their neighbours and so lose little by it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

_LOSS = 1
"""Tokens that a line may run again for being taken out of its order."""


@dataclass(slots=True)
class Placement:
    """Where the lines go: by line, then by pack."""

    packs: list[int]
    """[lines], pack of each line."""
    turn: list[int]
    """[lines], when it was placed: shared tokens are those of the lines placed before."""
    fresh_from: list[int]
    """[lines], tokens at its beginning that the lines before it in the pack have run."""
    begins: list[int]
    """[lines], column of its first token if all of it stood in a row with its fresh tokens."""
    used: list[int] = field(default_factory=list)
    """[packs], columns filled."""
    capacity: list[int] = field(default_factory=list)
    """[packs], ``width``, or the next multiple of it where a longer line needs it."""
    placed: int = 0
    """Lines placed so far."""

    def room(self) -> int:
        """Return the columns left in the last pack."""
        return self.capacity[-1] - self.used[-1] if self.used else 0

    def open(self, capacity: int) -> None:
        """Begin a pack."""
        self.used.append(0)
        self.capacity.append(capacity)

    def put(self, line: int, length: int, shared: int) -> None:
        """Add a line to the last pack, from its token ``shared`` on."""
        self.packs[line] = len(self.used) - 1
        self.turn[line] = self.placed
        self.fresh_from[line] = shared
        self.begins[line] = self.used[-1] - shared
        self.used[-1] += length - shared
        self.placed += 1


def place(lengths: list[int], shared: list[int], width: int) -> Placement:
    """Place all lines.

    Args:
        lengths: Tokens of each line, in lexicographic order of the lines.
        shared: Tokens at the beginning of each line that equal those of the line before.
        width: Columns of a pack.
    """
    count = len(lengths)
    common = min(shared[1:], default=0)
    fillers = _fillers(lengths, shared, common)
    where = Placement([-1] * count, [0] * count, [0] * count, [0] * count)
    alike = 0
    for line, (length, begin) in enumerate(zip(lengths, shared, strict=True)):
        alike = min(alike, begin)
        if where.packs[line] >= 0:
            continue
        if length - alike > where.room():
            _fill(where, line, lengths, common, fillers)
            where.open(-(-length // width) * width)
            alike = 0
        where.put(line, length, alike)
        alike = length
    return where


def _fillers(lengths: list[int], shared: list[int], common: int) -> dict[int, list[int]]:
    """Return the lines that may be taken out of order, by the columns that each needs."""
    fillers: dict[int, list[int]] = {}
    for line, (before, after) in enumerate(zip(shared, [*shared[1:], 0], strict=True)):
        if max(before, after) <= common + _LOSS:
            fillers.setdefault(lengths[line] - common, []).append(line)
    return fillers


def _fill(
    where: Placement, current: int, lengths: list[int], common: int, fillers: dict[int, list[int]]
) -> None:
    """Fill the last pack with lines after ``current``, the largest that fit first."""
    size = where.room()
    while size > 0:
        later = fillers.get(size, [])
        if later and later[-1] > current:
            line = later.pop()
            where.put(line, lengths[line], common)
        else:
            size -= 1
        size = min(size, where.room())
