"""Where an exchange goes: override rules first, then the sentinel key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from ccproxy.config import Transform
from ccproxy.exchange import Origin, Route, WireFormat
from ccproxy.gateway.errors import Refused
from ccproxy.gateway.inquiry import Inquiry
from ccproxy.providers.provider import Provider
from ccproxy.providers.sentinel import find_sentinel, without_credentials


@dataclass(slots=True)
class Plan:
    """A decided route with all that the next steps need."""

    route: Route
    origin: Origin
    target: bytes
    provider: Provider | None
    """Whose credential is used; None for none."""
    model: str | None = None
    """The model to ask for instead of the client's."""
    strip_credentials: bool = True


class Router:
    """Decides by the configuration alone; it keeps no state."""

    def __init__(self, transforms: Sequence[Transform], providers: Mapping[str, Provider]) -> None:
        self._transforms, self._providers = transforms, providers

    def route(self, inquiry: Inquiry) -> Plan:
        """The plan for a request. Raises Refused where there is none."""
        plan = self._decide(inquiry)
        if inquiry.exchange.request.target.endswith(b"?") and b"?" not in plan.target:
            plan.target += b"?"  # an empty query is not the same as none (RFC 3986 §6.2.3)
        return plan

    def _decide(self, inquiry: Inquiry) -> Plan:
        sentinel = find_sentinel(inquiry.fields, inquiry.query)
        for number, rule in enumerate(self._transforms, 1):
            if matches(rule, inquiry):
                return self._by_rule(f"rule {number} of lightllm.transforms", rule, inquiry, sentinel)
        if sentinel is not None:
            return self._by_sentinel(sentinel, inquiry)
        raise no_route(inquiry, bool(self._transforms))

    # -- by sentinel key

    def _by_sentinel(self, name: str, inquiry: Inquiry) -> Plan:
        provider = self._named(name)
        reason = f"sentinel key of provider {name!r}"
        endpoint = inquiry.endpoint
        if endpoint is not None and not provider.speaks_everything and endpoint.format is not provider.format:
            raise no_translation(inquiry, provider)
        query = query_for(inquiry)
        if provider.speaks_everything:
            target = provider.plain_target(inquiry.path, query)
        elif endpoint is not None:
            target = provider.target(endpoint, query)
        else:
            target = provider.other_target(inquiry.path, query)
        return Plan(route_to("redirect", provider, provider.origin, reason), provider.origin, target, provider)

    def _named(self, name: str) -> Provider:
        provider = self._providers.get(name)
        if provider is None:
            known = ", ".join(self._providers) or "none"
            raise Refused(
                401,
                "unknown_provider",
                f"the sentinel key names the provider {name!r}, which is not configured (configured: {known})",
            )
        return provider

    # -- by rule

    def _by_rule(self, place: str, rule: Transform, inquiry: Inquiry, sentinel: str | None) -> Plan:
        provider = self._named(rule.dest_provider) if rule.dest_provider else None
        match rule.action:
            case "redirect":
                return self._redirect(place, rule, inquiry, provider)
            case "passthrough":
                return self._passthrough(place, rule, inquiry, provider, sentinel)
            case "transform":
                raise no_translation(inquiry, provider, place)

    def _redirect(self, place: str, rule: Transform, inquiry: Inquiry, provider: Provider | None) -> Plan:
        origin, prefix = destination(place, rule, provider)
        query = query_for(inquiry)
        path, endpoint = rule.dest_path, inquiry.endpoint
        if path is not None:
            target = joined(prefix + filled(path, inquiry, rule.dest_model), query)
        elif provider is not None and rule.dest_host is None and endpoint and endpoint.format is provider.format:
            target = provider.target(endpoint, query, rule.dest_model)
        else:
            target = joined(prefix + with_model(inquiry, rule.dest_model), query)
        return Plan(route_to("redirect", provider, origin, place), origin, target, provider, rule.dest_model)

    def _passthrough(
        self, place: str, rule: Transform, inquiry: Inquiry, provider: Provider | None, sentinel: str | None
    ) -> Plan:
        if sentinel is not None:
            raise Refused(
                501,
                "passthrough_sentinel",
                f"{place} passes the request through as it is, but it carries the sentinel key of {sentinel!r}, which "
                "never leaves the machine; use `action: redirect` with `dest_provider`",
            )
        origin, prefix = destination(place, rule, provider)
        target = joined(prefix + (rule.dest_path or inquiry.path), inquiry.query)
        return Plan(route_to("passthrough", provider, origin, place), origin, target, None, strip_credentials=False)


def matches(rule: Transform, inquiry: Inquiry) -> bool:
    """True if all of a rule's patterns are found: host (Host or X-Forwarded-Host, without port), path, model."""
    if not rule.match_path.search(inquiry.path):
        return False
    if rule.match_host is not None and not any(rule.match_host.search(host) for host in hosts(inquiry)):
        return False
    return rule.match_model is None or bool((model := inquiry.model()) and rule.match_model.search(model))


def hosts(inquiry: Inquiry) -> list[str]:
    """The names by which the client may have called us."""
    values = (inquiry.fields.get(b"host"), inquiry.fields.get(b"x-forwarded-host"))
    return [v.decode("latin-1").rsplit(":", 1)[0] if b"]" not in v else v.decode("latin-1") for v in values if v]


def destination(place: str, rule: Transform, provider: Provider | None) -> tuple[Origin, str]:
    """The origin and path prefix that a rule leads to. Raises Refused where it names none."""
    if rule.dest_host is not None:
        return Origin("https", rule.dest_host, 443), ""
    if provider is not None:
        return provider.origin, provider.prefix
    raise Refused(
        501,
        "no_destination",
        f"{place} ({rule.action}) has no destination: a request to the reverse listener has no original one to "
        "keep. Give the rule a `dest_provider` or a `dest_host`",
    )


def joined(path: str, query: bytes) -> bytes:
    """Path and query as one request-target."""
    target = path.encode("latin-1")
    return target + b"?" + query if query else target


def query_for(inquiry: Inquiry) -> bytes:
    """The client's query without credentials, for a destination that is not the client's own."""
    return without_credentials(inquiry.query, google=inquiry.dialect is WireFormat.GEMINI)


def filled(path: str, inquiry: Inquiry, model: str | None) -> str:
    """A rule's path with {model} and {action} replaced by the request's."""
    if "{" not in path:
        return path
    action = inquiry.endpoint.action if inquiry.endpoint is not None else None
    return path.replace("{model}", model or inquiry.model() or "").replace("{action}", action or "")


def with_model(inquiry: Inquiry, model: str | None) -> str:
    """The client's path, with the model replaced where the path carries it."""
    endpoint = inquiry.endpoint
    if model is None or endpoint is None or endpoint.model is None:
        return inquiry.path
    return inquiry.path.replace(f"/models/{endpoint.model}:", f"/models/{model}:")


def route_to(
    action: Literal["redirect", "passthrough"], provider: Provider | None, origin: Origin, reason: str
) -> Route:
    """The record of a decision."""
    name, format = (provider.name, provider.format) if provider is not None else (None, None)
    return Route(action, name, format, origin, reason)


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
