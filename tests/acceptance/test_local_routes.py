"""Appendix A, rows 15 and 16: the model list and the notification endpoint."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.conftest import StartDaemon
from tests.support.daemon import Daemon
from tests.support.upstream import Upstream


def models(daemon: Daemon) -> list[dict[str, Any]]:
    """The model list, its form checked."""
    answer = daemon.ask("GET", "/v1/models")
    assert answer.status == 200
    assert (answer.field("content-type") or b"").startswith(b"application/json")
    value = answer.json()
    assert value["object"] == "list"
    for model in value["data"]:
        assert model["object"] == "model"
        assert isinstance(model["id"], str)
        assert isinstance(model["created"], int)
        assert isinstance(model["owned_by"], str)
    assert len({(model["owned_by"], model["id"]) for model in value["data"]}) == len(value["data"])
    return list(value["data"])


def test_A15_models_come_from_the_configured_providers(start_daemon: StartDaemon) -> None:
    claude = {"claude": {"type": "anthropic", "host": "api.anthropic.com"}}
    google = {"google": {"type": "gemini", "host": "generativelanguage.googleapis.com"}}
    only_claude = {model["id"]: model["owned_by"] for model in models(start_daemon({"providers": claude}))}
    only_google = {model["id"]: model["owned_by"] for model in models(start_daemon({"providers": google}))}
    both = {model["id"]: model["owned_by"] for model in models(start_daemon({"providers": claude | google}))}
    assert models(start_daemon({"providers": {}})) == []
    assert set(only_claude.values()) == {"claude"}
    assert set(only_google.values()) == {"google"}
    assert any("claude" in name for name in only_claude)
    assert any("gemini" in name for name in only_google)
    assert both == only_claude | only_google


VALID = {"task_id": "t-1", "session_id": "s-1", "claude_session_id": "c-1", "event": {"tier": 1, "summary": "é"}}
INVALID = [
    b"",
    b"not json",
    b"[]",
    json.dumps({"session_id": "s", "event": {}}).encode(),
    json.dumps(VALID | {"task_id": 7}).encode(),
    b"\xff\xfe",
]


def notify(daemon: Daemon, body: bytes) -> tuple[int, Any]:
    """Posts a notification."""
    answer = daemon.ask("POST", "/mcp/notify", [(b"Content-Type", b"application/json")], body)
    return answer.status, answer.json()


def test_A16_a_valid_notification_is_taken(daemon: Daemon) -> None:
    assert notify(daemon, json.dumps(VALID).encode()) == (200, {"status": "ok"})


@pytest.mark.parametrize("body", INVALID, ids=range(len(INVALID)))
def test_A16_an_invalid_notification_is_refused_politely(daemon: Daemon, body: bytes) -> None:
    status, value = notify(daemon, body)
    assert (status, value["status"]) == (200, "error")
    daemon.healthy()


@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/health"), ("POST", "/v1/models"), ("GET", "/mcp/notify"), ("POST", "/")]
)
def test_wrong_methods_on_local_routes(daemon: Daemon, upstream: Upstream, method: str, path: str) -> None:
    """W-INS-4: the reference answers these with an HTML page and 502."""
    answer = daemon.ask(method, path, [], b"{}" if method == "POST" else None)
    assert answer.status == 405
    assert answer.field("allow")
    assert b"<html" not in answer.body.lower()
    assert not upstream.requests
