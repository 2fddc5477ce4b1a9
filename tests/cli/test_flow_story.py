"""One exchange as `flows show` tells it, for every turn that an exchange can take."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccproxy.cli.flows.answer import answer_lines, wrapped
from ccproxy.cli.flows.show import text_of
from ccproxy.cli.flows.story import story, used
from ccproxy.exchange import (
    Attempt,
    Exchange,
    Failure,
    Headers,
    HookResult,
    HttpRequest,
    HttpResponse,
    Origin,
    Route,
    WireFormat,
)
from ccproxy.flows.summary import detail
from tests.support.provider_answers import body_of, error_of, stream_of

NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
FORMATS = ["anthropic", "openai", "openai_responses", "gemini"]
JSON: Headers = [(b"content-type", b"application/json")]


def exchange() -> Exchange:
    request = HttpRequest(
        "POST", b"/v1/messages?key=s3cret", [(b"user-agent", b"claude-cli/2.1 (external)")], b'{"model":"opus"}'
    )
    made = Exchange(request, id="0123456789abcdef", format=WireFormat.ANTHROPIC, client=("127.0.0.1", 51000))
    made.timings.started = NOW.timestamp() - 60
    return made


def finished(answer: bytes = b"{}", wire: str = "anthropic", status: int = 200) -> Exchange:
    made = exchange()
    made.format = WireFormat(wire)
    made.route = Route("transform", "work", WireFormat.OPENAI, Origin("https", "api.test", 443), "rule 2")
    made.forwarded = HttpRequest("POST", b"/v1/chat/completions", [], b'{"model":"gpt-5"}')
    made.provider_response = made.response = HttpResponse(status, JSON, chunks=[answer], complete=True)
    made.attempts = [Attempt(made.timings.started, made.timings.started + 0.1, status)]
    made.timings.first_byte, made.timings.finished = made.timings.started + 0.1, made.timings.started + 0.25
    return made


def told(made: Exchange) -> str:
    return click.unstyle(story(json.loads(json.dumps(detail(made))), NOW, 80))


def rows(text: str) -> dict[str, str]:
    """Name → text of the story's facts; of two with one name the last."""
    return {line[2:16].strip(): line[16:] for line in text.splitlines() if line.startswith("  ")}


def test_a_translated_exchange_from_beginning_to_end() -> None:
    made = finished(b'{"usage":{"prompt_tokens":12,"completion_tokens":3,"prompt_tokens_details":{"cached_tokens":4}}}')
    made.hooks = [
        HookResult("mask", "inbound", "ran", seconds=0.0004, wrote=("messages", "exchange.tags")),
        HookResult("extract_session_id", "inbound", "skipped", "guard"),
        HookResult("sign", "outbound", "failed", "KeyError: 'salt'", 0.012),
        HookResult("count", "response", "ran"),
    ]
    made.session, made.conversation, made.system_hash = "s-1", "c-1", "h-1"
    made.tags, made.jail, made.dropped = {"team": "blue", "turn": "3"}, "cell", {"cache_control": 2}
    first = Attempt(made.timings.started, made.timings.started + 0.02, 401, note="sent again with a renewed credential")
    made.attempts.insert(0, first)
    lines = told(made).splitlines()
    assert lines == [
        "POST /v1/messages?key=[redacted]  200",
        "  id            0123456789abcdef",
        "  time          11:59:00",
        "  client        claude-cli/2.1 (external) at 127.0.0.1:51000",
        "  jail          cell",
        "  model         opus",
        "  body          16 B",
        "  session       s-1",
        "  conversation  c-1",
        "  system prompt h-1",
        "  tags          team=blue, turn=3",
        "",
        "hooks before the route",
        "  ● mask                ran       0.4 ms  wrote messages, exchange.tags",
        "  ○ extract_session_id  skipped   0.0 ms  guard",
        "",
        "route",
        "  transform     work (rule 2)",
        "  url           https://api.test/v1/chat/completions",
        "  sent by       HTTP/1.1, on a new connection",
        "  model         gpt-5",
        "  left out      cache_control (2)",
        "",
        "hooks before it left",
        "  ✗ sign  failed     12 ms  KeyError: 'salt'",
        "",
        "answer",
        "  status        200",
        "  attempt 1     401 after 20 ms: sent again with a renewed credential",
        "  attempt 2     200 after 100 ms",
        "  first byte    after 100 ms",
        "  whole         after 250 ms",
        "  body          96 B",
        "  tokens        8 in, 3 out, 4 read from the cache",
        "",
        "hooks on the answer",
        "  ● count  ran       0.0 ms",
    ]


def test_one_that_another_model_answered() -> None:
    """The route says what was asked of the provider; more is told where that changed on the way."""
    made = finished()
    made.answered_model = "gpt-5"
    assert rows(told(made))["model"] == "gpt-5"
    assert "answered by" not in rows(told(made))
    out = "out of capacity (429 RESOURCE_EXHAUSTED)"
    made.attempts.insert(0, Attempt(made.timings.started, made.timings.started + 0.02, 429, note=out))
    assert rows(told(made))["answered by"] == "gpt-5, asked for opus"
    made.answered_model = "opus"
    assert "answered by" not in rows(told(made))
    made.attempts, made.answered_model = made.attempts[1:], "gpt-5-mini"
    assert rows(told(made))["answered by"] == "gpt-5-mini, asked for opus"


def test_one_under_way() -> None:
    text = told(exchange())
    assert text.splitlines()[0] == "POST /v1/messages?key=[redacted]  …"
    assert rows(text)["status"] == "under way"
    made = exchange()
    made.response = HttpResponse(200, JSON)
    assert rows(told(made))["status"] == "200, under way"
    assert "route" not in text
    assert "hooks" not in text


def test_one_that_failed_before_it_went_anywhere() -> None:
    made = exchange()
    made.route = Route("local", None, None, None, "answered by ccproxy itself")
    made.failure = Failure("no_route", "no provider\x1b[31m is named")
    made.response = HttpResponse(501, JSON, chunks=[b"{}"], complete=True)
    made.timings.finished = made.timings.started + 0.001
    text = told(made)
    assert rows(text)["error"] == "no_route: no provider\\x1b[31m is named"
    assert rows(text)["local"] == "(answered by ccproxy itself)"
    assert "url" not in rows(text)


def test_one_that_the_provider_refused() -> None:
    made = finished(b'{"error": {"message": "slow down"}}', status=429)
    assert rows(told(made))["refusal"] == "slow down"


def test_tokens_that_were_written_to_the_cache_count_as_in() -> None:
    usage = {"input_tokens": 3, "output_tokens": 48, "cache_creation_input_tokens": 22_997}
    flow = {"usage": usage | {"cache_read_input_tokens": 21_304}}
    assert used(flow) == "23,000 in (22,997 of these written to the cache), 48 out, 21,304 read from the cache"


def test_one_that_broke_off_without_a_status() -> None:
    made = exchange()
    made.failure = Failure("client_disconnected", "the client hung up")
    made.timings.finished = made.timings.started + 1
    assert "status" not in rows(told(made))


@pytest.mark.parametrize("wire", FORMATS)
def test_what_the_model_said(wire: str) -> None:
    assert told(finished(json.dumps(body_of(wire)).encode(), wire)).endswith("\n\n  Hello there")


@pytest.mark.parametrize("wire", FORMATS)
def test_what_the_model_said_in_a_stream(wire: str) -> None:
    assert told(finished(b"".join(stream_of(wire, ["Good ", "day"])), wire)).endswith("\n\n  Good day")


def test_what_gemini_said_in_an_array() -> None:
    chunks = [chunk.removeprefix(b"data: ").strip() for chunk in stream_of("gemini", ["Good ", "day"])]
    assert told(finished(b"[" + b",\n".join(chunks) + b"]", "gemini")).endswith("\n\n  Good day")


@pytest.mark.parametrize("wire", FORMATS)
def test_a_stream_that_broke_off_is_told_as_far_as_it_came(wire: str) -> None:
    stream = stream_of(wire, ["Good ", "day", "s"])
    data = b"".join(stream[: len(stream) - 1]) if wire == "gemini" else b"".join(stream)[: -len(stream[-1]) - 1]
    assert "\n\n  Good day" in told(finished(data, wire))


@pytest.mark.parametrize("wire", FORMATS)
def test_an_error_has_no_words_of_the_model(wire: str) -> None:
    answer = error_of(wire, 429, "too many")
    text = told(finished(answer if isinstance(answer, bytes) else json.dumps(answer).encode(), wire, 429))
    assert rows(text)["status"] == "429"
    assert (rows(text)["refusal"], text.count("too many")) == ("too many", 1)


def anthropic(*blocks: dict[str, Any]) -> bytes:
    usage = {"input_tokens": 1, "output_tokens": 1}
    body = {"id": "m", "type": "message", "role": "assistant", "model": "m", "content": blocks, "usage": usage}
    return json.dumps(body | {"stop_reason": "end_turn", "stop_sequence": None}).encode()


def test_a_long_answer_is_told_in_short() -> None:
    text = told(finished(anthropic({"type": "text", "text": "word " * 500})))
    spoken = text.split("\n\n")[-1].splitlines()
    assert len(spoken) == 7
    assert spoken[-1] == "  …"
    assert max(map(len, text.splitlines())) <= 80


def test_calls_of_tools_are_told_on_one_line() -> None:
    call = {"type": "tool_use", "id": "t", "name": "run", "input": {"command": "ls\x1b[2J " + "x" * 200}}
    spoken = told(finished(anthropic({"type": "text", "text": "I look.\n\n"}, call))).split("\n\n")[-1].splitlines()
    assert spoken[0] == "  I look."
    assert spoken[1].startswith('  calls run {"command":')
    assert (len(spoken), len(spoken[1])) == (2, 80)
    assert spoken[1].endswith("…")


@given(
    data=st.binary(max_size=60) | st.sampled_from([b"[1]", b"{}", b"data: {}\n\n", b"[" * 3000]),
    wire=st.sampled_from(FORMATS),
)
def test_no_body_is_too_odd_to_tell_of(data: bytes, wire: str) -> None:
    text = told(finished(data, wire))
    assert rows(text)["whole"] == "after 250 ms"
    assert text.isprintable() or "\n" in text
    assert "\x1b" not in text


def test_a_body_that_was_not_kept_whole() -> None:
    made = finished(b"".join(stream_of("anthropic", ["Good ", "day"]))[:-200])
    assert made.response is not None
    made.response.dropped = 200
    assert answer_lines(detail(made), 80)[-1].startswith("  Good")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ('{"a":[1,"é"]}', '{\n  "a": [\n    1,\n    "é"\n  ]\n}'),
        ("a\x1b[2J\nb", "a\\x1b[2J\nb"),
        ('"\\ud800"', '"?"'),
        ("[" * 100_000, "[" * 100_000),
        ("", ""),
    ],
    ids=["json", "control characters", "half a pair", "deep", "empty"],
)
def test_bodies_as_text(text: str, shown: str) -> None:
    assert text_of({"text": text, "encoding": "utf-8"}) == shown


def test_a_key_that_came_in_pieces_is_not_shown() -> None:
    pieces = "sk-ant-api03-", "aB3dE5gH7jK9" * 4, "mN2pQ4sT6vX8" * 3
    said = "\n".join(wrapped("the key is " + "".join(pieces), 200))
    assert pieces[1] not in said
    assert said.startswith("  the key is [redacted]")
