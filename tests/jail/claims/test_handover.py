"""What a provider, a rule or a sentinel key claims goes through the gateway; all else passes as it is."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.outer import Outer, people
from tests.support.outer.household import INTERNET, Household

HOOK = '''
from ccproxy import Context, hook

@hook(stage="inbound", writes=["headers.x-seen-by"])
def stamp(ctx: Context, params: object) -> None:
    """Marks what passes the gateway."""
    ctx.headers.set("x-seen-by", "a hook")
'''
CONFIG = {
    "jail": {"allow_addresses": INTERNET},
    "providers": {
        "claude": {"type": "anthropic", "host": "api.anthropic.com"},
        "sim": {"type": "simulator"},
    },
    "lightllm": {
        "transforms": [
            {"match_host": r"^api\.openai\.com$", "match_model": "^gpt-away", "dest_provider": "claude",
             "dest_model": "claude-sonnet-4-5", "action": "transform"},
            {"match_host": r"^blocked\.example\.test$", "dest_provider": "sim", "dest_path": "/v1/messages"},
        ]
    },
    "hooks": {"inbound": ["stamp"], "outbound": ["ccproxy.hooks.inject_auth:inject_auth"]},
}  # fmt: skip
BODY = {"model": "claude-sonnet-4-5", "max_tokens": 99, "messages": [{"role": "user", "content": "SIM_ECHO hello"}]}
KEY = "x-api-key: sk-ant-own-key"


@pytest.fixture(scope="module")
def house() -> Iterator[Household]:
    with Outer(people()[0]) as outer:
        made = Household(outer, CONFIG)
        hooks = made.home / "config/ccproxy/hooks"
        hooks.mkdir()
        (hooks / "stamp.py").write_text(HOOK)
        outer.person.own(made.home)
        with made:
            yield made


def post(house: Household, url: str, body: Any = BODY, *more: str) -> Any:
    """A request from within a jail; the answer, whose status must be 200."""
    command = ["curl", "-sSf", "-m", "20", "-H", KEY, "-H", "content-type: application/json", *more]
    return json.loads(house.jailed([*command, "-d", json.dumps(body), url]).stdout)


def last(house: Household, host: str) -> dict[str, Any]:
    """What the internet got last at a host."""
    return [event for event in house.outer.arrived(kind="http") if event["host"] == host][-1]


def headers(event: dict[str, Any]) -> dict[str, str]:
    return {name.lower(): value for name, value in event["headers"]}


@pytest.mark.parametrize("version", ["--http1.1", "--http2"])
def test_a_providers_host_is_claimed_and_the_client_keeps_its_credentials(house: Household, version: str) -> None:
    assert post(house, "https://api.anthropic.com/v1/messages?beta=true", BODY, version)["type"] == "message"
    got = last(house, "api.anthropic.com")
    assert (got["target"], headers(got)["x-api-key"]) == ("/v1/messages?beta=true", "sk-ant-own-key")
    assert headers(got).get("x-seen-by") == "a hook", house.flows()[-1]["hooks"]
    (flow,) = [each for each in house.flows() if each["path"] == "/v1/messages?beta=true"][-1:]
    assert (flow["jail"], flow["front"], flow["action"], flow["status"]) == ("curl", "jail", "passthrough", 200)
    assert flow["usage"]["output_tokens"] > 0
    assert flow["hooks"]


def test_a_stream_passes_the_gateway(house: Household) -> None:
    command = ["curl", "-sSfN", "-m", "20", "-H", KEY, "-H", "content-type: application/json"]
    body = json.dumps({**BODY, "stream": True})
    said = house.jailed([*command, "-d", body, "https://api.anthropic.com/v1/messages"]).stdout
    assert said.startswith(b"event: message_start")
    assert said.rstrip().endswith(b'data: {"type":"message_stop"}')


def test_what_nobody_claims_is_untouched(house: Household) -> None:
    told = post(house, "https://www.example.test/echo", {"a": 1}, "--http1.1")
    names = [name for name, _ in told["headers"]]
    assert names == ["Host", "User-Agent", "Accept", "x-api-key", "content-type", "Content-Length"]
    flow = next(each for each in house.flows() if each["path"] == "/echo")
    assert not flow["hooks"]


def test_local_routes_are_not_another_hosts(house: Household) -> None:
    for path in ("/health", "/v1/models"):
        said = house.jailed(["curl", "-sSf", "-m", "20", f"https://www.example.test{path}"]).stdout
        assert said == b"hello from www.example.test\n"


def test_a_rule_translates_to_another_provider(house: Household) -> None:
    chat = {"model": "gpt-away", "messages": [{"role": "user", "content": "hi"}]}
    answer = post(house, "https://api.openai.com/v1/chat/completions", chat)
    assert answer["object"] == "chat.completion"
    assert last(house, "api.anthropic.com")["target"] == "/v1/messages"


def test_a_rule_that_does_not_match_after_all_leaves_the_request_where_it_was_going(house: Household) -> None:
    chat = {"model": "gpt-stay", "messages": [{"role": "user", "content": "hi"}]}
    assert post(house, "https://api.openai.com/v1/chat/completions", chat)["object"] == "chat.completion"
    assert last(house, "api.openai.com")["target"] == "/v1/chat/completions"


def test_a_sentinel_key_stays_on_this_machine(house: Household) -> None:
    sentinel = ["-H", "x-api-key: sk-ant-oat-ccproxy-sim", "-H", "content-type: application/json"]
    command = ["curl", "-sSf", "-m", "20", *sentinel, "-d", json.dumps(BODY)]
    done = house.jailed([*command, "https://elsewhere.example.test/v1/messages"])
    assert json.loads(done.stdout)["content"][0]["text"]
    assert not [event for event in house.outer.arrived(kind="http") if event["host"] == "elsewhere.example.test"]


def test_a_sentinel_of_nobody_is_refused(house: Household) -> None:
    command = ["curl", "-sS", "-m", "20", "-H", "x-api-key: sk-ant-oat-ccproxy-nobody", "-d", "{}"]
    answer = json.loads(house.jailed([*command, "https://elsewhere.example.test/v1/messages"]).stdout)
    assert answer["error"]["type"] == "authentication_error"


def test_the_daemons_own_port_is_reached_from_within(house: Household) -> None:
    assert house.jailed(["curl", "-sSf", "http://127.0.0.1:4000/health"]).stdout == b"ccproxy is running\n"
    answer = post(house, "http://127.0.0.1:4000/v1/messages", BODY, "-H", "x-api-key: sk-ant-oat-ccproxy-sim")
    assert answer["type"] == "message"
