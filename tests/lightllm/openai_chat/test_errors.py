"""Errors in OpenAI's dialect, and what compatible servers send as errors."""

from __future__ import annotations

from typing import Any

import openai
import pytest

from ccproxy.exchange import WireFormat
from ccproxy.lightllm.events import WireError
from ccproxy.lightllm.openai_chat.errors import read_error, write_error
from tests.support.grammar.openai_chat import check_error

OPENAI = {"message": "no", "type": "invalid_request_error", "param": "messages[3]", "code": "invalid_value"}


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({"error": OPENAI}, ("no", "invalid_request_error", "invalid_value", "messages[3]")),
        ({"error": {"message": "no", "type": None, "code": None}}, ("no", "", None, None)),
        ({"error": {"message": "no", "code": 400}}, ("no", "", "400", None)),
        ({"error": "no"}, ("no", "", None, None)),
        ({"error": "Bad Request", "message": "no"}, ("no", "", None, None)),
        ({"error": {"error": {"message": "no"}}}, ("no", "", None, None)),
        ([{"error": {"code": 404, "message": "no", "status": "NOT_FOUND"}}], ("no", "NOT_FOUND", "404", None)),
        (
            {"object": "error", "message": "no", "type": "BadRequestError", "code": 400},
            ("no", "BadRequestError", "400", None),
        ),
        ({"message": {"detail": [{"loc": ["body"], "msg": "no"}]}}, ("body: no", "", None, None)),
        ({"detail": "no"}, ("no", "", None, None)),
        ({"detail": [{"msg": "one"}, {"msg": "two"}]}, ("one; two", "", None, None)),
        ("no", ("no", "", None, None)),
    ],
)
def test_reading(document: Any, expected: tuple[str, str, str | None, str | None]) -> None:
    error = read_error(document, 418)
    assert error is not None
    assert (error.message, error.type, error.code, error.param) == expected
    assert (error.status, error.origin) == (418, WireFormat.OPENAI)


@pytest.mark.parametrize(
    "document", [None, {}, [], [1], 7, "", {"error": None}, {"error": {}}, {"choices": [], "message": "x"}]
)
def test_what_holds_no_error(document: Any) -> None:
    assert read_error(document, 500) is None


def test_an_error_without_words_has_some() -> None:
    error = read_error({"error": {"code": 500}}, 500)
    assert error is not None
    assert error.message


@pytest.mark.parametrize(
    ("error", "status"),
    [
        ({"type": "overloaded_error"}, 529),
        ({"type": "rate_limit_exceeded"}, 429),
        ({"code": "rate_limit_exceeded", "type": "tokens"}, 429),
        ({"status": "UNAVAILABLE", "code": 503}, 503),
        ({"status": "UNAVAILABLE"}, 503),
        ({"status": "RESOURCE_EXHAUSTED"}, 429),
        ({"code": "402"}, 402),
        ({"status_code": 400, "type": "x"}, 400),
        ({"code": 7}, 500),
        ({"type": "brand_new"}, 500),
    ],
)
def test_statuses_of_errors_in_mid_stream(error: dict[str, Any], status: int) -> None:
    """C20: `UNAVAILABLE` and errors in lists count as what they are."""
    found = read_error([{"error": {"message": "no", **error}}], 200)
    assert found is not None
    assert found.status == status


@pytest.mark.parametrize(
    ("status", "type"),
    [
        (400, "invalid_request_error"), (401, "authentication_error"), (403, "permission_error"),
        (404, "not_found_error"), (413, "invalid_request_error"), (429, "rate_limit_error"), (500, "server_error"),
        (501, "not_implemented_error"), (502, "server_error"), (529, "server_error"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("origin", [None, WireFormat.ANTHROPIC])
def test_types_by_status(status: int, type: str, origin: WireFormat | None) -> None:
    """R14: every client gets its own dialect."""
    error = WireError(status, "no", "" if origin is None else "overloaded_error", origin=origin)
    body = write_error(error)
    assert check_error(body) == []
    assert body["error"]["type"] == type


def test_the_gateways_own_refusals_keep_their_kind() -> None:
    body = write_error(WireError(404, "no", code="no_such_model"))
    assert body == {"error": {"message": "no", "type": "not_found_error", "param": None, "code": "no_such_model"}}


@pytest.mark.parametrize("origin", [WireFormat.OPENAI, WireFormat.OPENAI_RESPONSES])
def test_the_same_vendors_errors_stay_as_they_are(origin: WireFormat) -> None:
    error = WireError(400, "no", "invalid_request_error", "context_length_exceeded", "messages", origin)
    assert write_error(error)["error"] == {
        "message": "no", "type": "invalid_request_error", "code": "context_length_exceeded", "param": "messages",
    }  # fmt: skip


def test_other_vendors_tokens_do_not_cross() -> None:
    error = WireError(429, "no", "RESOURCE_EXHAUSTED", "429", "x", WireFormat.GEMINI)
    assert write_error(error)["error"] == {
        "message": "no", "type": "rate_limit_error", "code": "rate_limit_exceeded", "param": None,
    }  # fmt: skip


def test_the_sdk_reads_what_is_written() -> None:
    body = write_error(WireError(429, "slow down", "rate_limit_error", origin=WireFormat.ANTHROPIC))
    error = openai.APIError("x", request=None, body=body["error"])  # type: ignore[arg-type]
    assert (error.code, error.type, error.param) == ("rate_limit_exceeded", "rate_limit_error", None)


def test_there_and_back() -> None:
    error = WireError(400, "no", "invalid_request_error", "invalid_value", "messages[3]", WireFormat.OPENAI)
    assert read_error(write_error(error), 400) == error
