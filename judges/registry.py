"""The judges known by name, and how one is made."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Final, TypeAlias

from harness.core.errors import UsageError
from harness.core.registry import Registry
from judges.base import Judge

JudgeFactory: TypeAlias = Callable[[], "Judge | None"]

JUDGES: Final[Registry[JudgeFactory]] = Registry(
    "judge",
    {
        "ground-truth": "judges.ground_truth:GroundTruthJudge",
        "none": "judges.registry:no_judge",
    },
    "lensbench.judges",
)
"""Built-in judges and those of installed plug-ins; each entry is called without arguments."""


def no_judge() -> None:
    """No judge: descriptions are made and shown, and nothing is scored."""


def make_judge(name: str) -> Judge | None:
    """Return the judge registered as ``name``; None for ``none``.

    Raises:
        UsageError: the name is unknown; near names are listed.
    """
    return JUDGES.get(name)()


def judge_summary(name: str) -> str:
    """Return one sentence on what the judge is: the first paragraph of its factory's docstring."""
    documentation = inspect.getdoc(JUDGES.get(name)) or ""
    return " ".join(documentation.partition("\n\n")[0].split())


def parse_judges(text: str) -> tuple[str, ...]:
    """Return the judge names of a comma-separated list, in order, each checked and only once.

    Raises:
        UsageError: a name is unknown, the list is empty, or ``none`` stands beside another judge.
    """
    names = tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
    if not names:
        raise UsageError(
            f"--judge {text!r} names no judge: give one or more of {', '.join(JUDGES.names())}"
        )
    for name in names:
        JUDGES.get(name)
    if "none" in names and len(names) > 1:
        raise UsageError(f"--judge {text!r}: 'none' cannot be combined with another judge")
    return names
