"""The agreement with people that a run keeps, and whether its judges have spoken since."""

from __future__ import annotations

from typing import Final

from pydantic import ValidationError

from harness.core.agreement import Agreement
from harness.core.errors import DataError
from harness.core.ids import digest
from harness.pipeline.context import RunContext

JUDGEMENTS: Final = "judgements"
"""Under this name an agreement's source has the digest of the judgements it was made from."""

_LENGTH: Final = 16

_STALE: Final = (
    "The agreement with people was computed before the judges last answered: run `harness agree` "
    "again."
)


def kept_agreement(context: RunContext) -> Agreement | None:
    """Return the agreement of a run, with a notice if it is out of date; None if there is none.

    Raises:
        DataError: It cannot be read.
    """
    path = context.run.agreement
    try:
        found = Agreement.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValidationError) as error:
        raise DataError(f"cannot read {path}; remove it and run `harness agree` again") from error
    if found.source.get(JUDGEMENTS) == judgements_digest(context):
        return found
    return found.model_copy(update={"notices": (_STALE, *found.notices)})


def judgements_digest(context: RunContext) -> str:
    """Return the first digits of the digest of everything the run's judges have said."""
    run = context.run
    return digest(run.digests(run.judgements, run.judgement_parts))[:_LENGTH]
