"""The control plane's endpoints for credentials. They tell how a credential stands, never what it is."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Protocol

from ccproxy.fronts.jail_routes import reply

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import Route


class Credentials(Protocol):
    """The credentials of all providers."""

    async def look(self, name: str | None) -> list[dict[str, Any]]:
        """How they stand, or the one of the provider `name`. Raises LookupError (message, hint)."""

    async def refresh(self, name: str | None) -> list[dict[str, Any]]:
        """Gets them anew, and tells how that went. Raises LookupError (message, hint)."""


class HasCredentials(Protocol):
    """The daemon, as far as it is needed here."""

    @property
    def credentials(self) -> Credentials:
        """The credentials of all providers."""


def routes(daemon: HasCredentials) -> list[Route]:
    """GET /auth[?name=NAME], POST /auth/refresh[?name=NAME]: {"credentials": [...]}, or 400 for an unknown name."""
    from starlette.routing import Route

    async def look(request: Request) -> Response:
        return await answered(daemon.credentials.look, request)

    async def refresh(request: Request) -> Response:
        return await answered(daemon.credentials.refresh, request)

    return [Route("/auth", look, methods=["GET"]), Route("/auth/refresh", refresh, methods=["POST"])]


async def answered(ask: Callable[[str | None], Awaitable[list[dict[str, Any]]]], request: Request) -> Response:
    """What `ask` says of the provider that a request names, or of all."""
    try:
        return reply({"credentials": await ask(request.query_params.get("name"))})
    except LookupError as unknown:
        message, hint = unknown.args
        return reply({"error": message, "fix": hint}, 400)
