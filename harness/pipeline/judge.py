"""Stage 6: every distinct question to every judge, once; answers go to the journal as they come."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from harness.core.ids import digest
from harness.core.journal import Journal
from harness.core.progress import announce
from harness.core.records import Judgement
from harness.pipeline.asking import ask
from harness.pipeline.context import RunContext
from harness.pipeline.judging import Judging, present_judgings, record_identities
from harness.pipeline.run_judges import setups
from judges.api import ApiJudge


def inputs(context: RunContext) -> dict[str, str]:
    """Return what decides the judgements: descriptions, patches, judges and their protocols."""
    run = context.run
    versions = {
        f"judge {judging.label}": digest(
            [judging.identity.version, judging.prompt_hash, judging.setup.model_dump()]
        )
        for judging in present_judgings(context)
    }
    return run.digests(run.descriptions, run.patches) | versions | {"spec": digest(context.spec)}


def run(context: RunContext) -> bool:
    """Ask what has no answer yet; return whether every question has one now."""
    return not setups(context) or ask_share(context, context.run.judgements, 1, 1)


def ask_share(context: RunContext, path: Path, number: int, count: int) -> bool:
    """Ask one of ``count`` shares of what has no answer yet.

    Args:
        context: The run.
        path: Journal of this share; no other process may write to it.
        number: Which share, from 1. A key always falls into the same share.
        count: How many shares there are.

    Returns:
        Whether every question of the share has an answer now.
    """
    rows = list(context.judgements())
    answered = answered_keys(rows)
    found = present_judgings(context)
    record_identities(context, found)
    left: dict[str, list[str]] = {}
    with Journal(path) as journal:
        for judging in found:
            _tell_unused(judging, rows)
            keys = open_keys(judging, answered)
            share = [key for key in keys if int(key[:8], 16) % count == number - 1]
            left[judging.label] = ask(judging, share, journal)
        if context.options.batch and context.options.wait:
            # All batches are handed in before the first is waited for.
            for judging in found:
                if isinstance(judging.judge, ApiJudge):
                    open_now = left[judging.label]
                    left[judging.label] = ask(judging, open_now, journal, wait=True)
    unscored = sum(map(len, left.values()))
    if unscored:
        announce(f"{unscored} questions stay unscored; the same command asks them again")
    return not unscored


def answered_keys(rows: Iterable[Judgement]) -> set[str]:
    """Return the keys that have an answer; failures have none."""
    return {row.key for row in rows if row.status == "ok"}


def open_keys(judging: Judging, answered: set[str]) -> list[str]:
    """Return the keys that a judge has not answered yet, patch by patch."""
    return [key for key in judging.asked if key not in answered]


def _tell_unused(judging: Judging, rows: Iterable[Judgement]) -> None:
    """Say that a judge of this name has answers under other settings, which do not count here."""
    judge = judging.identity
    unused = sum(
        row.judge == judge.judge and row.judge_version != judge.version and row.status == "ok"
        for row in rows
    )
    if unused:
        announce(
            f"judge {judging.label}: {unused} recorded answers were given with other settings "
            "(model options, address or rules) and are not used"
        )
