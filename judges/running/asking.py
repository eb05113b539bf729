"""One question from its first call to its last: retries, patience, and one request to repair."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from typing import Final

from harness.core.progress import announce
from harness.core.records import Call
from judges.base import JudgeRequest
from judges.estimate import worst_case
from judges.prices import Price, call_cost
from judges.protocols.reading import read_reply
from judges.protocols.wording import repair_text
from judges.providers.base import Mend, Prompt, Provider, Sent
from judges.running.contents import compose, received_tokens, sent_tokens
from judges.running.gate import Gate, Need, Stop, Ticket
from judges.running.pictures import Studio
from judges.running.retry import Backoff
from judges.settings import Limits

_TOLD_FROM_S: Final = 5.0
"""Pauses from this many seconds on are told to the user."""

_FEWEST_IN_A_ROW: Final = 8
"""Questions in a row without an answer that stop the judge, or as many as are asked at once."""

_LEAST_SHARE: Final = 0.1
"""Share of the timeout that must be left of a question's patience for another call."""

_NEARLY: Final = 0.99
"""Share of the timeout after which a silence counts as one: two clocks never agree exactly."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question that was asked."""

    request: JudgeRequest
    """The question."""
    calls: tuple[Call, ...]
    """Every exchange made for it, priced, in order; at least one."""


@dataclass(slots=True)
class _Open:
    """A question on its way."""

    request: JudgeRequest
    calls: list[Call] = field(default_factory=list)
    ends: float | None = None
    failures: int = 0


class Asking:
    """Puts the questions of one list to a provider; belongs to one event loop."""

    def __init__(
        self,
        judge: str,
        provider: Provider,
        *,
        limits: Limits,
        price: Price | None,
        gate: Gate,
        backoff: Backoff,
    ) -> None:
        """Say who is asked and how.

        Args:
            judge: Name for messages.
            provider: The model; closed by :meth:`close`.
            limits: Timeout, patience and, to notice a provider that is down, concurrency.
            price: Its price; None if that is not known.
            gate: What every call goes through.
            backoff: Waits between calls for one question.
        """
        self._judge = judge
        self._provider = provider
        self._limits = limits
        self._price = price
        self._gate = gate
        self._backoff = backoff
        self._studio = Studio()
        self._given_up = 0

    @property
    def under_way(self) -> int:
        """Number of calls under way."""
        return self._gate.under_way

    @property
    def stopped(self) -> bool:
        """Whether nothing new is sent any more."""
        return self._gate.stopped is not None

    def stop(self) -> None:
        """Send nothing more; calls under way go on."""
        self._gate.stop(Stop(""))

    async def close(self) -> None:
        """Close the provider's connections."""
        await self._provider.close()

    async def ask(self, request: JudgeRequest) -> Asked | None:
        """Ask until there is a reply or no more to hope for; None if no call was made.

        A reply that does not fit gets one request to put it right, with the same pictures. A reply
        that was cut off does not: only other parameters would make room for it.
        """
        if self.stopped:
            return None
        question = _Open(request)
        prompt = compose(request, await self._studio.pictures(request))
        reply = await self._exchange(question, prompt)
        if reply is not None and reply.status == "ok":
            reading = read_reply(request.protocol, request.words, reply.raw)
            if reading.status != "ok":
                wanted = repair_text(request.protocol, reading.error)
                await self._exchange(question, replace(prompt, mend=Mend(reply.raw, wanted)))
        return Asked(request, tuple(question.calls)) if question.calls else None

    async def _exchange(self, question: _Open, prompt: Prompt) -> Call | None:
        """Send ``prompt`` until retrying is of no use; return the last call, None if there is none.

        Patience counts from the first sending: a question that waits its turn is not late.
        """
        question.failures = 0
        last = None
        need = self._need(prompt)
        while ticket := await self._gate.enter(need, self._latest(question)):
            now = _now()
            if question.ends is None:
                question.ends = now + self._limits.patience_s
            sent = await self._send(prompt, ticket, question.ends - now)
            last = sent.call
            question.calls.append(last)
            if sent.fatal:
                self._gate.stop(Stop(sent.fatal, "the same command asks them"))
            if not sent.retry:
                self._given_up = 0
                break
            question.failures += 1
            if not await self._wait(question, sent):
                break
        return last

    async def _send(self, prompt: Prompt, ticket: Ticket, patience: float) -> Sent:
        """Make one call and hand its ticket back, whatever happens."""
        timeout = max(0.0, min(self._limits.timeout_s, patience))
        sent: Sent | None = None
        cost: float | None = None
        try:
            sent = await self._provider.send(prompt, timeout)
            # A call that timed out may have been answered and charged all the same.
            lost = sent.call.http_status == 0 and sent.call.latency_s >= _NEARLY * timeout
            cost = None if lost else call_cost(self._price, sent.call)
            return replace(sent, call=sent.call.model_copy(update={"cost_usd": cost}))
        finally:
            call = sent.call if sent is not None else None
            self._gate.leave(
                ticket,
                used_tokens=call.input_tokens + call.output_tokens if call else 0,
                cost=cost,
                good=sent is not None and not sent.retry,
                overload=sent is not None and sent.overload,
            )

    def _latest(self, question: _Open) -> float | None:
        """Return when a call may begin at the latest, so that there is time for a reply to it."""
        if question.ends is None:
            return None
        return question.ends - _LEAST_SHARE * min(self._limits.timeout_s, self._limits.patience_s)

    async def _wait(self, question: _Open, sent: Sent) -> bool:
        """Wait before a call is made again; return False at once if it cannot be in time."""
        asked = sent.retry_after_s
        if asked is None:
            delay = self._backoff.wait(question.request.key, question.failures)
        else:
            delay = asked
            self._pause(asked)
        latest = self._latest(question)
        if latest is not None and _now() + delay > latest:
            self._give_up(sent.call.error)
            return False
        return await self._gate.rest(delay)

    def _pause(self, seconds: float) -> None:
        """Do what the provider asks: nobody sends anything until then, or at all in this run."""
        patience = self._limits.patience_s
        if seconds > patience:
            self._gate.stop(
                Stop(
                    f"judge {self._judge}: the provider asks to wait {seconds:.0f} s, longer than "
                    f"the {patience:g} s of patience",
                    "run the same command again later",
                )
            )
            return
        if self._gate.pause(seconds) and seconds >= _TOLD_FROM_S:
            announce(f"judge {self._judge}: the provider asks to wait {seconds:.0f} s")

    def _give_up(self, error: str) -> None:
        """Count a question that was not answered in time; enough of them mean that none will be."""
        self._given_up += 1
        if self._given_up >= max(_FEWEST_IN_A_ROW, self._limits.concurrency):
            self._gate.stop(
                Stop(
                    f"judge {self._judge}: {self._given_up} questions in a row got no answer in "
                    f"{self._limits.patience_s:g} s, the last: {error}",
                    "run the same command again later",
                )
            )

    def _need(self, prompt: Prompt) -> Need:
        """Return what a call may use at worst; without a price there is no budget to keep."""
        sent, received = sent_tokens(prompt, self._provider), received_tokens(self._provider)
        usd = worst_case(self._price, sent, received)
        return Need(sent + received, usd or 0.0)


def _now() -> float:
    return asyncio.get_running_loop().time()
