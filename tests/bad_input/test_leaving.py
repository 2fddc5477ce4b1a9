"""Clients that leave, by the thousand, at every stage of their request: nothing of them stays."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.support.configs import provider, token_file
from tests.support.daemon import Daemon
from tests.support.dialects import OPENAI
from tests.support.http import Client, request_bytes
from tests.support.replies import JSON, always, reply, stream
from tests.support.upstream import Hang, Script, Upstream

PLACES = 20
"""Connections to one origin; further requests wait for one."""
AT_ONCE = 50
ROUNDS = 5

STAGES: dict[str, tuple[str, Script | None]] = {
    "before the answer": ("openai", always(Hang())),
    "in the body": ("openai", stream([OPENAI.stream_piece], end=[Hang()])),
    "in a pause between attempts": ("patient", reply(429, [JSON, (b"Retry-After", b"25")])),
    "while connecting": ("unreachable", None),
}


@pytest.fixture(scope="module")
def nowhere() -> Iterator[str]:
    """An origin that lets connections hang: nobody accepts, and no more may wait."""
    with ExitStack() as stack:
        server = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(3):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(server.getsockname())
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


@pytest.fixture(scope="module")
def provided() -> Iterator[Upstream]:
    """The provider."""
    upstream = Upstream(reply())
    yield upstream
    upstream.stop()


@pytest.fixture(scope="module")
def crowded(provided: Upstream, nowhere: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """A daemon with few connections to each origin."""
    auth = token_file(tmp_path_factory.mktemp("tokens"), "openai")
    retry = {"statuses": [429], "attempts": 3, "max_delay_seconds": 60}
    config = {
        "providers": {
            "openai": provider("openai", provided.url, auth),
            "patient": provider("openai", provided.url, auth, retry=retry),
            "unreachable": provider("openai", nowhere, auth),
        },
        "transport": {"max_connections_per_origin": PLACES, "connect_timeout_seconds": 60},
    }
    with Daemon(config) as daemon:
        yield daemon


def sockets(pid: int) -> int:
    """Open sockets of a process."""
    count = 0
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        try:
            count += os.readlink(entry).startswith("socket:")
        except FileNotFoundError:
            continue
    return count


def comes_about(condition: Callable[[], bool], seconds: float = 10.0) -> bool:
    end = time.monotonic() + seconds
    while not (met := condition()) and time.monotonic() < end:
        time.sleep(0.01)
    return met


def crowd(daemon: Daemon, name: str, stack: ExitStack) -> None:
    """Many clients that have asked, half of them for a stream."""
    for number in range(AT_ONCE):
        client = stack.enter_context(Client(daemon.port))
        body = OPENAI.body(stream=number % 2 == 0)
        client.send(request_bytes("POST", OPENAI.target(), [OPENAI.key(name)], body))


def under_way(daemon: Daemon) -> int:
    return int(daemon.control("GET", "/status")["flows"]["active"])


def test_a_thousand_clients_leave_nothing_behind(crowded: Daemon, provided: Upstream) -> None:
    """No socket, no exchange under way, no place taken, no memory to speak of."""
    assert crowded.ask("POST", OPENAI.target(), [OPENAI.key()], OPENAI.body()).status == 200
    provided.drop()
    assert comes_about(lambda: not provided.live)
    before, resident = sockets(crowded.pid), 0
    for turn in range(ROUNDS):
        for name, script in STAGES.values():
            provided.script = script or reply()
            provided.forget()
            with ExitStack() as stack:
                crowd(crowded, name, stack)
                assert comes_about(lambda: under_way(crowded) == AT_ONCE)
                assert script is None or comes_about(lambda: len(provided.requests) >= PLACES)
            assert comes_about(lambda: under_way(crowded) == 0)
        resident = resident or crowded.resident_bytes()  # what the first turn fills is filled once
        assert crowded.resident_bytes() - resident < 30_000_000, turn
    provided.script = reply()
    answers = [crowded.ask("POST", OPENAI.target(), [OPENAI.key()], OPENAI.body()).status for _ in range(2 * PLACES)]
    assert set(answers) == {200}
    provided.drop()
    assert comes_about(lambda: not provided.live)
    assert comes_about(lambda: sockets(crowded.pid) <= before), (before, sockets(crowded.pid))
    crowded.healthy()


@pytest.mark.parametrize("stage", ["before the answer", "in the body", "in a pause between attempts"])
def test_the_provider_is_told_at_once(crowded: Daemon, provided: Upstream, stage: str) -> None:
    """Its connection closes while the answer could still take for ever; in a pause nothing more is asked of it."""
    name, script = STAGES[stage]
    assert script is not None
    provided.script = script
    provided.drop()
    assert comes_about(lambda: not provided.live)
    provided.forget()
    with crowded.client() as client:
        client.send(request_bytes("POST", OPENAI.target(), [OPENAI.key(name)], OPENAI.body(stream=True)))
        assert comes_about(lambda: len(provided.requests) == 1)
        if stage == "in the body":
            next(client.pieces(client.head()))
    assert comes_about(lambda: under_way(crowded) == 0)
    if stage != "in a pause between attempts":
        assert comes_about(lambda: not provided.live)
    assert len(provided.requests) == 1
