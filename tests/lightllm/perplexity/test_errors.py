"""Errors of the web application, in a stream and as bodies."""

from __future__ import annotations

from typing import Any

import pytest

from ccproxy.exchange import WireFormat
from ccproxy.lightllm import events as ev
from ccproxy.lightllm.failures import Malformed
from ccproxy.lightllm.perplexity.buffered import read_body
from ccproxy.lightllm.perplexity.errors import read_error, read_event_error, write_error
from ccproxy.lightllm.translate import read_answer
from tests.lightllm.perplexity.telling import done, said, text, whole

EVENTS: list[tuple[dict[str, Any], int, str]] = [
    ({"status": "FAILED", "error_code": "RATE_LIMIT_EXCEEDED", "error_message": "wait"}, 429, "wait"),
    ({"status": "FAILED", "error_code": "USER_NOT_LOGGED_IN", "text": "log in"}, 401, "log in"),
    ({"error_code": "MODEL_UNAVAILABLE"}, 503, "MODEL_UNAVAILABLE"),
    ({"error_code": "upgrade_required", "text": '[{"step_type": "FINAL"}]'}, 403, "upgrade_required"),
    ({"error_code": 404, "detail": "no such thread"}, 404, "no such thread"),
    ({"error_code": "SOMETHING"}, 502, "SOMETHING"),
    ({"status": "FAILED"}, 502, "the web application failed without saying why"),
    ({"status": "failed", "blocks": [], "text": "Too many requests"}, 429, "Too many requests"),
    ({"status_code": 403, "detail": "Forbidden"}, 403, "Forbidden"),
    ({"detail": [{"loc": ["body", "params"], "msg": "field required"}]}, 502, "body.params: field required"),
    ({"error": {"message": "broken"}}, 502, "broken"),
]


@pytest.mark.parametrize(("event", "status", "words"), EVENTS, ids=range(len(EVENTS)))
def test_events_that_are_errors(event: dict[str, Any], status: int, words: str) -> None:
    error = read_event_error(event)
    assert error is not None
    assert (error.status, error.message, error.origin) == (status, words, WireFormat.PERPLEXITY)
    assert read_body(event) == [ev.Error(error)]


def test_an_event_called_error_is_one() -> None:
    assert read_event_error({"message": "no"}, b"error") is not None


@pytest.mark.parametrize(
    "event", [{}, said(), done(whole("a")), {"error_code": None, "status": "PENDING"}, {"blocks": [], "detail": "x"}]
)
def test_events_that_are_none(event: dict[str, Any]) -> None:
    assert read_event_error(event) is None


@pytest.mark.parametrize(
    ("document", "status", "words"),
    [
        ({"detail": "Not authenticated"}, 401, "Not authenticated"),
        ({"status": "FAILED", "error_code": "X", "error_message": "m"}, 400, "m"),
        ({"error": {"message": "m", "code": 7}}, 500, "m"),
        ("Just a moment", 403, "Just a moment"),
        ([{"detail": "m"}], 422, "m"),
    ],
    ids=["detail", "own", "nested", "text", "list"],
)
def test_bodies_keep_their_status(document: Any, status: int, words: str) -> None:
    error = read_error(document, status)
    assert error is not None
    assert (error.status, error.message) == (status, words)


def test_a_body_that_is_no_error() -> None:
    assert read_error({"blocks": []}, 500) is None
    assert read_error(3, 500) is None


def test_errors_are_written_in_the_form_that_most_clients_know() -> None:
    assert write_error(ev.WireError(429, "wait"))["error"]["message"] == "wait"


def test_a_body_that_is_the_last_event() -> None:
    assert text(read_answer(done(whole("Hello")), WireFormat.PERPLEXITY)) == "Hello"


@pytest.mark.parametrize("document", [[], 3, None, {}, {"a": 1}, [done(whole("x"))]])
def test_bodies_that_are_nothing_of_the_kind(document: Any) -> None:
    with pytest.raises(Malformed):
        read_body(document)


def test_a_body_that_is_not_the_last_event_is_no_answer() -> None:
    assert text(read_answer(said(whole("Hello")), WireFormat.PERPLEXITY)).startswith("502 ")
