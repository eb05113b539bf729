"""How a judge may be run: none of it changes an answer."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from pydantic import Field

from harness.core.records import Record
from judges.budget import Budget
from judges.prices import PriceTable, load_prices


class Limits(Record):
    """How fast and how long a provider may be asked."""

    concurrency: int = Field(16, ge=1)
    """Most calls under way at once."""
    requests_per_minute: int | None = Field(None, ge=1)
    """Most calls a minute; None for no limit of ours."""
    tokens_per_minute: int | None = Field(None, ge=1)
    """Most tokens a minute, sent and received; None for no limit of ours."""
    timeout_s: float = Field(120.0, gt=0)
    """Longest wait for one reply in seconds."""
    patience_s: float = Field(900.0, gt=0)
    """Longest time spent on one question in seconds, waits and retries included."""


@dataclass(frozen=True, slots=True)
class JudgeSettings:
    """What a judge is made with besides its name."""

    limits: Limits = field(default_factory=Limits)
    """Speed and patience."""
    prices: PriceTable = field(default_factory=load_prices)
    """Prices by model."""
    budget: Budget | None = None
    """Money that may be spent; None for no limit."""
    keys: Path | None = None
    """File of API keys; None to read the environment only."""
    run: Path | None = None
    """Directory of the run that is judged, for judges that read files of it."""
