from __future__ import annotations

import pytest

from lenses.base import LensContext
from lenses.library.store import Library
from tests.lenses.fixtures import make_context, make_library


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> Library:
    """The synthetic library, built once."""
    return make_library(tmp_path_factory.mktemp("library") / "synthetic")


@pytest.fixture
def context(library: Library) -> LensContext:
    """What a lens is prepared with."""
    return make_context(library)
