"""Exceptions of the two official SDKs as the two that the batch flow knows."""

from __future__ import annotations

import asyncio
import importlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from judges.batch.base import BatchRefusedError, BatchUnreachableError, error_text
from judges.providers.live import LiveProvider
from judges.providers.secrets import scrub

_PERHAPS_LATER: Final = frozenset({408, 409, 429})


@asynccontextmanager
async def provider_errors(
    provider: LiveProvider, action: str, limit_s: float
) -> AsyncIterator[None]:
    """Run a block of SDK calls for at most ``limit_s`` seconds and translate what goes wrong.

    Args:
        provider: Who is called; its name is that of the SDK's module.
        action: What the provider is to do, for messages, such as "take a batch".
        limit_s: Longest time, with the SDK's own tries and waits: one of the two SDKs sleeps for
            as long as a ``Retry-After`` asks, be it hours.

    Raises:
        BatchRefusedError: A 4xx status that will not change by itself.
        BatchUnreachableError: No answer in time, no connection, overload, a failure of the server,
            or an answer that is cut off.
    """
    import httpx2

    # Both SDKs name their exceptions alike.
    sdk = importlib.import_module(provider.name)
    failed = f"{provider.name} did not {action}"
    try:
        async with asyncio.timeout(limit_s):
            yield
    except sdk.APIStatusError as error:
        said = scrub(error_text(error.body), provider.key())
        line = f"{failed}: HTTP {error.status_code}: {said}"
        if error.status_code >= 500 or error.status_code in _PERHAPS_LATER:
            raise BatchUnreachableError(line) from None
        raise BatchRefusedError(line) from None
    except TimeoutError:
        raise BatchUnreachableError(f"{failed} within {limit_s:g} s") from None
    except (sdk.APIError, httpx2.HTTPError) as error:
        said = scrub(f"{type(error).__name__}: {error}", provider.key())
        raise BatchUnreachableError(f"{failed}: {said}") from None
    except json.JSONDecodeError:
        raise BatchUnreachableError(f"{failed}: its answer is cut off or no JSON") from None
