"""The simulator as an upstream that keeps what it was sent."""

from __future__ import annotations

from collections.abc import Iterable

from ccproxy import simulator
from ccproxy.simulator.capacity import Rush
from ccproxy.simulator.reply import Reply
from ccproxy.simulator.reply import Send as Piece
from tests.support.http import field_of
from tests.support.replies import chunk, head
from tests.support.upstream import Recorded, Reset, Script, Send, Step, Wait


def simulated(request: Recorded) -> Iterable[Step]:
    """A script that answers as the simulator does: streams in chunks, one an event."""
    return played(simulator.respond(request.method, request.target, request.headers, request.body))


def crowded(rush: Rush) -> Script:
    """The same, with a share of the calls out of capacity, drawn in the order of their arrival."""
    return lambda request: played(
        simulator.respond(request.method, request.target, request.headers, request.body, rush)
    )


def played(reply: Reply) -> Iterable[Step]:
    """The steps of an answer over HTTP/1.1."""
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
