"""What a failed call means: for this question, for the next call, and for the whole judge.

Sources: the providers' documentation of errors and rate limits.
"""

from __future__ import annotations

import email.utils
import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.core.records import Call, Status
from judges.providers.base import Sent
from judges.providers.payload import member, text_at
from judges.providers.secrets import scrub

_OVERLOAD = frozenset({429, 503, 529})
_OUT_OF_MONEY = frozenset({"insufficient_quota", "billing_error", "billing_hard_limit_reached"})
# invalid_prompt: OpenAI's reasoning models say so of a question that is flagged by policy.
_REFUSED = frozenset(
    {"content_filter", "content_policy_violation", "moderation_blocked", "invalid_prompt"}
)
_BAD_PARAMETER = frozenset(
    {
        "unknown_parameter",
        "unsupported_parameter",
        "unsupported_value",
        "invalid_json_schema",
        "model_not_found",
        "extra_forbidden",
    }
)
_BAD_PARAMETER_TEXT = re.compile(
    r"(?i)extra inputs are not permitted|unrecognized request argument|unknown parameter"
    r"|unsupported parameter|does not support|not supported (?:with|for|by|in) (?:this|the) model"
)
_IMAGE_TEXT = re.compile(r"(?i)\bimage|\bpicture|media.?type")


@dataclass(frozen=True, slots=True)
class Asked:
    """Whom a call went to; what its failure is told with."""

    provider: str
    """Name of the provider."""
    model: str
    """Model asked for."""
    key_names: tuple[str, ...]
    """Environment variables its key is read from."""
    key: str | None = field(repr=False)
    """The key, to be taken out of every message."""


@dataclass(frozen=True, slots=True)
class HttpError:
    """A reply with an error in it."""

    status: int
    """Status code."""
    headers: Mapping[str, str]
    """Headers, names in lower case."""
    text: str
    """Body."""

    @property
    def body(self) -> Any:
        """The error object of a JSON body; None if there is none."""
        try:
            payload = json.loads(self.text)
        except ValueError:
            return None
        found = member(payload, "error")
        return found if isinstance(found, (Mapping, str)) else payload


def http_failure(asked: Asked, error: HttpError, *, latency_s: float, now: float) -> Sent:
    """Return what an error reply means.

    Args:
        asked: Whom the call went to.
        error: The reply.
        latency_s: Seconds the call took.
        now: Seconds since the epoch, for a ``Retry-After`` that is a date.
    """
    status = error.status
    said = scrub(_message(error), asked.key)
    fatal = _fatal(asked, error, said)
    outcome: Status = "refusal" if not fatal and _is_refusal(error) else "api_error"
    call = Call(
        status=outcome,
        error=scrub(f"error {status}: {said}", asked.key),
        http_status=status,
        request_id=request_id(error.headers),
        latency_s=latency_s,
    )
    retry = not fatal and (status in {408, 409, 429} or status >= 500)
    return Sent(
        call,
        retry=retry,
        overload=retry and status in _OVERLOAD,
        retry_after_s=retry_after(error.headers, now) if retry else None,
        fatal=fatal,
    )


def no_reply(asked: Asked, reason: str, *, latency_s: float) -> Sent:
    """Return what a call without a whole reply means: it may succeed later."""
    call = Call(status="api_error", error=scrub(reason, asked.key), latency_s=latency_s)
    return Sent(call, retry=True)


def hidden_status(payload: Mapping[str, Any]) -> int:
    """Return the status that an error inside a reply of status 200 amounts to; 0 if there is none.

    Routers pass errors of the models behind them on like this; a response of OpenAI fails so.
    """
    error = member(payload, "error")
    if not isinstance(error, (Mapping, str)):
        return 0
    code = member(error, "code")
    if isinstance(code, int):
        return code if code >= 400 else 500
    return {"rate_limit_exceeded": 429, "server_error": 500, None: 500}.get(code, 400)


def request_id(headers: Mapping[str, str]) -> str:
    """Return the provider's name for an exchange."""
    return headers.get("x-request-id") or headers.get("request-id") or ""


def retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """Return the seconds that a reply asks to wait: milliseconds, seconds or an HTTP date."""
    for name, scale in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        value = headers.get(name, "").strip()
        if not value:
            continue
        try:
            seconds = float(value) * scale
        except ValueError:
            try:
                seconds = email.utils.parsedate_to_datetime(value).timestamp() - now
            except ValueError:
                continue
        if math.isfinite(seconds):
            return max(seconds, 0.0)
    return None


def _message(error: HttpError) -> str:
    """Return what the provider said."""
    body = error.body
    if isinstance(body, str):
        return body
    said = text_at(body, "message") or text_at(body, "detail") or error.text.strip()
    return said or "no reason given"


def _codes(error: HttpError) -> set[str]:
    """Return the machine-readable names of an error."""
    body = error.body
    paths = (("code",), ("type",), ("details", "error_code"), ("innererror", "code"))
    return {text_at(body, *path) for path in paths} - {""}


def _is_refusal(error: HttpError) -> bool:
    """Tell whether a content filter refused the question."""
    if error.status == 403:
        return member(error.body, "metadata", "reasons") is not None
    return error.status == 400 and bool(_codes(error) & _REFUSED)


def _fatal(asked: Asked, error: HttpError, said: str) -> str:
    """Return the one line on why no call of this judge can succeed; empty if one may."""
    status = error.status
    who = f"{asked.provider} ({status}) on {asked.model}: {said.rstrip('.')}"
    names = " or ".join(asked.key_names)
    money = bool(_codes(error) & _OUT_OF_MONEY) or "credit balance" in said.lower()
    if status == 402 or (money and status in {400, 403, 429}):
        return f"{who}. The account has no credit left: top it up and run the same command again"
    if status == 401:
        return f"{who}. The API key was refused: check {names} or the file given with --keys"
    if status == 403 and not _is_refusal(error):
        return f"{who}. The API key ({names}) may not use this model"
    if status in {404, 405}:
        return f"{who}. Check the judge's model name and address: no such model is served there"
    if status in {400, 422} and _is_bad_parameter(error, said):
        return f"{who}. Every call would fail alike: change the judge's options or its model"
    return ""


def _is_bad_parameter(error: HttpError, said: str) -> bool:
    """Tell whether a request was refused for a setting rather than for what it shows."""
    about_image = text_at(error.body, "param").endswith("image_url") or _IMAGE_TEXT.search(said)
    if _codes(error) & _BAD_PARAMETER:
        return True
    return not about_image and _BAD_PARAMETER_TEXT.search(said) is not None
