"""The judges known by name or by the form of their name, and how one is made."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Final, TypeAlias

from harness.core.errors import UsageError, unknown_name
from harness.core.registry import Registry
from judges.base import Judge
from judges.forms import FORMS, JudgeForm, find_form
from judges.settings import JudgeSettings

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


def make_judge(name: str, settings: JudgeSettings | None = None) -> Judge | None:
    """Return the judge called ``name``; None for ``none``.

    Args:
        name: A registered name, or one of the forms in :data:`judges.forms.FORMS`.
        settings: Speed, prices, keys and run; the defaults if there are none.

    Raises:
        UsageError: The name is unknown (near names and forms are listed), or what it says is
            wrong: an option, an address, a folder.
    """
    form, rest = _form_of(name)
    if form is None:
        return JUDGES.get(name)()
    return form.make(name, rest, settings or JudgeSettings())


def judge_summary(name: str) -> str:
    """Return one sentence on what the judge is, without making it.

    Of a registered judge that is the first paragraph of its factory's docstring.

    Raises:
        UsageError: As :func:`make_judge`.
    """
    form, rest = _form_of(name)
    if form is not None:
        return form.describe(name, rest)
    documentation = inspect.getdoc(JUDGES.get(name)) or ""
    return " ".join(documentation.partition("\n\n")[0].split())


def parse_judges(text: str) -> tuple[str, ...]:
    """Return the judge names of a comma-separated list, in order, each checked and only once.

    Raises:
        UsageError: A name is unknown, the list is empty, or ``none`` stands beside another judge.
    """
    names = tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
    if not names:
        raise UsageError(
            f"--judge {text!r} names no judge: give one or more of {', '.join(_known())}"
        )
    for name in names:
        _form_of(name)
    if "none" in names and len(names) > 1:
        raise UsageError(f"--judge {text!r}: 'none' cannot be combined with another judge")
    return names


def _form_of(name: str) -> tuple[JudgeForm | None, str]:
    """Return the form of a name and what stands behind its prefix; no form if it is registered.

    Raises:
        UsageError: It is neither registered nor of any form.
    """
    if name in JUDGES.names():
        return None, ""
    found = find_form(name)
    if found is None:
        raise unknown_name("judge", name, _known())
    return found


def _known() -> list[str]:
    return [*JUDGES.names(), *(form.form for form in FORMS)]
