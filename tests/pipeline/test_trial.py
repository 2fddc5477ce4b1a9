"""`try_hook`: a hook on one request or answer, as the daemon would run it."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

import ccproxy
from ccproxy import AnswerContext, Context, Hook, Unfit, hook, try_hook
from ccproxy.exchange import CLIENT_FORMATS, WireFormat
from ccproxy.lightllm.events import End, Error, Event, TextDelta
from tests.support.crossing import CLIENTS
from tests.support.provider_answers import body_of, stream_of

FORMATS = list(CLIENT_FORMATS)
HELLO: dict[str, Any] = {"model": "m-1", "max_tokens": 5, "messages": [{"role": "user", "content": "hi"}]}


class Params(BaseModel):
    limit: int = 3


@hook(stage=["inbound", "outbound"], reads=["max_tokens"], writes=["max_tokens"], params=Params)
def cap(ctx: Context, params: Params) -> None:
    """Caps."""
    if ctx.body.get("max_tokens", 0) > params.limit:
        ctx.body.assign("max_tokens", params.limit)


@hook(stage="inbound", reads=["**"])
def looks(ctx: Context, params: None) -> None:
    ctx.body.get("**")
    if ctx.exchange.format is None:
        raise Unfit("of no format")


@hook(stage="inbound", writes=["headers.*", "exchange.*"])
def notes(ctx: Context, params: None) -> None:
    ctx.headers.set("X-A", "1")
    ctx.exchange.provider, ctx.exchange.model, ctx.exchange.session = "p", "m-2", "s"
    ctx.exchange.tag("from", f"{ctx.exchange.format} {ctx.exchange.path} {ctx.exchange.method}")


@hook(stage="inbound", reads=["max_tokens"], writes=["max_tokens", "headers.x-a", "exchange.tags"])
def fails(ctx: Context, params: None) -> None:
    ctx.body.assign("max_tokens", 0)
    ctx.headers.set("x-a", "1")
    ctx.exchange.tag("a", "b")
    raise ValueError("after all that")


@hook(stage="inbound", reads=["exchange.model", "exchange.provider"])
async def sees(ctx: Context, params: None) -> None:
    await asyncio.sleep(0)
    ctx.respond(200, f"{ctx.exchange.model} of {ctx.exchange.provider}, {ctx.headers.get('x-b')}")


@hook(stage="inbound")
async def sleeps(ctx: Context, params: None) -> None:
    await asyncio.sleep(60)


@hook(stage="inbound", reads=["settings"], writes=["settings"])
def typed(ctx: Context, params: None) -> None:
    ctx.settings["max_tokens"] = 77


@hook(stage="response", reads=["text"], writes=["text"])
def shouts(ctx: AnswerContext, params: None) -> None:
    if isinstance(ctx.event, TextDelta):
        ctx.event.text = ctx.event.text.upper()


@hook(stage="response", reads=["text"], writes=["exchange.tags"])
def counts(ctx: AnswerContext, params: None) -> None:
    if isinstance(ctx.event, TextDelta):
        ctx.state["n"] = ctx.state.get("n", 0) + len(ctx.event.text)
    elif isinstance(ctx.event, End):
        ctx.exchange.tag("n", str(ctx.state["n"]))


@hook(stage="response", reads=["text"], writes=["text"])
def chokes(ctx: AnswerContext, params: None) -> list[Event]:
    if not isinstance(ctx.event, TextDelta):
        return []
    raise LookupError("too much")


def test_a_change_and_nothing_else() -> None:
    trial = try_hook(cap, HELLO)
    assert (trial.result.name, trial.result.stage, trial.result.outcome) == ("cap", "inbound", "ran")
    assert trial.result.wrote == ("max_tokens",)
    assert trial.document == HELLO | {"max_tokens": 3}
    assert (trial.error, trial.answer, trial.undeclared, trial.events) == (None, None, (), ())


def test_parameters_and_stage() -> None:
    assert try_hook(cap, HELLO, params={"limit": 4}).document["max_tokens"] == 4
    trial = try_hook(cap, HELLO, params=Params(limit=1), stage="outbound")
    assert (trial.document["max_tokens"], trial.result.stage) == (1, "outbound")


@given(
    body=st.binary(max_size=60)
    | st.sampled_from([b'{ "max_tokens":1 }', b'{"max_tokens": 2.50}', b"[1]", b'"\\ud800"'])
)
def test_what_is_not_written_stays_byte_for_byte(body: bytes) -> None:
    for one in (cap, looks):
        trial = try_hook(one, body)
        assert trial.body == body
        assert trial.result.outcome in {"ran", "skipped"}, trial.result.reason


@pytest.mark.parametrize("wire", FORMATS)
def test_the_format_is_guessed_and_typed_access_works(wire: WireFormat) -> None:
    trial = try_hook(typed, orjson.dumps(CLIENTS[wire].request), format=wire)
    assert trial.result.outcome == "ran", trial.result.reason
    assert trial.exchange.format is wire
    assert b"77" in trial.body


def test_what_it_notes_and_chooses() -> None:
    trial = try_hook(notes, HELLO, headers={"x-a": "0", "x-b": "2"}, provider="q", format="openai_responses")
    assert trial.headers == [("x-a", "1"), ("x-b", "2")]
    assert (trial.provider, trial.exchange.model, trial.exchange.session) == ("p", "m-2", "s")
    assert trial.tags == {"from": "openai_responses /v1/responses POST"}


def test_header_fields_keep_their_order_and_duplicates() -> None:
    fields = [("A", "1"), ("b", "é"), ("a", "2")]
    assert try_hook(looks, HELLO, headers=fields).headers == fields


def test_what_it_did_before_it_failed_is_taken_back() -> None:
    body = b'{ "max_tokens": 9 }'
    trial = try_hook(fails, body, headers={"X-A": "0"})
    assert (trial.result.outcome, trial.result.reason, trial.result.wrote) == ("failed", "after all that", ())
    assert isinstance(trial.error, ValueError)
    assert (trial.body, trial.headers, trial.tags) == (body, [("X-A", "0")], {})


def test_an_answer_of_its_own_and_what_it_saw() -> None:
    trial = try_hook(sees, HELLO, provider="q", headers={"X-B": "2"})
    assert trial.answer is not None
    assert (trial.answer.status, trial.answer.text) == (200, "m-1 of q, 2")
    other = try_hook(sees, HELLO, model="m-9").answer
    assert other is not None
    assert other.text == "m-9 of None, None"


def test_waiting_has_an_end() -> None:
    trial = try_hook(sleeps, HELLO, timeout=0.01)
    assert (trial.result.outcome, type(trial.error)) == ("failed", TimeoutError)


def test_reads_that_are_not_declared() -> None:
    @hook(stage="inbound")
    def curious(ctx: Context, params: None) -> None:
        ctx.body.get("metadata.user_id")

    assert try_hook(curious, HELLO).undeclared == ("metadata.user_id",)


@pytest.mark.parametrize("wire", FORMATS)
def test_a_stream_as_the_client_gets_it(wire: WireFormat) -> None:
    trial = try_hook(shouts, b"".join(stream_of(wire, ["Good ", "day"])))
    assert (trial.result.outcome, trial.result.wrote) == ("ran", ("text",))
    assert b"GOOD " in trial.body
    assert b"Good" not in trial.body
    assert "".join(event.text for event in trial.events if isinstance(event, TextDelta)) == "GOOD DAY"


@pytest.mark.parametrize("wire", FORMATS)
def test_an_answer_in_one_piece(wire: WireFormat) -> None:
    trial = try_hook(shouts, body_of(wire))
    assert b"HELLO THERE" in trial.body
    assert isinstance(trial.document, dict)
    assert isinstance(trial.events[-1], End)


def gemini_chunks() -> list[Any]:
    return [orjson.loads(chunk.removeprefix(b"data: ")) for chunk in stream_of("gemini", ["Good ", "day"])]


def test_a_gemini_stream_that_is_an_array() -> None:
    trial = try_hook(shouts, gemini_chunks())
    texts = [part["text"] for chunk in trial.document for part in parts_of(chunk) if part.get("text")]
    assert "".join(texts) == "GOOD DAY"


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
def test_the_envelope_of_code_assist_stays(streamed: bool) -> None:
    chunks = [{"response": chunk} for chunk in (gemini_chunks() if streamed else [body_of("gemini")])]
    data = b"".join(b"data: " + orjson.dumps(chunk) + b"\n\n" for chunk in chunks)
    trial = try_hook(shouts, data if streamed else chunks[0])
    assert trial.exchange.format is WireFormat.GEMINI
    got = [orjson.loads(line[6:]) for line in trial.body.splitlines() if line] if streamed else [trial.document]
    texts = [part["text"] for chunk in got for part in parts_of(chunk["response"]) if part.get("text")]
    assert "".join(texts) == ("GOOD DAY" if streamed else "HELLO THERE")


def parts_of(chunk: dict[str, Any]) -> list[dict[str, Any]]:
    return [part for each in chunk.get("candidates", []) for part in each.get("content", {}).get("parts", [])]


@pytest.mark.parametrize("wire", FORMATS)
def test_a_hook_that_only_listens_leaves_the_bytes(wire: WireFormat) -> None:
    stream = b"".join(stream_of(wire, ["Good ", "day"]))
    trial = try_hook(counts, stream)
    assert (trial.body, trial.tags) == (stream, {"n": "8"})


def test_a_hook_that_fails_on_an_answer() -> None:
    stream = b"".join(stream_of("anthropic"))
    trial = try_hook(chokes, stream)
    assert (trial.result.outcome, str(trial.error), trial.body) == ("failed", "too much", stream)


def test_a_stream_that_broke_off() -> None:
    trial = try_hook(shouts, b"".join(stream_of("anthropic", ["Good ", "day"])[:4]))
    assert b"GOOD" in trial.body
    assert isinstance(trial.events[-1], Error)


@pytest.mark.parametrize(
    ("one", "arguments", "why"),
    [
        ("cap", {"params": {"limit": "x"}}, "limit"),
        ("cap", {"params": {"limt": 1}}, "limt"),
        ("looks", {"params": {"limit": 1}}, "takes no parameters"),
        ("cap", {"stage": "response"}, "not of response"),
        ("cap", {"format": "morse"}, "morse"),
        ("cap", {"headers": {"x": "€"}}, "latin-1"),
        ("shouts", {}, "none of the formats"),
        ("shouts", {"format": "anthropic"}, "not"),
        ("shouts", {"body": b"{", "format": "anthropic"}, "JSON"),
    ],
)
def test_what_cannot_be_tried(one: str, arguments: dict[str, Any], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        try_hook(globals()[one], **{"body": HELLO, **arguments})


def test_what_can_be_imported_from_the_package() -> None:
    assert isinstance(cap, Hook)
    assert all(getattr(ccproxy, name) is not None for name in ccproxy.__all__)
    with pytest.raises(AttributeError, match="hooky"):
        ccproxy.hooky  # noqa: B018


def test_importing_the_package_loads_nothing() -> None:
    heavy = ("ccproxy.", "pydantic", "orjson")
    code = f"import sys, ccproxy; print(*[name for name in sys.modules if name.startswith({heavy})])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
