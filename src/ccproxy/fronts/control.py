"""The control plane: HTTP on a Unix socket that only its user can open. That permission is the authentication.

A lock file beside the socket says that a daemon lives (and its process id); the kernel drops the lock when the process
dies, however it dies. Starlette and uvicorn are imported when they are needed, so that `acquire` costs nothing.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import socket
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from ccproxy.fronts import auth_routes, flow_routes, jail_routes, pplx_routes, replay_routes, shape_routes

if TYPE_CHECKING:
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response


BACKLOG = 128
GRACE_SECONDS = 2


class AlreadyRunning(Exception):
    """A daemon with this socket lives. `pid` is its process id, None if it has not told yet."""

    def __init__(self, pid: int | None) -> None:
        self.pid = pid
        super().__init__(f"a daemon for this configuration is already running{f' (pid {pid})' if pid else ''}")


class DaemonView(
    flow_routes.HasFlows,
    jail_routes.HasInterceptor,
    auth_routes.HasCredentials,
    replay_routes.HasGateway,
    shape_routes.HasShapes,
    pplx_routes.HasDesk,
    Protocol,
):
    """What the control plane has to know of the daemon."""

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
    """GET /status, POST /stop; those for flows, jails, credentials, replay, shapes and Perplexity accounts."""
    from starlette.applications import Starlette
    from starlette.routing import Route

    async def status(request: Request) -> Response:
        return flow_routes.reply(await daemon.status())

    async def stop(request: Request) -> Response:
        daemon.stop()
        return flow_routes.reply({"stopping": True})

    return Starlette(
        routes=[
            Route("/status", status),
            Route("/stop", stop, methods=["POST"]),
            *flow_routes.routes(daemon),
            *jail_routes.routes(daemon),
            *auth_routes.routes(daemon),
            *replay_routes.routes(daemon),
            *shape_routes.routes(daemon),
            *pplx_routes.routes(daemon),
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
