"""A daemon whose providers name shapes: what reaches them, and what becomes of requests that cannot be shaped."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from ccproxy.cli.shapes.report import by_daemon
from tests.shaping.envelopes import ANTHROPIC, IDENTITY, RESPONSES, names, put_shape
from tests.support.configs import provider
from tests.support.daemon import Daemon, Home
from tests.support.hooks import outcome, override
from tests.support.http import Header, Response
from tests.support.provider_answers import body_of
from tests.support.replies import json_reply
from tests.support.upstream import Recorded, Step, Upstream

TOOL = {"name": "look", "input_schema": {"type": "object", "properties": {}}}
CALL: dict[str, Any] = {
    "model": "made-up-model",
    "max_tokens": 77,
    "temperature": 0.25,
    "thinking": {"type": "enabled", "budget_tokens": 2048},
    "system": "Be kind.",
    "tools": [TOOL],
    "messages": [{"role": "user", "content": [{"type": "text", "text": "hi"}]}],
    "brand_new": [1],
}
CLIENT: list[Header] = [
    (b"User-Agent", b"sdk/9.9"),
    (b"Accept-Encoding", b"identity"),
    (b"anthropic-beta", b"mine-2025-03-03"),
    (b"X-Mine", b"gone"),
    (b"traceparent", b"00-1-2-03"),
]


@pytest.fixture(scope="module")
def upstream() -> Iterator[Upstream]:
    answers = {b"/v1/messages": "anthropic", b"/v1/responses": "openai_responses"}

    def answer(request: Recorded) -> Iterable[Step]:
        kind = answers.get(request.target.partition(b"?")[0], "openai")
        return json_reply(body_of(kind))(request)

    server = Upstream(answer)
    yield server
    server.stop()


@pytest.fixture(scope="module")
def daemon(upstream: Upstream) -> Iterator[Daemon]:
    home = Home()
    home.config_dir.mkdir(exist_ok=True)
    put_shape(home.config_dir, ANTHROPIC)
    broken = home.config_dir / "shapes" / "torn.mflow"
    broken.write_bytes(b"12:not a flow file,")
    there = {"shape": "anthropic"}
    config = {
        "providers": {
            "shaped": provider("anthropic", upstream.url, "echo secret", **there),
            "plain": provider("anthropic", upstream.url, "echo secret"),
            "missing": provider("openai_responses", upstream.url, "echo secret", shape="openai_responses"),
            "lenient": provider(
                "openai_responses", upstream.url, "echo secret", shape="openai_responses", on_shape_error="pass"
            ),
            "torn": provider("anthropic", upstream.url, "echo secret", shape="torn"),
        },
        "shaping": {"providers": {"torn": {"format": "anthropic"}}},
    }
    with Daemon(config, home=home) as running:
        yield running
    home.remove()


def ask(daemon: Daemon, to: str, agent: str, *more: Header, body: Any = CALL, path: str = "/v1/messages") -> Response:
    """The answer to a request to a provider."""
    others = [header for header in CLIENT if header[0] != b"User-Agent"]
    fields = [*others, (b"User-Agent", agent.encode()), (b"x-api-key", f"sk-ant-oat-ccproxy-{to}".encode()), *more]
    return daemon.ask("POST", path, fields, json.dumps(body).encode())


def test_the_captured_header_set_in_its_order_with_the_callers_content(daemon: Daemon, upstream: Upstream) -> None:
    upstream.forget()
    answer = ask(daemon, "shaped", "sdk/9.9")
    assert answer.status == 200, answer.body
    (request,) = upstream.requests
    assert names(request.headers) == names(ANTHROPIC.headers)
    assert request.field("authorization") == b"Bearer secret"
    assert request.field("anthropic-beta") == b"made-up-2025-01-01, other-2025-02-02,mine-2025-03-03"
    assert (request.field("user-agent"), request.field("accept-encoding")) == (
        b"madeup-cli/1.2.3 (external)",
        b"identity",
    )
    assert request.target == b"/v1/messages?beta=true"
    body = json.loads(request.body)
    assert {**body, "system": None} == {**CALL, "system": None, "mode": {"made_up": True}, "metadata": body["metadata"]}
    assert body["system"] == [IDENTITY, {"type": "text", "text": "Be kind."}]
    assert b"ccproxy:" not in request.raw


def test_the_client_is_told_what_stayed_behind(daemon: Daemon) -> None:
    answer = ask(daemon, "shaped", "told/1", body={**CALL, "mode": 5})
    told = dict(item.split("=") for item in (answer.field("x-ccproxy-dropped") or b"").decode().split(", "))
    expected = {"shape.field.mode": "1", "shape.header.x-mine": "1", "shape.header.traceparent": "1"}
    assert told == expected
    assert daemon.flow("told/1")["dropped"] == dict.fromkeys(expected, 1)


def test_a_compressed_body_leaves_as_what_it_says(daemon: Daemon, upstream: Upstream) -> None:
    upstream.forget()
    fields = [(b"x-api-key", b"sk-ant-oat-ccproxy-shaped"), (b"content-encoding", b"gzip"), (b"User-Agent", b"gz/1")]
    assert daemon.ask("POST", "/v1/messages", fields, gzip.compress(json.dumps(CALL).encode())).status == 200
    (request,) = upstream.requests
    assert request.field("content-encoding") is None
    assert json.loads(request.body)["messages"] == CALL["messages"]


def test_a_request_can_be_sent_without_the_shape(daemon: Daemon, upstream: Upstream) -> None:
    """A14."""
    upstream.forget()
    ask(daemon, "shaped", "override/1", override("-shape"))
    (request,) = upstream.requests
    assert json.loads(request.body) == CALL
    assert (request.field("x-mine"), request.target) == (b"gone", b"/v1/messages")
    assert outcome(daemon.flow("override/1"), "shape") == ("skipped", "override")


def test_a_provider_without_a_shape_gets_the_bytes_of_the_client(daemon: Daemon, upstream: Upstream) -> None:
    upstream.forget()
    ask(daemon, "plain", "plain/1")
    (request,) = upstream.requests
    assert request.body == json.dumps(CALL).encode()
    assert outcome(daemon.flow("plain/1"), "shape") == ("skipped", "guard")


def test_what_is_no_model_call_goes_as_it_is(daemon: Daemon, upstream: Upstream) -> None:
    upstream.forget()
    ask(daemon, "shaped", "counts/1", path="/v1/messages/count_tokens")
    (request,) = upstream.requests
    assert (json.loads(request.body), request.field("x-mine")) == (CALL, b"gone")
    assert outcome(daemon.flow("counts/1"), "shape") == ("skipped", "only model calls are shaped")


CODED: list[Header] = [(b"Content-Encoding", b"made-up")]
UNREAD: list[tuple[bytes, list[Header]]] = [
    (b"", []),
    (b"[1]", []),
    (b"{half", []),
    (b'{"x":NaN}', []),
    (b'{"x":' + b"[" * 2000 + b"]" * 2000 + b"}", []),
    (b"{}", CODED),
]


@pytest.mark.parametrize("number", range(len(UNREAD)))
def test_a_body_that_cannot_be_shaped_is_refused(daemon: Daemon, upstream: Upstream, number: int) -> None:
    """It used to go as it was, whatever the provider's `on_shape_error` said."""
    upstream.forget()
    body, more = UNREAD[number]
    answer = daemon.ask("POST", "/v1/messages", [(b"x-api-key", b"sk-ant-oat-ccproxy-shaped"), *more], body)
    error = json.loads(answer.body)
    assert (answer.status, error["type"], upstream.requests) == (400, "error", [])
    assert "cannot be shaped: " in error["error"]["message"]


def test_a_body_that_cannot_be_shaped_goes_as_it_is_where_the_provider_has_it_so(upstream: Upstream) -> None:
    home = Home()
    home.config_dir.mkdir(exist_ok=True)
    put_shape(home.config_dir, ANTHROPIC)
    to = {"easy": provider("anthropic", upstream.url, "echo secret", shape="anthropic", on_shape_error="pass")}
    with Daemon({"providers": to}, home=home) as daemon:
        upstream.forget()
        for number, (body, more) in enumerate(UNREAD):
            fields = [(b"x-api-key", b"sk-ant-oat-ccproxy-easy"), (b"User-Agent", b"odd/%d" % number), *more]
            daemon.ask("POST", "/v1/messages", fields, body)
        assert [request.body for request in upstream.requests] == [body for body, _ in UNREAD]
        what, why = outcome(daemon.flow("odd/1"), "shape")
        assert what == "skipped"
        assert why.endswith("(on_shape_error: pass): cannot be shaped: the request body is not a JSON object")
        assert len([line for line in daemon.output.splitlines() if "cannot be shaped" in line]) == 1
        (told,) = daemon.control("GET", "/status")["shapes"]
        assert (told["state"], told["failures"]) == ("ready", len(UNREAD))
        (judged,) = by_daemon([told])
        assert (judged["state"], judged["fix"]) == ("failing", "see ccproxy's log")
        assert judged["why"].startswith(f"{len(UNREAD)} requests could not be shaped, the last: cannot be shaped: ")
    home.remove()


def test_a_text_that_was_cut_within_a_character_is_shaped_and_stays_what_it_is(
    daemon: Daemon, upstream: Upstream
) -> None:
    """JavaScript writes half of a pair as an escape, which RFC 8259 has in its grammar."""
    upstream.forget()
    ask(daemon, "shaped", "half/1", body={**CALL, "messages": [{"role": "user", "content": "cut off \ud83d"}]})
    (request,) = upstream.requests
    assert request.field("user-agent") == b"madeup-cli/1.2.3 (external)"
    assert b'"content":"cut off \\ud83d"' in request.body
    assert json.loads(request.body)["system"] == [IDENTITY, {"type": "text", "text": "Be kind."}]


def test_what_is_translated_is_text(daemon: Daemon, upstream: Upstream) -> None:
    """It is said anew, so half a character becomes the replacement character."""
    upstream.forget()
    call = {"id": "c", "type": "function", "function": {"name": "look", "arguments": "{}"}}
    turns = [
        {"role": "user", "content": "cut off \ud83d"},
        {"role": "assistant", "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c", "content": "\ud83d"},
    ]
    body = json.dumps({"model": "made-up-model", "max_tokens": 5, "messages": turns}).encode()
    answer = daemon.ask("POST", "/v1/chat/completions", [(b"x-api-key", b"sk-ant-oat-ccproxy-plain")], body)
    (request,) = upstream.requests
    assert (answer.status, request.body.decode().count("\ufffd")) == (200, 2), request.body


def session_of(upstream: Upstream) -> tuple[str, str]:
    """The ids of the session in the last request, in its header and in its body."""
    told = json.loads(json.loads(upstream.requests[-1].body)["metadata"]["user_id"])["session_id"]
    return (upstream.requests[-1].field("x-claude-code-session-id") or b"").decode(), told


def test_a_session_that_the_client_has_itself_is_the_one_that_is_told(daemon: Daemon, upstream: Upstream) -> None:
    own = "0f0f0f0f-1111-4222-8333-444444444444"
    ask(daemon, "shaped", "own/1", body={**CALL, "metadata": {"user_id": json.dumps({"session_id": own})}})
    assert session_of(upstream) == (own, own)


def test_clients_that_begin_with_the_same_words_are_not_in_one_session(daemon: Daemon, upstream: Upstream) -> None:
    seen = []
    for agent in ("one/1", "other/1", "one/1"):
        ask(daemon, "shaped", agent)
        seen.append(session_of(upstream))
    assert seen[0] == seen[2]
    assert len(set(seen)) == 2
    assert all(header == member for header, member in seen)


RESPONSE = {"model": "made-up-model", "input": "hi", "max_output_tokens": 9}


def test_without_a_shape_a_request_is_refused_in_the_clients_dialect(daemon: Daemon, upstream: Upstream) -> None:
    upstream.forget()
    answer = ask(daemon, "missing", "refused/1", body=RESPONSE, path="/v1/responses")
    error = json.loads(answer.body)["error"]
    assert (answer.status, error["code"]) == (500, "shape")
    assert "ccproxy shapes capture openai_responses -- codex exec --skip-git-repo-check hi" in error["message"]
    assert upstream.requests == []
    assert outcome(daemon.flow("refused/1"), "shape")[0] == "failed"
    of_anthropic = json.loads(ask(daemon, "torn", "refused/2").body)
    assert of_anthropic["type"] == "error"
    assert "torn.mflow" in of_anthropic["error"]["message"]


def test_with_pass_the_request_goes_as_it_is_and_its_record_says_so(daemon: Daemon, upstream: Upstream) -> None:
    upstream.forget()
    answer = ask(daemon, "lenient", "passed/1", body=RESPONSE, path="/v1/responses")
    assert (answer.status, json.loads(upstream.requests[0].body)) == (200, RESPONSE)
    what, why = outcome(daemon.flow("passed/1"), "shape")
    assert what == "skipped"
    assert why.startswith("it goes unshaped (on_shape_error: pass): there is no shape for the profile 'openai_resp")


def test_what_is_wrong_is_in_the_log_from_the_start_and_once(daemon: Daemon) -> None:
    for number in range(3):
        ask(daemon, "missing", f"again/{number}", body=RESPONSE, path="/v1/responses")
    lines = [line for line in daemon.output.splitlines() if " ERROR " in line and "cannot be shaped" in line]
    assert len(lines) == 2, lines
    (of_file,) = [line for line in lines if "requests to torn" in line]
    assert "shapes/torn.mflow" in of_file
    assert "requests to missing, lenient cannot be shaped: there is no shape for the profile" in "".join(lines)


def test_an_older_client_of_the_shapes_name_is_shaped(daemon: Daemon, upstream: Upstream) -> None:
    """W-SHAPE-6."""
    seen = {}
    for version in ("1.2.2", "1.2.3", "1.10.0"):
        upstream.forget()
        ask(daemon, "shaped", f"madeup-cli/{version} (mine)")
        seen[version] = upstream.requests[0].field("user-agent")
    assert seen["1.2.2"] == b"madeup-cli/1.2.3 (external)"
    assert (seen["1.2.3"], seen["1.10.0"]) == (b"madeup-cli/1.2.3 (mine)", b"madeup-cli/1.10.0 (mine)")
    reason = outcome(daemon.flow("madeup-cli/1.10.0 (mine)"), "shape")
    assert reason == ("skipped", "the client is madeup-cli 1.10.0 itself")


def test_a_translated_request_is_shaped_whoever_it_comes_from(daemon: Daemon, upstream: Upstream) -> None:
    """The shape's own client speaks another format here, so this is not its own request."""
    upstream.forget()
    chat = {"model": "made-up-model", "messages": [{"role": "user", "content": "hi"}], "max_tokens": 5}
    fields = [(b"authorization", b"Bearer sk-ant-oat-ccproxy-shaped"), (b"User-Agent", b"madeup-cli/1.2.3")]
    answer = daemon.ask("POST", "/v1/chat/completions", fields, json.dumps(chat).encode())
    (request,) = upstream.requests
    body = json.loads(request.body)
    assert answer.status == 200, answer.body
    assert [name.lower() for name in names(request.headers)] == [name.lower() for name in names(ANTHROPIC.headers)]
    assert (body["system"], body["max_tokens"]) == ([IDENTITY], 5)
    assert body["messages"][0]["role"] == "user"


def test_a_shape_that_is_saved_while_the_daemon_runs_is_taken_up(daemon: Daemon, upstream: Upstream) -> None:
    upstream.forget()
    path = put_shape(daemon.home.config_dir, RESPONSES)
    try:
        assert "openai_responses" not in daemon.control("POST", "/shapes/reload")["errors"]
        answer = ask(daemon, "missing", "taken/1", body=RESPONSE, path="/v1/responses")
        (request,) = upstream.requests
        assert answer.status == 200, answer.body
        assert [name.lower() for name in names(request.headers)][:4] == [
            b"session_id", b"authorization", b"originator", b"user-agent",
        ]  # fmt: skip
        assert {name: json.loads(request.body)[name] for name in RESPONSE} == RESPONSE
    finally:
        path.unlink()
        assert "openai_responses" in daemon.control("POST", "/shapes/reload")["errors"]


def test_shaping_can_be_switched_off(upstream: Upstream) -> None:
    """W-CFG-6: `shaping.enabled: false` does stop it."""
    home = Home()
    put_shape(home.config_dir, replace(ANTHROPIC))
    to = {"shaped": provider("anthropic", upstream.url, "echo secret", shape="anthropic")}
    with Daemon({"providers": to, "shaping": {"enabled": False}}, home=home) as daemon:
        upstream.forget()
        ask(daemon, "shaped", "off/1", override("-shape"))
        assert upstream.requests[0].body == json.dumps(CALL).encode()
        assert "shape" not in {result["name"] for result in daemon.flow("off/1")["hooks"]}
    home.remove()
