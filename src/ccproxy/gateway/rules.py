"""Override rules (`lightllm.transforms`): which request one matches, and where it leads."""

from __future__ import annotations

import re

from ccproxy.config import Transform
from ccproxy.exchange import Origin, WireFormat
from ccproxy.gateway.errors import Refused
from ccproxy.gateway.inquiry import Inquiry
from ccproxy.gateway.refusals import odd_model
from ccproxy.providers.provider import Provider, in_path
from ccproxy.providers.sentinel import without_credentials

PORT = re.compile(r":\d*$")
DOTS = frozenset({"", ".", ".."})
"""Parts of a path that are no names."""


def matches(rule: Transform, inquiry: Inquiry) -> bool:
    """True if all of a rule's patterns are found: host (Host or X-Forwarded-Host, without port), path, model."""
    if not rule.match_path.search(inquiry.path):
        return False
    if rule.match_host is not None and not any(rule.match_host.search(host) for host in hosts(inquiry)):
        return False
    return rule.match_model is None or bool((model := inquiry.model()) and rule.match_model.search(model))


def hosts(inquiry: Inquiry) -> list[str]:
    """The names by which the client may have called us, or the host that a client in a jail meant."""
    if inquiry.exchange.destination is not None:
        return [inquiry.exchange.destination.host]
    values = (inquiry.fields.get(b"host"), inquiry.fields.get(b"x-forwarded-host"))
    return [PORT.sub("", value.decode("latin-1")) for value in values if value]


def destination(
    place: str, rule: Transform, provider: Provider | None, meant: Origin | None = None
) -> tuple[Origin, str]:
    """The origin and path prefix that a rule leads to, else those that a client in a jail `meant`.

    Raises Refused where there is none.
    """
    if rule.dest_host is not None:
        return Origin("https", rule.dest_host, 443), ""
    if provider is not None:
        return provider.origin, provider.prefix
    if meant is not None:
        return meant, ""
    raise Refused(
        501,
        "no_destination",
        f"{place} ({rule.action}) has no destination: a request to the reverse listener has no original one to "
        "keep. Give the rule a `dest_provider` or a `dest_host`",
    )


def joined(path: str, query: bytes) -> bytes:
    """Path and query as one request-target. A path that was configured may have a query of its own."""
    target = path.encode("latin-1")
    return target + (b"&" if b"?" in target else b"?") + query if query else target


def query_for(inquiry: Inquiry) -> bytes:
    """The client's query without credentials, for a destination that is not the client's own."""
    return without_credentials(inquiry.query, google=inquiry.dialect is WireFormat.GEMINI)


def filled(path: str, inquiry: Inquiry, model: str | None) -> str:
    """A rule's path with {model} and {action} replaced by the request's."""
    if "{" not in path:
        return path
    action, own = (endpoint.action, endpoint.model) if (endpoint := inquiry.endpoint) is not None else (None, None)
    named = own if own is not None and model is None else in_path(sound(model or inquiry.model() or ""))
    return path.replace("{model}", named).replace("{action}", action or "")


def with_model(inquiry: Inquiry, model: str | None) -> str:
    """The client's path, with the model replaced where the path carries it."""
    endpoint = inquiry.endpoint
    if model is None or endpoint is None or endpoint.model is None:
        return inquiry.path
    return inquiry.path.replace(f"/models/{endpoint.model}:", f"/models/{in_path(sound(model))}:")


def own_target(provider: Provider, inquiry: Inquiry, query: bytes, model: str | None = None) -> bytes:
    """The provider's request-target for a call of its own format. A path that names the model is filled, if need be
    from the body. Raises Refused."""
    endpoint = inquiry.endpoint
    assert endpoint is not None
    if not provider.path_has_model:
        return provider.target(endpoint, query)
    named = model or (inquiry.model() if endpoint.model is None else None)
    return provider.target(endpoint, query, sound(named) if named else None)


def sound(model: str) -> str:
    """A model whose name may stand in a path. Raises Refused for one that leads elsewhere (RFC 3986 §5.2.4)."""
    if model and not DOTS.isdisjoint(model.split("/")):
        raise odd_model(model)
    return model
