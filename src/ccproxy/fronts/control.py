"""The control plane: HTTP on a Unix socket that only its user can open. That permission is the authentication.

A lock file beside the socket says that a daemon lives (and its process id); the kernel drops the lock when the process
dies, however it dies. Starlette and uvicorn are imported when they are needed, so that `acquire` costs nothing.
"""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import socket
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from ccproxy.flows.summary import detail, summarize
from ccproxy.fronts import auth_routes, jail_routes

if TYPE_CHECKING:
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response

    from ccproxy.flows.store import FlowStore

BACKLOG = 128
GRACE_SECONDS = 2


class AlreadyRunning(Exception):
    """A daemon with this socket lives. `pid` is its process id, None if it has not told yet."""

    def __init__(self, pid: int | None) -> None:
        self.pid = pid
        super().__init__(f"a daemon for this configuration is already running{f' (pid {pid})' if pid else ''}")


class DaemonView(jail_routes.HasInterceptor, auth_routes.HasCredentials, Protocol):
    """What the control plane has to know of the daemon."""

    @property
    def store(self) -> FlowStore:
        """The exchanges."""

    async def status(self) -> dict[str, Any]:
        """What GET /status answers."""

    def stop(self) -> None:
        """Begins the shutdown and returns at once."""


class Lock:
    """Held by a living daemon."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def release(self) -> None:
        """Lets the next daemon start."""
        os.close(self._descriptor)


def acquire(path: Path) -> Lock:
    """Claims a socket's path for this process before anything else is done. Raises AlreadyRunning, OSError."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
    descriptor = os.open(path.with_name(path.name + ".lock"), flags, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        holder = os.read(descriptor, 32).strip()
        os.close(descriptor)
        raise AlreadyRunning(int(holder) if holder.isdigit() else None) from error
    os.truncate(descriptor, 0)
    os.pwrite(descriptor, b"%d\n" % os.getpid(), 0)
    return Lock(descriptor)


def app(daemon: DaemonView) -> Starlette:
    """GET /status, GET /flows[?limit=N], GET /flows/{id}, DELETE /flows, POST /stop; jails' and credentials'."""
    from starlette.applications import Starlette
    from starlette.routing import Route

    async def status(request: Request) -> Response:
        return _json(_dump(await daemon.status()))

    async def flows(request: Request) -> Response:
        limit = request.query_params.get("limit")
        if limit is not None and not (limit.isascii() and limit.isdigit()):
            return _problem(400, "limit is not a number")
        exchanges = daemon.store.list()
        if limit is not None:
            exchanges = exchanges[max(0, len(exchanges) - int(limit)) :]
        # Bodies are looked into for models and usage: not on the loop.
        return _json(await asyncio.to_thread(lambda: _dump([summarize(ex) for ex in exchanges])))

    async def flow(request: Request) -> Response:
        key = request.path_params["id"]
        ex = daemon.store.get(key)
        if ex is None:
            return _problem(404, f"there is no flow {key!r}, or more than one that starts so")
        return _json(await asyncio.to_thread(lambda: _dump(detail(ex))))

    async def clear(request: Request) -> Response:
        return _json(_dump({"cleared": daemon.store.clear()}))

    async def stop(request: Request) -> Response:
        daemon.stop()
        return _json(_dump({"stopping": True}))

    return Starlette(
        routes=[
            Route("/status", status),
            Route("/flows", flows, methods=["GET"]),
            Route("/flows", clear, methods=["DELETE"]),
            Route("/flows/{id}", flow),
            Route("/stop", stop, methods=["POST"]),
            *jail_routes.routes(daemon),
            *auth_routes.routes(daemon),
        ]
    )


async def serve(app: Starlette, path: Path) -> None:
    """Serves until cancelled, then lets requests end and removes the socket. Hold the lock of `acquire` meanwhile.

    uvicorn's own `serve` is not used: it takes the process's signals and wakes up ten times a second.
    """
    import uvicorn

    config = uvicorn.Config(
        app,
        http="h11",
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    config.load()
    server = uvicorn.Server(config)
    server.lifespan = config.lifespan_class(config)
    sock = listen(path)
    try:
        await server.startup(sockets=[sock])
        await asyncio.get_running_loop().create_future()
    finally:
        if server.started:
            await server.shutdown(sockets=[sock])
        _discard(sock, path)


def listen(path: Path) -> socket.socket:
    """A listening socket (0600) at `path`, in place of one that a dead daemon left. Raises OSError."""
    if path.exists(follow_symlinks=False):
        if not stat.S_ISSOCK(path.lstat().st_mode):
            raise FileExistsError(f"{path} is in the way: it is not a socket")
        path.unlink()
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    umask = os.umask(0o177)
    try:
        sock.bind(str(path))
        sock.listen(BACKLOG)
    except OSError as error:
        sock.close()
        raise OSError(f"cannot listen on {path}: {error}") from error
    finally:
        os.umask(umask)
    return sock


def _discard(sock: socket.socket, path: Path) -> None:
    path.unlink(missing_ok=True)
    sock.close()


def _dump(value: object) -> bytes:
    return json.dumps(value).encode()


def _json(body: bytes, status: int = 200) -> Response:
    from starlette.responses import Response

    return Response(body, status, media_type="application/json")


def _problem(status: int, message: str) -> Response:
    return _json(_dump({"error": message}), status)
