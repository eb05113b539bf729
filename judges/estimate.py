"""What asking a judge will take, before anything is asked: calls, tokens and a range of prices."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from harness.core.errors import unknown_name
from harness.core.records import Judgement, Record
from judges.prices import Price, PriceTable, token_cost
from judges.tokens import image_tokens, text_tokens

ReplyKind: TypeAlias = Literal["lists", "verdicts"]
"""Layout of a reply, as a protocol names it."""

Span: TypeAlias = tuple[float, float]
"""Low and high end."""

REPAIR_SHARE: Final = 0.05
"""Share of calls that the high end expects to be followed by a repair. A reply held to a schema
seldom needs one: in published replies of the paper's judge, 4 of 674 words were not asked about.
"""

INPUT_MARGIN: Final = 2.0
"""How many times the counted tokens a worst case allows for: image rules are documented with up to
twice the tokens that are measured, and other scripts than Latin may take more text tokens.
"""

MEASURED_AT_LEAST: Final = 20
"""Fewest answers from which tokens per word are taken instead of being assumed."""


@dataclass(frozen=True, slots=True)
class _Assumption:
    """Tokens received: so many a question and so many a word."""

    question: Span
    word: Span

    def of(self, words: int) -> Span:
        low, high = (a + b * words for a, b in zip(self.question, self.word, strict=True))
        return low, high


# What can be read of a reply. Lists: some 35 tokens of JSON, grounds of one to six sentences, and
# the words that fit, of one to six tokens with quotes. Verdicts: as much around, and number, word
# and relation for every word.
_VISIBLE: Final[Mapping[str, _Assumption]] = {
    "lists": _Assumption((75, 240), (0, 6)),
    "verdicts": _Assumption((50, 200), (12, 24)),
}

# Hidden reasoning, which is charged as output. The anchor is effort low, where some 450 tokens in
# all are known for five words by the paper's judge; each step up is taken as two to four times the
# step before, and longer questions as taking proportionally more beyond a fixed share.
_HIDDEN: Final[Mapping[str, _Assumption]] = {
    "": _Assumption((0, 0), (0, 0)),
    "none": _Assumption((0, 0), (0, 0)),
    "minimal": _Assumption((0, 64), (0, 4)),
    "low": _Assumption((64, 384), (4, 24)),
    "medium": _Assumption((256, 1024), (16, 64)),
    "high": _Assumption((768, 3072), (32, 128)),
    "xhigh": _Assumption((1536, 6144), (64, 256)),
    "max": _Assumption((3072, 12288), (128, 512)),
}

_FREE: Final = Price(input=0, output=0)


@dataclass(frozen=True, slots=True)
class QuestionSize:
    """How large one question is."""

    words: int
    """Words asked about."""
    text_tokens: int
    """Tokens of prompt and schema."""
    image_tokens: int
    """Tokens of both pictures."""


class CostEstimate(Record):
    """What one judge will take to answer what it has not answered yet."""

    judge: str
    """Name of the judge as the run names it."""
    model: str = ""
    """Model that is asked; empty for a judge inside this process."""
    questions: int
    """Questions of the run, checks included."""
    cached: int = 0
    """Questions among them that are answered already and cost nothing more."""
    calls: int = 0
    """Calls to the provider, without repairs."""
    input_tokens: int = 0
    """Tokens sent, without repairs; none is counted as cached by the provider."""
    output_low: int = 0
    """Tokens received, hidden reasoning included: low end."""
    output_high: int = 0
    """Tokens received, hidden reasoning and a share of repairs included: high end."""
    cost_low: float | None = 0.0
    """US dollars: low end; None if the price of the model is not known."""
    cost_high: float | None = 0.0
    """US dollars: high end, a share of repairs included; None as above."""
    price_date: str = ""
    """Month of the price table."""
    price_source: str = ""
    """Where its prices come from."""
    batch: bool = False
    """Whether calls are sent as batches, at their price."""
    notes: tuple[str, ...] = ()
    """What the figures rest on, one line each."""


def question_size(
    words: int,
    texts: Sequence[str],
    pictures: Sequence[tuple[int, int]],
    rule: str,
    detail: str = "high",
) -> QuestionSize:
    """Return the size of one question.

    Args:
        words: Words asked about.
        texts: All that is sent as text: the prompt, and the schema as JSON.
        pictures: Width and height in pixels of every picture.
        rule: The model's image rule, see :func:`judges.tokens.image_tokens`.
        detail: Image detail that is asked for.
    """
    images = sum(image_tokens(rule, width, height, detail) for width, height in pictures)
    return QuestionSize(words, sum(map(text_tokens, texts)), images)


def in_process(judge: str, questions: int, cached: int = 0) -> CostEstimate:
    """Return the estimate of a judge that calls no provider: nothing is paid."""
    return CostEstimate(judge=judge, questions=questions, cached=cached)


def estimate(
    judge: str,
    model: str,
    sizes: Sequence[QuestionSize],
    *,
    prices: PriceTable,
    reply: ReplyKind,
    effort: str = "",
    answered: int = 0,
    measured: Sequence[Judgement] = (),
    batch: bool = False,
) -> CostEstimate:
    """Estimate what a judge behind a provider will take.

    Tokens received are assumed by layout and effort, or, from :data:`MEASURED_AT_LEAST` answers on,
    taken from ``measured``: their mean per word for the low end and their 90 % quantile per word
    for the high end. The high end also expects a share of repairs (:data:`REPAIR_SHARE`), which
    send question and reply once more.

    Args:
        judge: Name of the judge as the run names it.
        model: Model that is asked.
        sizes: One per question that is still open.
        prices: Price table.
        reply: Layout of the protocol's replies.
        effort: Reasoning effort that is asked for; empty for models without such a setting.
        answered: Questions that are answered already.
        measured: Answers this judge gave under the same protocol; failures are left out.
        batch: Whether calls are sent as batches.

    Raises:
        UsageError: Unknown effort.
    """
    if effort not in _HIDDEN:
        raise unknown_name("effort", effort, filter(None, _HIDDEN))
    rates = _rates(measured)
    low, high = _assumed(sizes, reply, effort) if rates is None else _scaled(sizes, rates)
    sent = sum(size.text_tokens + size.image_tokens for size in sizes)
    sent_again = (sent + high) * REPAIR_SHARE
    received = high * (1 + REPAIR_SHARE)
    # Nothing is paid for nothing, whatever a call would cost.
    price = prices.find(model) if sizes else _FREE
    return CostEstimate(
        judge=judge,
        model=model,
        questions=len(sizes) + answered,
        cached=answered,
        calls=len(sizes),
        input_tokens=sent,
        output_low=math.floor(low),
        output_high=math.ceil(received),
        cost_low=token_cost(price, sent, low, batch=batch),
        cost_high=token_cost(price, sent + sent_again, received, batch=batch),
        price_date=prices.date,
        price_source=prices.source,
        batch=batch,
        notes=_notes(len(sizes), rates, len(_usable(measured)), effort),
    )


def worst_case(
    price: Price | None, input_tokens: int, max_output_tokens: int, batch: bool = False
) -> float | None:
    """Return the most that one call can cost in US dollars; None if the price is not known.

    Args:
        price: Price of the model.
        input_tokens: Tokens counted for what is sent; :data:`INPUT_MARGIN` times as many are
            allowed for, because they are counted by rules of thumb.
        max_output_tokens: Limit that the provider holds the reply to, hidden reasoning included.
        batch: Whether the call is part of a batch.
    """
    return token_cost(price, input_tokens * INPUT_MARGIN, max_output_tokens, batch=batch)


def _usable(measured: Sequence[Judgement]) -> list[Judgement]:
    return [row for row in measured if row.status == "ok" and row.words and row.output_tokens]


def _rates(measured: Sequence[Judgement]) -> Span | None:
    """Return mean and 90 % quantile (nearest rank) of tokens received per word; None if too few."""
    usable = _usable(measured)
    if len(usable) < MEASURED_AT_LEAST:
        return None
    # The first call only: repairs are a share of their own.
    received = [row.calls[0].output_tokens if row.calls else row.output_tokens for row in usable]
    mean = sum(received) / sum(len(row.words) for row in usable)
    each = sorted(tokens / len(row.words) for tokens, row in zip(received, usable, strict=True))
    return mean, max(mean, each[math.ceil(0.9 * len(each)) - 1])


def _scaled(sizes: Sequence[QuestionSize], rates: Span) -> Span:
    words = sum(size.words for size in sizes)
    return rates[0] * words, rates[1] * words


def _assumed(sizes: Sequence[QuestionSize], reply: ReplyKind, effort: str) -> Span:
    spans = [part.of(size.words) for size in sizes for part in (_VISIBLE[reply], _HIDDEN[effort])]
    return sum(low for low, _ in spans), sum(high for _, high in spans)


def _notes(calls: int, rates: Span | None, answers: int, effort: str) -> tuple[str, ...]:
    if not calls:
        return ()
    if rates is not None:
        return (f"tokens out as measured on {answers} answers",)
    return (f"tokens out assumed{f' for effort {effort}' if effort else ''}",)
