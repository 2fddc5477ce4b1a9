"""By which proxy each provider is reached: what the configuration and the environment say together."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from ccproxy.config import Config
from ccproxy.exchange import Origin
from ccproxy.transport.capacity import Course, Verdict
from ccproxy.transport.upstream import CapacityPolicy
from ccproxy.transport.ways import Ways

API = Origin("https", "api.example.com", 443)
HERE = Origin("http", "127.0.0.1", 11434)


def chosen(
    origin: Origin, own: str | None = None, general: str | None = None, provider: str | None = "p", **environ: str
) -> str | None:
    entry: dict[str, Any] = {"type": "openai", "base_url": str(origin)} | ({"proxy": own} if own else {})
    config = Config.model_validate({"port": 4321, "providers": {"p": entry}, "transport": {"proxy": general}})
    proxy = Ways(config, environ).upstream(provider, origin).proxy
    return None if proxy is None else str(proxy)


@pytest.mark.parametrize("origin", [HERE, Origin("http", "localhost", 80), Origin("https", "::1", 443)], ids=str)
@pytest.mark.parametrize("provider", ["p", None])
def test_this_machine_is_reached_directly_unless_the_provider_says_otherwise(
    origin: Origin, provider: str | None
) -> None:
    """A local model's requests, and refreshes at an endpoint on this machine, would be told to a proxy elsewhere."""
    assert chosen(origin, general="http://proxy.example:3128", provider=provider) is None
    assert chosen(origin, provider=provider, ALL_PROXY="http://proxy.example:3128") is None
    assert chosen(origin, own="http://other.example:1", general="http://g.example:1") == "http://other.example:1"


def test_the_nearest_counts() -> None:
    environ = {"HTTPS_PROXY": "http://e.example:1", "NO_PROXY": "api.example.com"}
    assert chosen(API, "http://own.example:1", "http://g.example:1", **environ) == "http://own.example:1"
    assert chosen(API, None, "http://g.example:1", **environ) == "http://g.example:1"
    assert chosen(API, None, None, HTTPS_PROXY="http://e.example:1") == "http://e.example:1"
    assert chosen(API, None, None, **environ) is None
    assert chosen(API, "direct", "http://g.example:1", **environ) is None
    assert chosen(API, None, "direct", HTTPS_PROXY="http://e.example:1") is None


@pytest.mark.parametrize("url", ["http://127.0.0.1:4321", "localhost:4321", "http://[::1]:4321/"])
def test_the_environment_may_name_ccproxy_itself(url: str) -> None:
    """As it does in a shell that was made for clients. Going there would be going round in circles."""
    assert chosen(API, HTTPS_PROXY=url) is None
    assert chosen(API, HTTPS_PROXY=url.replace("4321", "3128")) is not None


def capacity_of(path: str | None, settings: dict[str, Any], *, plain: bool = False) -> CapacityPolicy | None:
    entry: dict[str, Any] = {"type": "gemini", "base_url": str(API)} | ({"path": path} if path else {})
    config = Config.model_validate({"providers": {"p": entry}, "gemini_capacity": settings})
    return Ways(config, {}).upstream("p", API, plain=plain).capacity


def test_code_assist_has_a_capacity_policy() -> None:
    code_assist = "/v1internal:{action}"
    assert capacity_of(code_assist, {}) == CapacityPolicy()
    settings = {
        "retry_status_codes": [429],
        "fallback_models": ["b", "c"],
        "sticky_retry_attempts": 1,
        "sticky_retry_max_delay_seconds": 2,
        "terminal_delay_threshold_seconds": 3,
        "total_retry_budget_seconds": 4,
    }
    assert capacity_of(code_assist, settings) == CapacityPolicy(frozenset({429}), ("b", "c"), 1, 2.0, 3.0, 4.0)
    assert capacity_of(code_assist, {"enabled": False}) is None
    assert capacity_of(code_assist, {}, plain=True) is None, "the refresh of a login is no model call"
    assert capacity_of(None, {}) is None


def test_models_of_a_capacity_policy_have_bare_names() -> None:
    policy = capacity_of("/v1internal:{action}", {"fallback_models": ["models/b", "b", "tuned/models/c"]})
    assert policy is not None
    assert policy.fallback_models == ("b", "b", "tuned/models/c")
    course = Course(policy, "models/b", lambda: 0.5)
    lasting = Verdict("x", is_short=True, is_lasting=True)
    assert [course.after(lasting, 0.0).model for _ in range(2)] == ["tuned/models/c", None]


@pytest.mark.parametrize(
    ("key", "value", "hint"),
    [("retry_status_codes", each, "such an answer does not change by asking again") for each in (400, 401, 403, 404)]
    + [("fallback_models", "models/", "for example gemini-2.5-flash")],
)
def test_what_no_capacity_policy_has(key: str, value: int | str, hint: str) -> None:
    with pytest.raises(ValidationError) as caught:
        capacity_of(None, {key: [value]})
    (error,) = caught.value.errors()
    assert (error["loc"], error["ctx"]["hint"]) == (("gemini_capacity", key, 0), hint)
