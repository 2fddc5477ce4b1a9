"""Whatever a provider answers behind a translated route, head and body, the client gets a well-formed answer."""

from __future__ import annotations

import gzip
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ccproxy.exchange import WireFormat
from tests.property.strategies import cuts, headers
from tests.support.crossing import ask_across
from tests.support.daemon import Daemon
from tests.support.disorder import FORMATS, bent, disordered, documents, to_json, wire
from tests.support.examples import examples
from tests.support.good_messages import good_bodies, good_errors, good_streams
from tests.support.http import Header, Response
from tests.support.judges import body_faults, error_faults, stream_faults
from tests.support.promises import ours
from tests.support.replies import always, chunk, head
from tests.support.upstream import Close, Send, Upstream

TYPES = (b"application/json", b"text/event-stream", b"text/event-stream; charset=utf-8", b"text/html", b"", b"\xff")
CODINGS = (None, None, None, b"gzip", b"identity", b"br", b"nonsense")
STATUSES = (200, 200, 200, 200, 201, 204, 301, 304, 400, 401, 404, 413, 429, 500, 503, 529, 599)
FRAMINGS = ("length", "chunked", "close", "short")


@st.composite
def provider_answers(draw: st.DrawFn, provider: WireFormat) -> bytes:
    """Bodies: streams in disorder, bodies and errors that are nearly right, junk."""
    match draw(st.integers(0, 4)):
        case 0:
            return wire(draw(disordered(good_streams(), provider)))
        case 1:
            return to_json(draw(bent(draw(st.sampled_from(good_bodies()[provider])))))
        case 2:
            return to_json(draw(bent(draw(st.sampled_from(good_errors()[provider])))))
        case 3:
            return to_json(draw(documents))
        case _:
            return draw(st.binary(max_size=60))


def script(draw: Any, status: int, fields: list[Header], body: bytes) -> Any:
    """The provider's answer, framed in one of the ways of HTTP/1.1, the last of which breaks off."""
    if status in (204, 304):
        return always(Send(head(status, fields)))
    match draw(st.sampled_from(FRAMINGS)):
        case "length":
            return always(Send(head(status, [*fields, (b"Content-Length", b"%d" % len(body))]) + body))
        case "chunked":
            coded = b"".join(map(chunk, filter(None, draw(cuts(body))))) + b"0\r\n\r\n"
            return always(Send(head(status, [*fields, (b"Transfer-Encoding", b"chunked")]) + coded))
        case "close":
            return always(Send(head(status, [*fields, (b"Connection", b"close")]) + body), Close())
        case _:
            return always(Send(head(status, [*fields, (b"Content-Length", b"%d" % (len(body) + 9))]) + body), Close())


def check_answer(client: WireFormat, provider: WireFormat, answer: Response) -> None:
    """Asserts that this is an answer of the client's format, or an error of its dialect."""
    assert answer.complete
    kind = answer.field("content-type") or b""
    if answer.status == 200 and (kind.startswith(b"text/event-stream") or answer.body.startswith(b"[")):
        assert ours(provider, client, stream_faults(client, answer.body)) == [], answer.body
        return
    assert kind.startswith(b"application/json")
    if answer.status == 200:
        assert ours(provider, client, body_faults(client, answer.body)) == [], answer.body
    else:
        assert error_faults(client, answer.body, answer.status) == [], answer.body


@settings(deadline=None, max_examples=examples(250), suppress_health_check=list(HealthCheck), print_blob=True)
@given(st.permutations(FORMATS), st.booleans(), st.sampled_from(STATUSES), headers, st.data())
def test_the_client_gets_a_well_formed_answer(
    daemon: Daemon,
    upstream: Upstream,
    pair: list[WireFormat],
    streams: bool,
    status: int,
    fields: list[Header],
    data: st.DataObject,
) -> None:
    client, provider, *_ = pair
    body = data.draw(provider_answers(provider))
    coding = data.draw(st.sampled_from(CODINGS))
    kind = [(b"Content-Type", data.draw(st.sampled_from(TYPES)))]
    coded = gzip.compress(body) if coding == b"gzip" and data.draw(st.booleans()) else body
    named = [(b"Content-Encoding", coding)] if coding else []
    kept = [field for field in fields if not field[0].lower().startswith(b"content-")]
    upstream.script = script(data.draw, status, [*kind, *named, *kept], coded)
    answer = ask_across(daemon, client.value, provider.value, stream=streams)
    check_answer(client, provider, answer)
    if status >= 400:
        assert answer.status in (status, 502)  # 502 for an answer that broke off or could not be decoded
