"""Exchanges for the tests of the flows room: recorded with real providers, or made up."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from ccproxy.exchange import Attempt, Exchange, Header, HttpRequest, HttpResponse, Origin, Route, WireFormat

DATA = Path(__file__).parent / "data"


def recorded(name: str) -> Exchange:
    """A recorded exchange as the gateway would have kept it after a redirect; streams in chunks of 700 bytes."""
    case = json.loads((DATA / f"{name}.json").read_text())
    target, wire = case["path"].encode(), WireFormat(case["format"].removesuffix("_chat"))
    body = json.dumps(case["request"]).encode()
    answer = case["response"].encode() if case["stream"] else json.dumps(case["response"]).encode()
    content_type = b"text/event-stream; charset=utf-8" if case["stream"] else b"application/json"
    headers: list[Header] = [(b"host", b"127.0.0.1:4000"), (b"x-api-key", b"sk-ant-oat-ccproxy-main")]
    ex = Exchange(HttpRequest("POST", target, headers, body), client=("127.0.0.1", 51000), format=wire)
    ex.route = Route("redirect", "main", wire, Origin("https", case["host"], 443), "sentinel main in x-api-key")
    sent: list[Header] = [(b"Host", case["host"].encode()), (b"x-api-key", b"top-secret")]
    ex.forwarded = HttpRequest("POST", target, sent, body)
    chunks = [answer[at : at + 700] for at in range(0, len(answer), 700)]
    ex.provider_response = HttpResponse(case["status"], [(b"content-type", content_type)], b"OK", chunks, complete=True)
    ex.response = ex.provider_response
    started = ex.timings.started
    ex.attempts = [Attempt(started + 0.002, started + 0.1, case["status"])]
    ex.timings.received, ex.timings.sent = started + 0.001, started + 0.002
    ex.timings.headers, ex.timings.first_byte, ex.timings.finished = started + 0.1, started + 0.11, started + 0.5
    return ex


@pytest.fixture
def recording() -> Callable[[str], Exchange]:
    """Gives recorded exchanges by the name of their file in `data`."""
    return recorded
