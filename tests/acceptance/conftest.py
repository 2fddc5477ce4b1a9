"""A daemon with hooks of a user's own, for the tests of hooks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.support.configs import providers
from tests.support.daemon import Daemon, Home
from tests.support.hooks import put_hooks
from tests.support.upstream import Upstream

SHAPE = """
    from ccproxy import hook


    @hook(stage="outbound", writes=["shaped"])
    def shape(ctx, params):
        ctx.body.assign("shaped", True)
"""
OTHERS = """
    from ccproxy import hook


    @hook(stage="inbound", reads=["**"])
    def looks(ctx, params):
        ctx.body.get("**")


    @hook(stage="outbound", reads=["**"])
    def looks_again(ctx, params):
        ctx.body.get("**")


    @hook(stage="inbound", writes=["exchange.tags"], guard=lambda ctx: False)
    def shy(ctx, params):
        ctx.exchange.tag("shy", "no more")


    @hook(stage="inbound", security=True, guard=lambda ctx: "x-forbidden" in ctx.headers, reads=["headers.x-forbidden"])
    def guardian(ctx, params):
        raise PermissionError("not like this")


    @hook(stage="inbound", reads=["headers.x-ask"], guard=lambda ctx: "x-ask" in ctx.headers)
    def refuses(ctx, params):
        ctx.respond(429, "ask \\u00fcbermorgen")


    @hook(stage="outbound", reads=["headers.x-answer"], guard=lambda ctx: "x-answer" in ctx.headers)
    async def answers(ctx, params):
        if ctx.headers.get("x-answer") == "text":
            ctx.respond(200, "a word\\n\u00fcber \\U0001f600")
        else:
            ctx.respond(203, body={"own": 1.0}, headers={"X-Own": "yes"})


    @hook(stage="inbound", reads=["headers.x-stumble"], guard=lambda ctx: "x-stumble" in ctx.headers)
    def stumbles(ctx, params):
        ctx.body.assign("stumbled", 1)
"""


@pytest.fixture(scope="session")
def hooked(shared_upstream: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """A daemon with hooks of a user's own."""
    home = Home()
    put_hooks(home, shaping=SHAPE, others=OTHERS)
    config = {
        "providers": providers(shared_upstream.url, tmp_path_factory.mktemp("tokens")),
        "lightllm": {"transforms": [{"match_path": "^/raw/", "dest_provider": "openai"}]},
        "hooks": {"inbound": ["ccproxy.hooks.extract_session_id", {"hook": "others:looks", "overridable": False}]},
    }
    try:
        with Daemon(config, home=home) as running:
            yield running
    finally:
        home.remove()


@pytest.fixture
def flow(hooked: Daemon, agent: str) -> Callable[[], dict[str, Any]]:
    """Gives the record of the exchange that the test has made."""
    return lambda: hooked.flow(agent)
