"""Names of annotators: no real ones are needed, and each becomes a file and a link."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from typing import Final

from harness.core.errors import UsageError

_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,40}")


def check_pseudonyms(names: Iterable[str]) -> None:
    """Check that every name can be that of a file of its own.

    Raises:
        UsageError: A name is not of 1 to 40 letters a-z, digits, - and _, or two differ in nothing
            but case, of which some file systems take no notice.
    """
    listed = list(names)
    for name in listed:
        if not _NAME.fullmatch(name):
            raise UsageError(
                f"annotator {name!r}: expected a pseudonym of 1 to 40 letters a-z, digits, - and _"
            )
    counts = Counter(name.lower() for name in listed)
    twice = [name for name in listed if counts[name.lower()] > 1]
    if twice:
        raise UsageError(
            f"annotators {' and '.join(twice[:2])} have one name: expected names that differ in "
            "more than case"
        )
