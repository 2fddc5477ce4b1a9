"""A short answer that stops at each of its bytes: by silence, by an orderly end, by a reset."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import cycle
from urllib.parse import parse_qs, urlsplit

from tests.faults.acts import End, close, hang, reset
from tests.faults.fault import CURL, NATIVE, Answer
from tests.faults.frames import ACK, SETTINGS, H2Link, whole
from tests.faults.servers import Accept
from tests.support.daemon import Daemon
from tests.support.dialects import ANTHROPIC
from tests.support.http import Client, Closed, Response, request_bytes
from tests.transport.peer import Link

STOPS: dict[str, End] = {"silent": hang, "closes": close, "resets": reset}
BUFFERED = Answer(b"application/json", b'{"ok": 1}')
STREAMED = Answer(b"text/event-stream", b'data: {"ok": 1}\n\n')
FIRST_BYTE, IDLE = 2.5, 0.4
"""Time limits in seconds. The first one is for many requests at once on a machine that has other things to do."""


@dataclass(frozen=True)
class Short:
    """A short answer on the wire. `head` bytes are what must have come before it has begun."""

    name: str
    way: str
    tls: str
    streamed: bool
    wire: bytes
    head: int

    @property
    def ports(self) -> int:
        """How many origins it takes that each request has a connection of its own."""
        return len(self.wire) + 1 if self.tls == "h2" else 1

    @property
    def stops(self) -> list[str]:
        """A key of STOPS each. What a reset does to TLS, or to frames, it does wherever it comes."""
        return list(STOPS) if self.tls == "plain" else ["silent", "closes"]

    def kinds(self, stop: str, position: int) -> set[str | None]:
        """The kinds of errors that are right where the answer stops after so many bytes; None: no error."""
        if position == len(self.wire):
            return {None}
        if stop == "silent":
            return {"idle_timeout" if position >= self.head else "first_byte_timeout"}
        return {"reset", "truncated"}


def shorts() -> Iterator[Short]:
    """By each way, buffered with a length and streamed in chunks; and as frames."""
    for way, tls in ((NATIVE, "plain"), (CURL, "good")):
        yield Short(f"{way} buffered", way, tls, False, BUFFERED.sized, len(BUFFERED.head(BUFFERED.length)))
        head = STREAMED.head(b"Transfer-Encoding: chunked")
        body = b"%x\r\n%b\r\n0\r\n\r\n" % (len(STREAMED.body), STREAMED.body)
        yield Short(f"{way} streamed", way, tls, True, head + body, len(head))
    for streamed, answer in ((False, BUFFERED), (True, STREAMED)):
        wire = SETTINGS + ACK + whole(1, answer)
        body = len(whole(1, Answer(answer.kind, b""))) - 9
        name = f"{CURL} {'streamed' if streamed else 'buffered'} over HTTP/2"
        yield Short(name, CURL, "h2", streamed, wire, len(SETTINGS + ACK) + body)


def serving(short: Short, end: End) -> Accept:
    """Sends as much of the answer as the query says, and ends so; after a whole one the connection serves on."""

    async def serve(link: Link) -> None:
        h2 = H2Link(link)
        while True:
            if short.tls == "h2":
                _, fields = await h2.request(settings=b"", generous=False)
                target = dict(fields)[b":path"]
            else:
                target = (await link.request()).target
            at = int(parse_qs(urlsplit(target.decode()).query)["at"][0])
            await link.send(short.wire[:at])
            if at < len(short.wire):
                await end(link)
                return

    return serve


def ask_all(daemon: Daemon, providers: list[str], short: Short, agent: str) -> list[Response | None]:
    """All positions at once; None where no answer came."""
    with ExitStack() as stack:
        clients: list[Client] = []
        for position, provider in zip(range(len(short.wire) + 1), cycle(providers)):
            client = stack.enter_context(daemon.client(30))
            fields = [ANTHROPIC.key(provider), (b"user-agent", f"{agent}-{position}".encode())]
            target = ANTHROPIC.target(stream=short.streamed) + f"?at={position}"
            client.send(request_bytes("POST", target, fields, ANTHROPIC.body(stream=short.streamed)))
            clients.append(client)
        return [received(client) for client in clients]


def received(client: Client) -> Response | None:
    """What one client gets."""
    try:
        return client.response()
    except Closed:
        return None


def kinds_of(daemon: Daemon, agent: str, count: int) -> list[str | None]:
    """What the record says of each position."""
    end = time.monotonic() + 10
    while time.monotonic() < end:
        flows = daemon.control("GET", "/flows?limit=1000")
        ours = {
            flow["user_agent"]: flow for flow in flows if (flow["user_agent"] or "").startswith(agent) and flow["done"]
        }
        if len(ours) == count:
            errors = [ours[f"{agent}-{position}"]["error"] for position in range(count)]
            return [error and error["kind"] for error in errors]
        time.sleep(0.05)
    raise AssertionError(f"{len(ours)} of {count} exchanges are recorded")
