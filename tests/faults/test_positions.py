"""A short answer that stops at every one of its bytes: no client takes what it has for the whole."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from tests.faults.fault import CURL
from tests.faults.positions import FIRST_BYTE, IDLE, STOPS, Short, ask_all, kinds_of, serving, shorts
from tests.faults.servers import Certificates, Servers
from tests.support.daemon import Daemon
from tests.support.dialects import ANTHROPIC
from tests.support.http import Response

CASES = [(short, stop) for short in shorts() for stop in short.stops]


@pytest.fixture(scope="module")
def stopping(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """A daemon with a provider for each answer and each way to stop."""
    with ExitStack() as stack:
        servers = Servers()
        stack.callback(servers.close)
        certificates = Certificates(tmp_path_factory.mktemp("positions"))
        providers = {
            f"{name(short, stop)}-{number}": provider(servers, certificates, short, stop)
            for short, stop in CASES
            for number in range(short.ports)
        }
        transport = {"ca_file": str(certificates.ca_file), "keepalive_seconds": 1}
        yield stack.enter_context(Daemon({"providers": providers, "transport": transport}))


def provider(servers: Servers, certificates: Certificates, short: Short, stop: str) -> dict[str, Any]:
    """One that gives this answer and stops so."""
    port = servers.serve(serving(short, STOPS[stop]), certificates.context(short.tls))
    return {
        "type": "anthropic",
        "base_url": f"{'http' if short.tls == 'plain' else 'https'}://127.0.0.1:{port}",
        "http2": short.way == CURL,
        "timeouts": {"first_byte_seconds": FIRST_BYTE, "idle_seconds": IDLE} if stop == "silent" else {},
    }


def name(short: Short, stop: str) -> str:
    """What its providers' names begin with."""
    return f"{short.name.replace(' ', '-').replace('/', '')}-{stop}"


@pytest.mark.parametrize(("short", "stop"), CASES, ids=[f"{short.name}, {stop}" for short, stop in CASES])
def test_a_short_answer_that_stops_at_every_byte(stopping: Daemon, short: Short, stop: str) -> None:
    agent = uuid.uuid4().hex
    answers = ask_all(stopping, [f"{name(short, stop)}-{number}" for number in range(short.ports)], short, agent)
    kinds = kinds_of(stopping, agent, len(answers))
    for position, (answer, kind) in enumerate(zip(answers, kinds, strict=True)):
        assert kind in short.kinds(stop, position), (position, kind, short.wire[:position])
        assert answer is None or is_right(answer, short, kind), (position, kind, answer)
    stopping.healthy()


def is_right(answer: Response, short: Short, kind: str | None) -> bool:
    """Whether a client can tell: the whole answer, an error, an error event at the end, or a broken connection."""
    if kind is None:
        return (answer.status, answer.complete) == (200, True)
    if answer.status >= 500:
        return bool(ANTHROPIC.error(answer, answer.status))
    return not answer.complete or (short.streamed and b"\nevent: error\ndata: " in answer.body)
