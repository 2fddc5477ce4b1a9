"""Thousands of exchanges, good and bad, with clients that leave: nothing may pile up."""

from __future__ import annotations

import contextlib
import itertools
import random
import threading
import time
from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.conftest import StartDaemon, StartUpstream
from tests.support.configs import full
from tests.support.daemon import Daemon
from tests.support.dialects import DIALECTS, OPENAI
from tests.support.http import Closed, request_bytes
from tests.support.replies import GARBAGE, JSON, RESET_BEFORE_HEADERS, always, reply, short, stream
from tests.support.upstream import Close, Recorded, Reset, Step, Wait

SCRIPTS = [
    reply(),
    stream([OPENAI.stream_piece] * 20),
    RESET_BEFORE_HEADERS,
    GARBAGE,
    short([JSON], b"{", 10),
    stream([OPENAI.stream_piece], end=[Close()]),
    reply(500),
    always(Wait(0.01), Reset()),
]
REQUESTS = 1000
CLIENTS = 8


def work(daemon: Daemon, seed: int) -> None:
    """One client's requests: each on a connection of its own, one in ten left before the answer."""
    chance = random.Random(seed)
    for _ in range(REQUESTS):
        dialect = chance.choice(DIALECTS)
        padding = b', "pad": "' + b"x" * chance.choice([10, 1000, 50_000]) + b'"}'
        with daemon.client(timeout=10) as client, contextlib.suppress(Closed):
            client.send(request_bytes("POST", dialect.target(), [dialect.key()], dialect.body()[:-1] + padding))
            if chance.random() < 0.9:
                client.response()


def descriptors(daemon: Daemon) -> int:
    """Open files and sockets of the daemon."""
    return sum(1 for _ in Path(f"/proc/{daemon.pid}/fd").iterdir())


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_nothing_piles_up(start_daemon: StartDaemon, start_upstream: StartUpstream, tokens: Path) -> None:
    turns = itertools.cycle(SCRIPTS)

    def script(request: Recorded) -> Iterable[Step]:
        return next(turns)(request)

    upstream = start_upstream(script)
    daemon = start_daemon(full(upstream.url, tokens), inspector=True)
    time.sleep(2)
    begun, sizes = descriptors(daemon), []
    for round_number in range(3):
        clients = [threading.Thread(target=work, args=(daemon, 100 * round_number + n)) for n in range(CLIENTS)]
        for client in clients:
            client.start()
        for client in clients:
            client.join()
        time.sleep(1)
        sizes.append(daemon.resident_bytes())
    assert sizes[-1] - sizes[0] < 20_000_000, sizes
    assert descriptors(daemon) <= begun + 8
    assert daemon.control("GET", "/status")["flows"]["active"] == 0
    daemon.healthy()
