from __future__ import annotations

import pytest

from harness.core.errors import UsageError
from judges.batch.anthropic import AnthropicBatches
from judges.batch.openai import OpenAIBatches
from judges.batch.registry import batch_provider
from judges.providers.registry import make_provider


def test_openai_and_anthropic_have_a_batch_interface() -> None:
    assert isinstance(batch_provider(make_provider("openai", "gpt-5", None)), OpenAIBatches)
    claude = make_provider("anthropic", "claude-haiku-4-5", None)
    assert isinstance(batch_provider(claude), AnthropicBatches)


def test_a_compatible_server_has_none() -> None:
    live = make_provider("compatible", "http://127.0.0.1:1/v1/tiny", None)
    with pytest.raises(UsageError, match="--batch: compatible has no batch interface for tiny"):
        batch_provider(live)
