"""How many calls may be under way: additive increase, multiplicative decrease.

The rule of TCP's congestion window (RFC 5681), on whole calls: an overloaded provider is asked half
as much at once, and then carefully more again.
"""

from __future__ import annotations


class Window:
    """The number of calls that may be under way at once, between 1 and ``most``.

    It starts at ``most``. An overload halves it, counted from the calls that were under way: a
    window that was not full says nothing of what the provider can bear. Calls sent before a halving
    do not halve again, since they tell of the same overload. As many good replies as the window is
    wide make it wider by one.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self.size = most
        self.under_way = 0
        self._generation = 0
        self._good = 0

    @property
    def full(self) -> bool:
        """Whether no further call may be sent now."""
        return self.under_way >= self.size

    def enter(self) -> int:
        """Count a call as under way; return its generation, to be given back on :meth:`leave`."""
        self.under_way += 1
        return self._generation

    def leave(self, generation: int, *, good: bool, overload: bool) -> None:
        """Count a call as ended.

        Args:
            generation: What :meth:`enter` returned for it.
            good: Whether the provider answered it.
            overload: Whether the provider asked for fewer calls.
        """
        if overload and generation == self._generation:
            self.size = max(1, min(self.size, self.under_way) // 2)
            self._generation += 1
            self._good = 0
        elif good and not overload:
            self._good += 1
            if self._good >= self.size:
                self.size = min(self.most, self.size + 1)
                self._good = 0
        self.under_way -= 1
