"""The measurements of a run's states, if they were made."""

from __future__ import annotations

from pydantic import ValidationError

from harness.core.errors import DataError
from harness.core.measures import Measures
from harness.pipeline.context import RunContext


def kept_measures(context: RunContext) -> Measures | None:
    """Return the measurements of a run's states; None if they were not made.

    Raises:
        DataError: They are unreadable.
    """
    path = context.run.measures
    try:
        return Measures.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValidationError) as error:
        raise DataError(f"cannot read {path}; remove it and run the stage measure again") from error
