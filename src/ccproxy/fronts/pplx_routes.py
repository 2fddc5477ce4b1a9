"""The control plane's endpoints for the threads and the quota of Perplexity accounts. They tell no token."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from ccproxy.fronts.jail_routes import reply
from ccproxy.gateway.pplx_parameters import NotServed

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import Route

WISHES = (
    ("GET", "/pplx/quota", "quota"),
    ("GET", "/pplx/threads", "threads"),
    ("GET", "/pplx/thread", "thread"),
    ("GET", "/pplx/export", "export"),
    ("DELETE", "/pplx/thread", "delete"),
)


class Desk(Protocol):
    """Where is asked; see `gateway.pplx_desk.Desk`."""

    async def fulfilled(self, wish: str, parameters: Mapping[str, str]) -> dict[str, Any]:
        """What comes of a wish. Raises NotServed."""


class HasDesk(Protocol):
    """The daemon, as far as it is needed here."""

    @property
    def desk(self) -> Desk:
        """Where Perplexity accounts are asked about."""


def routes(daemon: HasDesk) -> list[Route]:
    """Those of WISHES, each with the parameters of its wish; 400 with `error`, `fix`, `kind` and `status` if it fails,
    `status` being the site's own where it was the site that refused."""
    from starlette.routing import Route

    return [Route(path, asked(daemon, wish), methods=[method]) for method, path, wish in WISHES]


def asked(daemon: HasDesk, wish: str) -> Callable[[Request], Awaitable[Response]]:
    """The endpoint of a wish."""

    async def endpoint(request: Request) -> Response:
        try:
            return reply(await daemon.desk.fulfilled(wish, request.query_params))
        except NotServed as error:
            told = {"error": error.message, "kind": error.kind, "status": error.status, "fix": error.fix}
            return reply(told, 400)

    return endpoint
