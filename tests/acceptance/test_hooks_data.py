"""What hooks leave alone, and what is told of them: W-DATA-1 and W-INS-10."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.support.daemon import Daemon
from tests.support.dialects import ANTHROPIC
from tests.support.hooks import outcome, override, results, sent
from tests.support.upstream import Upstream

type Flow = Callable[[], dict[str, Any]]

REDACTED = (b"anthropic-beta", b"redact-thinking-2026-02-12, fine-grained-2025-05-14")
VERSION = (b"anthropic-version", b"2023-06-01")

FORM, JSON = b"application/x-www-form-urlencoded", b"application/json"
NOT_JSON = "the request body is not valid JSON"
RAW: dict[str, tuple[str, str, bytes | None, bytes | None]] = {
    "GET": ("GET", "/raw/files?after=1", None, None),
    "GET of a format": ("GET", "/v1/messages/batches", None, None),
    "form": ("POST", "/raw/token", FORM, b"grant_type=refresh_token&x=%7B%7D&x="),
    "form to a format": ("POST", "/v1/messages", FORM, b"a=1&b=%20"),
    "binary": ("PUT", "/raw/upload", b"application/octet-stream", bytes(range(256)) * 40),
    "binary to a format": ("POST", "/v1/messages", b"image/png", b"\x89PNG\r\n\x1a\n\x00\xff"),
    "invalid UTF-8": ("POST", "/v1/messages", JSON, b'{"model": "m", "messages": ["\xff\xfe"]}'),
    "cut off": ("POST", "/v1/messages", JSON, b'{"model": "m"'),
    "none": ("POST", "/v1/messages", JSON, None),
    "empty": ("POST", "/raw/x", None, b""),
    "empty to a format": ("POST", "/v1/messages", JSON, b""),
    "blank": ("POST", "/raw/x", JSON, b" \r\n"),
    "not a number": ("POST", "/v1/messages", JSON, b'{"a": NaN}'),
    "byte order mark": ("POST", "/v1/messages", JSON, b"\xef\xbb\xbf{}"),
}


@pytest.mark.parametrize("case", RAW)
def test_W_DATA_1_what_is_not_json_stays_as_it_is(
    hooked: Daemon, upstream: Upstream, case: str, agent: str, flow: Flow
) -> None:
    method, target, kind, body = RAW[case]
    fields = [ANTHROPIC.key(), (b"user-agent", agent.encode()), *([(b"content-type", kind)] if kind else [])]
    assert hooked.ask(method, target, fields, body).status == 200
    (seen,) = upstream.requests
    assert (seen.method, seen.body) == (method, body or b"")
    assert seen.field("content-type") == kind
    assert seen.field("content-length") == (None if body is None else b"%d" % len(body))
    found = {name: outcome(flow(), name) for name in ("looks", "looks_again", "shape")}
    if target == "/v1/messages":
        found["extract_session_id"] = outcome(flow(), "extract_session_id")
    for name, (how, reason) in found.items():
        assert how == "skipped", name
        assert reason.startswith(NOT_JSON), name


def test_W_DATA_1_half_a_surrogate_pair_is_json_and_stays_as_it_is(
    hooked: Daemon, upstream: Upstream, agent: str
) -> None:
    """RFC 8259, section 8.2: the grammar allows it."""
    body = rb'{"model": "m", "a": "\ud800"}'
    for said in ("-shape", ""):
        assert sent(hooked, ANTHROPIC, agent, override(said), body=body).status == 200
    same, shaped = upstream.requests
    assert same.body == body
    assert json.loads(shaped.body) == {"model": "m", "a": "\ud800", "shaped": True}


def test_W_DATA_1_a_coding_that_hides_no_json(hooked: Daemon, upstream: Upstream) -> None:
    for coding, body in ((b"gzip", b"not gzip"), (b"gzip", gzip.compress(b"a=1")), (b"x-own", b"{}")):
        assert sent(hooked, ANTHROPIC, "", (b"content-encoding", coding), body=body).status == 200
        assert upstream.requests[-1].body == body
        assert upstream.requests[-1].field("content-encoding") == coding


def test_W_DATA_1_what_no_hook_changes_keeps_its_coding(hooked: Daemon, upstream: Upstream, agent: str) -> None:
    body = gzip.compress(ANTHROPIC.body())
    for said in ("-shape", ""):
        assert sent(hooked, ANTHROPIC, agent, (b"content-encoding", b"gzip"), override(said), body=body).status == 200
    same, shaped = upstream.requests
    assert (same.body, same.field("content-encoding")) == (body, b"gzip")
    assert json.loads(shaped.body) == json.loads(ANTHROPIC.body()) | {"shaped": True}
    assert shaped.field("content-encoding") is None


# -- W-INS-10


def test_W_INS_10_results_are_named_and_can_be_seen(hooked: Daemon, upstream: Upstream, agent: str, flow: Flow) -> None:
    headers = (VERSION, REDACTED, (b"x-stumble", b"1"), override("-shape"))
    assert sent(hooked, ANTHROPIC, agent, *headers).status == 200
    id = flow()["id"]
    shown = json.loads(hooked.home.run("flows", "show", id, "--json").stdout)
    assert shown["hooks"] == hooked.control("GET", f"/flows/{id}")["hooks"] == flow()["hooks"]
    found = {name: (one["stage"], one["outcome"], one["wrote"]) for name, one in results(shown).items()}
    assert found == {
        "extract_session_id": ("inbound", "ran", ["exchange.conversation"]),
        "looks": ("inbound", "ran", []),
        "shy": ("inbound", "skipped", []),
        "guardian": ("inbound", "skipped", []),
        "refuses": ("inbound", "skipped", []),
        "stumbles": ("inbound", "failed", []),
        "inject_auth": ("outbound", "ran", ["exchange.credential"]),
        "verbose_mode": ("outbound", "ran", ["headers.anthropic-beta"]),
        "shape": ("outbound", "skipped", []),
        "looks_again": ("outbound", "ran", []),
        "answers": ("outbound", "skipped", []),
    }
    assert results(shown)["stumbles"]["reason"].startswith("it writes 'stumbled' but declares to write nothing")
    assert all(one["ms"] >= 0 for one in shown["hooks"])
    story = hooked.home.run("flows", "show", id).stdout
    assert all(name in story for name in found)
    assert "add it to writes=[" in story


def test_W_INS_10_a_request_of_two_hops_tells_of_the_hooks_once(hooked: Daemon, upstream: Upstream, agent: str) -> None:
    """What is answered by ccproxy itself passes no hooks."""
    hooked.ask("GET", "/v1/models", [(b"user-agent", agent.encode())])
    assert hooked.flow(agent)["hooks"] == []
