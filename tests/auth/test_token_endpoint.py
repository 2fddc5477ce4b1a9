from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccproxy.auth import CredentialError, Posted, PostFailed
from ccproxy.auth.token_endpoint import LONGEST, Refused, TokenEndpoint
from ccproxy.auth.tokens import Grant
from ccproxy.exchange import Headers

DATE = (b"date", b"Mon, 23 Nov 2026 02:00:00 GMT")
SECRET = "rt-0123456789abcdef0123456789abcdef"


def answered(status: int, body: object, headers: Headers | None = None, encoding: str = "json") -> Grant:
    """What a refresh gives where the endpoint answers this."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()

    async def post(url: str, sent: Headers, form: bytes, seconds: float) -> Posted:
        return Posted(status, [DATE] if headers is None else headers, data)

    endpoint = TokenEndpoint(post, "https://tokens.example.com/t", encoding, {"client_id": "c"}, 5.0)
    return asyncio.run(endpoint.refresh(SECRET))


def test_a_grant() -> None:
    said = {"access_token": " a ", "refresh_token": "r", "id_token": "i", "expires_in": 60, "other": 1}
    assert answered(200, said) == Grant("a", "r", "i", 60.0, 1795399200.0)


@pytest.mark.parametrize(
    ("expires_in", "lifetime"),
    [
        *[("60", 60.0), (60.5, 60.5), ("soon", None), (-1, None), (0, None), (True, None), (None, None), ([], None)],
        *[(10**400, None), (1e300, LONGEST), ("nan", None), ("1e999", LONGEST), ({}, None)],
    ],
)
def test_no_lifetime_costs_the_grant(expires_in: object, lifetime: float | None) -> None:
    granted = answered(200, {"access_token": "a", "refresh_token": "r", "expires_in": expires_in})
    assert (granted.lifetime, granted.refresh) == (lifetime, "r")


@pytest.mark.parametrize("date", [[], [(b"date", b"")], [(b"Date", b"yesterday")], [(b"date", b"\xff" * 40)]])
def test_no_date(date: Headers) -> None:
    assert answered(200, {"access_token": "a"}, date).date is None


@pytest.mark.parametrize(
    ("status", "body", "message", "final"),
    [
        (400, {"error": "invalid_grant", "error_description": "too old"}, "400: invalid_grant: too old", True),
        (401, {"error": {"code": "refresh_token_reused", "message": "m"}}, "401: refresh_token_reused: m", True),
        (400, {"error": {"type": "invalid_grant", "message": "m"}}, "400: invalid_grant: m", True),
        (401, {"error": {"type": "authentication_error"}}, "401: authentication_error", False),
        (401, {"error": "invalid_client"}, "401: invalid_client", False),
        (500, {"message": "oh"}, "500: oh", False),
        (500, b"", "500: no reason that could be read", False),
        (503, b"<!doctype html><p>down</p>", "503: no reason that could be read", False),
        (200, {"error": "server_error"}, "200: server_error", False),
        (200, b"<html>", "status 200 and without an access token", False),
        (200, {"access_token": 5}, "without an access token", False),
        (200, {"access_token": ""}, "without an access token", False),
        (200, {"access_token": "a\nb"}, "holds more than one line", False),
        (200, [1], "without an access token", False),
        (302, b"", "302: no reason", False),
        (400, {"error": "x\r\ny" + " z" * 5000}, "400: x  y z", False),
        (400, {"error": "bad", "error_description": f"token {SECRET} is bad"}, "token [redacted] is bad", False),
        (400, {"error": {"message": [SECRET], "type": {"a": SECRET}}}, "400: no reason", False),
    ],
)
def test_failures_say_why(status: int, body: object, message: str, final: bool) -> None:
    with pytest.raises(CredentialError) as caught:
        answered(status, body)
    assert message in str(caught.value)
    assert "tokens.example.com" in str(caught.value)
    assert SECRET not in str(caught.value)
    assert len(str(caught.value)) < 600
    assert isinstance(caught.value, Refused) == final


def test_no_answer() -> None:
    async def post(url: str, sent: Headers, form: bytes, seconds: float) -> Posted:
        raise PostFailed("it is dark there")

    with pytest.raises(CredentialError, match="could not be refreshed: it is dark there"):
        asyncio.run(TokenEndpoint(post, "https://h/t", "form", {}, 5.0).refresh(SECRET))


def test_the_repr_holds_no_secret() -> None:
    async def post(url: str, sent: Headers, form: bytes, seconds: float) -> Posted:
        raise PostFailed("no")

    assert SECRET not in repr(TokenEndpoint(post, "https://h/t", "form", {"client_secret": SECRET}, 5.0))
    assert SECRET not in repr(Grant(SECRET, SECRET, SECRET))


JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
NAMES = st.sampled_from(["access_token", "refresh_token", "id_token", "expires_in", "error", "error_description"])


@given(st.integers(100, 599), st.binary(max_size=200) | st.dictionaries(NAMES, JSON), st.binary(max_size=40))
def test_whatever_it_answers(status: int, body: bytes | dict[str, Any], date: bytes) -> None:
    try:
        granted = answered(status, body, [(b"date", date)])
    except CredentialError as error:
        told = str(error)
    else:
        told = granted.access
        assert granted.lifetime is None or 0 < granted.lifetime <= LONGEST
    assert told.isprintable()
