"""Why a request has no route, in words that say what was looked for and what to do."""

from __future__ import annotations

from ccproxy.gateway.errors import Refused
from ccproxy.gateway.inquiry import Inquiry
from ccproxy.providers.provider import Provider


def no_translation(inquiry: Inquiry, provider: Provider | None, place: str | None = None) -> Refused:
    """The refusal of a route that needs a translation between wire formats."""
    spoken = inquiry.endpoint.format if inquiry.endpoint is not None else "an unknown format"
    whose = f"provider {provider.name!r} speaks {provider.type}" if provider is not None else "a translation"
    by = f" ({place})" if place else ""
    message = f"this request speaks {spoken} and {whose}{by}: ccproxy does not translate between wire formats yet"
    if inquiry.upgrade:
        return Refused(426, "upgrade_required", f"{message}, and WebSockets are relayed untranslated only")
    return Refused(501, "not_translated", message)


def no_route(inquiry: Inquiry, has_rules: bool) -> Refused:
    """The refusal of a request that nothing claims, naming what was looked for."""
    rules = "no rule of lightllm.transforms matches" if has_rules else "there are no rules in lightllm.transforms"
    return Refused(
        501,
        "no_route",
        f"no route for {inquiry.exchange.request.method} {inquiry.path}: {rules} and no sentinel key "
        "(sk-ant-oat-ccproxy-NAME) was found in x-api-key, x-goog-api-key, Authorization: Bearer or ?key=",
    )
