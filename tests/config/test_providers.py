from __future__ import annotations

import pytest

from ccproxy.config.providers import Provider


@pytest.mark.parametrize(
    ("kind", "base_url", "path"),
    [
        ("anthropic", "http://h", "/v1/messages"),
        ("anthropic", "http://h/v1", "/messages"),
        ("anthropic", "https://api.deepseek.com/anthropic", "/v1/messages"),
        ("openai", "http://127.0.0.1:11434/v1", "/chat/completions"),
        ("openai", "http://127.0.0.1:11434/v1/", "/chat/completions"),
        ("openai", "http://h/v1beta", "/v1/chat/completions"),
        ("openai_responses", "http://h", "/v1/responses"),
        ("gemini", "http://h", "/v1beta/models/{model}:{action}"),
        ("gemini", "http://h/v1beta", "/models/{model}:{action}"),
        ("vertex_ai", "http://h", "/v1beta/models/{model}:{action}"),
        ("perplexity_pro", "http://h", "/rest/sse/perplexity_ask"),
    ],
)
def test_the_default_path(kind: str, base_url: str, path: str) -> None:
    assert Provider.model_validate({"type": kind, "base_url": base_url}).path == path


def test_a_session_goes_in_its_cookie() -> None:
    given = {"type": "perplexity_pro", "base_url": "http://h", "auth": {"file": "f", "header": "x-api-key"}}
    with pytest.raises(ValueError, match=r"auth\.header\s+has no meaning for Perplexity"):
        Provider.model_validate(given)


def test_a_given_path_is_kept() -> None:
    given = {"type": "openai", "base_url": "http://h/v1", "path": "/v1/chat/completions?api-version=1"}
    assert Provider.model_validate(given).path == "/v1/chat/completions?api-version=1"
    assert Provider.model_validate({**given, "path": None}).path == "/chat/completions"


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "api.openai.com",
        "my_container",
        "10.0.0.1",
        "::1",
        "fe80::1%eth0",
        "example.com.",
        "xn--bcher-kva.de",
    ],
)
def test_hosts(host: str) -> None:
    assert Provider.model_validate({"type": "openai", "host": host}).host == host


@pytest.mark.parametrize("host", ["-a", "a..b", "a/b", "a b", "a\n", "ä.de", "a" * 64, ".", "[::1]", "1.2.3.4:5"])
def test_what_is_no_host(host: str) -> None:
    with pytest.raises(ValueError, match="host"):
        Provider.model_validate({"type": "openai", "host": host})


@pytest.mark.parametrize(
    "url", ["http://a", "https://a:1/b/c", "http://[::1]:8080/v1", "http://127.0.0.1", "https://a_b/c%20d"]
)
def test_base_urls(url: str) -> None:
    assert Provider.model_validate({"type": "openai", "base_url": url + "/"}).base_url == url


@pytest.mark.parametrize(
    "url",
    ["", "a", "//a", "http://", "http:///b", "http://a b", "http://a\n", "http://a:0", "http://a:99999", "http://[::1"],
)
def test_what_is_no_base_url(url: str) -> None:
    with pytest.raises(ValueError, match="base_url"):
        Provider.model_validate({"type": "openai", "base_url": url})


def test_the_simulator_needs_nothing() -> None:
    provider = Provider(type="simulator")
    assert (provider.host, provider.base_url, provider.auth) == (None, None, None)
