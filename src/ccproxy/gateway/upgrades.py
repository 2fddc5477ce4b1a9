"""WebSockets: where one cannot be, its client is told at once that a plain request can do.

Codex opens one first, and goes on by HTTP where it gets 426; other statuses it tries again and again.
"""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TYPE_CHECKING

from ccproxy.gateway.refusals import no_websocket
from ccproxy.transport.carrier import TransportError

if TYPE_CHECKING:
    from ccproxy.gateway.inquiry import Inquiry
    from ccproxy.gateway.plan import Plan
    from ccproxy.gateway.stages import HookRun
    from ccproxy.transport.carrier import Incoming

UNKNOWN = frozenset({404, 405, 501})
"""By these a server says that there is nothing to open at this place."""


def refuse_unfit(inquiry: Inquiry, plan: Plan, run: HookRun) -> None:
    """Raises Refused for a WebSocket of model calls that would be shaped by HTTP: what it carries cannot be."""
    endpoint, provider = inquiry.endpoint, plan.provider
    if not inquiry.upgrade or provider is None or provider.shape is None:
        return
    if endpoint is not None and endpoint.operation == "generate" and run.may_run("outbound", "shape"):
        what = f"requests to provider {provider.name!r} are shaped ({provider.shape})"
        raise no_websocket(f"{what}, and what goes over a WebSocket cannot be")


async def opened(inquiry: Inquiry, plan: Plan, answer: Awaitable[Incoming]) -> Incoming:
    """The answer, unless a provider says that it has no WebSocket for model calls: then Refused is raised.

    Raises TransportError for what is no WebSocket's.
    """
    endpoint, provider = inquiry.endpoint, plan.provider
    if not inquiry.upgrade or provider is None or endpoint is None or endpoint.operation != "generate":
        return await answer
    place = f"provider {provider.name!r}"
    try:
        incoming = await answer
    except TransportError as error:
        if error.kind != "protocol":
            raise
        raise no_websocket(f"no WebSocket can be had at {place} ({error})") from error
    if incoming.status in UNKNOWN:
        incoming.close()
        raise no_websocket(f"{place} has no WebSocket at this path (it answered {incoming.status})")
    return incoming
