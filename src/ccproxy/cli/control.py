"""The client of the daemon's control plane: HTTP over its Unix socket, whose permissions are the authentication."""

from __future__ import annotations

import json
import socket
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any, NotRequired, TypedDict, cast

from ccproxy.cli.grammar import CommandError
from ccproxy.config.paths import inside_jail

TIMEOUT_SECONDS = 5.0


class Listener(TypedDict):
    """Where the proxy listens."""

    host: str
    port: int
    url: str


class Inspector(TypedDict):
    """The inspector as the daemon sees it; `url` carries its token."""

    running: bool
    port: int
    url: str | None
    error: str | None


class Mcp(TypedDict):
    """The MCP server as the daemon sees it."""

    enabled: bool
    running: bool
    port: int
    url: str | None


class Counts(TypedDict):
    """Recorded exchanges, and those still under way."""

    count: int
    active: int


class Archive(TypedDict):
    """The way to the flow archive: `error` says why nothing can be written at the moment."""

    mode: str
    path: str
    written: int
    waiting: int
    waiting_bytes: int
    dropped_bodies: int
    dropped_flows: int
    error: str | None


class Standing(TypedDict):
    """How a credential stands, as far as the daemon knows; `expires` is ISO 8601."""

    present: bool
    expires: str | None
    error: str | None
    refused: NotRequired[str | None]
    """When its provider refused it, if it did and there is no other."""


class Provider(TypedDict):
    """A provider as configured; `auth` is the kind of its credential source."""

    name: str
    type: str
    origin: str
    auth: str | None
    credential: Standing | None
    found: NotRequired[str | None]
    """The file because of which it is there by itself."""
    project: NotRequired[str | None]
    """Code Assist only, as is the next."""
    project_error: NotRequired[str | None]


class Status(TypedDict):
    """The answer of GET /status."""

    version: str
    pid: int
    started: str
    uptime_seconds: float
    proxy: Listener
    inspector: Inspector
    mcp: Mcp
    config: dict[str, str]
    log: str | None
    flows: Counts
    archive: Archive
    providers: list[Provider]
    rules: int
    hooks: dict[str, object]
    pipeline: dict[str, Any]
    hooks_error: str | None
    shaping: NotRequired[bool]
    """Not told by daemons of a version that had no shapes."""
    shapes: list[dict[str, Any]]


class UnixConnection(HTTPConnection):
    """An HTTP/1.1 connection to a Unix socket."""

    def __init__(self, path: Path, timeout: float) -> None:
        super().__init__("ccproxy", timeout=timeout)
        self.path = path

    def connect(self) -> None:
        """Connect; `http.client` calls it before the first request."""
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self.path))


class Control:
    """Asks a daemon. Whether one runs shows when it is asked."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def get(self, target: str) -> Any:
        """The JSON behind `target`. Raises CommandError: no daemon, no answer, or a refusal (NotThereError for 404)."""
        return self.ask("GET", target)

    def post(self, target: str, value: object, timeout: float = TIMEOUT_SECONDS) -> Any:
        """The JSON that answers `value`. Raises CommandError as `get` does."""
        return self.ask("POST", target, value, timeout)

    def delete(self, target: str) -> Any:
        """The JSON that answers the wish to have `target` gone. Raises CommandError as `get` does."""
        return self.ask("DELETE", target)

    def ask(self, method: str, target: str, value: object = None, timeout: float = TIMEOUT_SECONDS) -> Any:
        """The JSON that answers a request, `value` (JSON) being its body. Raises CommandError as `get` does."""
        status, body = self.exchange(method, target, None if value is None else json.dumps(value).encode(), timeout)
        if status == 404:
            raise NotThereError(target)
        if status != 200:
            raise refusal(status, body)
        return json.loads(body)

    def exchange(self, method: str, target: str, body: bytes | None, timeout: float) -> tuple[int, bytes]:
        """The answer's status and body. Raises CommandError: no daemon, or no answer."""
        connection = UnixConnection(self.path, timeout)
        try:
            connection.request(method, target, body, {} if body is None else {"Content-Type": "application/json"})
            response = connection.getresponse()
            return response.status, response.read()
        except (FileNotFoundError, ConnectionRefusedError) as error:
            raise NotRunningError(inside=inside_jail()) from error
        except PermissionError as error:
            raise CommandError(f"{self.path} belongs to another user") from error
        except (OSError, HTTPException) as error:
            raise NoAnswerError(
                f"the daemon does not answer on {self.path}: {error}", "stop it and start it again"
            ) from error
        finally:
            connection.close()

    def status(self) -> Status | None:
        """What the daemon says about itself; None if none runs. Raises CommandError if one runs and does not answer."""
        try:
            return cast("Status", self.get("/status"))
        except NotRunningError:
            return None


def refusal(status: int, body: bytes) -> CommandError:
    """The daemon's own words, and what to do, where it tells them."""
    try:
        told = json.loads(body)
        return CommandError(told["error"], *filter(None, [told.get("fix")]))
    except (ValueError, TypeError, KeyError, AttributeError):
        return CommandError(f"the daemon answered {status}: {body[:200].decode(errors='replace')}")


class NotRunningError(CommandError):
    """No daemon runs for this configuration."""

    def __init__(self, *, inside: bool = False) -> None:
        if inside:
            super().__init__(
                "this is a jail, from which the daemon cannot be asked", "ask outside, in another terminal"
            )
            return
        super().__init__(
            "no daemon is running", "start one with `ccproxy start`, or see it all at once with `ccproxy demo`"
        )


class NoAnswerError(CommandError):
    """A daemon runs, and does not say what it was asked for."""


class NotThereError(CommandError):
    """The daemon has no such thing."""

    def __init__(self, target: str) -> None:
        super().__init__(f"the daemon has no {target}")
