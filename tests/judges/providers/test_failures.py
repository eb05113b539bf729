from __future__ import annotations

import email.utils
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from judges.providers.base import Sent
from judges.providers.failures import (
    Asked,
    HttpError,
    hidden_status,
    http_failure,
    no_reply,
    retry_after,
)

KEY = "sk-proj-abcdef0123456789"
ASKED = Asked("openai", "gpt-5", ("OPENAI_API_KEY",), KEY)
NOW = 1_800_000_000.0


def fail(status: int, body: Any = None, **headers: str) -> Sent:
    """Return what an error reply means; names of headers are written with ``_``."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    text = body if isinstance(body, str) else json.dumps({"error": body or {}})
    return http_failure(ASKED, HttpError(status, named, text), latency_s=1.5, now=NOW)


@pytest.mark.parametrize("status", [408, 409, 429, 500, 502, 503, 504, 529])
def test_what_may_pass_is_tried_again(status: int) -> None:
    sent = fail(status, {"message": "later"}, x_request_id="req_1")
    assert sent.retry
    assert not sent.fatal
    assert sent.overload is (status in {429, 503, 529})
    assert sent.call.status == "api_error"
    assert sent.call.http_status == status
    assert sent.call.request_id == "req_1"
    assert sent.call.error == f"error {status}: later"
    assert sent.call.latency_s == 1.5
    assert sent.call.raw == ""


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (400, {"message": "image exceeds 5 MB maximum", "type": "invalid_request_error"}),
        (400, {"message": "Invalid image.", "code": "image_too_large", "param": "input"}),
        (400, {"message": "This image format is not supported by this model: image/tiff"}),
        (400, {"message": "too long", "code": "context_length_exceeded"}),
        (413, {"message": "Request exceeds the maximum size"}),
        (422, {"message": "the picture is odd"}),
    ],
)
def test_what_is_wrong_with_one_question_ends_that_question_only(
    status: int, body: dict[str, Any]
) -> None:
    sent = fail(status, body, retry_after="1")
    assert (sent.retry, sent.overload, sent.retry_after_s, sent.fatal) == (False, False, None, "")
    assert sent.call.status == "api_error"


@pytest.mark.parametrize(
    ("status", "body", "advice"),
    [
        (401, {"message": f"Incorrect API key provided: {KEY}."}, "check OPENAI_API_KEY or"),
        (403, {"message": "Country not supported"}, "may not use this model"),
        (404, {"message": "The model `gpt-5` does not exist"}, "Check the judge's model name"),
        (402, {"message": "Insufficient credits"}, "top it up"),
        (429, {"message": "over quota", "code": "insufficient_quota"}, "top it up"),
        (400, {"message": "Your credit balance is too low to use the API"}, "top it up"),
        (400, {"message": "no such", "code": "unknown_parameter", "param": "x"}, "options"),
        (400, {"message": "temperature: Extra inputs are not permitted"}, "options"),
        (
            400,
            {
                "message": "messages.0.content.0.transformations: Extra inputs are not permitted",
                "type": "invalid_request_error",
            },
            "options",
        ),
        (400, {"message": "effort is not supported with this model"}, "options"),
        (422, {"message": "odd", "type": "extra_forbidden"}, "options"),
    ],
)
def test_what_holds_for_every_call_is_fatal(status: int, body: dict[str, Any], advice: str) -> None:
    sent = fail(status, body)
    assert not sent.retry
    assert not sent.overload
    assert sent.fatal.startswith(f"openai ({status}) on gpt-5: ")
    assert advice in sent.fatal
    assert "\n" not in sent.fatal
    assert KEY not in sent.fatal + sent.call.error


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (400, {"message": "filtered", "code": "content_filter"}),
        (400, {"message": "unsafe", "code": "content_policy_violation"}),
        (400, {"message": "Invalid prompt: it was flagged", "code": "invalid_prompt"}),
        (403, {"message": "flagged", "code": 403, "metadata": {"reasons": ["violence"]}}),
    ],
)
def test_a_content_filter_is_a_refusal(status: int, body: dict[str, Any]) -> None:
    sent = fail(status, body)
    assert sent.call.status == "refusal"
    assert not sent.fatal
    assert not sent.retry


@pytest.mark.parametrize("text", ["", "<html>Bad gateway</html>", "[]", '"text"', '{"error": 3}'])
def test_any_body_can_be_read(text: str) -> None:
    sent = fail(502, text)
    assert sent.retry
    assert sent.call.error.startswith("error 502: ")


@given(st.text(max_size=800), st.sampled_from([400, 401, 404, 429, 500]))
def test_no_message_holds_the_key(text: str, status: int) -> None:
    sent = fail(status, {"message": f"{text}{KEY}{text}"})
    assert KEY not in repr(sent)
    assert len(sent.call.error) <= 500


def test_whom_a_call_went_to_can_be_shown_without_the_key() -> None:
    assert KEY not in repr(ASKED)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "20"}, 20.0),
        ({"retry-after": "0.25"}, 0.25),
        ({"retry-after-ms": "1500", "retry-after": "20"}, 1.5),
        ({"retry-after": email.utils.formatdate(NOW + 90, usegmt=True)}, 90.0),
        ({"retry-after": email.utils.formatdate(NOW - 90, usegmt=True)}, 0.0),
        ({"retry-after": "-3"}, 0.0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": ""}, None),
        ({}, None),
    ],
)
def test_the_wait_that_a_reply_asks_for(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after(headers, NOW) == seconds


def test_the_wait_is_told_with_the_failure() -> None:
    assert fail(429, {}, retry_after="7").retry_after_s == 7.0
    assert fail(429, {}).retry_after_s is None


@pytest.mark.parametrize(
    ("payload", "status"),
    [
        ({}, 0),
        ({"error": None}, 0),
        ({"error": {"code": 429, "message": "m"}}, 429),
        ({"error": {"code": 200, "message": "m"}}, 500),
        ({"error": {"code": "rate_limit_exceeded"}}, 429),
        ({"error": {"code": "server_error"}}, 500),
        ({"error": {"code": "invalid_image"}}, 400),
        ({"error": {"type": "api_error"}}, 500),
        ({"error": "text"}, 500),
    ],
)
def test_errors_inside_a_reply_of_status_200(payload: dict[str, Any], status: int) -> None:
    assert hidden_status(payload) == status


def test_a_lost_reply_may_come_later() -> None:
    sent = no_reply(ASKED, f"connection to {KEY} lost", latency_s=2.0)
    assert sent.retry
    assert not sent.overload
    assert sent.call.error == "connection to [key] lost"
    assert sent.call.latency_s == 2.0
