"""Why a request has no route, in words that say what was looked for and what to do."""

from __future__ import annotations

from collections.abc import Iterable

from ccproxy.exchange import Headers
from ccproxy.gateway.errors import Refused
from ccproxy.gateway.inquiry import Inquiry
from ccproxy.providers.provider import Provider


def no_translation(inquiry: Inquiry, provider: Provider, place: str | None = None) -> Refused:
    """The refusal of a request that has no counterpart in the provider's format."""
    endpoint, request = inquiry.endpoint, inquiry.exchange.request
    spoken = endpoint.format if endpoint is not None else "no format that ccproxy knows"
    by = f" ({place})" if place else ""
    message = (
        f"{request.method} {inquiry.path} speaks {spoken} and provider {provider.name!r} speaks {provider.type}{by}"
    )
    if inquiry.upgrade:
        return no_websocket(f"{message}, and WebSockets are relayed untranslated only")
    return Refused(
        501,
        "not_translated",
        f"{message}: there is a translation for answers and token counts only, and this is neither; "
        "send it to a provider of the same type",
    )


def no_websocket(why: str) -> Refused:
    """The refusal of a WebSocket where a plain request can do: Codex goes on by HTTP as soon as it sees this status.

    RFC 9110 §15.5.22 demands the field `Upgrade` beside it, and §7.8 that `Connection` names that.
    """
    headers: Headers = [(b"Upgrade", b"HTTP/1.1"), (b"Connection", b"Upgrade")]
    return Refused(426, "upgrade_required", f"{why}: send the request by POST, which is answered with events", headers)


def no_model(inquiry: Inquiry, provider: Provider) -> Refused:
    """The refusal of a request that names no model where one is needed."""
    message = f"the request names no model, and provider {provider.name!r} speaks {provider.type}, where it needs one"
    return Refused(400, "missing_model", message)


def odd_model(model: str) -> Refused:
    """The refusal of a model whose name would change the meaning of a path."""
    return Refused(400, "invalid_model", f"the model {model!r} is not a name: it has an empty part, or one of dots")


FOUND = {
    "gemini": "; a login with `gemini` is looked for when ccproxy starts: if you have logged in since, start it again"
}
"""What is to be said of providers that are there by themselves at times."""


def unknown_provider(source: str, name: str, configured: Iterable[str]) -> Refused:
    """The refusal of a provider that is not there. `source` says who names it: `the sentinel key names`."""
    known = ", ".join(configured) or "none"
    message = f"{source} the provider {name!r}, which is not configured (configured: {known}){FOUND.get(name, '')}"
    return Refused(401, "unknown_provider", message)


def no_route(inquiry: Inquiry, has_rules: bool) -> Refused:
    """The refusal of a request that nothing claims, naming what was looked for."""
    return nowhere(inquiry, has_rules)


def nowhere(inquiry: Inquiry, has_rules: bool, more: str = "") -> Refused:
    """The same with `more` to say, which begins with a punctuation mark."""
    rules = "no rule of lightllm.transforms matches" if has_rules else "there are no rules in lightllm.transforms"
    return Refused(
        501,
        "no_route",
        f"no route for {inquiry.exchange.request.method} {inquiry.path}: {rules} and no sentinel key "
        f"(sk-ant-oat-ccproxy-NAME) was found in x-api-key, x-goog-api-key, Authorization: Bearer or ?key={more}",
    )
