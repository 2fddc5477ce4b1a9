"""Header fields on both ways: nothing of one vendor's client reaches another vendor, and what is of use comes back."""

from __future__ import annotations

import json

import pytest

from tests.support.configs import token
from tests.support.crossing import CLIENTS, PAIRS, PATHS, answering, ask_across, read
from tests.support.daemon import Daemon
from tests.support.dialects import SENTINEL
from tests.support.http import Header
from tests.support.provider_answers import body_of, error_of, stream_of
from tests.support.replies import SSE, chunked, json_reply
from tests.support.upstream import Upstream

VENDORS_OWN: list[Header] = [
    (b"anthropic-version", b"2099-01-01"),
    (b"anthropic-beta", b"context-1m"),
    (b"anthropic-dangerous-direct-browser-access", b"true"),
    (b"x-stainless-lang", b"python"),
    (b"x-stainless-retry-count", b"1"),
    (b"openai-organization", b"org-1"),
    (b"OpenAI-Project", b"proj"),
    (b"OpenAI-Beta", b"assistants=v2"),
    (b"originator", b"codex_exec"),
    (b"session_id", b"s"),
    (b"chatgpt-account-id", b"acct"),
    (b"x-goog-api-client", b"gl-python"),
    (b"x-goog-user-project", b"proj"),
    (b"x-app", b"cli"),
    (b"x-ccproxy-hooks", b"-verbose_mode"),
    (b"cookie", b"a=b"),
    (b"x-forwarded-for", b"10.0.0.1"),
]
"""What clients say about themselves to the vendor they were made for."""
EXPECTED = {
    "host", "user-agent", "accept-language", "content-type", "accept", "accept-encoding", "authorization",
    "content-length",
}  # fmt: skip
USEFUL: list[Header] = [
    (b"retry-after", b"7"),
    (b"x-should-retry", b"true"),
    (b"anthropic-ratelimit-requests-remaining", b"3"),
    (b"x-ratelimit-remaining-tokens", b"4"),
]
PRIVATE: list[Header] = [
    (b"set-cookie", b"s=1"),
    (b"anthropic-organization-id", b"org-secret"),
    (b"openai-organization", b"org-secret"),
    (b"server", b"up"),
    (b"connection", b"x-hop"),
    (b"x-hop", b"1"),
]


@pytest.mark.parametrize("streamed", [False, True], ids=["buffered", "streamed"])
@pytest.mark.parametrize(("client", "provider"), PAIRS)
def test_a_provider_sees_its_own_api_and_credential_only(
    daemon: Daemon, upstream: Upstream, client: str, provider: str, streamed: bool
) -> None:
    upstream.script = answering(provider, sse=streamed)
    headers = [*VENDORS_OWN, (b"user-agent", b"agent/1"), (b"accept-language", b"de")]
    assert read(client, ask_across(daemon, client, provider, stream=streamed, headers=headers)).text == "Hello there"
    (seen,) = upstream.requests
    assert (seen.method, seen.target) == ("POST", PATHS[provider][streamed])
    assert {name.decode().lower() for name, _ in seen.headers} - {"anthropic-version"} == EXPECTED
    assert len(seen.headers) == len({name.lower() for name, _ in seen.headers})
    assert seen.field("anthropic-version") == (b"2023-06-01" if provider == "anthropic" else None)
    assert seen.field("authorization") == f"Bearer {token(provider)}".encode()
    assert seen.field("host") == f"127.0.0.1:{upstream.port}".encode()
    assert (seen.field("user-agent"), seen.field("accept-language")) == (b"agent/1", b"de")
    assert seen.field("content-type") == b"application/json"
    assert seen.field("accept") == (b"text/event-stream" if streamed else b"application/json")
    assert SENTINEL.encode() not in seen.raw
    assert b"ccproxy" not in seen.raw.lower()


@pytest.mark.parametrize("status", [200, 429])
@pytest.mark.parametrize("streamed", [False, True], ids=["buffered", "streamed"])
@pytest.mark.parametrize(("client", "provider"), PAIRS)
def test_a_client_gets_back_what_it_can_use(
    daemon: Daemon, upstream: Upstream, client: str, provider: str, streamed: bool, status: int
) -> None:
    own = (b"request-id" if provider == "anthropic" else b"x-request-id", b"req_7")
    given = [own, *USEFUL, *PRIVATE]
    if status == 429:
        upstream.script = json_reply(error_of(provider, 429, "slow down"), 429, given)
    elif streamed:
        upstream.script = chunked([SSE, *given], [b"".join(stream_of(provider))])
    else:
        upstream.script = json_reply(body_of(provider), 200, given)
    answer = ask_across(daemon, client, provider, stream=streamed)
    assert answer.status == status
    assert (answer.field("request-id"), answer.field("x-request-id")) == (b"req_7", b"req_7")
    for name, value in USEFUL:
        assert answer.fields(name.decode()) == [value]
    for name, _ in PRIVATE[:-2]:
        assert answer.field(name.decode()) is None
    assert answer.field("x-hop") is None
    assert len(answer.fields("content-type")) == 1


def test_what_was_left_out_is_said_in_the_header_and_in_the_record(
    daemon: Daemon, upstream: Upstream, agent: str
) -> None:
    upstream.script = answering("openai", sse=False)
    cached = [{"type": "text", "text": "be brief", "cache_control": {"type": "ephemeral"}}]
    members = {"system": cached, "top_k": 5, "container": "c1"}
    answer = ask_across(daemon, "anthropic", "openai", members, headers=[(b"user-agent", agent.encode())])
    said = dict(each.split("=") for each in (answer.field("x-ccproxy-dropped") or b"").decode().split(", "))
    assert said == {"cache_control": "1", "sampling": "1", "field.container": "1"}
    assert daemon.flow(agent)["dropped"] == {name: int(count) for name, count in said.items()}


def test_a_streamed_answer_says_what_was_left_out_too(daemon: Daemon, upstream: Upstream, agent: str) -> None:
    upstream.script = answering("anthropic", sse=True)
    members = {"seed": 7, "logprobs": True}
    answer = ask_across(daemon, "openai", "anthropic", members, stream=True, headers=[(b"user-agent", agent.encode())])
    assert answer.field("x-ccproxy-dropped")
    assert set(daemon.flow(agent)["dropped"]) == {"sampling", "logprobs"}


def test_nothing_is_said_where_nothing_was_left_out(daemon: Daemon, upstream: Upstream, agent: str) -> None:
    upstream.script = answering("anthropic", sse=False)
    answer = ask_across(daemon, "openai", "anthropic", headers=[(b"user-agent", agent.encode())])
    assert answer.field("x-ccproxy-dropped") is None
    assert not daemon.flow(agent)["dropped"]


@pytest.mark.parametrize("name", ["a\r\nSet-Cookie: x=1", "a\nb", "\x00", "naïve", "x" * 500, "a, b=2"])
@pytest.mark.parametrize("streamed", [False, True], ids=["buffered", "streamed"])
def test_names_that_a_client_made_up_do_no_harm_to_the_header(
    daemon: Daemon, upstream: Upstream, name: str, streamed: bool
) -> None:
    """The header names fields that were left out, and a client may call its fields what it likes."""
    upstream.script = answering("openai", sse=streamed)
    answer = ask_across(daemon, "anthropic", "openai", {name: 1}, stream=streamed)
    assert read("anthropic", answer).text == "Hello there"
    assert answer.field("set-cookie") is None
    (said,) = answer.fields("x-ccproxy-dropped")
    assert said.isascii()
    assert said.decode().isprintable()


def test_a_thousand_things_left_out_do_not_make_a_header_that_no_client_takes(
    daemon: Daemon, upstream: Upstream
) -> None:
    """Node's clients stop at 16 KiB of header fields."""
    upstream.script = answering("openai", sse=False)
    answer = ask_across(daemon, "anthropic", "openai", {f"unknown_field_{n}": n for n in range(1000)})
    assert read("anthropic", answer).text == "Hello there"
    (said,) = answer.fields("x-ccproxy-dropped")
    assert 0 < len(said) <= 4096


@pytest.mark.parametrize("client", CLIENTS)
def test_a_requests_own_credential_never_leaves(daemon: Daemon, upstream: Upstream, client: str) -> None:
    """Not in a query either (Gemini's `?key=`), nor where several were sent."""
    provider = "openai" if client != "openai" else "anthropic"
    upstream.script = answering(provider, sse=False)
    dialect = CLIENTS[client]
    secrets = [(b"x-api-key", b"sk-mine"), (b"api-key", b"sk-mine"), (b"proxy-authorization", b"Basic sk-mine")]
    secrets = [pair for pair in secrets if pair[0] != dialect.key_field]
    headers = [*secrets, dialect.key(provider)] if client != "anthropic" else [dialect.key(provider), *secrets[1:]]
    target = dialect.target() + f"?key={SENTINEL}{provider}&access_token=sk-mine"
    answer = daemon.ask("POST", target, headers, dialect.body())
    assert answer.status == 200, answer.body
    (seen,) = upstream.requests
    assert b"sk-mine" not in seen.raw
    assert SENTINEL.encode() not in seen.raw
    assert b"sk-mine" not in json.dumps(daemon.flows()[-1]).encode()
