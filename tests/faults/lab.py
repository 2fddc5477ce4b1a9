"""A real daemon among servers that misbehave: meets faults and says what the client saw."""

from __future__ import annotations

import json
import socket
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tests.faults.fault import CURL, TEXT, WHOLE, Answer, Fault, Serve, Sight, Spot, speaks
from tests.faults.matrix import cases
from tests.faults.servers import Certificates, Servers, never_accepting, nobody
from tests.support.crossing import read
from tests.support.daemon import Daemon
from tests.support.dialects import ANTHROPIC, DIALECTS, Dialect
from tests.support.http import Closed, Response, request_bytes
from tests.transport.peer import Link

PATIENCE = 20.0
"""Seconds after which a client gives up: no fault may take so long."""
MUTE = {"RES_OPTIONS": "attempts:0"}
"""The resolver of the C library asks no server then (resolv.conf(5)): names fail, and nothing leaves this machine."""
GOOD = {"good": {"type": "anthropic", "base_url": "simulator:"}}
BIG = b"x" * 6_000_000


class Lab:
    """Faults, each with a provider of its own for each way and mode. See `lab`."""

    ROOM = 64_000_000
    """Bytes by which the daemon may grow in one exchange, where some providers send 100 MB that nobody wants."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self._servers = Servers()
        stack.callback(self._servers.close)
        self.certificates = Certificates(folder)
        self._spots: dict[str, Spot] = {}
        self._facts = {"refusing": 0, "hanging": 0}
        self._open_traps(stack)
        providers = {name_of(*case[0::2], case[3]): self._provider(*case) for case in cases()}
        transport = {"ca_file": str(self.certificates.ca_file), "keepalive_seconds": 1}
        self.daemon = stack.enter_context(Daemon({"providers": providers | GOOD, "transport": transport}, MUTE))
        self.healthy()
        self._open_before = self.descriptors()

    def serve(self, serve: Serve, tls: str, spot: Spot) -> int:
        """Opens a port where `serve` waits."""

        async def accept(link: Link) -> None:
            await serve(link, spot)

        return self._servers.serve(accept, self.certificates.context("plain" if tls == "raw" else tls))

    def meet(self, number: int, fault: Fault, way: str, streamed: bool) -> Sight:
        """Sends a request into a fault."""
        name = name_of(number, way, streamed)
        spot = self._spots[name]
        client, _ = speaks(fault, number, DIALECTS)
        if fault.warmed:
            first = self._ask(name, client, spot, fault, streamed)
            if first.text != WHOLE or not spot.ready.wait(PATIENCE):
                return Sight("no good first answer", first.seconds, first.text)
        return self._ask(name, client, spot, fault, streamed)

    def healthy(self) -> None:
        """Asserts that the daemon is well, and answers."""
        self.daemon.healthy()
        answer = self.daemon.ask("POST", ANTHROPIC.target(), [ANTHROPIC.key("good")], ANTHROPIC.body())
        assert (answer.status, answer.complete) == (200, True)

    def settled(self) -> None:
        """Asserts that nothing of all the faults is left: no exchange, no socket, no memory to speak of."""
        self.healthy()
        end = time.monotonic() + PATIENCE
        while (left := self.descriptors() - self._open_before) > 0 or self._active():
            assert time.monotonic() < end, (left, self._active())
            time.sleep(0.05)
        assert "Traceback" not in self.daemon.output

    def descriptors(self) -> int:
        """Open files and sockets of the daemon."""
        return sum(1 for _ in Path(f"/proc/{self.daemon.pid}/fd").iterdir())

    def _active(self) -> int:
        return int(self.daemon.control("GET", "/status")["flows"]["active"])

    def _ask(self, name: str, client: Dialect, spot: Spot, fault: Fault, streamed: bool) -> Sight:
        agent = f"faults-{uuid.uuid4().hex}"
        body = client.body(stream=streamed)
        if fault.big:
            body = body.removesuffix(b"}") + b', "pad": "' + BIG + b'"}'
        fields = [client.key(name), (b"user-agent", agent.encode()), (b"content-type", b"application/json")]
        begun = time.monotonic()
        answer = self._response(request_bytes("POST", client.target(stream=streamed), fields, body))
        took = time.monotonic() - begun
        if answer == "nothing at all":
            return Sight(answer, took)
        error = record(self.daemon, agent)["error"]
        if isinstance(answer, str):  # the break came before the head had gone on
            return Sight(f"cut {error['kind']}" if error else answer, took, error["message"] if error else "")
        text = told(answer, client, error and error["kind"], spot.answer, translated=fault.translated)
        return Sight(text, took, error["message"] if error else f"{answer.status} {answer.body[:300]!r}")

    def _response(self, request: bytes) -> Response | str:
        """The answer, or words for there being none."""
        try:
            with self.daemon.client(PATIENCE) as connection:
                connection.send(request)
                return connection.response()
        except Closed:
            return "no answer"
        except TimeoutError:
            return "nothing at all"

    def _provider(self, number: int, fault: Fault, way: str, streamed: bool) -> dict[str, Any]:
        _, format = speaks(fault, number, DIALECTS)
        spot = self._spots[name_of(number, way, streamed)] = Spot(Answer.of(format, streamed=streamed))
        tls = "good" if way == CURL and fault.tls == "plain" else fault.tls
        scheme = "http" if tls == "plain" else "https"
        place = fault.place.format(scheme=scheme, **self._facts)
        if fault.serve is not None:
            spot.port = self.serve(fault.serve, tls, spot)
            place = f"{scheme}://127.0.0.1:{spot.port}"
        return {"type": format, "base_url": place, "timeouts": asdict(fault.limits), "http2": way == CURL}

    def _open_traps(self, stack: ExitStack) -> None:
        refusing, self._facts["refusing"] = nobody()
        hanging, self._facts["hanging"] = never_accepting()
        for each in (refusing, *hanging):
            stack.enter_context(closing(each))


@contextmanager
def closing(sock: socket.socket) -> Iterator[None]:
    """Closes it at the end."""
    with sock:
        yield


@contextmanager
def lab(folder: Path) -> Iterator[Lab]:
    """A lab for as long as the block lasts."""
    with ExitStack() as stack:
        yield Lab(folder, stack)


def name_of(number: int, way: str, streamed: bool) -> str:
    """The provider of a case."""
    return f"f{number}-{way}-{'streamed' if streamed else 'buffered'}"


def record(daemon: Daemon, agent: str) -> dict[str, Any]:
    """What the daemon noted of the exchange whose client called itself so."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        for flow in daemon.control("GET", "/flows?limit=200"):
            if flow["user_agent"] == agent and flow["done"]:
                return dict(flow)
        time.sleep(0.02)
    raise AssertionError(f"no finished record of {agent}:\n{daemon.output[-2000:]}")


def told(answer: Response, client: Dialect, kind: str | None, good: Answer, *, translated: bool) -> str:
    """What an answer comes down to; see `Sight`."""
    if kind is None:
        if answer.status != 200:
            return f"{answer.status} passed"
        return (
            WHOLE if answer.complete and is_good(answer, client, good, translated=translated) else "200, but not whole"
        )
    try:
        if answer.status >= 400:
            client.error(answer, answer.status)
            return f"{answer.status} {kind}"
        if not answer.complete:
            return f"cut {kind}"
        rest = answer.body.removeprefix(good.body)
        assert in_the_end(rest) or client.stream_error(rest)
    except (AssertionError, KeyError, TypeError, json.JSONDecodeError) as error:
        return f"{answer.status} {kind}, not in its dialect: {error}"
    return f"event {kind}"


def is_good(answer: Response, client: Dialect, good: Answer, *, translated: bool) -> bool:
    """Whether a client got the text it was meant to get, byte for byte where nothing is translated."""
    return read(client.name, answer).text == "".join(TEXT) if translated else answer.body == good.body


def in_the_end(body: bytes) -> bool:
    """Whether a stream that stopped in the middle of an event has an error as the rest of that event: a client that
    reads it finds no JSON, or an error."""
    before, _, last = body.rstrip(b"\n").rpartition(b"\ndata: ")
    return not before.replace(b"\nevent: error", b"").endswith(b"\n\n") and b'"error"' in last
