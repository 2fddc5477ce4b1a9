"""The control plane's endpoint that has the shapes read again, after a command has changed them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

from ccproxy.fronts.flow_routes import reply

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import Route


class HasShapes(Protocol):
    """The daemon, as far as it is needed here."""

    def reload_shapes(self) -> Mapping[str, str]:
        """Reads the shapes of all profiles that providers name; gives those that cannot be used, and why. Blocks."""


def routes(daemon: HasShapes) -> list[Route]:
    """POST /shapes/reload: `{"errors": {profile: why, ...}}`, once requests are shaped by what is in the files."""
    from starlette.routing import Route

    async def reload(request: Request) -> Response:
        return reply({"errors": dict(await asyncio.to_thread(daemon.reload_shapes))})

    return [Route("/shapes/reload", reload, methods=["POST"])]
