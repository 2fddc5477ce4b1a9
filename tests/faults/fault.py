"""What a fault is, and what a client must see of it."""

from __future__ import annotations

import json
import threading
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from ccproxy.transport.carrier import STATUS
from tests.support.dialects import Dialect
from tests.support.provider_answers import body_of, stream_of
from tests.transport.peer import Link

WHOLE = "whole"
NATIVE, CURL = "native", "curl"
WAYS = (NATIVE, CURL)
TEXT = ("Hello", " there")
STATUSES: dict[str, int] = {str(kind): status for kind, status in STATUS.items()}


@dataclass(frozen=True)
class Answer:
    """The answer that a provider would give if nothing went wrong."""

    kind: bytes
    """Its content type."""
    body: bytes

    @classmethod
    def of(cls, format: str, *, streamed: bool) -> Answer:
        """A text in a provider's format."""
        if streamed:
            return cls(b"text/event-stream", b"".join(stream_of(format, TEXT)))
        return cls(b"application/json", body_of_bytes(format))

    @property
    def half(self) -> bytes:
        """About the body's first half: of a stream, whole events."""
        middle = self.body[: len(self.body) // 2]
        return middle[: middle.rfind(b"\n\n") + 2] if b"\n\n" in middle else middle

    @property
    def length(self) -> bytes:
        """The field that says how long it is."""
        return b"Content-Length: %d" % len(self.body)

    def head(self, *fields: bytes, line: bytes = b"HTTP/1.1 200 OK") -> bytes:
        """The head, with more fields."""
        return b"\r\n".join((line, b"Content-Type: " + self.kind, *fields, b"", b""))

    @property
    def sized(self) -> bytes:
        """All of it, with its length."""
        return self.head(self.length) + self.body

    @property
    def chunked(self) -> bytes:
        """A head for chunks, and the body's first half as one."""
        return self.head(b"Transfer-Encoding: chunked") + chunk(self.half)


def body_of_bytes(format: str) -> bytes:
    """A buffered answer."""
    return json.dumps(body_of(format, "".join(TEXT), "done")).encode()


def chunk(data: bytes) -> bytes:
    """One chunk (RFC 9112 §7.1)."""
    return b"%x\r\n%b\r\n" % (len(data), data)


@dataclass
class Spot:
    """Where one fault waits for one client: a port of its own."""

    answer: Answer
    ready: threading.Event = field(default_factory=threading.Event)
    """Set once what is to happen on an idle connection has happened."""
    port: int = 0


type Serve = Callable[[Link, Spot], Awaitable[None]]


@dataclass(frozen=True)
class Limits:
    """Time limits of a provider, in seconds. Those that a fault is not about are long."""

    connect_seconds: float = 10.0
    first_byte_seconds: float = 10.0
    idle_seconds: float = 10.0


@dataclass(frozen=True)
class Sight:
    """What a client saw. `text` is "whole", "STATUS KIND" for an error in its dialect, "event KIND" for a stream that
    ended in an error event, "cut KIND" for an answer that broke off, "STATUS passed", or what should not be."""

    text: str
    seconds: float
    detail: str = ""


@dataclass(frozen=True)
class Fault:
    """One thing that a provider does.

    `sees` are the kinds of errors that are right (docs/transport.md), "whole" for an unharmed answer, or a status that
    is passed on. `begun`: it happens after the answer's head. `tls` names the server's certificate, `plain` where
    there is no need for one: then only the carrier that cannot do without has it.
    """

    name: str
    serve: Serve | None
    sees: tuple[str, ...]
    begun: bool = False
    tls: str = "plain"
    limits: Limits = Limits()
    ways: tuple[str, ...] = WAYS
    modes: tuple[bool, ...] = (False, True)
    """Buffered, streamed."""
    warmed: bool = False
    """An exchange that goes well comes before."""
    translated: bool = False
    """The client speaks another format than the provider."""
    big: bool = False
    """The request has some megabytes."""
    place: str = ""
    """Where nobody serves: a base URL."""

    def allows(self, sight: Sight, *, streamed: bool) -> bool:
        """Whether a client may see this."""
        return sight.text in self.allowed(streamed=streamed)

    def allowed(self, *, streamed: bool) -> set[str]:
        """What a client may see, in the words of `Sight`."""
        right: set[str] = set()
        for each in self.sees:
            if each == WHOLE:
                right.add(WHOLE)
            elif each.isdigit():
                right.add(f"{each} passed")
            else:
                right.add(f"{STATUSES.get(each, 502)} {each}")
                if self.begun and streamed:
                    right |= {f"event {each}", f"cut {each}"}
        return right


def speaks(fault: Fault, number: int, dialects: tuple[Dialect, ...]) -> tuple[Dialect, str]:
    """The client's dialect and the provider's format: all have their turn."""
    client = dialects[number % len(dialects)]
    return client, dialects[(number + 1) % len(dialects)].name if fault.translated else client.name
