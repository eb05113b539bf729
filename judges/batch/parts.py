"""Questions put together to batches: within the provider's limits, and within the money."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.core.progress import progress
from judges.base import JudgeRequest
from judges.batch.base import BatchLimits, Item, item_bytes
from judges.batch.deposits import Deposits
from judges.estimate import worst_case
from judges.providers.base import Prompt
from judges.providers.pictures import picture_problem
from judges.running.contents import compose, received_tokens, sent_tokens
from judges.running.pictures import draw

if TYPE_CHECKING:
    from judges.api import ApiJudge


@dataclass(frozen=True, slots=True)
class Part:
    """Questions for one batch."""

    items: tuple[Item, ...]
    """Their keys and bodies."""
    costs: tuple[float | None, ...]
    """Most that each can cost in US dollars; None if the price is not known."""

    @property
    def worst_usd(self) -> float | None:
        """Most that all can cost in US dollars; None if that is not known."""
        known = [cost for cost in self.costs if cost is not None]
        return math.fsum(known) if len(known) == len(self.costs) else None


@dataclass(frozen=True, slots=True)
class Unaskable:
    """A question that the provider would not take."""

    request: JudgeRequest
    """The question."""
    problem: str
    """Why, in one line."""


def parts(
    judge: ApiJudge, requests: Sequence[JudgeRequest], limits: BatchLimits, deposits: Deposits
) -> Iterator[Part | Unaskable]:
    """Yield batches of ``requests``, each question's worst cost set aside.

    Raises:
        CostLimitError: After the last part that there is money for, if questions are left.
    """
    items: list[Item] = []
    costs: list[float | None] = []
    size = 0
    for number, (request, prompt) in enumerate(_prompts(judge.name, requests)):
        if problem := _problem(judge, prompt):
            yield Unaskable(request, problem)
            continue
        cost = worst_usd(judge, prompt)
        if not deposits.affords(cost):
            if items:
                yield Part(tuple(items), tuple(costs))
            raise deposits.exceeded(len(requests) - number)
        item = (request.key, judge.provider.body(prompt))
        added = item_bytes(item)
        if items and (len(items) == limits.requests or size + added > limits.bytes):
            yield Part(tuple(items), tuple(costs))
            items, costs, size = [], [], 0
        items.append(item)
        costs.append(cost)
        size += added
    if items:
        yield Part(tuple(items), tuple(costs))


def worst_usd(judge: ApiJudge, prompt: Prompt) -> float | None:
    """Return the most that a question can cost in a batch; None if there is no price."""
    live = judge.provider
    sent, received = sent_tokens(prompt, live), received_tokens(live)
    return worst_case(judge.settings.prices.find(live.model), sent, received, batch=True)


def _prompts(judge: str, requests: Sequence[JudgeRequest]) -> Iterator[tuple[JudgeRequest, Prompt]]:
    """Yield requests with their prompts; questions about one patch in a row are drawn once."""
    drawn = ""
    pictures = (b"", b"")
    for request in progress(requests, description=f"batches of {judge}"):
        if request.patch_id != drawn:
            drawn, pictures = request.patch_id, draw(request)
        yield request, compose(request, pictures)


def _problem(judge: ApiJudge, prompt: Prompt) -> str:
    live = judge.provider
    problems = (picture_problem(png, live.model, live.capabilities) for png in prompt.images)
    return next(filter(None, problems), "")
