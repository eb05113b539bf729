"""The one door through which every call of a judge goes, in single file."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from judges.budget import Budget
from judges.running.rate import Rate
from judges.running.window import Window


@dataclass(frozen=True, slots=True)
class Need:
    """What a call may use at worst."""

    tokens: int
    """Tokens sent and received."""
    usd: float = 0.0
    """Price in US dollars; 0 where no budget is kept."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """The right to make one call, to be handed back when it has ended."""

    need: Need
    """What was asked for."""
    generation: int
    """When it was given, in halvings of the window."""
    reserved_tokens: float
    """Tokens held for it."""


@dataclass(frozen=True, slots=True)
class Stop:
    """Why nothing more is sent."""

    reason: str
    """What happened; empty if the user stopped it."""
    remedy: str = ""
    """What makes the rest of the questions possible."""


class Gate:
    """Lets a call through when window, pause, rate and budget all allow it.

    Callers wait in the order in which they came, and only the first of them looks at the four
    conditions; so a call that is let through is sent at once, and no right to send is hoarded while
    the provider asks for a pause. Belongs to one event loop; ``rate`` and ``window`` outlive it.
    """

    def __init__(self, rate: Rate, window: Window, budget: Budget | None = None) -> None:
        self.stopped: Stop | None = None
        self._rate = rate
        self._window = window
        self._budget = budget
        self._resume_at = 0.0
        self._turn = asyncio.Lock()
        self._changed = asyncio.Event()
        self._stopping = asyncio.Event()

    @property
    def under_way(self) -> int:
        """Number of calls that were let through and have not ended."""
        return self._window.under_way

    async def enter(self, need: Need, deadline: float | None = None) -> Ticket | None:
        """Wait for the right to make a call; None if there will be none.

        There is none after :meth:`stop`, and if ``deadline`` (in the loop's time) would be passed.
        A call that the budget does not allow waits for calls under way, which may turn out cheaper
        than feared; when that cannot help, the gate stops.
        """
        async with self._turn:
            while self.stopped is None:
                now = _now()
                delay = max(self._resume_at - now, self._rate.delay(need.tokens, now), 0.0)
                if deadline is not None and now + delay > deadline:
                    return None
                if self._window.full:
                    await self._change(None)
                elif delay > 0:
                    await self._change(delay)
                elif self._budget is None or self._budget.reserve(need.usd):
                    reserved = self._rate.take(need.tokens, now)
                    return Ticket(need, self._window.enter(), reserved)
                elif self._window.under_way and not self._budget.exhausted:
                    await self._change(None)
                else:
                    self.stop(_too_dear(self._budget))
            return None

    def leave(
        self, ticket: Ticket, *, used_tokens: int, cost: float | None, good: bool, overload: bool
    ) -> None:
        """Hand a ticket back.

        Args:
            ticket: What :meth:`enter` gave.
            used_tokens: Tokens the call has used; 0 if it was not answered.
            cost: Its price in US dollars; None if that is not known.
            good: Whether the provider answered it.
            overload: Whether the provider asked for fewer calls.
        """
        self._rate.settle(ticket.need.tokens, ticket.reserved_tokens, used_tokens)
        self._window.leave(ticket.generation, good=good, overload=overload)
        if self._budget is not None:
            self._budget.settle(ticket.need.usd, cost)
        self._changed.set()

    def pause(self, seconds: float) -> bool:
        """Let nothing through for ``seconds`` from now; return whether this begins a pause."""
        now = _now()
        fresh = self._resume_at <= now
        self._resume_at = max(self._resume_at, now + seconds)
        return fresh

    def stop(self, stop: Stop) -> None:
        """Let nothing through any more; the first reason given stands."""
        self.stopped = self.stopped or stop
        self._stopping.set()
        self._changed.set()

    async def rest(self, seconds: float) -> bool:
        """Wait; return False at once if the gate stops meanwhile."""
        try:
            async with asyncio.timeout(seconds):
                await self._stopping.wait()
        except TimeoutError:
            return True
        return False

    async def _change(self, longest: float | None) -> None:
        """Wait until a call ends or the gate stops, at most ``longest`` seconds."""
        self._changed.clear()
        try:
            async with asyncio.timeout(longest):
                await self._changed.wait()
        except TimeoutError:
            return


def _now() -> float:
    return asyncio.get_running_loop().time()


def _too_dear(budget: Budget) -> Stop:
    spent, limit = f"${budget.spent_usd:,.4f}", f"${budget.limit_usd:,.4f}"
    return Stop(
        f"--max-cost {budget.limit_usd:g} would be exceeded: spent {spent} of {limit}",
        "raise it and run the same command again",
    )
