"""The control plane's endpoint that sends a recorded request again, through the whole pipeline."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

from ccproxy.flows.record.frame import unpack
from ccproxy.flows.record.record import RecordError, from_record
from ccproxy.flows.secrets.redact import redact_headers
from ccproxy.flows.summary import summarize
from ccproxy.fronts.jail_routes import hung_up, reply
from ccproxy.gateway.replay import NotAgain, again
from ccproxy.gateway.reply import BodyBroken

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import Route

    from ccproxy.exchange import Exchange
    from ccproxy.gateway.gateway import Gateway
    from ccproxy.gateway.replay import Providers


class HasGateway(Protocol):
    """The daemon, as far as it is needed here."""

    @property
    def gateway(self) -> Gateway:
        """What handles exchanges."""

    @property
    def providers(self) -> Providers:
        """The providers by name."""


def routes(daemon: HasGateway) -> list[Route]:
    """POST /replay[?provider=NAME][&model=NAME], the body a record as `record_frame.pack` has it: sends its request.

    The answer, once the last byte came: `{"id", "status", "headers", "flow"}`, `flow` as `summarize` tells it; 400 with
    the reason for what cannot be sent again. Whoever hangs up meanwhile ends the exchange.
    """
    from starlette.routing import Route

    async def replay(request: Request) -> Response:
        data, asked = await request.body(), request.query_params
        try:
            old = from_record(unpack(data))
            ex = again(old, daemon.providers, asked.get("provider"), asked.get("model"))
        except NotAgain as error:
            return reply({"error": str(error), "fix": error.fix}, 400)
        except RecordError as error:
            return reply({"error": str(error)}, 400)
        await while_connected(request, daemon.gateway, ex)
        return reply(await asyncio.to_thread(lambda: told(ex)))

    return [Route("/replay", replay, methods=["POST"])]


async def while_connected(request: Request, gateway: Gateway, ex: Exchange) -> None:
    """Takes an exchange to its end, or to the moment when the client of the control plane hangs up."""
    tasks = [asyncio.ensure_future(each) for each in (carried(gateway, ex), hung_up(request))]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def carried(gateway: Gateway, ex: Exchange) -> None:
    """Takes an exchange to its end; nobody reads the answer, it is recorded."""
    answer = await gateway.handle(ex)
    if isinstance(answer.body, bytes):
        return
    try:
        with contextlib.suppress(BodyBroken):  # the record says how
            async for _ in answer.body:
                pass
    finally:
        answer.body.close()


def told(ex: Exchange) -> Mapping[str, object]:
    """What became of it."""
    response = ex.response
    headers = redact_headers(response.headers) if response is not None else []
    return {"id": ex.id, "status": response and response.status, "headers": headers, "flow": summarize(ex)}
