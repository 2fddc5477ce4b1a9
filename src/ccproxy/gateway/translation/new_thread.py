"""Where the thread of a conversation is gone at Perplexity, the whole conversation is asked in a new one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ccproxy.gateway.provider_answer import is_page
from ccproxy.transport.leftovers import remains, secrets, tell

if TYPE_CHECKING:
    from ccproxy.exchange import Exchange
    from ccproxy.gateway.inquiry import Inquiry
    from ccproxy.gateway.plan import Plan
    from ccproxy.transport.carrier import Incoming

GONE = frozenset({400, 403, 404})
"""By these the site says, too, that a thread cannot be gone on with: it was, in a browser, or somebody deleted it."""
NOTE = "the remembered thread is gone, so the whole conversation is asked in a new one"


def goes_on(exchange: Exchange) -> bool:
    """True for a question in a thread that was remembered, and that the client has not named."""
    thread = exchange.thread
    return thread is not None and thread.get("parent") is not None and "key" not in thread


async def has_lost_its_thread(inquiry: Inquiry, plan: Plan, incoming: Incoming) -> bool:
    """True for a refusal of a question in a remembered thread: asked again, it finds none, since that is forgotten now.

    The answer is noted with its attempt then, and nobody else's. A page says nothing of threads.
    """
    exchange, provider = inquiry.exchange, plan.provider
    if incoming.status not in GONE or not goes_on(exchange) or is_page(incoming):
        return False
    if provider is None or provider.perplexity is None:
        return False
    from ccproxy.providers.perplexity.turns import name_of  # which most have no use for

    provider.perplexity.memory.forget(name_of(exchange.thread or {}))
    exchange.thread = None
    attempt = exchange.attempts[-1]
    attempt.note = NOTE
    tell(attempt, incoming.headers, await remains(incoming), secrets(inquiry.injected))
    return True
