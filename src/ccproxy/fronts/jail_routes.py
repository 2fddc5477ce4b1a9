"""The control plane's endpoints for jails. A jail lives as long as the answer to its request."""

from __future__ import annotations

import asyncio
import json
import logging
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TYPE_CHECKING, Any, Protocol

from ccproxy.jail.errors import JailError
from ccproxy.jail.ticket import Request as JailRequest

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import Route

    from ccproxy.flows.store import FlowStore
    from ccproxy.fronts.interceptor.interceptor import Interceptor
    from ccproxy.fronts.interceptor.jails import Jails, OpenJail

log = logging.getLogger(__name__)


class HasInterceptor(Protocol):
    """The daemon, as far as it is needed here."""

    @property
    def store(self) -> FlowStore:
        """The exchanges."""

    @property
    def interceptor(self) -> Interceptor:
        """The way in for jails."""


def routes(daemon: HasInterceptor) -> list[Route]:
    """GET /jails, POST /jails (a stream: the ticket, then events), POST and DELETE /wireguard."""
    from starlette.routing import Route

    async def jails(request: Request) -> Response:
        running = daemon.interceptor.running
        flows = Counter((ex.jail, ex.process.pid) for ex in daemon.store.list() if ex.process is not None)
        found = running.list() if running is not None else []
        return reply({"jails": [{**each, "flows": flows[each["name"], each["pid"]]} for each in found]})

    async def open_jail(request: Request) -> Response:
        from starlette.responses import StreamingResponse

        wanted = JailRequest.from_json(await request.json())
        jails = await daemon.interceptor.jails()
        opened, ticket = await jails.open(wanted)
        body = life(request, jails, opened, ticket.as_json())
        return StreamingResponse(body, media_type="application/x-ndjson")

    async def turn_on(request: Request) -> Response:
        wanted = await request.json()
        external = await daemon.interceptor.external()
        return reply(await external.turn_on(str(wanted["host"]), wanted.get("port")))

    async def turn_off(request: Request) -> Response:
        external = await daemon.interceptor.external()
        return reply({"was_on": await external.turn_off()})

    return [
        Route("/jails", jails, methods=["GET"]),
        Route("/jails", guarded(open_jail), methods=["POST"]),
        Route("/wireguard", guarded(turn_on), methods=["POST"]),
        Route("/wireguard", guarded(turn_off), methods=["DELETE"]),
    ]


async def life(request: Request, jails: Jails, opened: OpenJail, ticket: dict[str, Any]) -> AsyncIterator[bytes]:
    """The lines of a jail's life; it ends when its client hangs up, however that comes about, or the daemon stops."""
    ends = [asyncio.ensure_future(end) for end in (hung_up(request), opened.ended())]
    event = asyncio.ensure_future(opened.events.get())
    try:
        yield line(ticket)
        while not any(end.done() for end in ends):
            await asyncio.wait((event, *ends), return_when=asyncio.FIRST_COMPLETED)
            if event.done():
                told, event = event.result(), asyncio.ensure_future(opened.events.get())
                yield line(told)
    finally:
        for each in (event, *ends):
            each.cancel()
        await asyncio.shield(jails.close(opened))


async def hung_up(request: Request) -> None:
    """Returns when the client is gone."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


def guarded(endpoint: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
    """Errors as one line that a client can show."""

    async def guard(request: Request) -> Response:
        from starlette.requests import ClientDisconnect

        try:
            return await endpoint(request)
        except KeyError as error:
            return reply({"error": f"the daemon does not accept the request: {error} is missing"}, 400)
        except (TypeError, ValueError, RecursionError) as error:
            return reply({"error": f"the daemon does not accept the request: {error}"}, 400)
        except JailError as error:
            return reply({"error": str(error), "fix": error.fix}, 409)
        except ClientDisconnect:
            return reply({"error": "the request breaks off"}, 400)
        except OSError as error:
            log.warning("no jail could be made: %s", error)
            return reply({"error": f"the daemon cannot make a jail: {error}"}, 500)
        except Exception as error:
            log.exception("the request for a jail failed")
            return reply({"error": f"the daemon cannot do that: {error}", "fix": "see its log: ccproxy logs"}, 500)

    return guard


def line(value: object) -> bytes:
    """One line of JSON."""
    return json.dumps(value).encode() + b"\n"


def reply(value: object, status: int = 200) -> Response:
    """One line of JSON as an answer."""
    from starlette.responses import Response

    return Response(line(value), status, media_type="application/json")
