"""What of a request becomes part of a shape: nothing that was said in it, or is of one request (W-SHAPE-5)."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest

from ccproxy.config.shaping import ShapeProfile
from ccproxy.exchange import Headers
from ccproxy.shaping.reduce import reduce
from ccproxy.shaping.shape import CREDENTIAL, HOST, LENGTH, PROMPT_ID, REQUEST_ID, SESSION_ID, Body
from tests.shaping.made_up import KEY, profiles

URL = "https://api.anthropic.com/v1/messages?beta=true"
SESSION, REQUEST, ACCOUNT = (f"{digit * 8}-aaaa-4bbb-8ccc-{digit * 12}" for digit in "123")
DEVICE = "d1" * 32
OPAQUE = "opaque-0123456789-credential"
SIGNED = "x-anthropic-billing-header: cc_version=1.2.3.abc; cch=00000;"


def reduced(
    body: Body | None = None, headers: Headers | None = None, url: str = URL, profile: str | ShapeProfile = "anthropic"
) -> tuple[str, Headers, Body]:
    found = profiles()[profile] if isinstance(profile, str) else profile
    once = reduce("POST", url, headers or [], body or {}, found)
    assert reduce("POST", *once, found) == once
    return once


def body_of(body: Body, profile: str | ShapeProfile = "anthropic", headers: Headers | None = None) -> Body:
    return reduced(body, headers, profile=profile)[2]


def headers_of(headers: Headers, body: Body | None = None, profile: str | ShapeProfile = "anthropic") -> Headers:
    return reduced(body, headers, profile=profile)[1]


def url_of(url: str) -> str:
    return reduced(url=url)[0]


def test_fields_keep_their_order_and_spelling_and_lose_what_is_of_one_request() -> None:
    """W-SHAPE-5: no field of ccproxy's, of a proxy or of one connection is part of an envelope."""
    headers = [
        (b"Host", b"127.0.0.1:4000"),
        (b"Accept", b"application/json"),
        (b"X-API-Key", KEY.encode()),
        (b"Authorization", b"Bearer " + OPAQUE.encode()),
        (b"anthropic-beta", b"one"),
        (b"Content-Length", b"12"),
        (b"Anthropic-Beta", b"two"),
        (b"Connection", b"close, X-Hop"),
        (b"x-hop", b"1"),
        (b"accept-encoding", b"gzip, br"),
        (b"User-Agent", b"claude-cli/2.1.330 (external, cli)"),
    ]
    others = "content-encoding transfer-encoding cookie proxy-authorization proxy-connection te x-ccproxy-hooks"
    others += (
        " x-ccproxy-target-url x-ccproxy-impersonate x-ccproxy-flow-id traceparent tracestate baggage sentry-trace"
    )
    others += " x-forwarded-for via x-my-token"
    headers += [(name.encode(), b"something") for name in others.split()]
    assert headers_of(headers) == [
        (b"Host", HOST.encode()),
        (b"Accept", b"application/json"),
        (b"X-API-Key", CREDENTIAL.encode()),
        (b"Authorization", CREDENTIAL.encode()),
        (b"anthropic-beta", b"one"),
        (b"Content-Length", LENGTH.encode()),
        (b"Anthropic-Beta", b"two"),
        (b"accept-encoding", b"gzip, br"),
        (b"User-Agent", b"claude-cli/2.1.330 (external, cli)"),
    ]


def test_what_a_profile_strips_is_left_out_and_credentials_keep_their_place_whatever_it_says() -> None:
    headers = [(b"Chatgpt-Account-Id", b"1"), (b"originator", b"codex"), (b"api-key", OPAQUE.encode())]
    assert headers_of([*headers, (b"x-openai-subagent", b"1")], profile="openai_responses") == [
        (b"Chatgpt-Account-Id", CREDENTIAL.encode()),
        (b"originator", b"codex"),
        (b"api-key", CREDENTIAL.encode()),
    ]
    bare = ShapeProfile(strip_headers=[])
    assert headers_of([(b"authorization", b"Bearer x"), (b"host", b"a")], profile=bare) == [
        (b"authorization", CREDENTIAL.encode()),
        (b"host", HOST.encode()),
    ]


@pytest.mark.parametrize(
    "name",
    ["X-Signature", "x-amz-signature", "signature", "Signature-Input", "content-digest", "DPoP", "x-oai-attestation"],
)
def test_signatures_of_one_request_are_left_out(name: str) -> None:
    assert headers_of([(name.encode(), b"abc"), (b"x-app", b"cli")]) == [(b"x-app", b"cli")]


def test_fields_that_cannot_be_sent_or_hold_a_key_are_left_out() -> None:
    headers = [(b":path", b"/"), (b"a b", b"1"), (b"x-a", b"1\r\nx: y"), (b"x-b", KEY.encode()), (KEY.encode(), b"1")]
    assert headers_of([*headers, (b"x-c", b"\xff\xe9 is kept")]) == [(b"x-c", b"\xff\xe9 is kept")]


HEX, BASE64 = "0a1b2c3d4e5f60718293a4b5c6d7e8f9", "q7Zt-Kp2_Wx9LmB4vRj8sYd3Tn6"
NAMED = (
    "x-litellm-key x-portkey-virtual-key ocp-apim-subscription-key x-functions-key x-session-key x-openai-key key x-pat"
    " subscription-key authentication x-passkey x-jwt-assertion cf-access-client-id cf-access-client-secret x-csrf"
    " x-ticket x-license-key x-team-key x-user-key x-org-key X_Openai_Key apikey x-ms-client-principal"
)
TELLING = [
    HEX, HEX.upper(), BASE64, f"v1.{HEX}", f"id={HEX}; a=b", f"Bearer {OPAQUE}", "bearer abc", "Basic dXNlcjpwYXNz",
    'Digest username="a"', "AWS4-HMAC-SHA256 Credential=a/b", "person@example.com", "accounts.example:me@example.co.uk",
    "YIIG0gYJKoZIhvcNAQcCoIIGwzCCBr==",
]  # fmt: skip
PLAIN = [
    "cli", "true", "1.2.3-beta.4", "2023-06-01", "claude-code-20250219,interleaved-thinking-2025-05-14", "Basicly",
    "fine-grained-tool-streaming-2025-05-14", "x86_64-unknown-linux-gnu", "a_very_long_name_of_words_without_end",
    "gl-node/22.17.0 grpc/1.24 gax/4.1", "claude-sonnet-4-5-20250929", "application/vnd.made-up.v1+json", "left@right",
    "responses=experimental", "00112233445566778899aa", "text/event-stream; charset=utf-8",
    "Token", "experimentalCompactionOfLists", "left@right@" + "a." * 30_000,
]  # fmt: skip


@pytest.mark.parametrize("name", NAMED.split())
def test_what_is_named_for_a_credential_is_left_out_everywhere(name: str) -> None:
    """A8.1: whatever its value looks like."""
    assert headers_of([(name.encode(), b"short"), (b"x-app", b"cli")]) == [(b"x-app", b"cli")]
    assert body_of({"zone": {name: "short", "a": 1}, name: "short"}) == {"zone": {"a": 1}}
    assert url_of(f"https://h.example/a?b=1&{name}=short") == "https://h.example/a?b=1"


@pytest.mark.parametrize("value", TELLING)
def test_what_looks_like_a_credential_is_left_out_whatever_it_is_called(value: str) -> None:
    assert headers_of([(b"x-foo", value.encode()), (b"x-app", b"cli")]) == [(b"x-app", b"cli")]
    assert url_of(f"https://h.example/a?b=1&c={quote(value)}") == "https://h.example/a?b=1"


@pytest.mark.parametrize("value", [HEX, BASE64, f"Bearer {OPAQUE}", "Basic dXNlcjpwYXNz", "person@example.com"])
def test_in_a_body_too(value: str) -> None:
    zone = {"a": value, "b": [value, "c"], "d": json.dumps({"e": value})}
    assert body_of({"mine": value, "zone": zone}) == {"zone": {"b": ["c"], "d": "{}"}}
    assert body_of({"zone": f"Write to {value}, please."}) == {"zone": f"Write to {value}, please."}


@pytest.mark.parametrize("value", PLAIN)
def test_words_dates_and_versions_stay(value: str) -> None:
    assert headers_of([(b"x-foo", value.encode())]) == [(b"x-foo", value.encode())]
    assert body_of({"zone": [value]}) == {"zone": [value]}


def test_what_a_client_says_of_itself_stays_whatever_it_looks_like() -> None:
    headers = [
        (b"User-Agent", b"made/1.0 (bot@example.com; 0a1b2c3d4e5f60718293a4b5c6d7e8f9)"),
        (b"anthropic-beta", b"a1b2c3d4e5f6a7b8c9d0e1f2a3b4c5d6"),
        (b"X-Stainless-Runtime-Version", b"v24.3.0-0a1b2c3d4e5f60718293a4b5c6d7e8f9"),
    ]
    assert headers_of(headers) == headers
    assert headers_of([(b"user-agent", b"Bearer abc")]) == []


def test_keys_of_caches_are_ids() -> None:
    assert body_of({"prompt_cache_key": HEX, "cache_key": "a"}, ShapeProfile()) == {
        "prompt_cache_key": SESSION_ID,
        "cache_key": "a",
    }


def test_ids_have_placeholders_by_name_and_by_value() -> None:
    headers = [
        (b"X-Claude-Code-Session-Id", SESSION.encode()),
        (b"x-client-request-id", REQUEST.encode()),
        (b"x-tells-both", f"{SESSION.upper()}:{REQUEST}".encode()),
        (b"idempotency-key", b"anything"),
        (b"thread-id", b"named-otherwise"),
        (b"x-anywhere", b"named-otherwise"),
        (b"x-claude-remote-session-id", b"short"),
        (b"x-stainless-idempotency-key", REQUEST.encode()),
        (b"x-claude-code-prompt-id", ACCOUNT.replace("a", "b").encode()),
        (b"x-gemini-api-privileged-user-id", ACCOUNT.encode()),
    ]
    assert headers_of(headers) == [
        (b"X-Claude-Code-Session-Id", SESSION_ID.encode()),
        (b"x-client-request-id", REQUEST_ID.encode()),
        (b"x-tells-both", f"{SESSION_ID}:{REQUEST_ID}".encode()),
        (b"idempotency-key", REQUEST_ID.encode()),
        (b"thread-id", SESSION_ID.encode()),
        (b"x-anywhere", SESSION_ID.encode()),
        (b"x-claude-remote-session-id", SESSION_ID.encode()),
        (b"x-stainless-idempotency-key", REQUEST_ID.encode()),
        (b"x-claude-code-prompt-id", REQUEST_ID.encode()),
        (b"x-gemini-api-privileged-user-id", ACCOUNT.encode()),
    ]


def test_an_id_that_is_the_sessions_anywhere_is_the_sessions() -> None:
    """Codex names the session's id in a member that is content, and sends it as the request's id."""
    body = {"prompt_cache_key": SESSION, "input": []}
    headers = headers_of([(b"x-client-request-id", SESSION.encode())], body, "openai_responses")
    assert headers == [(b"x-client-request-id", SESSION_ID.encode())]


def test_the_user_id_of_claude_code_keeps_what_is_the_users() -> None:
    told = {"device_id": DEVICE, "account_uuid": ACCOUNT, "session_id": SESSION}
    body = body_of({"metadata": {"user_id": json.dumps(told)}}, headers=[(b"x-a", SESSION.encode())])
    assert json.loads(body["metadata"]["user_id"]) == {**told, "session_id": SESSION_ID}
    older = {"metadata": {"user_id": f"user_{DEVICE}_account_{ACCOUNT}_session_{SESSION}"}}
    assert body_of(older) == {"metadata": {"user_id": f"user_{DEVICE}_account_{ACCOUNT}_session_{SESSION_ID}"}}


def test_what_the_members_of_code_assist_become() -> None:
    body = {
        "model": "gemini",
        "project": "mine",
        "user_prompt_id": f"{SESSION}########0",
        "request": {
            "contents": [{"parts": []}],
            "generationConfig": {"temperature": 0},
            "session_id": SESSION,
            "new": 1,
        },
    }
    expected = {"user_prompt_id": PROMPT_ID, "request": {"session_id": SESSION_ID, "new": 1}}
    assert body_of(body, "gemini") == expected
    assert body_of({"user_prompt_id": "0123456789abc", "request": "text"}, "gemini") == {
        "user_prompt_id": PROMPT_ID,
        "request": "text",
    }


def blocks(*texts: str) -> list[dict[str, Any]]:
    return [{"type": "text", "text": text} for text in texts]


@pytest.mark.parametrize(
    ("strategy", "system", "kept"),
    [
        ("prepend_shape:2", blocks("a", "b", "c"), blocks("a", "b")),
        ("append_shape:1", blocks("a", "b", "c"), blocks("a")),
        ("prepend_shape", blocks("a", "b", "c"), blocks("a", "b", "c")),
        ("prepend_shape:0", blocks("a"), None),
        ("prepend_shape:2", "a text", "a text"),
        ("prepend_shape:0", "a text", None),
        ("fallback_shape", "a text", "a text"),
        ("fallback_shape", None, None),
        ("replace", "a text", None),
        ("drop", blocks("a"), None),
        ("prepend_shape:2", blocks(SIGNED, "a", "b", "c"), blocks("a", "b")),
        ("prepend_shape:2", blocks(SIGNED), None),
        ("prepend_shape", f"{SIGNED}\nYou are a tool.", "You are a tool."),
        ("fallback_shape", SIGNED, None),
    ],
)
def test_content_is_kept_as_far_as_a_strategy_needs_it(strategy: str, system: Any, kept: Any) -> None:
    profile = ShapeProfile(content_fields=["system"], merge_strategies={"system": strategy})
    expected = {"a": 1} if kept is None else {"system": kept, "a": 1}
    assert body_of({"system": system, "a": 1}, profile) == expected


def test_what_was_said_is_never_kept_whatever_a_profile_leaves_unnamed() -> None:
    said = {
        "messages": [{"role": "user", "content": "hi"}],
        "contents": [1],
        "input": "hi",
        "tools": [{}],
        "model": "m",
    }
    assert body_of({**said, "zone": "b"}, ShapeProfile()) == {"zone": "b"}


def test_secrets_in_what_is_kept_take_their_member_with_them() -> None:
    body = {
        "zone": "b",
        "note": f"use {KEY} please",
        "options": {
            "access_token": OPAQUE, "clientSecret": OPAQUE, "max_tokens": 5, "token": None, "cookie": True,
            "list": ["a", KEY, {"apiKey": OPAQUE, "b": 1}],
            "text": json.dumps({"refresh_token": OPAQUE, "rest": 1}),
            "proxy": f"http://user:{OPAQUE}@proxy.example/",
            "link": f"https://a.example/?sig={OPAQUE}",
            KEY: 1,
        },
    }  # fmt: skip
    options = {"max_tokens": 5, "token": None, "cookie": True, "list": ["a", {"b": 1}], "text": '{"rest":1}'}
    assert body_of(body) == {"zone": "b", "options": options}


def test_signatures_in_what_is_kept_are_left_out_at_any_depth() -> None:
    body = {
        "extra": [{"type": "text", "text": SIGNED}, SIGNED, {"a": [SIGNED], "b": json.dumps([SIGNED])}],
        "c": SIGNED,
    }
    assert body_of(body) == {"extra": [{"a": [], "b": "[]"}]}


def test_what_json_writers_do_not_agree_on_is_left_out() -> None:
    deep: Any = 1
    for _ in range(80):
        deep = [deep]
    body = body_of(
        {"big": 2**64, "inf": float("inf"), "lone": "a\ud800b", "l\ud800": 1, "session_id": 17, "deep": deep}
    )
    assert json.loads(json.dumps(body).encode()) == body
    assert {name: value for name, value in body.items() if name != "deep"} == {
        "lone": "a?b", "l?": 1, "session_id": SESSION_ID,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (URL, URL),
        (f"https://user:{OPAQUE}@h.example:8443/v1/messages#part", "https://h.example:8443/v1/messages"),
        (f"https://h.example/a?beta=true&key={OPAQUE}&alt=sse", "https://h.example/a?beta=true&alt=sse"),
        (f"https://h.example/a?k%65y={OPAQUE}&x={KEY}&{KEY}&access_token={OPAQUE}", "https://h.example/a"),
        (f"https://h.example/a?session_id={SESSION}&b=1&c={REQUEST}", "https://h.example/a?b=1"),
        (f"https://h.example/v1/models/{KEY}:generateContent", "https://h.example/v1/models/-"),
        ("https://h.example/ä b\n?ü", "https://h.example/%C3%A4%20b%0A?%C3%BC"),
        ("simulator://simulator:0/v1/messages", "https://provider.invalid/v1/messages"),
        ("http://[::1/x", "http://provider.invalid/x"),
        ("http://[fe80::1]:99/x", "http://[fe80::1]:99/x"),
        ("http://a:99999/x", "http://provider.invalid/x"),
        ("v1/messages", "https://provider.invalid/v1/messages"),
        ("", "https://provider.invalid"),
    ],
)
def test_urls(url: str, expected: str) -> None:
    assert url_of(url) == expected


def test_arguments_stay_as_they_are() -> None:
    body = {"system": blocks(SIGNED, "a"), "metadata": {"user_id": SESSION}, "x": {"token": OPAQUE}}
    headers = [(b"x-api-key", KEY.encode())]
    before = json.dumps(body)
    reduced(body, headers)
    assert (json.dumps(body), headers) == (before, [(b"x-api-key", KEY.encode())])
