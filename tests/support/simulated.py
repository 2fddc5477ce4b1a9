"""The simulator as an upstream that keeps what it was sent."""

from __future__ import annotations

from collections.abc import Iterable

from ccproxy import simulator
from ccproxy.simulator.reply import Send as Piece
from tests.support.http import field_of
from tests.support.replies import chunk, head
from tests.support.upstream import Recorded, Reset, Send, Step, Wait


def simulated(request: Recorded) -> Iterable[Step]:
    """A script that answers as the simulator does: streams in chunks, one an event."""
    reply = simulator.respond(request.method, request.target, request.headers, request.body)
    whole = field_of(reply.headers, "content-length") is not None
    yield Send(head(reply.status, reply.headers if whole else [*reply.headers, (b"Transfer-Encoding", b"chunked")]))
    for step in reply.events:
        if step.delay:
            yield Wait(step.delay)
        if not isinstance(step, Piece):
            yield Reset()
        elif step.data:
            yield Send(step.data if whole else chunk(step.data))
    if not whole:
        yield Send(chunk(b""))
