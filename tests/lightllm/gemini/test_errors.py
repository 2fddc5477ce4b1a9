"""Errors of Gemini's format, and of servers that only look alike."""

from __future__ import annotations

from typing import Any

import pytest

from ccproxy.exchange import WireFormat
from ccproxy.lightllm.anthropic import errors as anthropic
from ccproxy.lightllm.events import WireError
from ccproxy.lightllm.gemini.errors import read_error, write_error
from ccproxy.lightllm.openai_chat import errors as openai_chat
from ccproxy.lightllm.openai_responses import errors as openai_responses
from tests.support.grammar.gemini import check_error

OWN = WireFormat.GEMINI


def test_google_s_own() -> None:
    document = {"error": {"code": 404, "message": "models/x is not found", "status": "NOT_FOUND"}}
    error = read_error(document, 404)
    assert error == WireError(404, "models/x is not found", "NOT_FOUND", origin=OWN)
    assert write_error(error) == document


def test_details() -> None:
    """The reason, and how long to wait (google.rpc.ErrorInfo, RetryInfo)."""
    details = [
        {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID"},
        {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "39.5s"},
    ]
    error = read_error(
        {"error": {"code": 429, "message": "m", "status": "RESOURCE_EXHAUSTED", "details": details}}, 429
    )
    assert error is not None
    assert (error.code, error.retry_after) == ("API_KEY_INVALID", 39.5)


def quota(name: str) -> dict[str, Any]:
    return {"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": [{"quotaId": name}, None]}


REASON = {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "QUOTA_EXHAUSTED"}
QUOTAS: list[tuple[int, list[Any], bool]] = [
    (429, [REASON], True),
    (429, [REASON | {"reason": "RATE_LIMIT_EXCEEDED"}, quota("RequestsPerDayPerModel")], True),
    (429, [quota("DailyTokens")], True),
    (429, [REASON | {"reason": "RATE_LIMIT_EXCEEDED"}, quota("RequestsPerMinute")], False),
    (429, [{"violations": "PerDay"}], False),
    (403, [REASON], False),
]


@pytest.mark.parametrize(("status", "details", "used_up"), QUOTAS)
def test_a_quota_that_is_used_up_is_so_in_openais_words(status: int, details: list[Any], used_up: bool) -> None:
    """Not a limit that is over in a minute. Anthropic has no word for it."""
    error = read_error({"error": {"code": status, "message": "m", "status": "X", "details": details}}, status)
    assert error is not None
    said = [openai_chat.write_error(error)["error"], openai_responses.write_error(error)["error"]]
    code = openai_responses.failure(error)["code"]
    if used_up:
        assert {one[name] for one in said for name in ("type", "code")} == {code} == {"insufficient_quota"}
    else:
        assert "insufficient_quota" not in {code, *(one[name] for one in said for name in ("type", "code"))}
    kind = {429: "rate_limit_error", 403: "permission_error"}[status]
    assert anthropic.write_error(error)["error"] == {"type": kind, "message": "m"}


DELAYS = [
    ("850ms", 0.85), ("1s", 1.0), ("5m", 300.0), ("2h", 7200.0), ("1h1m1.5s", 3661.5), ("12", 12.0), (".5s", 0.5),
    ("soon", None), (3, None), ("", None), ("s", None), ("-3s", None), ("1.2.3s", None), ("nan", None), ("infs", None),
    ("1e9s", None), ("9" * 400 + "s", None), ("9999h", None), ("3 s", None), ("3s later", None),
]  # fmt: skip


@pytest.mark.parametrize(("delay", "seconds"), DELAYS)
def test_delays(delay: Any, seconds: float | None) -> None:
    error = read_error({"error": {"message": "m", "details": [{"retryDelay": delay}]}}, 429)
    assert error is not None
    assert error.retry_after == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ([{"error": {"code": 500, "message": "in a list"}}], "in a list"),
        ([{"candidates": []}, {"error": {"message": "later"}}], "later"),
        ({"error": "just text"}, "just text"),
        ({"detail": "Not Found"}, "Not Found"),
        (
            {"detail": [{"loc": ["body"], "msg": "field required"}, {"msg": "too long"}]},
            "body: field required; too long",
        ),
        ({"message": "no"}, "no"),
        ({"error": {"status": "INTERNAL"}}, "INTERNAL"),
        ({"error": {"odd": 1}}, '{"odd":1}'),
    ],
)
def test_other_shapes(document: Any, message: str) -> None:
    """C20: also errors in a list."""
    error = read_error(document, 500)
    assert error is not None
    assert (error.message, error.status, error.origin) == (message, 500, OWN)
    assert check_error(write_error(error)) == []


@pytest.mark.parametrize("document", [None, 3, " ", [], {}, {"error": None}, {"error": {}}, {"candidates": []}])
def test_no_error(document: Any) -> None:
    assert read_error(document, 500) is None


@pytest.mark.parametrize(
    ("inner", "status"),
    [
        ({"code": 503, "status": "UNAVAILABLE"}, 503),
        ({"status": "UNAVAILABLE"}, 503),
        ({"code": "429"}, 429),
        ({"status": "RESOURCE_EXHAUSTED"}, 429),
        ({"type": "overloaded_error"}, 529),
        ({"code": "rate_limit_exceeded"}, 429),
        ({"code": 14}, 500),
        ({"type": "novel"}, 500),
    ],
)
def test_the_status_of_an_error_in_a_stream(inner: dict[str, Any], status: int) -> None:
    error = read_error({"error": {"message": "m", **inner}}, 200)
    assert error is not None
    assert error.status == status


@pytest.mark.parametrize(
    ("status", "token"),
    [
        (400, "INVALID_ARGUMENT"), (401, "UNAUTHENTICATED"), (403, "PERMISSION_DENIED"), (404, "NOT_FOUND"),
        (408, "DEADLINE_EXCEEDED"), (413, "INVALID_ARGUMENT"), (422, "INVALID_ARGUMENT"), (429, "RESOURCE_EXHAUSTED"),
        (500, "INTERNAL"), (501, "UNIMPLEMENTED"), (502, "UNAVAILABLE"), (503, "UNAVAILABLE"),
        (504, "DEADLINE_EXCEEDED"), (529, "UNAVAILABLE"), (599, "INTERNAL"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("origin", [None, WireFormat.ANTHROPIC, OWN])
def test_the_token_of_other_errors_is_told_by_the_status(status: int, token: str, origin: WireFormat | None) -> None:
    """The gateway's own refusals have a kind and no type."""
    document = write_error(WireError(status, "words", "some_error", code="no_route", origin=origin))
    assert document == {"error": {"code": status, "message": "words", "status": token}}
    assert check_error(document) == []


@pytest.mark.parametrize(
    ("seconds", "delay"), [(3.0, "3s"), (0.85, "0.85s"), (3661.5, "3661.5s"), (0.0, "0s"), (1e7, "10000000s")]
)
def test_a_wait_is_told(seconds: float, delay: str) -> None:
    written = write_error(WireError(429, "slow down", retry_after=seconds))
    info = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": delay}
    assert written["error"]["details"] == [info]
    again = read_error(written, 200)
    assert again == WireError(429, "slow down", "RESOURCE_EXHAUSTED", origin=OWN, retry_after=seconds)
    assert check_error(written) == []


def test_google_s_token_stays() -> None:
    document = write_error(WireError(400, "m", "FAILED_PRECONDITION", origin=OWN))
    assert document["error"]["status"] == "FAILED_PRECONDITION"


@pytest.mark.parametrize("status", [0, 200, 700])
def test_a_status_that_is_none(status: int) -> None:
    assert write_error(WireError(status, "m"))["error"]["code"] == 500
