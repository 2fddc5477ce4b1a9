"""What the gateway claims of a jail's traffic, and where it goes then."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from ccproxy.config import Config
from ccproxy.exchange import Exchange, Headers, HttpRequest, Origin
from ccproxy.gateway.claims import Claims
from ccproxy.gateway.errors import Refused
from ccproxy.gateway.inquiry import Inquiry
from ccproxy.gateway.plan import Plan
from ccproxy.gateway.router import Router
from ccproxy.providers.provider import build_providers

PROVIDERS = {
    "claude": {"type": "anthropic", "host": "api.anthropic.com"},
    "local": {"type": "openai", "base_url": "http://127.0.0.1:9/v1"},
}
ANTHROPIC = Origin("https", "api.anthropic.com", 443)
ELSEWHERE = Origin("https", "api.example.test", 443)
KEY = (b"x-api-key", b"sk-ant-oat-ccproxy-local")
OWN_KEY = (b"x-api-key", b"sk-own")


def config(*rules: Mapping[str, Any], providers: Mapping[str, Any] | None = None) -> Config:
    return Config.model_validate({"providers": providers or {}, "lightllm": {"transforms": list(rules)}})


def claims(*rules: Mapping[str, Any], providers: Mapping[str, Any] | None = None) -> Claims:
    settings = config(*rules, providers=providers)
    return Claims(settings.lightllm.transforms, build_providers(settings))


@pytest.mark.parametrize("origin", [ANTHROPIC, ELSEWHERE])
@pytest.mark.parametrize("target", [b"/v1/messages", b"/", b"/v1/models"])
def test_the_default_configuration_claims_nothing(origin: Origin, target: bytes) -> None:
    assert claims()(origin, target, [OWN_KEY]) is None


@pytest.mark.parametrize(
    ("origin", "claimed"),
    [
        (ANTHROPIC, True),
        (Origin("https", "API.Anthropic.com", 443), True),
        (Origin("https", "api.anthropic.com", 8443), False),
        (Origin("https", "x.api.anthropic.com", 443), False),
        (ELSEWHERE, False),
    ],
)
def test_a_provider_claims_its_host(origin: Origin, claimed: bool) -> None:
    assert (claims(providers=PROVIDERS)(origin, b"/whatever", [OWN_KEY]) is not None) is claimed


@pytest.mark.parametrize("target", [b"/v1/messages", b"/v1/x?key=sk-ant-oat-ccproxy-local"])
def test_a_sentinel_key_never_passes_natively(target: bytes) -> None:
    headers: Headers = [] if b"key=" in target else [KEY]
    assert claims()(ELSEWHERE, target, headers) == "sentinel key of provider 'local'"


RULE_WITH_HOST = {"match_host": r"^api\.example", "match_path": "^/v1/", "dest_host": "other.example.test"}
RULE_OF_A_MODEL = {"match_model": "claude", "dest_provider": "local"}


@pytest.mark.parametrize(
    ("rule", "origin", "target", "claimed"),
    [
        (RULE_WITH_HOST, ELSEWHERE, b"/v1/files", True),
        (RULE_WITH_HOST, ELSEWHERE, b"/telemetry", False),
        (RULE_WITH_HOST, ANTHROPIC, b"/v1/files", False),
        (RULE_OF_A_MODEL, ANTHROPIC, b"/v1/messages?beta=true", True),
        (RULE_OF_A_MODEL, ELSEWHERE, b"/v1/chat/completions", True),
        (RULE_OF_A_MODEL, ELSEWHERE, b"/index.html", False),
    ],
)
def test_rules(rule: Mapping[str, Any], origin: Origin, target: bytes, claimed: bool) -> None:
    found = claims(rule, providers={"local": PROVIDERS["local"]})(origin, target, [OWN_KEY])
    assert found == ("rule 1 of lightllm.transforms" if claimed else None)


def test_rules_have_no_say_about_a_name_that_the_client_only_says() -> None:
    asked = claims(RULE_OF_A_MODEL, providers=PROVIDERS)
    assert asked(ELSEWHERE, b"/v1/messages", [OWN_KEY], proven=False) is None
    assert asked(ELSEWHERE, b"/v1/messages", [OWN_KEY], proven=True) is not None
    assert asked(ANTHROPIC, b"/v1/messages", [OWN_KEY], proven=False) is not None, "it goes to the provider's own host"
    assert asked(ELSEWHERE, b"/v1/messages", [KEY], proven=False) is not None, "a sentinel key never leaves"


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost"])
def test_a_provider_on_this_machine_is_not_reached_by_naming_it(host: str) -> None:
    shown = f"[{host}]" if ":" in host else host
    asked = claims(providers={"local": {"type": "openai", "base_url": f"http://{shown}:9/v1"}})
    origin = Origin("http", host, 9)
    assert asked(origin, b"/v1/models", [OWN_KEY], proven=False) is None
    assert asked(origin, b"/v1/models", [OWN_KEY], proven=True) is not None, "the rules about addresses have let it"


def route(destination: Origin | None, *headers: tuple[bytes, bytes], rules: list[Mapping[str, Any]]) -> Plan:
    settings = config(*rules, providers=PROVIDERS)
    router = Router(settings.lightllm.transforms, build_providers(settings))
    request = HttpRequest("POST", b"/v1/messages?beta=true", [(b"Host", b"api.anthropic.com"), *headers], b"{}")
    front = "reverse" if destination is None else "jail"
    return router.route(Inquiry(Exchange(request, front=front, destination=destination)))


def test_what_no_rule_leads_elsewhere_goes_as_it_was_meant() -> None:
    plan = route(ELSEWHERE, OWN_KEY, rules=[])
    assert (plan.origin, plan.target, plan.provider) == (ELSEWHERE, b"/v1/messages?beta=true", None)
    assert not plan.strip_credentials
    assert plan.route.action == "passthrough"
    with pytest.raises(Refused):
        route(None, OWN_KEY, rules=[])


def test_a_passthrough_rule_needs_no_destination_in_a_jail() -> None:
    rule = {"match_path": ".*", "action": "passthrough"}
    assert route(ELSEWHERE, OWN_KEY, rules=[rule]).origin == ELSEWHERE
    with pytest.raises(Refused, match="no destination"):
        route(None, OWN_KEY, rules=[rule])


def test_rules_look_at_the_host_that_was_meant() -> None:
    rule = {"match_host": "^api.example.test$", "dest_provider": "local", "action": "redirect", "dest_path": "/x"}
    assert str(route(ELSEWHERE, OWN_KEY, rules=[rule]).origin) == "http://127.0.0.1:9"
    assert route(ANTHROPIC, OWN_KEY, rules=[rule]).origin == ANTHROPIC


def test_a_sentinel_key_leads_to_its_provider() -> None:
    plan = route(ELSEWHERE, (b"x-api-key", b"sk-ant-oat-ccproxy-claude"), rules=[])
    assert (plan.origin, plan.strip_credentials) == (ANTHROPIC, True)
