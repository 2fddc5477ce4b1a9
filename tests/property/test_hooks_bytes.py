"""A hook that writes nothing leaves the bytes of a request as they came, whatever it looks at (W-DATA-1)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ccproxy.exchange import WireFormat
from tests.property.test_redirect_bytes import relaxed
from tests.support.configs import providers
from tests.support.conversations import TELLERS, conversations
from tests.support.crossing import CLIENTS
from tests.support.daemon import Daemon, Home
from tests.support.disorder import FORMATS, bent, documents, to_json
from tests.support.examples import examples
from tests.support.hooks import put_hooks
from tests.support.http import request_bytes
from tests.support.spelling import numbers, spelled
from tests.support.upstream import Upstream

LOOKING = """
    import asyncio

    from ccproxy import hook

    ROOTS = (
        "messages", "input", "contents", "system", "instructions", "systemInstruction", "tools", "metadata", "odd",
        "generationConfig", "toolConfig", "tool_choice", "request", "messages.0", "messages.-1.content", "*", "**",
        "messages.*.content.*.text", "contents.*.parts", "input.*", "no.such.place",
    )


    @hook(stage="STAGE", reads=["messages", "system"])
    def STAGE_reads_messages(ctx, params):
        return [repr(part) for message in ctx.messages for part in message.parts], repr(ctx.system)


    @hook(stage="STAGE", reads=["tools", "settings"])
    async def STAGE_reads_tools_and_settings(ctx, params):
        names = [(tool.name, tool.parameters_json_schema) for tool in ctx.tools]
        await asyncio.sleep(0)
        return names, {**ctx.settings}


    @hook(stage="STAGE", reads=["**"])
    def STAGE_reads_the_body(ctx, params):
        return [(ctx.body.has(root), ctx.body.get(root)) for root in ROOTS]


    @hook(stage="STAGE", reads=["headers.*", "exchange.*"])
    def STAGE_reads_the_rest(ctx, params):
        facts = ctx.exchange
        return ctx.headers.items(), "x-a" in ctx.headers, facts.model, facts.provider, facts.path, facts.format


    @hook(stage="STAGE", reads=["**"], writes=["**"])
    def STAGE_could_write(ctx, params):
        assert ctx.body.rewrite("**", lambda text: text.replace("no such secret", "")) == 0
        whole, *_ = ctx.body.get("**")
        if isinstance(whole, dict):
            whole["no such member"] = True
            del whole["no such member"]


    @hook(stage="STAGE", reads=["messages", "system", "settings"], writes=["messages", "system", "settings", "tools"])
    def STAGE_puts_back(ctx, params):
        ctx.messages, ctx.system, ctx.tools = [*ctx.messages], [*ctx.system], [*ctx.tools]
        ctx.settings = {**ctx.settings}
"""
STAGES = ("inbound_", "outbound_")


formats = st.sampled_from(FORMATS)


@pytest.fixture(scope="module")
def looking(shared_upstream: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """A daemon whose hooks look at everything in both stages, and write nothing."""
    home = Home()
    put_hooks(home, **{f"look_{stage}": LOOKING.replace("STAGE", stage) for stage in ("inbound", "outbound")})
    try:
        with Daemon({"providers": providers(shared_upstream.url, tmp_path_factory.mktemp("tokens"))}, home=home) as it:
            yield it
    finally:
        home.remove()


@st.composite
def calls(draw: st.DrawFn, format: WireFormat) -> bytes:
    """A legal request, with a member that no API knows, in any spelling."""
    document = TELLERS[format](draw(conversations()))
    odd = draw(st.lists(numbers, max_size=3))
    return draw(spelled(document | {"odd": odd}))


@st.composite
def bent_calls(draw: st.DrawFn) -> bytes:
    """A request that is nearly right."""
    document = draw(bent(TELLERS[draw(formats)](draw(conversations()))))
    return to_json(document)


class Visit:
    """A client that stays connected, and what the daemon makes of its requests."""

    def __init__(self, daemon: Daemon, upstream: Upstream) -> None:
        self._daemon, self._upstream = daemon, upstream
        self._client = daemon.client()

    def outcomes(self, format: WireFormat, body: bytes) -> list[str]:
        """Asserts that the provider gets the very bytes; returns how the hooks ended."""
        dialect = CLIENTS[format]
        self._upstream.forget()
        self._client.send(request_bytes("POST", dialect.target(), [dialect.key()], body))
        assert self._client.response().status == 200
        (seen,) = self._upstream.requests
        assert seen.body == body
        (flow,) = self._daemon.control("GET", "/flows?limit=1")
        results = [result for result in flow["hooks"] if result["name"].startswith(STAGES)]
        assert len(results) == 12
        assert not any(result["wrote"] for result in results)
        assert "failed" not in {result["outcome"] for result in flow["hooks"]}, flow["hooks"]
        return [result["outcome"] for result in results]

    def close(self) -> None:
        """Says good-bye."""
        self._client.close()


@pytest.fixture
def visit(looking: Daemon, upstream: Upstream) -> Iterator[Visit]:
    """A client of the daemon that looks; nothing that its hooks did may have been against what they declare."""
    made = Visit(looking, upstream)
    yield made
    made.close()
    assert "declare" not in looking.output


@settings(relaxed, max_examples=examples(500))
@given(formats.flatmap(lambda format: st.tuples(st.just(format), calls(format))))
def test_a_call_that_hooks_only_look_at(visit: Visit, call: tuple[WireFormat, bytes]) -> None:
    assert visit.outcomes(*call) == ["ran"] * 12


@settings(relaxed, max_examples=examples(300))
@given(formats, st.one_of(documents.map(to_json), st.binary(max_size=40), bent_calls()))
def test_anything_that_hooks_only_look_at(visit: Visit, format: WireFormat, body: bytes) -> None:
    visit.outcomes(format, body)
