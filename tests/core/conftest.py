from __future__ import annotations

import pytest

from harness.core.records import RunSpec
from tests.core.example_spec import make_spec


@pytest.fixture
def spec() -> RunSpec:
    return make_spec()
