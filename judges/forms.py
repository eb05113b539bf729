"""Judges whose names say more than which one: a model, an address, a folder."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeAlias

from harness.core.errors import UsageError
from judges.base import Judge
from judges.settings import JudgeSettings

Make: TypeAlias = Callable[[str, str, JudgeSettings], Judge]
"""(name, what stands behind the prefix, settings) to the judge."""

_PICTURES: Final = "looks at the boxed picture and the crop"


@dataclass(frozen=True, slots=True)
class JudgeForm:
    """One way of naming judges."""

    prefix: str
    """Beginning of all names of this form."""
    form: str
    """The form as a user writes it."""
    summary: str
    """What such a judge is, for the list of judges."""
    make: Make
    """Makes the judge; needs neither key nor network."""
    describe: Callable[[str, str], str]
    """(name, what stands behind the prefix) to one sentence on the judge, for reports."""

    def rest(self, name: str) -> str | None:
        """Return what stands behind the prefix of ``name``; None if it is not of this form.

        A prefix that ends in a sign wants something behind it; any other is a word that may stand
        alone, or go on with a dash or an option.
        """
        if not name.startswith(self.prefix):
            return None
        rest = name.removeprefix(self.prefix)
        fits = rest != "" if self.prefix[-1] in ":-" else rest[:1] in ("", "-", ":")
        return rest if fits else None


def _api(kind: str, text: str, name: str, settings: JudgeSettings) -> Judge:
    from judges.api import ApiJudge
    from judges.providers.registry import make_provider

    return ApiJudge(name, make_provider(kind, text, settings.keys), settings)


def _api_form(kind: str, prefix: str, form: str, summary: str) -> JudgeForm:
    """Return a form of a provider; without a colon the prefix belongs to the model's name."""

    def text(name: str, rest: str) -> str:
        return rest if prefix.endswith(":") else name

    return JudgeForm(
        prefix=prefix,
        form=form,
        summary=summary,
        make=lambda name, rest, settings: _api(kind, text(name, rest), name, settings),
        describe=lambda name, rest: _about_model(kind, text(name, rest)),
    )


def _about_model(kind: str, text: str) -> str:
    from judges.providers.addresses import host_of, split_address
    from judges.providers.options import resolve_options, split_model

    model, options = split_model(text)
    where = {"openai": "OpenAI", "anthropic": "Anthropic"}.get(kind, "")
    if kind == "compatible":
        address, model = split_address(model)
        where = host_of(address)
    effort = resolve_options(kind, model, options).effort
    thinking = f" with effort {effort}" if effort else ""
    return f"The model {model} of {where}{thinking}, which {_PICTURES}."


def _local(name: str, rest: str, _: JudgeSettings) -> Judge:
    from judges.local import LocalJudge

    return LocalJudge(name, rest)


def _replay(name: str, rest: str, _: JudgeSettings) -> Judge:
    from judges.replay import ReplayJudge

    return ReplayJudge(name, rest)


def _human(name: str, rest: str, settings: JudgeSettings) -> Judge:
    from judges.human import HumanJudge

    if rest:
        raise UsageError(f"judge {name!r}: nothing may stand behind 'human'; did you mean human?")
    return HumanJudge(settings.run)


FORMS: Final[tuple[JudgeForm, ...]] = (
    _api_form(
        "openai", "gpt-", "gpt-...", f"a model of OpenAI that {_PICTURES}; also gpt-5:effort=medium"
    ),
    _api_form("openai", "o3", "o3...", "the same, a model whose name begins with o3"),
    _api_form("openai", "o4", "o4...", "the same, a model whose name begins with o4"),
    _api_form("openai", "openai:", "openai:MODEL", "the same, any model of OpenAI"),
    _api_form("anthropic", "claude-", "claude-...", f"a model of Anthropic that {_PICTURES}"),
    _api_form("anthropic", "anthropic:", "anthropic:MODEL", "the same, any model of Anthropic"),
    _api_form(
        "compatible",
        "compatible:",
        "compatible:BASE_URL/MODEL",
        "a model behind a chat-completions interface (vLLM, Ollama, OpenRouter)",
    ),
    JudgeForm(
        prefix="local:",
        form="local:PATH_OR_HUB_ID",
        summary="a vision-language model of transformers, run in this process; no key needed",
        make=_local,
        describe=lambda _, rest: f"The model {rest}, run in this process, which {_PICTURES}.",
    ),
    JudgeForm(
        prefix="replay:",
        form="replay:RUN[#JUDGE]",
        summary="the answers recorded in another run's directory, given again; no key needed",
        make=_replay,
        describe=lambda _, rest: f"Answers recorded in {rest}, given again without asking anybody.",
    ),
    JudgeForm(
        prefix="human",
        form="human",
        summary="the labels people gave to this run, by majority",
        make=_human,
        describe=lambda _, __: "People: the relation that most of those who rated a word gave it.",
    ),
)
"""All forms; a registered name comes before any of them."""


def find_form(name: str) -> tuple[JudgeForm, str] | None:
    """Return the form of ``name`` and what stands behind its prefix; None if it has no form."""
    for form in FORMS:
        rest = form.rest(name)
        if rest is not None:
            return form, rest
    return None
