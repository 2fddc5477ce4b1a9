"""Errors as bodies."""

from __future__ import annotations

from typing import Any

import pytest

from ccproxy.exchange import WireFormat
from ccproxy.lightllm.events import WireError
from ccproxy.lightllm.openai_responses.errors import read_error, write_error
from tests.lightllm.openai_responses.wire import OWN


def test_an_error_is_read_with_all_it_says() -> None:
    said = {"message": "no such model", "type": "invalid_request_error", "code": "model_not_found", "param": "model"}
    expected = WireError(400, "no such model", "invalid_request_error", "model_not_found", "model", OWN)
    assert read_error({"error": said}, 400) == expected
    assert read_error([{"other": 1}, {"error": said}], 400) == expected


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"error": "plain words"}, "plain words"),
        ({"error": {"code": 503, "message": "busy", "status": "UNAVAILABLE"}}, "busy"),
        ({"type": "error", "error": {"type": "overloaded_error", "message": "busy"}}, "busy"),
        ({"detail": "Not authenticated"}, "Not authenticated"),
        (
            {"detail": [{"loc": ["body"], "msg": "field required"}, {"msg": "too long"}]},
            "body: field required; too long",
        ),
        ({"detail": {"message": "inside"}}, "inside"),
        ({"message": "flat"}, "flat"),
        ({"error": {"code": "insufficient_quota"}}, "insufficient_quota"),
        ({"error": {"type": "server_error", "message": None}}, "server_error"),
        ({"status": "failed", "error": {"code": "server_error", "message": "oops"}}, "oops"),
        ("upstream connect error", "upstream connect error"),
    ],
)
def test_shapes_of_compatible_servers(document: Any, message: str) -> None:
    error = read_error(document, 418)
    assert error is not None
    assert (error.status, error.message, error.origin) == (418, message, OWN)


@pytest.mark.parametrize("document", [None, {}, [], "", 7, {"output": []}, {"error": None}, {"detail": None}, [{}]])
def test_what_is_no_error(document: Any) -> None:
    assert read_error(document, 500) is None


@pytest.mark.parametrize(
    ("error", "status"),
    [
        ({"type": "overloaded_error"}, 529),
        ({"type": "rate_limit_error"}, 429),
        ({"type": "tokens", "code": "rate_limit_exceeded"}, 429),
        ({"type": "invalid_request_error", "code": "context_length_exceeded"}, 400),
        ({"status": "UNAVAILABLE", "code": 503}, 503),
        ({"code": 418, "message": "teapot"}, 418),
        ({"type": "server_error"}, 500),
        ({"message": "who knows"}, 500),
    ],
)
def test_the_status_of_an_error_within_a_stream(error: dict[str, Any], status: int) -> None:
    found = read_error({"error": error}, 0)
    assert found is not None
    assert found.status == status


@pytest.mark.parametrize(
    ("error", "kind", "code"),
    [
        (WireError(401, "m", code="no_credential"), "authentication_error", "no_credential"),
        (WireError(403, "m"), "permission_error", None),
        (WireError(404, "m"), "not_found_error", None),
        (WireError(422, "m"), "invalid_request_error", None),
        (WireError(429, "m"), "rate_limit_error", None),
        (WireError(501, "m", code="no_route"), "not_implemented_error", "no_route"),
        (WireError(502, "m"), "server_error", None),
        (WireError(400, "m", "tokens", "too_many", origin=WireFormat.OPENAI), "tokens", "too_many"),
        (WireError(529, "m", "overloaded_error", origin=WireFormat.ANTHROPIC), "server_error", None),
        (
            WireError(429, "m", "RESOURCE_EXHAUSTED", "429", origin=WireFormat.GEMINI),
            "rate_limit_error",
            "rate_limit_exceeded",
        ),
    ],
)
def test_an_error_is_written(error: WireError, kind: str, code: str | None) -> None:
    """R14: type and code of the same vendor stay, others follow from the status."""
    assert write_error(error) == {"error": {"message": "m", "type": kind, "code": code, "param": None}}
