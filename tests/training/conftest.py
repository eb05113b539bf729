from __future__ import annotations

import pytest

from tests.training.parts import save_parts


@pytest.fixture(scope="session")
def parts(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """Return the paths of a tiny Llama and a tiny CLIP."""
    return save_parts(tmp_path_factory.mktemp("parts"))
