"""Where a request goes that has to be translated: the call of the provider's API which is the client's counterpart."""

from __future__ import annotations

from urllib.parse import unquote

from ccproxy.config import Transform
from ccproxy.exchange import Origin, WireFormat
from ccproxy.gateway.inquiry import Inquiry
from ccproxy.gateway.plan import Plan, route_to
from ccproxy.gateway.refusals import no_model, no_translation
from ccproxy.gateway.rules import destination, joined, sound
from ccproxy.gateway.translation.stored import asks_for_stored
from ccproxy.providers.codex import is_codex
from ccproxy.providers.endpoint import Endpoint, Operation, counterpart
from ccproxy.providers.provider import Provider, in_path


def plan_translation(inquiry: Inquiry, provider: Provider, reason: str, rule: Transform | None = None) -> Plan:
    """The plan for a request to a provider of another format. Raises Refused where there is no counterpart.

    Args:
        inquiry: the request.
        provider: where it goes.
        reason: what decided so, for the record and for errors.
        rule: the rule that decided, whose `dest_model`, `dest_host` and `dest_path` count.
    """
    operation, format = operation_of(inquiry), provider.format
    if format is not None and asks_for_stored(inquiry):
        return local_plan(provider, format, reason)
    if inquiry.upgrade or format is None or operation is None:
        raise no_translation(inquiry, provider, reason)
    model = (rule.dest_model if rule is not None else None) or asked_model(inquiry)
    if not model:
        inquiry.document()  # what is not JSON names nothing
        raise no_model(inquiry, provider)
    sound(model)
    route = route_to("transform", provider, provider.origin, reason)
    there = counterpart(format, operation, model, operation == "generate" and inquiry.wants_stream())
    if there is None or (operation == "count_tokens" and is_codex(provider)):
        return local_plan(provider, format, reason, model)
    route.origin, target = place_of(there, model, provider, reason, rule)
    return Plan(route, route.origin, target, provider, model, translate=format)


def local_plan(provider: Provider, format: WireFormat, reason: str, model: str = "") -> Plan:
    """The plan for a request to which ccproxy knows the answer itself."""
    route = route_to("transform", provider, None, reason)
    return Plan(route, provider.origin, b"", None, model, translate=format, local=True)


def asked_model(inquiry: Inquiry) -> str | None:
    """The model's name, which may stand percent-encoded in a path."""
    model = inquiry.model()
    in_path = inquiry.exchange.model is None and inquiry.endpoint is not None and inquiry.endpoint.model is not None
    return unquote(model) if model is not None and in_path else model


def operation_of(inquiry: Inquiry) -> Operation | None:
    """What is wanted, where there is a translation for it."""
    return inquiry.endpoint.operation if inquiry.endpoint is not None else None


def place_of(
    there: Endpoint, model: str, provider: Provider, reason: str, rule: Transform | None
) -> tuple[Origin, bytes]:
    """Origin and request-target of an endpoint. Any path that is configured may name the model (Azure's do)."""
    if rule is None or (rule.dest_host is None and rule.dest_path is None):
        return provider.origin, provider.target(there, there.query, model)
    origin, prefix = destination(reason, rule, provider)
    if rule.dest_path is None:
        return origin, provider.target(there, there.query, model)
    path = rule.dest_path.replace("{model}", in_path(model)).replace("{action}", there.action or "")
    return origin, joined(prefix + path + there.rest, there.query)
