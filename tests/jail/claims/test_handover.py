"""What a provider, a rule or a sentinel key claims goes through the gateway; all else passes as it is."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.hooks import put_hooks
from tests.support.jailed import House
from tests.support.outer import Outer, people
from tests.support.outer.outer import REPOSITORY

HOOK = '''
from ccproxy import Context, hook

@hook(stage="inbound", writes=["headers.x-seen-by"])
def stamp(ctx: Context, params: object) -> None:
    """Marks what passes the gateway."""
    ctx.headers.set("x-seen-by", "a hook")
'''
CONFIG = {
    "providers": {
        "claude": {"type": "anthropic", "host": "api.anthropic.com"},
        "sim": {"type": "simulator"},
        "odd": {"type": "openai", "host": "claimed.h3.test"},
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
def house() -> Iterator[House]:
    with Outer(people()[0]) as outer:
        made = House(outer, CONFIG)
        put_hooks(made.home, stamp=HOOK)
        with made:
            yield made


def jailed(house: House, command: list[str]) -> bytes:
    """What a command in a jail prints; it must end well."""
    done = house.jail(*command)
    assert done.returncode == 0, (done, house.daemon.output[-3000:])
    return done.stdout


def post(house: House, url: str, body: Any = BODY, *more: str) -> Any:
    """A request from within a jail; the answer, whose status must be 200."""
    command = ["curl", "-sSf", "-m", "20", "-H", KEY, "-H", "content-type: application/json", *more]
    return json.loads(jailed(house, [*command, "-d", json.dumps(body), url]))


def last(house: House, host: str) -> dict[str, Any]:
    """What the internet got last at a host."""
    return [event for event in house.outer.arrived(kind="http") if event["host"] == host][-1]


def headers(event: dict[str, Any]) -> dict[str, str]:
    return {name.lower(): value for name, value in event["headers"]}


@pytest.mark.parametrize("version", ["--http1.1", "--http2"])
def test_a_providers_host_is_claimed_and_the_client_keeps_its_credentials(house: House, version: str) -> None:
    assert post(house, "https://api.anthropic.com/v1/messages?beta=true", BODY, version)["type"] == "message"
    got = last(house, "api.anthropic.com")
    assert (got["target"], headers(got)["x-api-key"]) == ("/v1/messages?beta=true", "sk-ant-own-key")
    assert headers(got).get("x-seen-by") == "a hook", house.flows()[-1]["hooks"]
    house.flow(path="/v1/messages?beta=true")
    flow = house.flows(path="/v1/messages?beta=true")[-1]
    assert (flow["jail"], flow["front"], flow["action"], flow["status"]) == ("curl", "jail", "passthrough", 200)
    assert flow["usage"]["output_tokens"] > 0
    assert flow["hooks"]


def test_a_stream_passes_the_gateway(house: House) -> None:
    command = ["curl", "-sSfN", "-m", "20", "-H", KEY, "-H", "content-type: application/json"]
    body = json.dumps({**BODY, "stream": True})
    said = jailed(house, [*command, "-d", body, "https://api.anthropic.com/v1/messages"])
    assert said.startswith(b"event: message_start")
    assert said.rstrip().endswith(b'data: {"type":"message_stop"}')


def test_what_nobody_claims_is_untouched(house: House) -> None:
    told = post(house, "https://www.example.test/echo", {"a": 1}, "--http1.1")
    names = [name for name, _ in told["headers"]]
    assert names == ["Host", "User-Agent", "Accept", "x-api-key", "content-type", "Content-Length"]
    flow = house.flow(path="/echo")
    assert not flow["hooks"]


def test_local_routes_are_not_another_hosts(house: House) -> None:
    for path in ("/health", "/v1/models"):
        said = jailed(house, ["curl", "-sSf", "-m", "20", f"https://www.example.test{path}"])
        assert said == b"hello from www.example.test\n"


def test_a_rule_translates_to_another_provider(house: House) -> None:
    chat = {"model": "gpt-away", "messages": [{"role": "user", "content": "hi"}]}
    answer = post(house, "https://api.openai.com/v1/chat/completions", chat)
    assert answer["object"] == "chat.completion"
    assert last(house, "api.anthropic.com")["target"] == "/v1/messages"


def test_a_rule_that_does_not_match_after_all_leaves_the_request_where_it_was_going(house: House) -> None:
    chat = {"model": "gpt-stay", "messages": [{"role": "user", "content": "hi"}]}
    assert post(house, "https://api.openai.com/v1/chat/completions", chat)["object"] == "chat.completion"
    assert last(house, "api.openai.com")["target"] == "/v1/chat/completions"


def test_a_sentinel_key_stays_on_this_machine(house: House) -> None:
    sentinel = ["-H", "x-api-key: sk-ant-oat-ccproxy-sim", "-H", "content-type: application/json"]
    command = ["curl", "-sSf", "-m", "20", *sentinel, "-d", json.dumps(BODY)]
    said = jailed(house, [*command, "https://elsewhere.example.test/v1/messages"])
    assert json.loads(said)["content"][0]["text"]
    assert not [event for event in house.outer.arrived(kind="http") if event["host"] == "elsewhere.example.test"]


def test_a_sentinel_of_nobody_is_refused(house: House) -> None:
    command = ["curl", "-sS", "-m", "20", "-H", "x-api-key: sk-ant-oat-ccproxy-nobody", "-d", "{}"]
    answer = json.loads(jailed(house, [*command, "https://elsewhere.example.test/v1/messages"]))
    assert answer["error"]["type"] == "authentication_error"


def test_the_daemons_own_port_is_reached_from_within(house: House) -> None:
    assert jailed(house, ["curl", "-sSf", f"{house.daemon.url}/health"]) == b"ccproxy is running\n"
    answer = post(house, f"{house.daemon.url}/v1/messages", BODY, "-H", "x-api-key: sk-ant-oat-ccproxy-sim")
    assert answer["type"] == "message"


VISIT = ["python", "-m", "tests.support.internet.visit"]


def visit(house: House, *arguments: str) -> bytes:
    done = house.jail(*VISIT, *arguments, cwd=REPOSITORY)
    assert done.returncode == 0, (done, house.daemon.output[-3000:])
    return bytes(done.stdout)


def test_http_3_is_claimed_too(house: House) -> None:
    assert b"hello from claimed.h3.test" in visit(house, "h3", "https://claimed.h3.test/three")
    flow = house.flow(path="/three")
    assert (flow["action"], flow["status"], flow["error"]) == ("passthrough", 200, None)
    assert last(house, "claimed.h3.test")["version"] == "1.1", "the gateway's own connection"


def test_a_claimed_websocket_is_relayed(house: House) -> None:
    assert b"to and fro" in visit(house, "ws", "wss://claimed.h3.test/socket", "to and fro")
    flow = house.flow(path="/socket")
    assert (flow["action"], flow["status"]) == ("passthrough", 101)
