"""Which calls go to Code Assist, and what becomes of its own calls on their way elsewhere."""

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
from ccproxy.gateway.rewrite import set_model
from ccproxy.gateway.router import Router
from ccproxy.providers.provider import build_providers

GOOGLE = {"type": "gemini", "host": "cloudcode-pa.googleapis.com"}
OTHERS: dict[str, Any] = {
    "chat": {"type": "openai", "base_url": "http://127.0.0.1:1"},
    "gem": {"type": "gemini", "base_url": "http://127.0.0.1:2"},
    "claude": {"type": "anthropic", "base_url": "http://127.0.0.1:3"},
    "sim": {"type": "simulator"},
}
ONE = OTHERS | {"login": GOOGLE}
TWO = ONE | {"work": GOOGLE | {"project": "p"}}
WRAPPED = {"model": "gemini-x", "project": "p", "request": {"contents": [{"parts": [{"text": "hi"}]}]}}
COUNTED = {"request": {"model": "models/gemini-x", "contents": []}}
HERE = "https://cloudcode-pa.googleapis.com"


def router(providers: Mapping[str, Any], *rules: Mapping[str, Any]) -> Router:
    config = Config.model_validate({"providers": dict(providers), "lightllm": {"transforms": list(rules)}})
    return Router(config.lightllm.transforms, build_providers(config))


def asked(
    target: str, key: str | None = None, body: Any = None, method: str = "POST", host: str = "127.0.0.1:4000"
) -> Inquiry:
    """A request; `key` names a provider by its sentinel, else there is a token of Google's."""
    given = f"sk-ant-oat-ccproxy-{key}" if key is not None else "ya29.made-up"
    headers: Headers = [(b"Host", host.encode()), (b"Authorization", f"Bearer {given}".encode())]
    data = body if isinstance(body, bytes) else orjson.dumps(body) if body is not None else b""
    return Inquiry(Exchange(HttpRequest(method, target.encode(), headers, data)))


def seen(plan: Plan) -> tuple[str, str, str | None, str | None]:
    """Provider, target, model, and format to translate to."""
    assert plan.provider is not None
    return plan.provider.name, plan.target.decode(), plan.model, plan.translate


def refused(rules: Router, inquiry: Inquiry) -> Refused:
    with pytest.raises(Refused) as caught:
        rules.route(inquiry)
    return caught.value


# -- without a key


@pytest.mark.parametrize(
    ("method", "target"),
    [
        ("POST", "/v1internal:generateContent"),
        ("POST", "/v1internal:streamGenerateContent?alt=sse"),
        ("POST", "/v1internal:countTokens"),
        ("POST", "/v1internal:loadCodeAssist"),
        ("GET", "/v1internal:getCodeAssistGlobalUserSetting?a=%2F"),
        ("GET", "/v1internal/operations/op-1"),
    ],
)
def test_what_carries_no_key_goes_to_the_only_one(method: str, target: str) -> None:
    plan = router(ONE).route(asked(target, body=WRAPPED, method=method))
    assert seen(plan) == ("login", target, None, None)
    assert (str(plan.origin), plan.strip_credentials, plan.route.action) == (HERE, True, "redirect")
    assert "'login'" in plan.route.reason


@pytest.mark.parametrize("path", ["/v1internal:generateContent", "/v1internal/operations/op-1"])
def test_without_such_a_provider_it_is_said_what_to_do(path: str) -> None:
    refusal = refused(router(OTHERS), asked(path))
    assert (refusal.status, refusal.kind) == (501, "no_route")
    for words in (path, "no provider is Code Assist", "gemini", "find_logins", "docs/gemini.md"):
        assert words in refusal.message


def test_of_two_it_is_said_which_they_are() -> None:
    refusal = refused(router(TWO, {"match_path": "^/x", "dest_provider": "sim"}), asked("/v1internal:countTokens"))
    assert (refusal.status, refusal.kind) == (501, "no_route")
    for words in ("'login' and 'work'", "match_path: ^/v1internal", "dest_provider", "no rule of lightllm.transforms"):
        assert words in refusal.message


@pytest.mark.parametrize("path", ["/v1internals:x", "/v1internalx", "/v1beta/models/m:generateContent", "/v1/messages"])
def test_other_paths_need_a_key_as_ever(path: str) -> None:
    refusal = refused(router(ONE), asked(path))
    assert (refusal.status, "Code Assist" in refusal.message) == (501, False)


def test_a_key_a_rule_and_a_hook_come_before_the_path() -> None:
    path = "/v1internal:generateContent"
    assert seen(router(TWO).route(asked(path, "work", WRAPPED)))[0] == "work"
    rules = router(TWO, {"match_path": "^/v1internal:", "dest_provider": "work"})
    assert seen(rules.route(asked(path, body=WRAPPED)))[0] == "work"
    by_hook = asked(path, body=WRAPPED)
    by_hook.chosen = "chat"
    assert seen(router(ONE).route(by_hook)) == ("chat", "/v1/chat/completions", "gemini-x", "openai")


def test_a_hook_changes_the_model_only() -> None:
    inquiry = asked("/v1internal:generateContent", body=WRAPPED)
    inquiry.exchange.model = "other"
    assert seen(router(ONE).route(inquiry)) == ("login", "/v1internal:generateContent", "other", None)


def test_a_client_in_a_jail_goes_where_it_meant_to() -> None:
    inquiry = asked("/v1internal:generateContent", body=WRAPPED)
    inquiry.exchange.destination = Origin("https", "cloudcode-pa.googleapis.com", 443)
    plan = router(ONE).route(inquiry)
    assert (plan.provider, plan.route.action, plan.strip_credentials) == (None, "passthrough", False)


# -- its own calls on their way elsewhere

ELSEWHERE = [
    ("chat", "generateContent", "/v1/chat/completions", WireFormat.OPENAI),
    ("chat", "streamGenerateContent?alt=sse", "/v1/chat/completions", WireFormat.OPENAI),
    ("claude", "countTokens", "/v1/messages/count_tokens", WireFormat.ANTHROPIC),
    ("gem", "generateContent", "/v1beta/models/gemini-x:generateContent", WireFormat.GEMINI),
    ("gem", "streamGenerateContent", "/v1beta/models/gemini-x:streamGenerateContent?alt=sse", WireFormat.GEMINI),
    ("gem", "countTokens", "/v1beta/models/gemini-x:countTokens", WireFormat.GEMINI),
]


@pytest.mark.parametrize(("name", "call", "target", "format"), ELSEWHERE)
@pytest.mark.parametrize("way", ["key", "redirect", "transform"])
def test_calls_of_a_model_are_translated(way: str, name: str, call: str, target: str, format: WireFormat) -> None:
    body = COUNTED if call == "countTokens" else WRAPPED
    rules = [{"match_path": "^/v1internal:", "dest_provider": name, "action": way}] if way != "key" else []
    plan = router(ONE, *rules).route(asked(f"/v1internal:{call}", name if way == "key" else None, body))
    assert seen(plan) == (name, target, "gemini-x", format)
    assert not plan.local


def test_a_provider_that_counts_nothing_has_its_counts_estimated() -> None:
    plan = router(ONE).route(asked("/v1internal:countTokens", "chat", COUNTED))
    assert (plan.local, plan.model, plan.translate) == (True, "gemini-x", WireFormat.OPENAI)


def test_the_simulator_has_them_as_they_are() -> None:
    plan = router(ONE).route(asked("/v1internal:loadCodeAssist?x", "sim", {}))
    assert seen(plan) == ("sim", "/v1internal:loadCodeAssist?x", None, None)


def test_a_rules_model_and_path_count() -> None:
    ruled = {"match_model": "^gemini-x$", "dest_provider": "chat", "dest_model": "qwen3:8b"}
    plan = router(ONE, ruled).route(asked("/v1internal:generateContent", body=WRAPPED))
    assert seen(plan) == ("chat", "/v1/chat/completions", "qwen3:8b", "openai")
    kept = router(ONE, ruled | {"dest_path": "/x/{action}"}).route(asked("/v1internal:generateContent", body=WRAPPED))
    assert seen(kept) == ("chat", "/x/generateContent", "qwen3:8b", None)  # a redirect to a path goes as it is
    counting = router(ONE, ruled).route(asked("/v1internal:countTokens", body=COUNTED))
    assert (counting.local, counting.model) == (True, "qwen3:8b")


@pytest.mark.parametrize("body", [{"request": {}}, {"model": "", "request": {"contents": []}}, {}])
def test_a_translation_needs_a_model(body: dict[str, Any]) -> None:
    refusal = refused(router(ONE), asked("/v1internal:generateContent", "chat", body))
    assert (refusal.status, refusal.kind) == (400, "missing_model")


@pytest.mark.parametrize("name", ["chat", "gem", "claude"])
@pytest.mark.parametrize("path", ["/v1internal:loadCodeAssist", "/v1internal/operations/op-1"])
@pytest.mark.parametrize("ruled", [False, True], ids=["by key", "by rule"])
def test_its_other_calls_go_nowhere_else(name: str, path: str, ruled: bool) -> None:
    rules = router(ONE, *([{"match_path": "^/v1internal", "dest_provider": name}] if ruled else []))
    inquiry = asked(path, None if ruled else name, {})
    refusal = refused(rules, inquiry)
    assert (refusal.status, refusal.kind, inquiry.dialect) == (501, "not_translated", WireFormat.GEMINI)
    for words in (path, repr(name), "Code Assist", "rule 1" if ruled else "sentinel key"):
        assert words in refusal.message


# -- calls of other APIs on their way to it

HITHER = [
    ("/v1beta/models/m:generateContent", "/v1internal:generateContent"),
    ("/v1/models/models%2Fm:generateContent", "/v1internal:generateContent"),
    ("/v1alpha/models/m:streamGenerateContent?alt=sse&key=AIza", "/v1internal:streamGenerateContent?alt=sse"),
    ("/v1beta/models/m:countTokens?$alt=json;enum-encoding=int", "/v1internal:countTokens?$alt=json;enum-encoding=int"),
]


@pytest.mark.parametrize(("path", "target"), HITHER)
def test_calls_of_the_gemini_api_stay_in_their_format(path: str, target: str) -> None:
    assert seen(router(ONE).route(asked(path, "login", {"contents": []}))) == ("login", target, None, None)


@pytest.mark.parametrize(
    "path",
    ["/v1beta/models/m:embedContent", "/v1beta/tunedModels/t:generateContent", "/v1beta/files", "/v1/embeddings"],
)
@pytest.mark.parametrize("ruled", [False, True], ids=["by key", "by rule"])
def test_what_it_has_not_is_refused(path: str, ruled: bool) -> None:
    rules = router(ONE, *([{"match_path": ".", "dest_provider": "login"}] if ruled else []))
    refusal = refused(rules, asked(path, None if ruled else "login", {}))
    assert (refusal.status, refusal.kind) == (501, "not_translated")
    for words in (path, "'login'", "streamGenerateContent"):
        assert words in refusal.message


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("/v1/messages?beta=true", "/v1internal:generateContent"),
        ("/v1/messages/count_tokens?beta=true", "/v1internal:countTokens"),
        ("/v1/responses", "/v1internal:generateContent"),
    ],
)
def test_C11_a_query_is_no_part_of_the_path(path: str, target: str) -> None:
    assert seen(router(ONE).route(asked(path, "login", {"model": "m"}))) == ("login", target, "m", "gemini")


@pytest.mark.parametrize("path", ["/v1internal:{action}?alt=sse", "/v1internal:{action}?alt=sse&a=b"])
def test_C13_a_paths_own_query_is_kept(path: str) -> None:
    providers = OTHERS | {"login": GOOGLE | {"path": path}}
    plan = router(providers).route(asked("/v1/messages", "login", {"model": "m", "stream": True}))
    assert seen(plan)[1] == path.replace("{action}", "streamGenerateContent")


def test_a_stored_response_is_asked_for_here() -> None:
    plan = router(ONE).route(asked("/v1/responses/resp_1", "login", method="GET"))
    assert plan.local


# -- another model in the body


def remodelled(path: str, body: bytes) -> bytes:
    inquiry = asked(path, body=body)
    set_model(inquiry, "other")
    return inquiry.draft.written_out()


@pytest.mark.parametrize(
    ("path", "body", "wanted"),
    [
        (
            "/v1internal:generateContent",
            b'{"model" : "m", "request":{"model":"in"}}',
            b'{"model" : "other", "request":{"model":"in"}}',
        ),
        (
            "/v1internal:countTokens",
            b'{ "request" : {"contents": [], "model": "models/m"} }',
            b'{ "request" : {"contents": [], "model": "models/other"} }',
        ),
        (
            "/v1internal:countTokens",
            b'{"request":{"contents":[]}}',
            b'{"request":{"model":"models/other","contents":[]}}',
        ),
        ("/v1internal:countTokens", b'{"contents":[]}', b'{"model":"other","contents":[]}'),
        ("/v1internal:loadCodeAssist", b'{"metadata":{}}', b'{"metadata":{}}'),
        ("/v1internal:loadCodeAssist", b"[]", b"[]"),
    ],
)
def test_another_model_is_put_where_it_belongs(path: str, body: bytes, wanted: bytes) -> None:
    assert remodelled(path, body) == wanted


def test_another_model_in_what_a_hook_has_changed() -> None:
    inquiry = asked("/v1internal:countTokens", body=COUNTED)
    inquiry.document()["extra"] = 1
    inquiry.draft.touch()
    set_model(inquiry, "other")
    inner = COUNTED["request"] | {"model": "models/other"}
    assert orjson.loads(inquiry.draft.written_out()) == {"request": inner, "extra": 1}
