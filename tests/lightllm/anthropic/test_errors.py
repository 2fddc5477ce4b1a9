"""Errors, whole and in streams."""

from __future__ import annotations

from typing import Any

import pytest

from ccproxy.exchange import WireFormat
from ccproxy.lightllm.anthropic.errors import read_error, write_error
from ccproxy.lightllm.events import WireError
from tests.lightllm.anthropic.wire import OWN
from tests.support.grammar.anthropic import check_error

OWN_FORM = {"type": "error", "error": {"type": "not_found_error", "message": "model: x"}, "request_id": "req_1"}


def test_the_apis_own_form_survives() -> None:
    error = read_error(OWN_FORM, 404)
    assert error == WireError(404, "model: x", "not_found_error", origin=OWN)
    assert write_error(error) == {"type": "error", "error": OWN_FORM["error"]}


@pytest.mark.parametrize(
    ("document", "message", "kind"),
    [
        ([OWN_FORM], "model: x", "not_found_error"),
        ({"error": "plain"}, "plain", ""),
        ({"error": {"message": "m", "type": "invalid_request_error"}}, "m", "invalid_request_error"),
        ({"error": {"status": "UNAVAILABLE", "message": "m"}}, "m", "UNAVAILABLE"),
        ({"detail": "Not Found"}, "Not Found", ""),
        ({"detail": [{"loc": ["body", "model"], "msg": "field required"}]}, "body.model: field required", ""),
        ({"message": "no route", "code": None}, "no route", ""),
        ({"msg": "m"}, "m", ""),
        ({"errors": [{"message": "first"}, {"message": "second"}]}, "first; second", ""),
        ({"type": "error", "error": {"type": "api_error"}}, "api_error", "api_error"),
        ({"error": True}, "True", ""),
        ("busy", "busy", ""),
    ],
)
def test_what_compatible_servers_say(document: Any, message: str, kind: str) -> None:
    error = read_error(document, 418)
    assert error is not None
    assert (error.status, error.message, error.type, error.origin) == (418, message, kind, OWN)
    assert check_error(write_error(error)) == []


@pytest.mark.parametrize("document", [None, 3, [], {}, "", "  ", {"error": None}, {"type": "message"}, [{}, 1]])
def test_what_is_no_error(document: Any) -> None:
    assert read_error(document, 500) is None


def test_codes_are_kept() -> None:
    error = read_error({"error": {"message": "m", "code": 1113, "param": "model"}}, 429)
    assert error is not None
    assert (error.code, error.param) == ("1113", "model")
    assert write_error(error)["error"] == {"type": "rate_limit_error", "message": "m", "code": "1113"}


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("invalid_request_error", 400),
        ("authentication_error", 401),
        ("permission_error", 403),
        ("request_too_large", 413),
        ("rate_limit_error", 429),
        ("api_error", 500),
        ("timeout_error", 504),
        ("overloaded_error", 529),
        ("UNAVAILABLE", 503),
        ("something_else", 500),
    ],
)
def test_in_a_stream_the_type_tells_the_status(kind: str, status: int) -> None:
    error = read_error({"type": "error", "error": {"type": kind, "message": "m"}}, 0)
    assert error is not None
    assert error.status == status


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, "invalid_request_error"),
        (401, "authentication_error"),
        (402, "billing_error"),
        (403, "permission_error"),
        (404, "not_found_error"),
        (405, "invalid_request_error"),
        (413, "request_too_large"),
        (422, "invalid_request_error"),
        (429, "rate_limit_error"),
        (500, "api_error"),
        (501, "not_implemented_error"),
        (502, "api_error"),
        (503, "overloaded_error"),
        (504, "timeout_error"),
        (529, "overloaded_error"),
        (599, "api_error"),
    ],
)
def test_r14_errors_of_others_and_of_the_gateway_are_in_the_clients_dialect(status: int, kind: str) -> None:
    """R14: the envelope was OpenAI's, whoever asked."""
    of_openai = WireError(status, "m", "insufficient_quota", code="quota", param="x", origin=WireFormat.OPENAI)
    of_the_gateway = WireError(status, "m", code="no_route")
    for error in (of_openai, of_the_gateway):
        assert write_error(error) == {"type": "error", "error": {"type": kind, "message": "m"}}
        assert check_error(write_error(error)) == []
