"""Hooks that fail, take too long, or wait for each other: what the client is told, and what is recorded."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.support.configs import providers
from tests.support.crossing import CLIENTS, PAIRS, answering, ask_across, read
from tests.support.daemon import Daemon, Home
from tests.support.dialects import ANTHROPIC, GEMINI, OPENAI, Dialect
from tests.support.hooks import outcome, override, put_hooks, results
from tests.support.upstream import Upstream

HOOKS = """
    import asyncio
    import functools

    from ccproxy import hook


    def never(ctx):
        return False


    @hook(stage="inbound", on_error="fail", guard=never, reads=["messages"], writes=["messages"])
    def breaks_early(ctx, params):
        ctx.messages.clear()
        raise ValueError("not \\u00fcber here\\nand not there")


    @hook(stage="outbound", on_error="fail", guard=never)
    async def breaks_late(ctx, params):
        await asyncio.sleep(0)
        raise LookupError


    @hook(stage="inbound", on_error="fail", guard=never, reads=["messages"])
    def oversteps(ctx, params):
        ctx.body.assign("mine", 1)


    @hook(stage="inbound", guard=never, writes=["exchange.tags", "messages"])
    async def dawdles(ctx, params):
        ctx.exchange.tag("dawdles", "began")
        ctx.messages.clear()
        await asyncio.Event().wait()


    @hook(stage="outbound", guard=never, on_error="fail")
    async def dawdles_late(ctx, params):
        await asyncio.Event().wait()


    @hook(stage="outbound", guard=never, on_error="fail")
    def says_so(ctx, params):
        raise TimeoutError("the vault does not answer")


    @hook(stage="inbound", guard=never, writes=["exchange.tags"])
    async def will_not_end(ctx, params):
        \"""Its time is over, and it says that it is not.\"""
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            ctx.exchange.tag("late", "was told")
            raise RuntimeError("so what") from None


    @functools.cache
    def meeting():
        return asyncio.Barrier(2)


    @hook(stage="inbound", guard=never, on_error="fail")
    async def meets_one(ctx, params):
        await meeting().wait()


    @hook(stage="inbound", guard=never, on_error="fail")
    async def meets_another(ctx, params):
        await meeting().wait()


    @hook(stage="inbound", guard=never, on_error="fail", writes=["metadata"])
    async def meets_a_request(ctx, params):
        ctx.body.assign("metadata.met", await meeting().wait() in (0, 1))


    @hook(stage="inbound", guard=never, on_error="fail")
    def ends_the_program(ctx, params):
        raise SystemExit(3)


    @hook(stage="inbound", guard=never, on_error="fail")
    async def waits_for_what_is_cancelled(ctx, params):
        task = asyncio.create_task(asyncio.Event().wait())
        task.cancel("not by the client")
        await task


    @hook(stage="outbound", guard=never)
    def cancels(ctx, params):
        raise asyncio.CancelledError("at once")


    @hook(stage="response", guard=never, reads=["text"], writes=["text"])
    async def cancels_an_answer(ctx, params):
        raise asyncio.CancelledError("on its way")
"""
ALL = [*((name, name) for name in CLIENTS), *PAIRS]
ways = pytest.mark.parametrize("streamed", [False, True], ids=["buffered", "streamed"])
SAID = {
    "breaks_early": "hook breaks_early failed: not über here\nand not there (see ccproxy's log)",
    "breaks_late": "hook breaks_late failed: LookupError() (see ccproxy's log)",
    "oversteps": "hook oversteps failed: it writes 'mine' but declares to write nothing: add it to writes=[…] "
    "(see ccproxy's log)",
    "ends_the_program": "hook ends_the_program failed: 3 (see ccproxy's log)",
    "says_so": "hook says_so failed: the vault does not answer (see ccproxy's log)",
}


@pytest.fixture(scope="module")
def hooked(shared_upstream: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """A daemon with hooks that fail if a request asks for them, each of which may take a second."""
    home = Home()
    put_hooks(home, failing=HOOKS)
    known = providers(shared_upstream.url, tmp_path_factory.mktemp("tokens"))
    try:
        with Daemon({"providers": known, "hooks": {"timeout_seconds": 1}}, home=home) as running:
            yield running
    finally:
        home.remove()


@ways
@pytest.mark.parametrize("hook", SAID)
@pytest.mark.parametrize(("client", "provider"), ALL)
def test_a_hook_without_which_nothing_goes_on(
    hooked: Daemon, upstream: Upstream, client: str, provider: str, hook: str, streamed: bool, agent: str
) -> None:
    headers = [override(f"+{hook}"), (b"user-agent", agent.encode())]
    answer = ask_across(hooked, client, provider, stream=streamed, headers=headers)
    assert CLIENTS[client].error(answer, 500) == SAID[hook]
    recorded = " ".join(SAID[hook].split())
    assert not upstream.requests
    flow = hooked.flow(agent)
    assert (flow["status"], flow["error"]) == (500, {"kind": "hook_failed", "message": recorded})
    how, why = outcome(flow, hook)
    assert how == "failed"
    assert f"failed: {why} (see" in recorded


def test_the_kind_is_told_where_the_dialect_has_a_place_for_it(hooked: Daemon, upstream: Upstream) -> None:
    answer = ask_across(hooked, "openai", "anthropic", headers=[override("+breaks_late")])
    assert (answer.json()["error"]["type"], answer.json()["error"]["code"]) == ("server_error", "hook_failed")
    answer = ask_across(hooked, "anthropic", "openai", headers=[override("+breaks_late")])
    assert answer.json()["error"]["type"] == "api_error"
    answer = ask_across(hooked, "gemini", "openai", headers=[override("+breaks_late")])
    assert answer.json()["error"]["status"] == "INTERNAL"


@pytest.mark.parametrize(("method", "target", "dialect"), [
    ("GET", "/v1/files", OPENAI),
    ("POST", "/v1/messages/count_tokens", ANTHROPIC),
    ("POST", "/v1beta/models/m:embedContent", GEMINI),
])  # fmt: skip
def test_beside_the_main_calls(hooked: Daemon, upstream: Upstream, method: str, target: str, dialect: Dialect) -> None:
    answer = hooked.ask(method, target, [dialect.key(), override("+breaks_late")], dialect.body())
    assert dialect.error(answer, 500) == SAID["breaks_late"]
    assert not upstream.requests


# -- time


@pytest.mark.parametrize(("client", "provider"), [("anthropic", "anthropic"), ("openai", "gemini")])
def test_a_hook_that_takes_too_long(hooked: Daemon, upstream: Upstream, client: str, provider: str, agent: str) -> None:
    """Several requests at once, so that the test does not take as long as they all do."""
    upstream.script = answering(provider, sse=False)

    def ask(hook: str) -> tuple[int, bytes]:
        headers = [override(hook), (b"user-agent", f"{agent}{hook}".encode())]
        answer = ask_across(hooked, client, provider, headers=headers)
        return answer.status, answer.body

    with ThreadPoolExecutor(4) as pool:
        found = dict(zip(LONG, pool.map(ask, LONG), strict=True))
    assert {hook: status for hook, (status, _) in found.items()} == LONG
    why = "hook dawdles_late failed: it took longer than 1 s"
    assert why.encode() in found["+dawdles_late"][1]
    assert len(upstream.requests) == 3
    assert len({seen.body for seen in upstream.requests}) == 1  # what a hook did in its time is taken back
    flow = hooked.flow(f"{agent}+dawdles")
    assert outcome(flow, "dawdles") == ("failed", "it took longer than 1 s")
    assert (flow["error"], flow["tags"]) == (None, {})
    flow = hooked.flow(f"{agent}+will_not_end")
    assert outcome(flow, "will_not_end")[0] == "failed"
    assert (flow["error"], flow["tags"]) == (None, {})
    assert hooked.flow(f"{agent}+dawdles_late")["error"]["kind"] == "hook_failed"


LONG = {"+dawdles": 200, "+dawdles_late": 500, "+will_not_end": 200, "": 200}
"""What clients say about hooks, and the status that they get."""


# -- a cancellation that is not the client's


@pytest.mark.parametrize(("client", "provider"), [("openai", "openai"), ("gemini", "anthropic")])
def test_what_is_cancelled_and_not_by_the_client(
    hooked: Daemon, upstream: Upstream, client: str, provider: str, agent: str
) -> None:
    headers = [override("+waits_for_what_is_cancelled"), (b"user-agent", agent.encode())]
    message = CLIENTS[client].error(ask_across(hooked, client, provider, headers=headers), 500)
    assert message == "hook waits_for_what_is_cancelled failed: not by the client (see ccproxy's log)"
    assert not upstream.requests
    assert hooked.flow(agent)["error"]["kind"] == "hook_failed"


@ways
@pytest.mark.parametrize(("client", "provider"), [("openai", "openai"), ("gemini", "anthropic")])
def test_and_the_request_goes_on(
    hooked: Daemon, upstream: Upstream, client: str, provider: str, streamed: bool, agent: str
) -> None:
    upstream.script = answering(provider, sse=streamed)
    headers = [override("+cancels,+cancels_an_answer"), (b"user-agent", agent.encode())]
    answer = ask_across(hooked, client, provider, stream=streamed, headers=headers)
    assert b"Hello" in answer.body
    assert answer.complete
    flow = hooked.flow(agent)
    assert outcome(flow, "cancels") == ("failed", "at once")
    assert outcome(flow, "cancels_an_answer") == ("failed", "on its way")
    assert flow["error"] is None


# -- at the same time


@pytest.mark.parametrize(("client", "provider"), ALL)
def test_hooks_of_a_request_wait_together(
    hooked: Daemon, upstream: Upstream, client: str, provider: str, agent: str
) -> None:
    upstream.script = answering(provider, sse=True)
    headers = [override("+meets_one,+meets_another"), (b"user-agent", agent.encode())]
    answer = ask_across(hooked, client, provider, stream=True, headers=headers)
    assert read(client, answer).text == "Hello there"
    found = results(hooked.flow(agent))
    assert {found[name]["outcome"] for name in ("meets_one", "meets_another")} == {"ran"}


def test_hooks_of_requests_wait_together(hooked: Daemon, upstream: Upstream) -> None:
    def ask(_: int) -> int:
        return ask_across(hooked, "openai", "openai", headers=[override("+meets_a_request")]).status

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(ask, range(2))) == [200, 200]
    assert [json.loads(seen.body)["metadata"] for seen in upstream.requests] == [{"met": True}] * 2
