"""How answers end that hooks hear: whole, cut short, broken, failed, or without anybody left to read them."""

from __future__ import annotations

import gc
import json
from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest

from ccproxy.gateway.hooked.observed import ObservedRelay
from ccproxy.gateway.hooked.stream import HookedRelay
from ccproxy.gateway.leaving import CLIENT_GONE
from ccproxy.gateway.reply import BodyBroken
from ccproxy.lightllm import events as ev
from ccproxy.lightllm.stream_translator import StreamTranslator
from ccproxy.pipeline.failures import HookFailed
from ccproxy.pipeline.hook import Hook, hook
from ccproxy.pipeline.response import ResponseRun
from ccproxy.transport.carrier import TransportError
from tests.gateway.hooked.masks import count, failing, look, mask, shout
from tests.gateway.hooked.passage import JSON, SSE, Passed, Pieces, simulated, through
from tests.support.crossing import CLIENTS
from tests.support.provider_answers import body_of, error_event_of, stream_of

FORMATS = list(CLIENTS)
ALL = [(client, provider) for client in FORMATS for provider in FORMATS]
FEW = [("anthropic", "openai"), ("openai", "gemini"), ("openai_responses", "anthropic"), ("gemini", "openai_responses")]
HOOKS: dict[str, Sequence[Hook]] = {"looks": [count], "waits": [look, count], "writes": [mask, count]}


def half(provider: str) -> list[bytes | Exception]:
    """A stream up to its first word."""
    events = stream_of(provider, ["Hello there, how are things?", "you"])
    at = next(number for number, each in enumerate(events) if b"Hello" in each) + 1
    return list(events[:at])


def failed(passed: Passed, client: str) -> str:
    """Asserts that a stream ends in an error, that its record says so, and that hooks have heard of it."""
    message = CLIENTS[client].stream_error(passed.body)
    assert passed.error is None
    assert passed.exchange.done
    assert passed.exchange.failure is not None
    assert passed.exchange.response is not None
    assert passed.exchange.response.body == passed.body
    assert not passed.exchange.response.complete
    assert passed.exchange.tags["Error"] == "1"
    assert set(passed.outcomes()) == {"ran"}
    return message


ENDS: dict[str, list[bytes | Exception]] = {
    "ended": [],
    "reset": [TransportError("reset", "the provider closed the connection")],
    "silent": [TransportError("idle_timeout", "nothing came for 60 s")],
}


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("hooks", HOOKS)
@pytest.mark.parametrize(("client", "provider"), [*((each, each) for each in FORMATS), *FEW])
def test_a_stream_that_breaks_off_ends_in_an_error(client: str, provider: str, hooks: str, end: str) -> None:
    incoming = Pieces(SSE, [*half(provider), *ENDS[end]])
    passed = through(HOOKS[hooks], client, incoming, provider)
    failed(passed, client)
    assert b"Hello" in passed.body
    assert passed.exchange.failure is not None
    expected = {"ended": ("truncated", "provider_error"), "reset": ("reset",), "silent": ("idle_timeout",)}
    assert passed.exchange.failure.kind in expected[end]
    assert passed.exchange.provider_response is not None
    assert b"Hello" in passed.exchange.provider_response.body


@pytest.mark.parametrize("hooks", HOOKS)
@pytest.mark.parametrize(("client", "provider"), ALL)
def test_an_error_in_mid_stream_stays_one(client: str, provider: str, hooks: str) -> None:
    incoming = Pieces(SSE, [*half(provider), error_event_of(provider, "all is lost")])
    passed = through(HOOKS[hooks], client, incoming, provider)
    assert "all is lost" in CLIENTS[client].stream_error(passed.body)
    assert passed.exchange.tags["Error"] == "1"


def test_what_a_hook_holds_back_comes_before_an_error() -> None:
    @hook(stage="response", writes=["text"])
    def hold(ctx: Any, params: Any) -> list[ev.Event] | None:
        """Holds back all text."""
        if isinstance(ctx.event, ev.TextDelta):
            ctx.state.setdefault("held", []).append(ctx.event)
            return []
        return ctx.state.pop("held", []) if isinstance(ctx.event, ev.End | ev.Error) else None

    for client in FORMATS:
        passed = through([hold, count], client, Pieces(SSE, half(client)))
        failed(passed, client)
        assert b"Hello" in passed.body


@pytest.mark.parametrize("hooks", HOOKS)
@pytest.mark.parametrize(("client", "provider"), [*((each, each) for each in FORMATS), *FEW])
def test_a_client_that_goes_away(client: str, provider: str, hooks: str) -> None:
    incoming = Pieces(SSE, stream_of(provider, ["one ", "two ", "three "]))
    passed = through(HOOKS[hooks], client, incoming, provider, most=3)
    assert passed.exchange.failure == CLIENT_GONE
    assert incoming.closed
    assert set(passed.outcomes()) == {"ran"}
    assert "End" not in passed.exchange.tags


def test_a_client_that_goes_away_before_the_first_byte() -> None:
    for hooks in HOOKS.values():
        passed = through(hooks, "openai", Pieces(SSE, stream_of("openai")), most=1)
        assert len(passed.results) == len(hooks)


def alive() -> list[int]:
    """How many there are of what an answer needs."""
    gc.collect()
    found = Counter(type(each) for each in gc.get_objects())
    return [found[kind] for kind in (HookedRelay, ObservedRelay, ResponseRun, StreamTranslator)]


def test_dropped_streams_leave_nothing_behind() -> None:
    before = alive()
    for hooks in HOOKS.values():
        for client, provider in FEW:
            through(hooks, client, Pieces(SSE, half(provider)), provider, most=2)
            through(hooks, client, Pieces(SSE, half(client)), most=2)
    assert alive() == before


# -- hooks that fail


@pytest.mark.parametrize("streamed", [False, True], ids=["buffered", "streamed"])
@pytest.mark.parametrize("writes", [[], ["text"]], ids=["looks", "writes"])
@pytest.mark.parametrize(("client", "provider"), [*((each, each) for each in FORMATS), *FEW])
def test_an_answer_goes_on_without_a_hook_that_fails(
    client: str, provider: str, writes: list[str], streamed: bool
) -> None:
    whole = json.dumps(body_of(provider, "Hello there")).encode()
    incoming = Pieces(SSE, stream_of(provider, ["He", "llo", " there"])) if streamed else Pieces(JSON, [whole])
    passed = through([failing(writes, "continue"), count], client, incoming, provider)
    if client == provider and not writes:
        assert passed.body == (b"".join(stream_of(provider, ["He", "llo", " there"])) if streamed else whole)
    else:
        assert passed.read(client).text == "Hello there"
    assert passed.exchange.failure is None
    assert [(result.outcome, result.reason) for result in passed.results] == [("failed", "no such word"), ("ran", "")]


@pytest.mark.parametrize("writes", [[], ["text"]], ids=["looks", "writes"])
@pytest.mark.parametrize(("client", "provider"), ALL)
def test_a_stream_ends_in_an_error_where_nothing_goes_on(client: str, provider: str, writes: list[str]) -> None:
    incoming = Pieces(SSE, stream_of(provider, ["He", "llo", " there"]))
    passed = through([failing(writes, "fail")], client, incoming, provider)
    assert "no such word" in CLIENTS[client].stream_error(passed.body)
    assert b"llo" not in passed.body.replace(b"He", b"")
    assert b"there" not in passed.body
    assert incoming.closed
    assert passed.exchange.failure is not None
    assert passed.exchange.failure.kind == "hook_failed"
    assert passed.outcomes() == ["failed"]
    assert passed.exchange.response is not None
    assert passed.exchange.response.body == passed.body


@pytest.mark.parametrize("writes", [[], ["text"]], ids=["looks", "writes"])
@pytest.mark.parametrize(("client", "provider"), [*((each, each) for each in FORMATS), *FEW])
def test_a_whole_answer_is_refused_where_nothing_goes_on(client: str, provider: str, writes: list[str]) -> None:
    """The gateway makes an error of it."""
    incoming = Pieces(JSON, [json.dumps(body_of(provider, "Hello there")).encode()])
    with pytest.raises(HookFailed, match="no such word"):
        through([failing(writes, "fail")], client, incoming, provider)
    assert incoming.closed


def test_a_stream_in_a_coding_can_only_be_broken_off() -> None:
    """No event of ours can be put behind compressed bytes, nor behind a length that was promised."""
    for field in ((b"Content-Encoding", b"identity, identity"), (b"Content-Length", b"100000")):
        incoming = Pieces([*SSE, field], stream_of("openai", ["He", "llo", " there"]))
        passed = through([failing([], "fail")], "openai", incoming)
        assert isinstance(passed.error, BodyBroken)
        assert b"there" not in passed.body
        assert passed.exchange.failure is not None
        assert passed.exchange.failure.kind == "hook_failed"


def test_a_guard_that_fails_keeps_the_answer_back() -> None:
    def guard(ctx: Any) -> bool:
        raise LookupError("no policy")

    def never(ctx: Any, params: Any) -> None:
        """Never runs."""

    made = hook(stage="response", reads=["text"], guard=guard, on_error="fail")(never)
    for streamed in (False, True):
        incoming = Pieces(SSE if streamed else JSON, stream_of("openai"))
        with pytest.raises(HookFailed, match="no policy"):
            through([made], "openai", incoming)
        assert incoming.closed


def ending(last: ev.Event) -> Hook:
    """A hook that ends the answer at a word."""

    def rule(ctx: Any, params: Any) -> list[ev.Event] | None:
        """Ends the answer."""
        if isinstance(ctx.event, ev.TextDelta) and "llo" in ctx.event.text:
            return [ev.Finish(ev.StopReason.FILTER), last]
        return None

    return hook(stage="response", writes=["events"])(rule)


@pytest.mark.parametrize("streamed", [False, True], ids=["buffered", "streamed"])
@pytest.mark.parametrize(("client", "provider"), ALL)
def test_a_hook_may_end_an_answer(client: str, provider: str, streamed: bool) -> None:
    whole = json.dumps(body_of(provider, "Hello there")).encode()
    incoming = Pieces(SSE, stream_of(provider, ["He", "llo", " there"])) if streamed else Pieces(JSON, [whole])
    passed = through([ending(ev.End())], client, incoming, provider)
    assert passed.read(client).text == ("He" if streamed else "")
    assert passed.exchange.failure is None


@pytest.mark.parametrize("streamed", [False, True], ids=["buffered", "streamed"])
@pytest.mark.parametrize(("client", "provider"), ALL)
def test_a_hook_may_make_an_error_of_an_answer(client: str, provider: str, streamed: bool) -> None:
    whole = json.dumps(body_of(provider, "Hello there")).encode()
    incoming = Pieces(SSE, stream_of(provider, ["He", "llo", " there"])) if streamed else Pieces(JSON, [whole])
    error = ev.Error(ev.WireError(403, "against the rules", code="house_rules"))
    passed = through([ending(error)], client, incoming, provider)
    if streamed:
        assert "against the rules" in CLIENTS[client].stream_error(passed.body)
    else:
        assert CLIENTS[client].error(passed.response(), 403) == "against the rules"
    assert passed.exchange.failure is not None
    assert passed.exchange.failure.kind == "house_rules"


# -- the simulator's ways to go wrong


@pytest.mark.parametrize("hooks", HOOKS)
@pytest.mark.parametrize("marker", ["SIM_CUT 3", "SIM_RESET 3", "SIM_ERROR_MID 3"])
@pytest.mark.parametrize("client", FORMATS)
def test_the_simulators_faults(client: str, marker: str, hooks: str) -> None:
    passed = simulated(HOOKS[hooks], client, True, f"SIM_WORDS 20 {marker}")
    assert CLIENTS[client].stream_error(passed.body)
    assert passed.exchange.tags["Error"] == "1"


@pytest.mark.parametrize("streamed", [False, True], ids=["buffered", "streamed"])
@pytest.mark.parametrize("status", [400, 429, 529])
@pytest.mark.parametrize("client", FORMATS)
def test_errors_pass_as_they_came_and_no_hook_runs(client: str, status: int, streamed: bool) -> None:
    passed = simulated([shout, count], client, streamed, f"SIM_ERROR {status}")
    assert passed.reply.status == status
    assert not passed.body.isupper()
    plain = simulated([], client, streamed, f"SIM_ERROR {status}")
    assert passed.body == plain.body
    reason = f"the provider answered {status}"
    assert [(result.outcome, result.reason) for result in passed.results] == [("skipped", reason)] * 2
    assert passed.exchange.done
