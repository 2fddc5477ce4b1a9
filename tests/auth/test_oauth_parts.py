"""Expiry, JWTs, dotted paths, files of any bytes, endpoints that may be configured."""

from __future__ import annotations

import asyncio
import json
import math
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from ccproxy.auth import CredentialError, no_post
from ccproxy.auth.codex_layout import CodexLayout
from ccproxy.auth.credential_file import CredentialFile
from ccproxy.auth.dotted import changed, find
from ccproxy.auth.expiry import epoch, like, milliseconds, zulu
from ccproxy.auth.jwt import claims
from ccproxy.auth.oauth import OAuthSource
from ccproxy.auth.plain_layout import CLAUDE_CODE, FLAT, GEMINI, PlainLayout
from ccproxy.auth.tokens import Layout
from ccproxy.config import Config
from tests.auth.house import FILES, House
from tests.support.examples import examples
from tests.support.token_server import TokenServer, jwt

MOMENT = 1_800_000_000.0


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (1_800_000_000, MOMENT),
        (1_800_000_000_000, MOMENT),
        (1_800_000_000_500.0, MOMENT + 0.5),
        ("1800000000", MOMENT),
        (" 1800000000000 ", MOMENT),
        ("2027-01-15T08:00:00Z", MOMENT),
        ("2027-01-15T08:00:00.000000000Z", MOMENT),
        ("2027-01-15T10:00:00+02:00", MOMENT),
        ("2027-01-15 08:00:00", MOMENT),
        (0, 0.0),
        (-1, -1.0),
        (None, None),
        (True, None),
        ("soon", None),
        ("", None),
        ({}, None),
        (math.nan, None),
        ("inf", None),
        (10**400, None),
    ],
)
def test_moments(written: object, expected: float | None) -> None:
    assert epoch(written) == expected


@given(st.floats(1e9, 1e10), st.sampled_from([1, "1", 1_700_000_000, "1700000000", 1_700_000_000_000, "2024-01-01"]))
def test_what_is_written_is_understood(seconds: float, former: object) -> None:
    written = like(former, seconds, milliseconds)
    moment = epoch(written)
    assert moment is not None
    assert moment == pytest.approx(seconds, abs=1.0)
    assert epoch(like(written, seconds, zulu)) == pytest.approx(moment, abs=1.0)


@given(st.none() | st.integers() | st.floats() | st.text() | st.booleans(), st.floats(0, 1e12))
def test_any_moment(former: object, seconds: float) -> None:
    moment = epoch(former)
    assert moment is None or math.isfinite(moment)
    json.dumps(like(former, seconds, milliseconds), allow_nan=False)


@given(st.text() | st.binary().map(lambda part: f"e30.{part.hex()}.x"))
def test_anything_but_a_jwt_claims_nothing(text: str) -> None:
    assert claims(text) == {}


def test_claims() -> None:
    assert claims(jwt({"exp": 5, "é": "ü"})) == {"exp": 5, "é": "ü"}
    assert claims(None) == {}
    assert claims("a." + "A" * 200_000 + ".c") == {}


def test_paths() -> None:
    document = {"a": {"b": 1}, "c": "x"}
    assert (find(document, "a.b"), find(document, "c.d"), find(document, "z")) == (1, None, None)
    assert changed(document, "c.d.e", 2) == {"a": {"b": 1}, "c": {"d": {"e": 2}}}
    assert changed(document, "a.f", 3) == {"a": {"b": 1, "f": 3}, "c": "x"}
    assert document == {"a": {"b": 1}, "c": "x"}, "a copy"


@pytest.mark.parametrize("endpoint", ["http://tokens.example.com/t", "http://10.0.0.1/t", "ftp://h/t", "https://"])
@pytest.mark.parametrize("kind", ["anthropic_oauth", "codex_oauth"])
def test_an_endpoint_that_everybody_can_listen_to(endpoint: str, kind: str) -> None:
    with pytest.raises(ValidationError, match=r"would send refresh tokens|should be a URL"):
        config_of({"type": kind, "endpoint": endpoint})


@pytest.mark.parametrize("endpoint", ["http://127.0.0.1:1/t", "http://localhost/t", "http://[::1]:8/t", "https://h/t"])
def test_an_endpoint_that_may_be(endpoint: str) -> None:
    auth = config_of({"type": "codex_oauth", "endpoint": endpoint}).providers["p"].auth
    assert getattr(auth, "endpoint", None) == endpoint


def test_googles_secret_is_not_shown() -> None:
    assert "hunter2" not in repr(config_of({"type": "google_oauth", "client_secret": "hunter2"}))


def config_of(auth: dict[str, Any]) -> Config:
    return Config.model_validate({"providers": {"p": {"type": "openai", "host": "h", "auth": auth}}})


JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
WORDS = ["access_token", "refresh_token", "expires_at", "expiry_date", "id_token", "account_id", "OPENAI_API_KEY"]
MEMBERS = st.dictionaries(st.sampled_from([*WORDS, "accessToken", "refreshToken", "expiresAt"]), JSON)
CONTENT = st.binary(max_size=200) | st.builds(
    lambda flat, claude, codex: json.dumps({**flat, "claudeAiOauth": claude, "tokens": codex}).encode(),
    MEMBERS,
    MEMBERS | JSON,
    MEMBERS | JSON,
)


CODEX = CodexLayout(
    "tokens.access_token", "tokens.refresh_token", "tokens.id_token", "tokens.account_id", "last_refresh"
)
LAYOUTS: dict[str, Layout] = {
    "anthropic_oauth": PlainLayout((CLAUDE_CODE, FLAT), {}, 60),
    "google_oauth": PlainLayout((GEMINI,), {}, 60),
    "codex_oauth": CODEX,
}


def source_of(kind: str, file: Path) -> OAuthSource:
    return House(kind, TokenServer(port=9), file, no_post).source(knobs={"refresh_timeout_seconds": 2})


@given(st.sampled_from(list(FILES)), CONTENT)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_any_bytes_are_tokens_or_an_error(tmp_path: Path, kind: str, content: bytes) -> None:
    file = tmp_path / "file.json"
    file.write_bytes(content)
    try:
        found = CredentialFile(file).read()
        tokens = LAYOUTS[kind].tokens(found.document, file)
    except CredentialError as error:
        told = str(error)
        assert str(file) in told
    else:
        told = f"{tokens.access}{tokens.refresh}{tokens.headers}"
        assert tokens.expires is None or math.isfinite(tokens.expires)
    assert told.isascii()


@given(st.sampled_from(list(FILES)), CONTENT)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=examples(15))
def test_any_bytes_are_a_credential_or_an_error(tmp_path: Path, kind: str, content: bytes) -> None:
    file = tmp_path / "file.json"
    file.write_bytes(content)
    source = source_of(kind, file)

    async def main() -> None:
        try:
            told = (await source.token()).token
        except CredentialError as error:
            told = str(error)
        assert told.isascii()
        await source.settled()
        await source.check()

    asyncio.run(main())
    assert file.read_bytes() == content


@given(MEMBERS, st.booleans())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_what_is_read_is_written_again(tmp_path: Path, members: dict[str, Any], compact: bool) -> None:
    path = tmp_path / "file.json"
    path.write_text(json.dumps(members) if compact else json.dumps(members, indent=2), encoding="utf-8")
    try:
        content = CredentialFile(path).read()
    except CredentialError:
        return
    CredentialFile(path).write(content)
    again = CredentialFile(path).read()
    assert again.document == content.document
    assert list(again.document) == list(content.document)


def test_at_hand_a_hundred_thousand_times(tmp_path: Path) -> None:
    file = tmp_path / "file.json"
    file.write_text(json.dumps({"access_token": "a", "expires_at": time.time() + 9000}))
    source = source_of("anthropic_oauth", file)

    async def main() -> None:
        await source.token()
        for _ in range(100_000):
            assert source.cached() is not None
        file.write_text(json.dumps({"access_token": "other", "expires_at": time.time() + 9000}))
        assert source.cached() is None

    asyncio.run(main())
