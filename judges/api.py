"""A judge that is a model behind a web interface."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import closing

from harness.core.errors import DataError, UsageError
from harness.core.ids import digest
from harness.core.progress import announce
from harness.core.records import Call, Judgement
from judges.base import JudgeRequest
from judges.outcome import outcome
from judges.providers.base import Mend, Prompt, Provider
from judges.providers.capabilities import is_dated
from judges.running.asking import Asking
from judges.running.contents import compose
from judges.running.engine import Engine, LoopFactory
from judges.running.gate import Gate
from judges.running.pictures import draw
from judges.running.rate import Rate
from judges.running.retry import Backoff
from judges.running.window import Window
from judges.settings import JudgeSettings

_PREPARED = 2
"""Questions in hand per call under way, so that pictures are drawn before their turn comes."""


class ApiJudge:
    """Asks a provider's model, many questions at a time, within limits of speed and money.

    Rate and concurrency carry over from one list of questions to the next; one list at a time.
    """

    needs_labels: bool = False
    needs_pixels: bool = True

    def __init__(
        self,
        name: str,
        provider: Provider,
        settings: JudgeSettings,
        *,
        backoff: Backoff | None = None,
        loop_factory: LoopFactory = asyncio.new_event_loop,
    ) -> None:
        """Make the judge; nothing is sent and no key is needed yet.

        Args:
            name: Name as the run names it.
            provider: The model.
            settings: Limits, prices and budget.
            backoff: Waits between calls for one question; None for the default.
            loop_factory: Makes the event loop that calls are made in.
        """
        self.name = name
        self.provider = provider
        self.settings = settings
        shaping = [provider.name, provider.model, dict(provider.parameters)]
        self.version = digest(shaping)[:16]
        limits = settings.limits
        self._price = settings.prices.find(provider.model)
        self._rate = Rate(limits.requests_per_minute, limits.tokens_per_minute)
        self._window = Window(limits.concurrency)
        self._backoff = backoff or Backoff()
        self._loop_factory = loop_factory
        self._told = False

    def prompt(self, request: JudgeRequest, mend: Mend | None = None) -> Prompt:
        """Return what is said and shown for a request; draws its pictures.

        Raises:
            DataError: The request has no pictures.
        """
        return compose(request, draw(request), mend)

    def outcome(self, request: JudgeRequest, calls: Sequence[Call], batch: str = "") -> Judgement:
        """Return what the calls made for a request come to, by the last one's reply.

        Args:
            request: The question.
            calls: Every exchange made for it, priced, in order; at least one.
            batch: Batch that they came in; empty for live calls.
        """
        return outcome(self, request, calls, batch)

    def judge(self, requests: Sequence[JudgeRequest]) -> Iterator[Judgement]:
        """Yield an outcome per request as they come; failures with their status.

        Raises:
            UsageError: Calls cannot be made (no key), or a budget is to be kept without a price.
            DataError: No further call can succeed or be paid; what was asked was yielded before.
            KeyboardInterrupt: Ctrl-C; the outcomes of calls under way were yielded before.
        """
        if not requests:
            return
        self._check()
        settings = self.settings
        gate = Gate(self._rate, self._window, settings.budget)
        session = Asking(
            self.name,
            self.provider,
            limits=settings.limits,
            price=self._price,
            gate=gate,
            backoff=self._backoff,
        )
        most = _PREPARED * settings.limits.concurrency
        engine = Engine(session, requests, most=most, loop_factory=self._loop_factory)
        left = len(requests)
        with closing(engine.outcomes()) as outcomes:
            for asked in outcomes:
                left -= 1
                yield self.outcome(asked.request, asked.calls)
        if gate.stopped is not None:
            rest = "1 question is left" if left == 1 else f"{left} questions are left"
            raise DataError(f"{gate.stopped.reason}; {rest}; {gate.stopped.remedy}")

    def _check(self) -> None:
        """Refuse to begin what cannot succeed; say once which model will be recorded."""
        problem = self.provider.key_problem()
        if problem:
            raise UsageError(f"--judge {self.name}: {problem}")
        if self.settings.budget is not None:
            self.settings.prices.require(self.provider.model)
        if not self._told and not is_dated(self.provider.name, self.provider.model):
            self._told = True
            # Servers of one's own know no dated names.
            fixed = "" if self.provider.name == "compatible" else "; a dated name fixes it"
            announce(
                f"judge {self.name}: {self.provider.model!r} names no dated snapshot and may "
                f"change; the one that answers is recorded with every call{fixed}"
            )
