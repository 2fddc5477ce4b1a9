"""A provider as configured: its origin, its targets, its credential."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from ccproxy.auth import Credential
from ccproxy.config import Config
from ccproxy.exchange import Origin, WireFormat
from ccproxy.providers.endpoint import parse_endpoint
from ccproxy.providers.provider import NoCredential, Provider, build_providers, in_path


def made(kind: str = "anthropic", **entry: Any) -> Provider:
    """A provider of a configuration that is loaded as users' are."""
    where = {} if kind == "simulator" or "host" in entry else {"base_url": "http://127.0.0.1:9"}
    config = Config.model_validate({"providers": {"p": {"type": kind} | where | entry}})
    return build_providers(config)["p"]


ORIGINS = {
    "https://api.example.com": Origin("https", "api.example.com", 443),
    "http://api.example.com:8080/": Origin("http", "api.example.com", 8080),
    "http://API.Example.com": Origin("http", "api.example.com", 80),
    "http://[::1]:8000/v1": Origin("http", "::1", 8000),
    "https://[2001:DB8::1]": Origin("https", "2001:db8::1", 443),
    "http://127.0.0.1": Origin("http", "127.0.0.1", 80),
}


@pytest.mark.parametrize("url", ORIGINS)
def test_origins(url: str) -> None:
    assert made(base_url=url).origin == ORIGINS[url]


def test_a_host_means_https() -> None:
    provider = made(host="api.example.com")
    assert (provider.origin, provider.prefix) == (Origin("https", "api.example.com", 443), "")
    assert str(provider.origin) == "https://api.example.com"
    assert made("simulator").origin.scheme == "simulator"


U = "http://127.0.0.1:9"
TARGETS: list[tuple[dict[str, Any], str, str]] = [
    ({"kind": "anthropic"}, "/v1/messages", "/v1/messages"),
    ({"kind": "anthropic"}, "/messages", "/v1/messages"),
    ({"kind": "anthropic"}, "/anthropic/v1/messages/count_tokens", "/v1/messages/count_tokens"),
    ({"kind": "anthropic"}, "/v1/messages/batches/b_1/results", "/v1/messages/batches/b_1/results"),
    ({"kind": "anthropic", "base_url": f"{U}/api"}, "/v1/messages/count_tokens", "/api/v1/messages/count_tokens"),
    ({"kind": "anthropic", "base_url": f"{U}/api/v1/"}, "/v1/messages/batches", "/api/v1/messages/batches"),
    ({"kind": "anthropic", "path": "/x/chat"}, "/v1/messages/count_tokens", "/x/chat/count_tokens"),
    ({"kind": "zai", "path": "/api/anthropic/v1/messages"}, "/v1/messages", "/api/anthropic/v1/messages"),
    ({"kind": "openai"}, "/chat/completions", "/v1/chat/completions"),
    ({"kind": "openai", "base_url": f"{U}/v1"}, "/v1/chat/completions", "/v1/chat/completions"),
    ({"kind": "openai", "base_url": f"{U}/proxy/v1"}, "/chat/completions", "/proxy/v1/chat/completions"),
    ({"kind": "openai", "path": "/d/gpt/chat/completions?api-version=2"}, "/v1/chat/completions?a=b",
     "/d/gpt/chat/completions?api-version=2&a=b"),
    ({"kind": "openai_responses"}, "/backend-api/codex/responses", "/v1/responses"),
    ({"kind": "openai_responses"}, "/v1/responses/resp_1/cancel", "/v1/responses/resp_1/cancel"),
    ({"kind": "openai_responses", "path": "/backend-api/codex/responses"}, "/v1/responses/compact",
     "/backend-api/codex/responses/compact"),
    ({"kind": "gemini"}, "/v1beta/models/m:generateContent", "/v1beta/models/m:generateContent"),
    ({"kind": "gemini"}, "/gemini/v1alpha/models/m:countTokens?a", "/v1beta/models/m:countTokens?a"),
    ({"kind": "gemini"}, "/v1beta/models/a+b%2Fc,\xe9:generateContent", "/v1beta/models/a+b%2Fc,\xe9:generateContent"),
    ({"kind": "gemini", "base_url": f"{U}/v1beta"}, "/v1/models/m:generateContent", "/v1beta/models/m:generateContent"),
    ({"kind": "gemini", "path": "/p/models/{model}:{action}?x=1"}, "/v1beta/models/m:streamGenerateContent?alt=sse",
     "/p/models/m:streamGenerateContent?x=1&alt=sse"),
    ({"kind": "gemini", "path": "/v1internal:{action}"}, "/v1internal:streamGenerateContent?alt=sse",
     "/v1internal:streamGenerateContent?alt=sse"),
]  # fmt: skip


@pytest.mark.parametrize(("entry", "asked", "wanted"), TARGETS)
def test_targets_of_an_endpoint(entry: dict[str, Any], asked: str, wanted: str) -> None:
    path, _, query = asked.partition("?")
    endpoint = parse_endpoint(path)
    assert endpoint is not None
    assert made(**entry).target(endpoint, query.encode()) == wanted.encode("latin-1")


@pytest.mark.parametrize(
    ("model", "written"),
    [("m-2", "m-2"), ("org/m@1", "org/m@1"), ("a b?c#d%", "a%20b%3Fc%23d%25"), ("é", "%C3%A9"), ("a\r\nb", "a%0D%0Ab")],
)
def test_another_model_in_the_path(model: str, written: str) -> None:
    endpoint = parse_endpoint("/v1beta/models/m-1:generateContent")
    assert endpoint is not None
    wanted = f"/v1beta/models/{written}:generateContent?a".encode()
    assert made("gemini").target(endpoint, b"a", model) == wanted
    assert in_path(model) == written


OTHER_TARGETS: list[tuple[dict[str, Any], str, str]] = [
    ({"kind": "anthropic"}, "/v1/files?limit=2", "/v1/files?limit=2"),
    ({"kind": "anthropic"}, "/v2/files", "/v2/files"),
    ({"kind": "anthropic"}, "/anthropic/v1/files", "/v1/files"),
    ({"kind": "openai"}, "/anthropic/v1/files", "/anthropic/v1/files"),
    ({"kind": "gemini"}, "/gemini/v1beta/files", "/v1beta/files"),
    ({"kind": "anthropic", "base_url": f"{U}/api/v1"}, "/v1/files", "/api/v1/files"),
    ({"kind": "anthropic", "path": "/api/anthropic/v1/messages"}, "/v1/models", "/api/anthropic/v1/models"),
    ({"kind": "anthropic", "path": "/chat"}, "/v1/models", "/v1/models"),
    ({"kind": "openai", "base_url": f"{U}/v1"}, "/v1/embeddings", "/v1/embeddings"),
    ({"kind": "openai", "base_url": f"{U}/openai"}, "/v1/models/m", "/openai/v1/models/m"),
    ({"kind": "openai", "path": "/chat/completions?v=1"}, "/v1/files?a", "/files?v=1&a"),
    ({"kind": "openai_responses", "path": "/backend-api/codex/responses"}, "/v1/x", "/backend-api/codex/x"),
    ({"kind": "gemini"}, "/v1beta/models", "/v1beta/models"),
    ({"kind": "gemini"}, "/v1beta/files/f-1", "/v1beta/files/f-1"),
    ({"kind": "gemini"}, "/upload/v1beta/files", "/upload/v1beta/files"),
    ({"kind": "gemini", "base_url": f"{U}/v1beta"}, "/v1beta/models", "/v1beta/models"),
    ({"kind": "gemini", "base_url": f"{U}/g/v1beta"}, "/v1/cachedContents", "/g/v1beta/cachedContents"),
    ({"kind": "simulator"}, "/v1beta/models", "/v1beta/models"),
    ({"kind": "simulator"}, "/v1/models?x", "/v1/models?x"),
]


@pytest.mark.parametrize(("entry", "asked", "wanted"), OTHER_TARGETS)
def test_targets_beside_the_main_path(entry: dict[str, Any], asked: str, wanted: str) -> None:
    path, _, query = asked.partition("?")
    assert parse_endpoint(path) is None
    assert made(**entry).other_target(path, query.encode()).decode() == wanted


def test_formats() -> None:
    formats = {kind: made(kind).format for kind in ("anthropic", "zai", "openai", "google", "vertex_ai", "simulator")}
    assert list(formats.values()) == [
        WireFormat.ANTHROPIC, WireFormat.ANTHROPIC, WireFormat.OPENAI, WireFormat.GEMINI, WireFormat.GEMINI, None,
    ]  # fmt: skip
    assert made("simulator").speaks_everything
    assert not made("perplexity_pro").speaks_everything


def test_credentials(tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("secret\n")
    bearer = made(auth={"type": "file", "file": str(token)})
    named = made(auth={"type": "file", "file": str(token), "header": "X-Api-Key"})
    assert bearer.cached_credential() is None
    for provider, field in ((bearer, (b"authorization", b"Bearer secret")), (named, (b"x-api-key", b"secret"))):
        credential = asyncio.run(provider.credential())
        assert credential is not None
        assert provider.auth_header(credential) == field
        assert provider.cached_credential() == credential
        assert "secret" not in repr(credential)


def test_no_credential_is_needed_or_none_is_had(tmp_path: Path) -> None:
    free = made()
    assert asyncio.run(free.credential()) is None
    assert free.cached_credential() is None
    assert free.auth_header(Credential("x")) == (b"authorization", b"Bearer x")
    with pytest.raises(NoCredential, match=r"provider 'p': .*no-such"):
        asyncio.run(made(auth={"type": "file", "file": str(tmp_path / "no-such")}).credential())


def test_half_a_character_is_no_part_of_a_path() -> None:
    assert in_path("m\ud83d/x") == "m%3F/x"
