"""Exchanges of all kinds: made up by Hypothesis, and one of each kind by hand."""

from __future__ import annotations

import gzip
from collections.abc import Iterator

from hypothesis import strategies as st

from ccproxy.exchange import (
    CLIENT_FORMATS,
    Attempt,
    Exchange,
    Failure,
    Header,
    HookResult,
    HttpRequest,
    HttpResponse,
    Message,
    Origin,
    Process,
    RawRecord,
    Route,
    Timings,
    WebSocketRecord,
    WireFormat,
)

NOW = 1_760_000_000.25

texts = st.text(max_size=12)
names = st.sampled_from([b"X-A", b"cookie", b"Set-Cookie", b"location", b"host", b"content-type"])
values = st.one_of(
    st.binary(max_size=16),
    st.sampled_from([b"a=b; c", b"a=b; Expires=Wed, 21 Oct 2015 07:28:00 GMT; Secure; SameSite=Lax; Path=/", b"x:0"]),
    st.sampled_from([b"application/x-www-form-urlencoded", b"multipart/form-data; boundary=b", b"text/plain"]),
)
codings = st.sampled_from([b"gzip", b"identity", b"br", b"gzip, zstd", b"\xff"])
fields = st.lists(st.tuples(names, values) | st.tuples(st.just(b"Content-Encoding"), codings), max_size=5)
bodies = st.one_of(
    st.just(b""),
    st.binary(max_size=40),
    st.builds(str.encode, texts),
    st.builds(gzip.compress, st.binary(max_size=9)),
    st.just(b'--b\r\nContent-Disposition: form-data; name="a"; filename*=x\r\n\r\n\xff\r\n--b--\r\n'),
    st.just(b"a=b&c=%ff&d"),
)
targets = st.one_of(st.just(b"/v1/messages?beta=true&key=%20"), st.binary(max_size=20), st.just(b"http://a.test/?x=1"))
moments = st.none() | st.floats(NOW - 5, NOW + 50)
counts = st.integers(0, 3)
versions = st.sampled_from(["1.1", "1.0", "2", "3"])
origins = st.builds(Origin, st.sampled_from(["http", "https", "simulator"]), st.sampled_from(["a.test", "::1"]), counts)
requests = st.builds(HttpRequest, st.sampled_from(["GET", "POST"]), targets, fields, bodies, versions, counts)
responses = st.builds(
    HttpResponse,
    st.integers(100, 599),
    fields,
    st.binary(max_size=6),
    bodies.map(lambda body: [body] if body else []),
    versions,
    st.booleans(),
    counts,
    fields,
)
messages = st.builds(Message, st.booleans(), st.binary(max_size=9), st.floats(NOW, NOW + 9), st.booleans())
sockets = st.builds(
    WebSocketRecord,
    st.lists(st.binary(min_size=1, max_size=9), max_size=3),
    st.lists(st.binary(min_size=1, max_size=9), max_size=3),
    counts,
    st.lists(messages, max_size=3),
    st.none() | counts,
    st.none() | st.booleans(),
)
failures = st.builds(Failure, texts, texts)
attempts = st.builds(
    Attempt, st.floats(NOW, NOW + 9), moments, st.none() | st.just(200), st.none() | failures, st.booleans(), texts,
    st.lists(st.tuples(st.just(103), fields), max_size=1), fields, bodies,
)  # fmt: skip
formats = st.none() | st.sampled_from(list(CLIENT_FORMATS))
routes = st.builds(
    Route, st.sampled_from(["redirect", "local", "passthrough"]), st.none() | texts, formats, st.none() | origins, texts
)
hooks = st.builds(HookResult, texts, st.just("inbound"), st.just("ran"), texts, st.floats(0, 1), st.just(("a",)))
timings = st.builds(Timings, st.floats(NOW, NOW + 5), moments, moments, moments, moments, moments)


@st.composite
def exchanges(draw: st.DrawFn) -> Exchange:
    """HTTP of any kind, finished or not, with what a record can hold."""
    ex = Exchange(
        draw(requests),
        client=draw(st.none() | st.just(("127.0.0.1", 5))),
        format=draw(formats),
        route=draw(st.none() | routes),
        forwarded=draw(st.none() | requests),
        credential_headers=frozenset(draw(st.sets(st.sampled_from(["x-a", "host"])))),
        provider_response=draw(st.none() | responses),
        response=draw(st.none() | responses),
        websocket=draw(st.none() | sockets),
        failure=draw(st.none() | failures),
        dropped=draw(st.dictionaries(texts, counts, max_size=2)),
        answered_model=draw(st.none() | texts),
        session=draw(st.none() | texts),
        tags=draw(st.dictionaries(texts, texts, max_size=2)),
        thread=draw(st.none() | st.dictionaries(st.sampled_from(["slug", "key", "backend_uuid"]), st.none() | texts)),
        process=draw(st.none() | st.just(Process(("a", "-b"), 5))),
        destination=draw(st.none() | origins),
        hooks=draw(st.lists(hooks, max_size=2)),
        timings=draw(timings),
        attempts=draw(st.lists(attempts, max_size=2)),
        client_tls=draw(st.none() | st.just({"ja4": "t13d"})),
    )
    if draw(st.booleans()):
        ex.response = ex.provider_response
    return ex


def each_kind() -> Iterator[tuple[str, Exchange]]:
    """By hand: what is hard to tell, one of each."""
    yield "buffered", answered(b'{"text":"hi"}')
    yield "gzip", answered(gzip.compress(b'{"text":"hi"}'), (b"content-encoding", b"gzip"))
    yield "not gzip", answered(b"no", (b"content-encoding", b"gzip"))
    yield "binary", answered(bytes(range(256)) * 4)
    yield "invalid UTF-8", answered(b'{"text":"\xff\xfe"}')
    stream = answered(b"", (b"content-type", b"text/event-stream"))
    assert stream.response is not None
    stream.response.chunks = [b'event: ping\ndata: {"n": %d}\n\n' % n for n in range(10_000)]
    yield "10,000 events", stream
    broken = answered(b"data: ")
    assert broken.response is not None
    broken.response.complete, broken.failure = False, Failure("reset", "the provider closed the connection")
    yield "broken off", broken
    silent = answered(b"")
    silent.response = silent.provider_response = None
    silent.failure = Failure("connect", "nobody listens")
    yield "no response", silent
    waiting = Exchange(HttpRequest("POST", b"/v1/messages", [(b"host", b"127.0.0.1:4000")], b"{}"))
    yield "under way", waiting
    local = Exchange(HttpRequest("GET", b"/health", [(b"host", b"127.0.0.1:4000")]))
    local.route = Route("local", None, None, None, "health")
    local.response = HttpResponse(200, [], b"OK", [b"ok"], complete=True)
    local.timings.finished = local.timings.started
    yield "local", local
    translated = answered(b'{"choices":[]}')
    translated.response = HttpResponse(200, [(b"set-cookie", b"a=b; HttpOnly")], b"OK", [b'{"content":[]}'])
    yield "translated", translated
    yield "form", answered(b"ok", request=(b"application/x-www-form-urlencoded", b"a=b&c=%20d&e"))
    parts = b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--b\r\n'
    parts += b'Content-Disposition: form-data; name="f"; filename="x.png"\r\nContent-Type: image/png\r\n\r\n'
    parts += b"\x89\r\n--b--\r\n"
    yield "multipart", answered(b"ok", request=(b"multipart/form-data; boundary=b", parts))
    yield "websocket", socket()
    odd = answered(b"")
    odd.request.target, odd.request.headers = b"/a b?x=\xff&key=[redacted]", [(b"Host", b"a b\xff"), (b"", b"\x00")]
    yield "odd target", odd


def answered(body: bytes, *fields: Header, request: tuple[bytes, bytes] = (b"application/json", b"{}")) -> Exchange:
    """A redirect with an answer."""
    kind, sent = request
    ex = Exchange(HttpRequest("POST", b"/v1/messages?beta=true", [(b"content-type", kind)], sent))
    ex.client, ex.format = ("127.0.0.1", 51000), WireFormat.ANTHROPIC
    ex.forwarded = HttpRequest("POST", b"/v1/messages?beta=true", [(b"Content-Type", kind)], sent, dropped=3)
    ex.route = Route("redirect", "main", WireFormat.ANTHROPIC, Origin("https", "a.test", 443), "a sentinel")
    chunks = [body] if body else []
    ex.response = ex.provider_response = HttpResponse(200, list(fields), b"OK", chunks, complete=True)
    start = ex.timings.started = NOW
    ex.timings = Timings(
        start, start + 0.001, start + 0.2, start + 0.1, start + 0.3, start + 0.5
    )  # sent late, as it may
    ex.attempts = [Attempt(start + 0.002, start + 0.01, 529, note="again"), Attempt(start + 0.05, start + 0.1, 200)]
    return ex


def socket() -> Exchange:
    """A WebSocket that the jail read."""
    ex = answered(b"")
    assert ex.response is not None
    ex.response.status, ex.front, ex.destination = 101, "jail", Origin("https", "a.test", 443)
    said = [Message(True, b"hi", NOW, True), Message(False, b"\x00\xff", NOW + 1), Message(False, b"\xff", NOW, True)]
    ex.websocket = WebSocketRecord([b"\x81\x00"], [b"\x81\x02hi"], 0, said, 1000, True)
    return ex


def datagrams() -> Exchange:
    """What is not HTTP."""
    ex = Exchange(HttpRequest("UDP", b"", [], http_version=""), protocol="udp", destination=Origin("udp", "a.test", 9))
    ex.raw = RawRecord([Message(True, b"a", NOW), Message(False, b"b", NOW)], 0, 1, 1)
    ex.timings.finished = ex.timings.started
    return ex
