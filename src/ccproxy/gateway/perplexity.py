"""What goes to Perplexity's web application: questions, in any format. No client speaks its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ccproxy.exchange import WireFormat
from ccproxy.gateway.errors import Refused

if TYPE_CHECKING:
    from ccproxy.gateway.inquiry import Inquiry
    from ccproxy.providers.provider import Provider

CALLS = "Messages, Chat Completions, Responses and generateContent"


def asks_questions(provider: Provider | None, inquiry: Inquiry) -> bool:
    """True if a request is to be translated for such a provider, whatever a rule says of it.

    Raises Refused for paths of no API: with the account's session it would be a call of the site's own.
    """
    if provider is None or provider.format is not WireFormat.PERPLEXITY:
        return False
    if inquiry.endpoint is not None:
        return True
    asked = f"{inquiry.exchange.request.method} {inquiry.path}"
    raise Refused(
        501,
        "not_translated",
        f"{asked} has no counterpart at provider {provider.name!r}, which is Perplexity's web application: that has "
        f"{CALLS}; for its threads and quota there are `ccproxy pplx` and GET /pplx/messages/ID",
    )
