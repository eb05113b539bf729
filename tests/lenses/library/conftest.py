from __future__ import annotations

from collections.abc import Iterator
from unittest.mock import patch

import pytest

from harness.core import files


@pytest.fixture(autouse=True, scope="package")
def no_waiting_for_the_disk() -> Iterator[None]:
    """Libraries are many small files here, and nothing here cuts the power."""
    with patch.object(files, "_sync", lambda path: None):
        yield
