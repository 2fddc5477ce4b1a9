"""Which way a request goes: rules in their order, then the sentinel, and the target it arrives at."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
import pytest

from ccproxy.config import Config
from ccproxy.exchange import Exchange, Headers, HttpRequest, Origin, WireFormat
from ccproxy.gateway.errors import Refused
from ccproxy.gateway.inquiry import Inquiry
from ccproxy.gateway.plan import Plan
from ccproxy.gateway.router import Router
from ccproxy.gateway.rules import hosts
from ccproxy.providers.provider import build_providers

PROVIDERS = {
    "claude": {"type": "anthropic", "base_url": "http://127.0.0.1:1"},
    "vllm": {"type": "openai", "base_url": "http://[::1]:8000/api/v1"},
    "codex": {"type": "openai_responses", "host": "chatgpt.com", "path": "/backend-api/codex/responses"},
    "gem": {"type": "gemini", "base_url": "http://127.0.0.1:3"},
    "sim": {"type": "simulator"},
}
RESPONSES = WireFormat.OPENAI_RESPONSES
SENTINEL = "sk-ant-oat-ccproxy-"


def router(*rules: Mapping[str, Any]) -> Router:
    config = Config.model_validate({"providers": PROVIDERS, "lightllm": {"transforms": list(rules)}})
    return Router(config.lightllm.transforms, build_providers(config))


def asked(
    target: str, key: str | None = None, body: object = None, method: str = "POST", **fields: str | bytes
) -> Inquiry:
    """A request; `key` names a provider by its sentinel, fields are header fields with underscores for dashes."""
    headers: Headers = [(b"Host", b"127.0.0.1:4000")]
    if key is not None:
        headers.append((b"x-api-key", f"{SENTINEL}{key}".encode()))
    for name, value in fields.items():
        headers.append((name.replace("_", "-").encode(), value.encode() if isinstance(value, str) else value))
    data = body if isinstance(body, bytes) else orjson.dumps(body) if body is not None else b""
    return Inquiry(Exchange(HttpRequest(method, target.encode("latin-1"), headers, data)))


def seen(plan: Plan) -> tuple[str, str]:
    """Where a plan leads."""
    return str(plan.origin), plan.target.decode("latin-1")


BY_SENTINEL = [
    ("claude", "/v1/messages", "http://127.0.0.1:1", "/v1/messages"),
    ("claude", "/v1/messages?beta=true", "http://127.0.0.1:1", "/v1/messages?beta=true"),
    ("claude", "/v1/messages?", "http://127.0.0.1:1", "/v1/messages?"),
    ("claude", "/v1/messages/count_tokens?beta=true", "http://127.0.0.1:1", "/v1/messages/count_tokens?beta=true"),
    ("claude", "/v1/messages/batches/b_1", "http://127.0.0.1:1", "/v1/messages/batches/b_1"),
    ("claude", "/v1/files?a=%2F", "http://127.0.0.1:1", "/v1/files?a=%2F"),
    ("vllm", "/v1/chat/completions", "http://[::1]:8000", "/api/v1/chat/completions"),
    ("vllm", "/v1/embeddings", "http://[::1]:8000", "/api/v1/embeddings"),
    ("codex", "/responses", "https://chatgpt.com", "/backend-api/codex/responses"),
    ("codex", "/v1/responses/resp_1/cancel", "https://chatgpt.com", "/backend-api/codex/responses/resp_1/cancel"),
    ("gem", "/v1beta/models/m:generateContent", "http://127.0.0.1:3", "/v1beta/models/m:generateContent"),
    ("gem", "/v1beta/models/m:streamGenerateContent?alt=sse&key=AIza", "http://127.0.0.1:3",
     "/v1beta/models/m:streamGenerateContent?alt=sse"),
    ("gem", "/v1beta/models?key=AIza", "http://127.0.0.1:3", "/v1beta/models"),
    ("sim", "/v1/messages?x", "simulator://simulator", "/v1/messages?x"),
    ("sim", "/messages", "simulator://simulator", "/messages"),
    ("sim", "/v1beta/models/m:countTokens", "simulator://simulator", "/v1beta/models/m:countTokens"),
]  # fmt: skip


@pytest.mark.parametrize(("key", "target", "origin", "wanted"), BY_SENTINEL)
def test_by_sentinel(key: str, target: str, origin: str, wanted: str) -> None:
    plan = router().route(asked(target, key))
    assert (str(plan.origin), plan.target.decode()) == (origin, wanted)
    assert (plan.route.action, plan.route.provider, plan.model, plan.strip_credentials) == ("redirect", key, None, True)
    assert plan.provider is not None
    assert key in plan.route.reason


@pytest.mark.parametrize(
    "target",
    [
        f"/v1beta/models/m:generateContent?key={SENTINEL}gem",
        f"/v1beta/models/m:generateContent?key={SENTINEL.replace('-', '%2d')}gem",
        f"/v1beta/models/m:generateContent?key={SENTINEL}gem&key=AIza&access_token=x",
    ],
)
def test_the_sentinel_of_the_query_stays_here(target: str) -> None:
    plan = router().route(asked(target))
    assert seen(plan) == ("http://127.0.0.1:3", "/v1beta/models/m:generateContent")


@pytest.mark.parametrize("scheme", ["bearer", "Bearer", "BEARER"])
def test_the_sentinel_as_a_bearer_token(scheme: str) -> None:
    assert router().route(asked("/v1/messages", authorization=f"{scheme} {SENTINEL}claude")).provider is not None
    assert router().route(asked("/v1/models/m", x_goog_api_key=f"{SENTINEL}vllm")).route.provider == "vllm"


def refused(route: Router, inquiry: Inquiry) -> Refused:
    with pytest.raises(Refused) as caught:
        route.route(inquiry)
    return caught.value


def test_no_route_says_what_was_looked_for() -> None:
    none = refused(router(), asked("/v1/messages", method="PATCH"))
    assert (none.status, none.kind) == (501, "no_route")
    assert "PATCH /v1/messages" in none.message
    assert "there are no rules" in none.message
    other = refused(router({"match_path": "^/x", "dest_provider": "sim"}), asked("/v1/messages", x_api_key="sk-1"))
    assert "no rule of lightllm.transforms matches" in other.message


@pytest.mark.parametrize("key", ["nobody", "", "CLAUDE", "\u00e9"])
def test_an_unknown_provider(key: str) -> None:
    unknown = refused(router(), asked("/v1/messages", key))
    assert (unknown.status, unknown.kind) == (401, "unknown_provider")
    assert repr(key) in unknown.message
    assert "claude, vllm, codex, gem, sim" in unknown.message


@pytest.mark.parametrize(
    ("key", "path", "target", "format"),
    [
        ("claude", "/v1/chat/completions", b"/v1/messages", WireFormat.ANTHROPIC),
        ("vllm", "/v1/responses", b"/api/v1/chat/completions", WireFormat.OPENAI),
        ("gem", "/v1/messages", b"/v1beta/models/some%20model:generateContent", WireFormat.GEMINI),
        (
            "codex",
            "/v1beta/models/some%20model:generateContent",
            b"/backend-api/codex/responses",
            WireFormat.OPENAI_RESPONSES,
        ),
        ("gem", "/v1/messages/count_tokens", b"/v1beta/models/some%20model:countTokens", WireFormat.GEMINI),
    ],
)
def test_a_provider_of_another_format_is_translated_to(key: str, path: str, target: bytes, format: WireFormat) -> None:
    plan = router().route(asked(path, key, body=b'{"model": "some model"}'))
    assert plan.route.action == "transform"
    assert (plan.translate, plan.model) == (format, "some model")
    assert plan.target == target


def test_a_translated_stream_is_asked_for_in_the_providers_way() -> None:
    plan = router().route(asked("/v1/messages?beta=true", "gem", body=b'{"model": "m", "stream": true}'))
    assert plan.target == b"/v1beta/models/m:streamGenerateContent?alt=sse"


def test_tokens_of_a_provider_that_does_not_count_are_estimated_here() -> None:
    plan = router().route(asked("/v1/messages/count_tokens", "vllm", body=b'{"model": "m"}'))
    assert plan.local


@pytest.mark.parametrize("model", ["../../etc", "a/../b", "/x", "a//b", ".", "x/"])
def test_a_model_does_not_lead_out_of_its_path(model: str) -> None:
    odd = refused(router(), asked("/v1/messages", "gem", body={"model": model}))
    assert (odd.status, odd.kind) == (400, "invalid_model")


def test_a_path_that_names_the_model_is_filled_from_the_body() -> None:
    azure = {
        "type": "openai",
        "host": "x.example",
        "path": "/openai/deployments/{model}/chat/completions?api-version=1",
    }
    config = Config.model_validate({"providers": {"azure": azure}})
    plan = Router([], build_providers(config)).route(asked("/v1/chat/completions", "azure", body={"model": "gpt 4"}))
    assert plan.target == b"/openai/deployments/gpt%204/chat/completions?api-version=1"


@pytest.mark.parametrize(
    ("key", "path"),
    [("vllm", "/v1/messages/batches"), ("gem", "/v1/responses/r/cancel"), ("claude", "/v1beta/models/m:embedContent")],
)  # fmt: skip
def test_what_has_no_counterpart_is_not_translated(key: str, path: str) -> None:
    plain = refused(router(), asked(path, key, body=b'{"model": "m"}'))
    assert (plain.status, plain.kind) == (501, "not_translated")
    assert key in plain.message
    assert path in plain.message


def test_a_websocket_is_not_translated() -> None:
    upgrade = {"connection": "Upgrade", "upgrade": "websocket"}
    assert refused(router(), asked("/v1/responses", "claude", method="GET", **upgrade)).status == 426


def test_a_translation_needs_a_model() -> None:
    missing = refused(router(), asked("/v1/messages", "vllm", body=b"{}"))
    assert (missing.status, missing.kind) == (400, "missing_model")


# -- rules


def test_the_first_rule_that_matches_decides_and_before_any_sentinel() -> None:
    rules = router(
        {"match_model": "^opus", "dest_provider": "sim"},
        {"match_path": "messages$", "dest_provider": "claude", "dest_model": "other"},
        {"match_path": "^/v1", "dest_provider": "vllm"},
    )
    assert rules.route(asked("/v1/messages", "gem", {"model": "opus-4"})).route.provider == "sim"
    plan = rules.route(asked("/v1/messages", "gem", {"model": "haiku"}))
    assert (plan.route.provider, plan.model) == ("claude", "other")
    assert plan.route.reason == "rule 2 of lightllm.transforms"
    assert rules.route(asked("/v1/messages/count_tokens", "gem", b"{")).route.provider == "vllm"
    assert rules.route(asked("/v1beta/files", "gem")).route.provider == "vllm"
    assert rules.route(asked("/x/v2", "gem")).route.provider == "gem"


MODELS: list[tuple[dict[str, Any], bool]] = [
    ({"target": "/v1/messages", "body": {"model": "wanted-1"}}, True),
    ({"target": "/v1/messages", "body": {"model": "other"}}, False),
    ({"target": "/v1/messages", "body": {"model": ["wanted"]}}, False),
    ({"target": "/v1/messages", "body": {"messages": [{"model": "wanted"}]}}, False),
    ({"target": "/v1/messages", "body": ["wanted"]}, False),
    ({"target": "/v1/messages", "body": b'{"model": "wanted'}, False),
    ({"target": "/v1/messages", "body": b"\xff"}, False),
    ({"target": "/v1/messages"}, False),
    ({"target": "/v1/messages", "body": {"model": "wanted"}, "content_encoding": "gzip"}, False),
    ({"target": "/v1beta/models/wanted:generateContent", "body": {"model": "other"}}, True),
    ({"target": "/v1beta/models/other:generateContent", "body": {"model": "wanted"}}, False),
    ({"target": "/v1internal:generateContent", "body": {"model": "wanted"}}, True),
    ({"target": "/anything", "body": {"model": "wanted"}}, True),
]


@pytest.mark.parametrize(("request_", "matches"), MODELS)
def test_rules_by_model(request_: dict[str, Any], matches: bool) -> None:
    rules = router({"match_model": "^wanted", "dest_provider": "sim"})
    if matches:
        assert rules.route(asked(**request_)).route.provider == "sim"
    else:
        assert refused(rules, asked(**request_)).kind == "no_route"


@pytest.mark.parametrize(
    ("fields", "names"),
    [
        ({b"host": b"name.test"}, ["name.test"]),
        ({b"host": b"name.test:4000"}, ["name.test"]),
        ({b"host": b"[::1]:4000"}, ["[::1]"]),
        ({b"host": b"[::1]"}, ["[::1]"]),
        ({b"host": b"a", b"x-forwarded-host": b"api.example.com:443"}, ["a", "api.example.com"]),
        ({b"host": b"", b"x-forwarded-host": b"b"}, ["b"]),
        ({}, []),
    ],
)
def test_host_names_come_without_port(fields: dict[bytes, bytes], names: list[str]) -> None:
    inquiry = asked("/")
    inquiry.fields = fields
    assert hosts(inquiry) == names


@pytest.mark.parametrize(
    ("host", "fields", "matches"),
    [
        ("^127[.]0[.]0[.]1$", {}, True),
        ("4000", {}, False),
        ("^api[.]example[.]com$", {"x_forwarded_host": "api.example.com:443"}, True),
        ("^api[.]example[.]com$", {"x_host": "api.example.com"}, False),
    ],
)
def test_rules_by_host(host: str, fields: dict[str, str], matches: bool) -> None:
    rules = router({"match_host": host, "dest_provider": "sim"})
    inquiry = asked("/v1/messages", **fields)
    assert (rules.route(inquiry).route.provider == "sim") if matches else refused(rules, inquiry)


REDIRECTS: list[tuple[dict[str, Any], str, tuple[str, str]]] = [
    ({"dest_provider": "claude"}, "/v1/messages/count_tokens?beta=true",
     ("http://127.0.0.1:1", "/v1/messages/count_tokens?beta=true")),
    ({"dest_provider": "codex"}, "/v1/responses/r/cancel",
     ("https://chatgpt.com", "/backend-api/codex/responses/r/cancel")),
    ({"dest_provider": "vllm"}, "/v1/models/m?a", ("http://[::1]:8000", "/api/v1/models/m?a")),
    ({"dest_provider": "vllm"}, "/v1/messages", ("http://[::1]:8000", "/api/v1/messages")),
    ({"dest_provider": "vllm"}, "/x/y?", ("http://[::1]:8000", "/api/v1/x/y?")),
    ({"dest_provider": "vllm", "dest_path": "/z"}, "/v1/models?a", ("http://[::1]:8000", "/api/v1/z?a")),
    ({"dest_provider": "claude", "dest_path": "/z?v=1"}, "/v1/messages?a", ("http://127.0.0.1:1", "/z?v=1&a")),
    ({"dest_provider": "claude", "dest_path": "/z?v=1"}, "/v1/messages?", ("http://127.0.0.1:1", "/z?v=1")),
    ({"dest_host": "api.example.com"}, "/v1/messages?a", ("https://api.example.com", "/v1/messages?a")),
    ({"dest_host": "api.example.com", "dest_provider": "vllm"}, "/v1/models",
     ("https://api.example.com", "/v1/models")),
    ({"dest_host": "api.example.com"}, "/v1beta/files?key=AIza&a", ("https://api.example.com", "/v1beta/files?a")),
    ({"dest_provider": "gem", "dest_model": "n 2"}, "/v1alpha/models/m:streamGenerateContent?alt=sse",
     ("http://127.0.0.1:3", "/v1beta/models/n%202:streamGenerateContent?alt=sse")),
    ({"dest_host": "api.example.com", "dest_model": "n 2"}, "/v1alpha/models/m:generateContent",
     ("https://api.example.com", "/v1alpha/models/n%202:generateContent")),
    ({"dest_provider": "sim", "dest_model": "n"}, "/v1beta/models/m:countTokens",
     ("simulator://simulator", "/v1beta/models/n:countTokens")),
    ({"dest_provider": "gem", "dest_path": "/p/{model}/{action}"}, "/v1beta/models/a%2Fb+c:generateContent",
     ("http://127.0.0.1:3", "/p/a%2Fb+c/generateContent")),
    ({"dest_provider": "gem", "dest_path": "/p/{model}", "dest_model": "é/x"}, "/v1beta/models/m:generateContent",
     ("http://127.0.0.1:3", "/p/%C3%A9/x")),
    ({"dest_provider": "claude", "dest_path": "/p/{model}{action}"}, "/v1/messages", ("http://127.0.0.1:1", "/p/")),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "target", "wanted"), REDIRECTS)
def test_redirects(rule: dict[str, Any], target: str, wanted: tuple[str, str]) -> None:
    plan = router(rule).route(asked(target))
    assert (str(plan.origin), plan.target.decode()) == wanted
    assert (plan.route.action, plan.strip_credentials) == ("redirect", True)
    assert plan.route.provider == rule.get("dest_provider")
    assert plan.model == rule.get("dest_model")


def test_a_model_of_the_body_cannot_break_out_of_the_path() -> None:
    rule = {"dest_provider": "claude", "dest_path": "/p/{model}"}
    plan = router(rule).route(asked("/v1/messages", body={"model": "m HTTP/1.1\r\nX: y?é"}))
    assert plan.target == b"/p/m%20HTTP/1.1%0D%0AX:%20y%3F%C3%A9"


def test_passthrough_changes_nothing_but_the_host() -> None:
    rule = {"action": "passthrough", "dest_host": "api.example.com"}
    plan = router(rule).route(asked("/v1beta/models/m:generateContent?key=AIza&access_token=t", x_api_key="mine"))
    assert plan.origin == Origin("https", "api.example.com", 443)
    assert plan.target == b"/v1beta/models/m:generateContent?key=AIza&access_token=t"
    assert (plan.provider, plan.strip_credentials, plan.route.action) == (None, False, "passthrough")
    moved = router({"action": "passthrough", "dest_provider": "vllm", "dest_path": "/x"}).route(asked("/y?a"))
    assert seen(moved) == ("http://[::1]:8000", "/api/v1/x?a")
    assert (moved.provider, moved.route.provider) == (None, "vllm")


@pytest.mark.parametrize("fields", [{"x_api_key": f"{SENTINEL}claude"}, {"authorization": f"Bearer {SENTINEL}x"}])
def test_passthrough_does_not_let_a_sentinel_out(fields: dict[str, Any]) -> None:
    rules = router({"action": "passthrough", "dest_host": "api.example.com"})
    assert refused(rules, asked("/v1/messages", **fields)).kind == "passthrough_sentinel"
    assert refused(rules, asked(f"/v1/messages?key={SENTINEL}x")).kind == "passthrough_sentinel"


def test_passthrough_without_a_destination() -> None:
    problem = refused(router({"action": "passthrough"}), asked("/v1/messages"))
    assert (problem.status, problem.kind) == (501, "no_destination")
    assert "rule 1 of lightllm.transforms" in problem.message


def test_transform_takes_model_and_place_of_the_rule() -> None:
    rule = {"action": "transform", "dest_provider": "gem", "dest_model": "gemini-3"}
    plan = router(rule).route(asked("/v1/messages", body={"model": "claude", "stream": True}))
    assert seen(plan) == ("http://127.0.0.1:3", "/v1beta/models/gemini-3:streamGenerateContent?alt=sse")
    assert (plan.translate, plan.model, plan.route.reason) == (
        WireFormat.GEMINI,
        "gemini-3",
        "rule 1 of lightllm.transforms",
    )
    elsewhere = {**rule, "dest_host": "example.com", "dest_path": "/p/{model}:{action}"}
    plan = router(elsewhere).route(asked("/v1/messages", body={"model": "claude"}))
    assert seen(plan) == ("https://example.com", "/p/gemini-3:generateContent")
    assert str(plan.route.origin) == "https://example.com"


@pytest.mark.parametrize("provider", ["claude", "sim"])
def test_transform_to_the_same_format_keeps_the_bytes(provider: str) -> None:
    rule = {"action": "transform", "dest_provider": provider, "dest_model": "other"}
    plan = router(rule).route(asked("/v1/messages?beta=true", body={"model": "claude"}))
    assert (plan.route.action, plan.translate, plan.model) == ("redirect", None, "other")
    assert plan.target == b"/v1/messages?beta=true"
