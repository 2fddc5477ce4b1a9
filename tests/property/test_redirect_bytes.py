"""What a redirect may change of a message: the credential, hop-by-hop fields, and nothing else."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.property.strategies import bodies, cuts, end_to_end, headers, methods, targets
from tests.support.configs import token
from tests.support.daemon import Daemon
from tests.support.dialects import ANTHROPIC
from tests.support.examples import examples
from tests.support.http import Header, request_bytes
from tests.support.replies import always, chunk, head, reply
from tests.support.upstream import Close, Send, Upstream

relaxed = settings(
    deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], print_blob=True
)


@settings(relaxed, max_examples=examples(600))
@given(method=methods, target=targets, fields=headers, body=bodies, data=st.data())
def test_the_provider_sees_what_the_client_sent(
    daemon: Daemon,
    upstream: Upstream,
    method: str,
    target: bytes,
    fields: list[Header],
    body: bytes,
    data: st.DataObject,
) -> None:
    upstream.script = reply(204, [], b"", b"No Content")
    upstream.forget()
    framing = data.draw(st.sampled_from(["length", "chunked", "none" if not body else "length"]))
    chunks = data.draw(cuts(body)) if framing == "chunked" else None
    place = data.draw(st.integers(0, len(fields)))
    sent = [*fields[:place], ANTHROPIC.key(), *fields[place:]]
    with daemon.client() as client:
        client.send(request_bytes(method, target, sent, None if framing == "none" else body, chunks=chunks))
        answer = client.response(method)
    assert answer.status == 204, answer
    (seen,) = upstream.requests
    assert (seen.method, seen.target, seen.body) == (method, target, body)
    assert end_to_end(seen.headers) == fields
    provider = "openai" if target.startswith(b"/raw/") else "anthropic"
    credentials = [value for name, value in seen.headers if name.lower() == b"authorization"]
    assert credentials == [f"Bearer {token(provider)}".encode()]
    assert ANTHROPIC.key()[1] not in seen.raw


statuses = st.integers(200, 599).filter(lambda status: status not in (204, 205, 304))
reasons = st.text("abcXYZ -'!", max_size=20).map(lambda text: text.strip().encode())


@settings(relaxed, max_examples=examples(250))
@given(status=statuses, reason=reasons, fields=headers, body=bodies, data=st.data())
def test_the_client_sees_what_the_provider_answered(
    daemon: Daemon,
    upstream: Upstream,
    status: int,
    reason: bytes,
    fields: list[Header],
    body: bytes,
    data: st.DataObject,
) -> None:
    framing = data.draw(st.sampled_from(["length", "chunked", "close"]))
    if framing == "length":
        steps = [Send(head(status, [*fields, (b"Content-Length", b"%d" % len(body))], reason) + body)]
    elif framing == "chunked":
        pieces = [piece for piece in data.draw(cuts(body)) if piece]
        coded = b"".join(map(chunk, pieces)) + b"0\r\n\r\n"
        steps = [Send(head(status, [*fields, (b"Transfer-Encoding", b"chunked")], reason) + coded)]
    else:
        steps = [Send(head(status, [*fields, (b"Connection", b"close")], reason) + body)]
    upstream.script = always(*steps, *([Close()] if framing == "close" else []))
    answer = daemon.ask("POST", "/v1/messages", [ANTHROPIC.key()], b"{}")
    assert answer.complete
    assert (answer.status, answer.body) == (status, body)
    assert answer.reason == reason
    assert end_to_end(answer.headers) == end_to_end(fields)
