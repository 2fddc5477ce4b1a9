"""Streams of the Gemini API that are written anew: in the form that the client asked for, whatever it was before."""

from __future__ import annotations

import asyncio
import json

import pytest

from ccproxy.exchange import Headers, HttpRequest
from ccproxy.gateway.errors import Refused
from tests.gateway.hooked.masks import count, mask
from tests.gateway.hooked.passage import JSON, SSE, Passage, Passed, Pieces
from tests.gateway.hooked.test_ways import MASKED, WORDS
from tests.support.dialects import GEMINI
from tests.support.provider_answers import stream_of
from tests.support.sse import events

PATH = b"/v1beta/models/m:streamGenerateContent"
EVENTS = stream_of("gemini", WORDS)
ELEMENTS = b"[" + b",\n".join(event.data.encode() for event in events(b"".join(EVENTS))) + b"]"
HTML: Headers = [(b"Content-Type", b"text/html"), (b"X-Kept", b"yes")]
TEXT: Headers = [(b"Content-Type", b"text/plain")]
PAGE = b"<!DOCTYPE html><html><body>Please log in</body></html>"
ERROR = b'{"error": {"code": 500, "message": "no", "status": "INTERNAL"}}'


def asked(sse: bool, incoming: Pieces) -> Passed:
    request = HttpRequest("POST", PATH + (b"?alt=sse" if sse else b""), [], b'{"contents": []}')
    return asyncio.run(Passage([mask, count], request).take(incoming))


@pytest.mark.parametrize("sent", [(SSE, b"".join(EVENTS)), (TEXT, b"".join(EVENTS)), (JSON, ELEMENTS)])
@pytest.mark.parametrize("sse", [True, False])
def test_a_stream_has_the_clients_form(sse: bool, sent: tuple[Headers, bytes]) -> None:
    headers, body = sent
    passed = asked(sse, Pieces(headers, [body]))
    found = [event.json() for event in events(passed.body)] if sse else json.loads(passed.body)
    parts = [part for each in found for part in each["candidates"][0].get("content", {}).get("parts", [])]
    assert "".join(part.get("text", "") for part in parts) == MASKED
    wanted = b"text/event-stream" if sse else b"application/json"
    assert [value.partition(b";")[0] for name, value in passed.reply.headers if name.lower() == b"content-type"] == [
        wanted
    ]
    assert passed.exchange.failure is None


@pytest.mark.parametrize("sent", [(JSON, ERROR), (JSON, PAGE), (TEXT, PAGE), (TEXT, b""), (SSE, PAGE), (SSE, ERROR)])
@pytest.mark.parametrize("sse", [True, False])
def test_so_has_an_error(sse: bool, sent: tuple[Headers, bytes]) -> None:
    headers, body = sent
    passed = asked(sse, Pieces(headers, [body] if body else []))
    wanted = b"text/event-stream" if sse else b"application/json"
    assert (passed.field(b"content-type") or b"").partition(b";")[0] == wanted
    if sse:
        assert GEMINI.stream_error(passed.body)
    else:
        assert GEMINI.check_error(json.loads(passed.body)[-1], None)
    assert passed.exchange.failure is not None


@pytest.mark.parametrize("sse", [True, False])
def test_a_page_is_no_stream(sse: bool) -> None:
    request = HttpRequest("POST", PATH + (b"?alt=sse" if sse else b""), [], b'{"contents": []}')
    passage, incoming = Passage([mask, count], request), Pieces(HTML, [PAGE])
    with pytest.raises(Refused) as caught:
        asyncio.run(passage.take(incoming))
    assert (caught.value.status, caught.value.kind, incoming.closed) == (502, "malformed_answer", True)
    assert f"{len(PAGE)} bytes of text/html" in caught.value.message
    record = passage.exchange.provider_response
    assert record is not None
    assert (record.body, record.complete) == (PAGE, True)
    assert {result.outcome for result in passage.exchange.hooks} <= {"ran", "skipped", "failed"}


def test_a_hook_that_only_looks_lets_it_pass() -> None:
    request = HttpRequest("POST", PATH + b"?alt=sse", [], b'{"contents": []}')
    passed = asyncio.run(Passage([count], request).take(Pieces(HTML, [PAGE])))
    assert (passed.body, passed.reply.headers) == (PAGE, HTML)
