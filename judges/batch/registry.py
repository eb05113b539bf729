"""Which providers have a batch interface."""

from __future__ import annotations

from harness.core.errors import UsageError
from judges.batch.anthropic import AnthropicBatches
from judges.batch.base import BatchProvider
from judges.batch.openai import OpenAIBatches
from judges.providers.anthropic_messages import AnthropicMessages
from judges.providers.base import Provider
from judges.providers.openai_responses import OpenAIResponses


def batch_provider(provider: Provider) -> BatchProvider:
    """Return the batch interface to a live provider's model.

    Raises:
        UsageError: It has none.
    """
    if isinstance(provider, OpenAIResponses) and provider.capabilities.batch:
        return OpenAIBatches(provider)
    if isinstance(provider, AnthropicMessages) and provider.capabilities.batch:
        return AnthropicBatches(provider)
    raise UsageError(
        f"--batch: {provider.name} has no batch interface for {provider.model}; expected a model "
        "of OpenAI or Anthropic, or leave --batch out"
    )
