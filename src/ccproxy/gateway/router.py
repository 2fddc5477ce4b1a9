"""Where an exchange goes: override rules first, then the sentinel key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ccproxy.config import Transform
from ccproxy.gateway import code_assist
from ccproxy.gateway.errors import Refused
from ccproxy.gateway.inquiry import Inquiry
from ccproxy.gateway.perplexity import asks_questions
from ccproxy.gateway.plan import Action, Plan, route_to
from ccproxy.gateway.refusals import no_route, unknown_provider
from ccproxy.gateway.rules import destination, filled, joined, matches, own_target, query_for, with_model
from ccproxy.gateway.translation.route import plan_translation
from ccproxy.providers.provider import Provider


class Router:
    """Decides by the configuration alone; it keeps no state."""

    def __init__(self, transforms: Sequence[Transform], providers: Mapping[str, Provider]) -> None:
        self._transforms, self._providers = transforms, providers

    def route(self, inquiry: Inquiry) -> Plan:
        """The plan for a request. Raises Refused where there is none."""
        plan = self._decide(inquiry)
        same = plan.translate is None
        if same and inquiry.exchange.request.target.endswith(b"?") and b"?" not in plan.target:
            plan.target += b"?"  # an empty query is not the same as none (RFC 3986 §6.2.3)
        return plan

    def _decide(self, inquiry: Inquiry) -> Plan:
        if inquiry.chosen is not None:
            self._named(inquiry.chosen, "a hook chose")
            return self._by_hook(inquiry.chosen, f"a hook chose the provider {inquiry.chosen!r}", inquiry)
        sentinel = inquiry.sentinel
        for number, rule in enumerate(self._transforms, 1):
            if matches(rule, inquiry):
                return self._by_rule(f"rule {number} of lightllm.transforms", rule, inquiry, sentinel)
        if sentinel is None:
            return self._as_meant(inquiry)
        if inquiry.exchange.model is not None:
            self._named(sentinel, "the sentinel key names")
            return self._by_hook(sentinel, f"sentinel key of provider {sentinel!r}, model by a hook", inquiry)
        return self._by_sentinel(sentinel, inquiry)

    def _by_hook(self, name: str, reason: str, inquiry: Inquiry) -> Plan:
        action: Action = "transform" if inquiry.endpoint is not None else "redirect"  # of no format, it goes as it is
        rule = Transform(action=action, dest_provider=name, dest_model=inquiry.exchange.model)
        return self._by_rule(reason, rule, inquiry, None)

    def _as_meant(self, inquiry: Inquiry) -> Plan:
        """To where the client itself meant it to go, with its own credentials. Only a jail knows that place."""
        origin = inquiry.exchange.destination
        if origin is None:
            return self._by_path(inquiry)
        route = route_to("passthrough", None, origin, f"to {origin} as the client meant it")
        return Plan(route, origin, inquiry.exchange.request.target, None, strip_credentials=False)

    # -- by sentinel key, or by path

    def _by_sentinel(self, name: str, inquiry: Inquiry) -> Plan:
        provider = self._named(name, "the sentinel key names")
        return self._own(provider, f"sentinel key of provider {name!r}", inquiry)

    def _by_path(self, inquiry: Inquiry) -> Plan:
        """To the one kind of provider that has such a path. Raises Refused where there is none, or more than one."""
        has_rules = bool(self._transforms)
        if not code_assist.is_meant(inquiry):
            raise no_route(inquiry, has_rules)
        provider = code_assist.only_one(inquiry, self._providers, has_rules)
        reason = f"a path of Code Assist, which only provider {provider.name!r} is"
        if inquiry.exchange.model is not None:
            return self._by_hook(provider.name, f"{reason}, model by a hook", inquiry)
        return self._own(provider, reason, inquiry)

    def _own(self, provider: Provider, reason: str, inquiry: Inquiry) -> Plan:
        """To a provider, with the path that it has for this."""
        endpoint = inquiry.endpoint
        code_assist.check_fit(inquiry, provider, reason)
        if asks_questions(provider, inquiry) or (endpoint is not None and not code_assist.speaks(provider, inquiry)):
            return plan_translation(inquiry, provider, reason)
        query = query_for(inquiry)
        if provider.speaks_everything:
            target = provider.plain_target(inquiry.path, query)
        elif endpoint is not None:
            target = own_target(provider, inquiry, query)
        else:
            target = provider.other_target(inquiry.path, query)
        return Plan(route_to("redirect", provider, provider.origin, reason), provider.origin, target, provider)

    def _named(self, name: str, source: str) -> Provider:
        provider = self._providers.get(name)
        if provider is None:
            raise unknown_provider(source, name, self._providers)
        return provider

    # -- by rule

    def _by_rule(self, place: str, rule: Transform, inquiry: Inquiry, sentinel: str | None) -> Plan:
        provider = self._named(rule.dest_provider, f"{place} names") if rule.dest_provider else None
        match rule.action:
            case "redirect":
                return self._redirect(place, rule, inquiry, provider)
            case "passthrough":
                return self._passthrough(place, rule, inquiry, provider, sentinel)
            case "transform":
                return self._transform(place, rule, inquiry, provider)

    def _transform(self, place: str, rule: Transform, inquiry: Inquiry, provider: Provider | None) -> Plan:
        assert provider is not None  # the configuration sees to it
        if code_assist.speaks(provider, inquiry):
            return self._redirect(place, rule, inquiry, provider)
        return plan_translation(inquiry, provider, place, rule)

    def _redirect(self, place: str, rule: Transform, inquiry: Inquiry, provider: Provider | None) -> Plan:
        path, endpoint = rule.dest_path, inquiry.endpoint
        if path is None and asks_questions(provider, inquiry):
            assert provider is not None
            return plan_translation(inquiry, provider, place, rule)
        if provider is not None and path is None and rule.dest_host is None:
            code_assist.check_fit(inquiry, provider, place)
            if inquiry.wrapped and not code_assist.speaks(provider, inquiry):  # no other has a call in an envelope
                return plan_translation(inquiry, provider, place, rule)
        origin, prefix = destination(place, rule, provider, inquiry.exchange.destination)
        query = query_for(inquiry)
        model = rule.dest_model or inquiry.exchange.model
        if path is not None:
            target = joined(prefix + filled(path, inquiry, model), query)
        elif provider is None or rule.dest_host is not None:
            target = joined(with_model(inquiry, model), query)
        elif endpoint is not None and endpoint.format is provider.format:
            target = own_target(provider, inquiry, query, model)
        else:
            target = provider.other_target(with_model(inquiry, model), query)
        return Plan(route_to("redirect", provider, origin, place), origin, target, provider, model)

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
        origin, prefix = destination(place, rule, provider, inquiry.exchange.destination)
        target = joined(prefix + (rule.dest_path or inquiry.path), inquiry.query)
        return Plan(route_to("passthrough", provider, origin, place), origin, target, None, strip_credentials=False)
