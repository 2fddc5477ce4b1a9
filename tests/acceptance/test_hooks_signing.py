"""Appendix A, row 29: who signs the body runs after all that change it, wherever it is listed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from hashlib import sha256
from typing import Any

import orjson
import pytest

from tests.support.configs import providers
from tests.support.crossing import answering, ask_across
from tests.support.daemon import Daemon, Home
from tests.support.dialects import ANTHROPIC, DIALECTS, Dialect
from tests.support.hooks import put_hooks, sent
from tests.support.upstream import Recorded, Upstream

SIGNING = """
    from hashlib import sha256

    import orjson

    from ccproxy import hook


    @hook(stage="outbound", reads=["**"], writes=["headers.x-signature"])
    def sign_in_a_field(ctx, params):
        ctx.headers.set("x-signature", sha256(ctx.body.raw()).hexdigest())


    def has_a_place(ctx):
        return str(ctx.body.get("system.0.text")).startswith("signed: ")


    @hook(stage="outbound", reads=["**"], writes=["system.0"], guard=has_a_place)
    def sign_in_the_prompt(ctx, params):
        ctx.body.assign("system.0.text", "signed: " + "0" * 64)
        whole, *_ = ctx.body.get("**")
        ctx.body.assign("system.0.text", f"signed: {sha256(orjson.dumps(whole)).hexdigest()}")
"""
CHANGING = """
    from pydantic_ai.messages import ModelRequest, SystemPromptPart, UserPromptPart

    from ccproxy import hook


    @hook(stage="outbound", reads=["messages"], writes=["messages"])
    def speaks(ctx, params):
        ctx.messages.append(ModelRequest([UserPromptPart("and b\\u00fccher")]))


    @hook(stage="outbound", reads=["system"], writes=["system"])
    async def prompts(ctx, params):
        ctx.system.append(SystemPromptPart("Be brief."))


    @hook(stage="outbound", writes=["settings"])
    def caps(ctx, params):
        ctx.settings["max_tokens"] = 7


    @hook(stage="outbound", writes=["metadata"])
    async def tells(ctx, params):
        ctx.body.assign("metadata.team", "a")


    @hook(stage="outbound", writes=["model"])
    def renames(ctx, params):
        if ctx.body.has("model"):
            ctx.body.assign("model", "m-2")
"""
CHANGES = ["speaks", "prompts", "caps", "tells", "renames"]
SIGNATURES = ["sign_in_a_field", "sign_in_the_prompt"]
PLACE = "signed: here"
PROMPTS: dict[str, dict[str, Any]] = {
    "anthropic": {"system": [{"type": "text", "text": PLACE}]},
    "openai": {"messages": [{"role": "system", "content": PLACE}, {"role": "user", "content": "hé"}]},
    "openai_responses": {"instructions": PLACE},
    "gemini": {"systemInstruction": {"parts": [{"text": PLACE}]}},
}
DIGEST = re.compile(rb"(?<=signed: )[0-9a-f]{64}")
LISTS: dict[str, list[Any]] = {
    "first": ["signing", "changing", "ccproxy.hooks.inject_auth"],
    "field first": ["signing:sign_in_a_field", "changing:tells", "changing:prompts", "signing:sign_in_the_prompt"],
    "unlisted": [],
}


@pytest.fixture(scope="module", params=LISTS)
def signing(
    request: pytest.FixtureRequest, shared_upstream: Upstream, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Daemon]:
    """A daemon with hooks that sign, listed first."""
    home = Home()
    put_hooks(home, signing=SIGNING, changing=CHANGING)
    known = providers(shared_upstream.url, tmp_path_factory.mktemp("tokens"))
    try:
        with Daemon({"providers": known, "hooks": {"outbound": LISTS[request.param]}}, home=home) as running:
            yield running
    finally:
        home.remove()


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
def test_A29_the_signature_is_that_of_the_bytes_sent(
    signing: Daemon, upstream: Upstream, dialect: Dialect, agent: str
) -> None:
    assert sent(signing, dialect, agent).status == 200
    (seen,) = upstream.requests
    assert seen.body != dialect.body()
    assert signature_of(seen) == sha256(seen.body).hexdigest()
    assert all(said in seen.body for said in ("bücher".encode(), b"Be brief.", b'"team":"a"', b":7"))
    ran = [result["name"] for result in signing.flow(agent)["hooks"] if result["stage"] == "outbound"]
    assert ran[-2:] == SIGNATURES[::-1]
    assert set(CHANGES) < set(ran)


@pytest.mark.parametrize("client", PROMPTS)
def test_A29_in_the_body_too(signing: Daemon, upstream: Upstream, client: str, agent: str) -> None:
    """To one provider, from clients of all formats: both signatures are right at once."""
    upstream.script = answering("anthropic", sse=False)
    headers = [(b"user-agent", agent.encode())]
    assert ask_across(signing, client, "anthropic", PROMPTS[client], headers=headers).status == 200
    (seen,) = upstream.requests
    assert signature_of(seen) == sha256(seen.body).hexdigest()
    (digest,) = DIGEST.findall(seen.body)
    assert digest.decode() == sha256(DIGEST.sub(b"0" * 64, seen.body)).hexdigest()
    assert [block["text"] for block in orjson.loads(seen.body)["system"]][1:] == ["Be brief."]


def test_A29_also_of_bytes_that_nobody_changed(signing: Daemon, upstream: Upstream) -> None:
    body = b'{ "max_tokens": 1e1,  "model":"m", "messages":[ {"role":"user","content":"h\\u00e9"} ] }'
    headers = [ANTHROPIC.key(), (b"x-ccproxy-hooks", ",".join(f"-{name}" for name in CHANGES).encode())]
    assert signing.ask("POST", "/v1/messages", headers, body).status == 200
    (seen,) = upstream.requests
    assert seen.body == body
    assert signature_of(seen) == sha256(body).hexdigest()


def signature_of(seen: Recorded) -> str:
    return (seen.field("x-signature") or b"").decode()
