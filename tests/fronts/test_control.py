"""The control plane over its real socket, on uvloop."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvloop

from ccproxy.exchange import Exchange, HttpRequest, HttpResponse
from ccproxy.flows.store import MemoryStore
from ccproxy.fronts import control


class Daemon:
    """Stands where the composition root stands."""

    def __init__(self) -> None:
        self.store = MemoryStore()
        self.stopped = asyncio.Event()

    async def status(self) -> dict[str, Any]:
        return {"pid": os.getpid()}

    def stop(self) -> None:
        self.stopped.set()

    def add(self, count: int) -> list[Exchange]:
        exchanges = [Exchange(HttpRequest("POST", b"/v1/messages", [], b'{"model":"m"}')) for _ in range(count)]
        for ex in exchanges:
            self.store.begin(ex)
            ex.response = HttpResponse(200, [], chunks=[b"answer"])
            ex.timings.finished = ex.timings.started + 1
            self.store.finish(ex)
        return exchanges


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run" / "control.sock"


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def served(path: Path, use: Callable[[httpx.AsyncClient, Daemon], Awaitable[None]]) -> None:
    """Runs `use` against a served control plane, then ends it as the daemon would."""

    async def main() -> None:
        daemon = Daemon()
        server = asyncio.create_task(control.serve(control.app(daemon), path))
        await asyncio.sleep(0)  # it listens before it waits for anything
        transport = httpx.AsyncHTTPTransport(uds=str(path))
        async with httpx.AsyncClient(transport=transport, base_url="http://ccproxy") as client:
            await use(client, daemon)
        server.cancel()
        with pytest.raises(asyncio.CancelledError):
            await server

    path.parent.mkdir(mode=0o700, exist_ok=True)
    uvloop.run(asyncio.wait_for(main(), 20))
    assert not path.exists()


def test_status_and_permissions(path: Path) -> None:
    async def use(client: httpx.AsyncClient, daemon: Daemon) -> None:
        assert (mode(path), mode(path.parent)) == (0o600, 0o700)
        response = await client.get("/status")
        assert (response.status_code, response.json()) == (200, {"pid": os.getpid()})
        assert response.headers["content-type"] == "application/json"

    served(path, use)


def test_flows(path: Path) -> None:
    async def use(client: httpx.AsyncClient, daemon: Daemon) -> None:
        first, *_, last = daemon.add(5)
        listed = (await client.get("/flows")).json()
        assert [listed[0]["id"], listed[-1]["id"], len(listed)] == [first.id, last.id, 5]
        assert listed[0]["model"] == "m"
        assert [flow["id"] for flow in (await client.get("/flows?limit=1")).json()] == [last.id]
        assert (await client.get("/flows?limit=0")).json() == []
        assert len((await client.get("/flows?limit=99")).json()) == 5
        assert (await client.get("/flows?limit=x")).status_code == 400
        one = (await client.get(f"/flows/{last.id[:13]}")).json()
        assert one["bodies"]["client_response"]["text"] == "answer"
        missing = await client.get("/flows/nope")
        assert (missing.status_code, "nope" in missing.json()["error"]) == (404, True)
        assert (await client.delete("/flows")).json() == {"cleared": 5}
        assert (await client.get("/flows")).json() == []

    served(path, use)


def test_stop_is_answered_although_the_daemon_stops(path: Path) -> None:
    async def main() -> None:
        daemon = Daemon()
        server = asyncio.create_task(control.serve(control.app(daemon), path))
        await asyncio.sleep(0)
        transport = httpx.AsyncHTTPTransport(uds=str(path))
        async with httpx.AsyncClient(transport=transport, base_url="http://ccproxy") as client:
            asking = asyncio.create_task(client.post("/stop"))
            await daemon.stopped.wait()
            server.cancel()
            response = await asking
        assert (response.status_code, response.json()) == (200, {"stopping": True})
        with pytest.raises(asyncio.CancelledError):
            await server

    path.parent.mkdir(mode=0o700)
    uvloop.run(asyncio.wait_for(main(), 20))


def test_no_signal_handler_is_taken(path: Path) -> None:
    before = signal.getsignal(signal.SIGTERM)

    async def use(client: httpx.AsyncClient, daemon: Daemon) -> None:
        await client.get("/status")
        assert signal.getsignal(signal.SIGTERM) is before

    served(path, use)
    assert signal.getsignal(signal.SIGTERM) is before


def test_a_dead_daemons_socket_is_replaced(path: Path) -> None:
    path.parent.mkdir()
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))

    async def use(client: httpx.AsyncClient, daemon: Daemon) -> None:
        assert (await client.get("/status")).status_code == 200

    served(path, use)


def test_what_is_no_socket_stays(path: Path) -> None:
    path.parent.mkdir()
    path.write_text("precious")
    with pytest.raises(FileExistsError, match="not a socket"):
        control.listen(path)
    assert path.read_text() == "precious"


def test_a_path_that_is_too_long_is_named(tmp_path: Path) -> None:
    with pytest.raises(OSError, match=r"cannot listen on .*x"):
        control.listen(tmp_path / ("x" * 120))


def test_one_daemon_at_a_time(path: Path) -> None:
    code = "import sys, pathlib; from ccproxy.fronts import control; control.acquire(pathlib.Path(sys.argv[1]))"
    command = [sys.executable, "-c", f"{code}; print('held', flush=True); sys.stdin.read()", str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"held\n"
        with pytest.raises(control.AlreadyRunning, match=f"already running \\(pid {other.pid}\\)") as caught:
            control.acquire(path)
        assert caught.value.pid == other.pid
        other.kill()
        other.wait()
        lock = control.acquire(path)
    with pytest.raises(control.AlreadyRunning) as again:
        control.acquire(path)
    assert again.value.pid == os.getpid()
    lock.release()
    control.acquire(path).release()
    assert mode(path.with_name("control.sock.lock")) == 0o600


def test_loading_it_does_not_load_a_web_framework() -> None:
    heavy = {"starlette", "uvicorn", "mitmproxy"}
    code = f"import json, sys, ccproxy.fronts.control; print(json.dumps(sorted({heavy} & set(sys.modules))))"
    assert json.loads(subprocess.check_output([sys.executable, "-c", code])) == []
