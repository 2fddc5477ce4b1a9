"""Whatever a request is made of: reducing it raises nothing, leaves no secret, and once is enough (W-SHAPE-8)."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from ccproxy.config.shaping import ShapeProfile
from ccproxy.exchange import Exchange, Headers, HttpRequest, Origin
from ccproxy.shaping.auditing.values import leaks
from ccproxy.shaping.capture import NotAShape, provenance_of, shape_of, why_not
from ccproxy.shaping.reduce import reduce
from ccproxy.shaping.shape import Body, Shape
from ccproxy.shaping.virtual import checked, to_text
from tests.shaping.made_up import JSON, profiles

LETTERS = "Aa1Bb2Cc3Dd4Ee5Ff6Gg7Hh8Ii9Jj0Kk1Ll2Mm3Nn4"
KEYS = [f"sk-ant-api03-{LETTERS}", f"AIza{LETTERS[:35]}", f"1//0{LETTERS}", f"eyJhbGciOiJub25lIn0.{LETTERS}.{LETTERS}"]
OPAQUE = "opaque-0123456789-credential"
UUID = "0a1b2c3d-1111-4222-8333-444455556666"
FIELDS = ["authorization", "X-Api-Key", "x-goog-api-key", "cookie", "x-my-token", "proxy-authorization", "x-signature"]
MEMBERS = ["access_token", "apiKey", "client_secret", "password", "x-api-key", "Authorization", "OPENAI_API_KEY"]
PARAMETERS = ["key", "access_token", "api_key", "sig", "my_token", "k%65y"]
PLACES = ["field", "named-field", "body", "named-member", "text", "query", "path", "userinfo", "name"]
CONTENT = ["system", "metadata", "instructions", "messages", "request", "session_id", "user_prompt_id", "zone"]

texts = st.text(max_size=12) | st.sampled_from(
    [UUID, f"a {UUID} b", f'{{"session_id": "{UUID}"}}', "[1e400, {}]", "\ud8ff"]
)
values = st.recursive(
    JSON | texts | st.floats(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts | st.sampled_from(CONTENT), inner, max_size=3),
    max_leaves=8,
)
bodies = st.dictionaries(texts | st.sampled_from(CONTENT), values, max_size=5)
names = st.sampled_from([b"Session-Id", b"x-request-id", b"Host", b"Connection", b"x-a", b"User-Agent"])
fields = st.lists(
    st.tuples(
        names | st.binary(max_size=8),
        st.binary(max_size=12) | st.sampled_from([UUID.encode(), b"x-a, te", f'{{"a":"{UUID}"}}'.encode()]),
    ),
    max_size=5,
)
urls = (
    st.builds("https://h.example/v1{}".format, texts)
    | st.text(max_size=30)
    | st.sampled_from(["//[", "http://a:b@c/?#"])
)
kinds = st.sampled_from(
    [*profiles().values(), ShapeProfile(strip_headers=[], merge_strategies={"zone": "fallback_shape"})]
)


@settings(max_examples=150, deadline=None)
@given(bodies, fields, urls, kinds)
def test_reducing_raises_nothing_and_once_is_enough(
    body: Body, headers: Headers, url: str, profile: ShapeProfile
) -> None:
    once = reduce("POST", url, headers, body, profile)
    assert repr(reduce("POST", *once, profile)) == repr(once)
    assert UUID not in repr(once)
    checked(Shape("any", "POST", *once))


def in_json(value: Any, depth: int) -> Any:
    """The value in the middle of others, at some depth, in JSON that is text at every other one."""
    for level in range(depth):
        value = {"extra": [1, value], "n": level} if level % 2 else json.dumps({"deep": value})
    return value


@st.composite
def planted(draw: st.DrawFn) -> tuple[str, Body, Headers, str]:
    """A secret, and a request with it in one place where it is known for one, beside whatever else."""
    body, headers, url, key = (
        draw(bodies),
        draw(fields),
        "https://h.example/v1/messages?beta=true",
        draw(st.sampled_from(KEYS)),
    )
    where, at = (
        draw(st.sampled_from(PLACES)),
        draw(st.sampled_from(CONTENT)),
    )
    secret = OPAQUE if where in {"named-field", "named-member", "userinfo"} else key
    match where:
        case "field" | "named-field":
            name = "x-anything" if where == "field" else draw(st.sampled_from(FIELDS))
            headers.insert(draw(st.integers(0, len(headers))), (name.encode(), f"Bearer {secret}".encode()))
        case "body":
            body[at] = in_json(secret, draw(st.integers(0, 5)))
        case "named-member":
            body[at] = in_json({draw(st.sampled_from(MEMBERS)): secret}, draw(st.integers(0, 5)))
        case "text":
            body[at] = f"say {secret} and {UUID}"
        case "name":
            body[at] = {"a": {secret: 1}}
        case "query":
            secret = draw(st.sampled_from([OPAQUE, key]))
            url += f"&{draw(st.sampled_from(PARAMETERS))}={secret}&x={key}"
        case "path":
            url = f"https://h.example/v1/models/{secret}:generateContent"
        case "userinfo":
            url = f"https://{secret}@h.example/v1"
    return secret, body, headers, url


@settings(max_examples=250, deadline=None)
@given(planted(), kinds)
@example((KEYS[2], {"a": "b"}, [], f"https://h.example/{KEYS[2]}?x={KEYS[2]}"), ShapeProfile())
def test_no_secret_survives(request: tuple[str, Body, Headers, str], profile: ShapeProfile) -> None:
    """W-SHAPE-8: whatever shape is saved holds no credential in its fields, its body or its URL."""
    secret, body, headers, url = request
    shape = Shape("any", "POST", *reduce("POST", url, headers, body, profile))
    assert secret not in repr(shape)
    assert secret not in to_text(shape)
    message = {"headers": shape.headers, "url": shape.url, "body": json.dumps(shape.body).encode()}
    assert list(leaks(message, "")) == []


@settings(max_examples=100, deadline=None)
@given(values | st.binary(max_size=40), texts)
def test_looking_for_secrets_raises_nothing(value: Any, name: str) -> None:
    inner = {"body": name.encode("utf-8", "replace"), "headers": []}
    found = leaks({name: value, "headers": value, "url": name, "deep": [value, inner]}, "here")
    assert all(each.where.startswith("here") for each in found)


@settings(max_examples=100, deadline=None)
@given(
    st.binary(max_size=30) | bodies.map(lambda body: json.dumps(body).encode()),
    fields,
    st.sampled_from(
        [b"/v1/messages?a=b", b"/v1/responses", b"http://[/x", b"*", b"\xff", b"https://a:b@h/v1/messages"]
    ),
    st.sampled_from([b"", b"gzip", b"zstd", b"br", b"\xff"]),
    kinds,
)
def test_any_request_is_a_shape_or_says_why_not(
    body: bytes, headers: Headers, target: bytes, coding: bytes, profile: ShapeProfile
) -> None:
    fields = [(b"content-type", b"application/json"), (b"content-encoding", coding), *headers]
    ex = Exchange(HttpRequest("POST", target, fields, body), destination=Origin("https", "h.example", 443))
    try:
        shape = shape_of(ex, "any", profile, provenance_of(ex, "flow"))
    except NotAShape as error:
        shape, reason = None, error.reason
    assert checked(shape) == shape if shape else why_not(ex, profile) == reason
