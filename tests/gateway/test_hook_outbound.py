"""Outbound hooks where a request is translated: they work on what the provider gets, in its own format."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from ccproxy.exchange import WireFormat
from tests.sdk.speakers.received import received
from tests.support.configs import provider, providers, token
from tests.support.conversations import SCHEMAS, TELLERS, Call, Conversation, Turn
from tests.support.crossing import CLIENTS, PAIRS, answering, read
from tests.support.daemon import Daemon, Home
from tests.support.hooks import outcome, put_hooks, results
from tests.support.http import Header, Response
from tests.support.provider_answers import body_of
from tests.support.replies import each, json_reply
from tests.support.upstream import Recorded, Send, Upstream

HOOKS = """
    from pydantic_ai.messages import ModelRequest, SystemPromptPart, UserPromptPart, VideoUrl

    from ccproxy import hook


    PRIVATE = "-".join(("of", "a", "hook"))  # what a traceback shows of this file must not have it


    def never(ctx):
        return False


    def changed(content, change):
        return change(content) if isinstance(content, str) else [change(one) for one in content]


    @hook(stage="outbound", reads=["**", "exchange.model", "exchange.provider"], writes=["exchange.tags"], guard=never)
    def looks(ctx, params):
        (whole, *_) = ctx.body.get("**")
        for name in ("format", "model", "provider", "path", "method"):
            ctx.exchange.tag(name, getattr(ctx.exchange, name))
        ctx.exchange.tag("members", ",".join(whole))
        ctx.exchange.tag("typed", f"{len(ctx.system)} {len(ctx.tools)} {ctx.settings['max_tokens']}")


    @hook(stage="outbound", reads=["messages"], writes=["messages"], guard=never)
    def speaks(ctx, params):
        part = [part for message in ctx.messages for part in message.parts if isinstance(part, UserPromptPart)][-1]
        part.content = changed(part.content, str.upper)


    @hook(stage="outbound", reads=["system"], writes=["system"], guard=never)
    async def prompts(ctx, params):
        ctx.system.append(SystemPromptPart("Say please."))


    @hook(stage="outbound", writes=["settings"], guard=never)
    def caps(ctx, params):
        ctx.settings["max_tokens"] = 7


    @hook(stage="outbound", reads=["tools"], writes=["tools"], guard=never)
    def disarms(ctx, params):
        ctx.tools.pop()


    @hook(stage="outbound", reads=["messages"], writes=["**"], guard=never)
    def scribbles(ctx, params):
        for root in ("messages", "input", "contents"):
            if ctx.body.has(root):
                ctx.body.rewrite(root, lambda text: text.replace("Hello", "Howdy"))
        ctx.body.assign("metadata.team", "a")
        ctx.body.delete("temperature")
        ctx.body.delete("generationConfig.temperature")


    @hook(stage="outbound", writes=["messages"], guard=never)
    def stumbles(ctx, params):
        ctx.messages.clear()
        ctx.body.assign("messages.0", "lost")
        raise RuntimeError("over a stone")


    @hook(stage="outbound", writes=["headers.*"], guard=never)
    def dresses(ctx, params):
        for name in ("authorization", "x-api-key", "x-goog-api-key", "api-key", "cookie", "proxy-authorization"):
            ctx.headers.set(name, f"Bearer {PRIVATE}")
        for name in ("host", "content-length", "transfer-encoding", "x-ccproxy-hooks", "te", "upgrade"):
            ctx.headers.set(name, "7")
        ctx.headers.add("X-New", "1")
        ctx.headers.add("x-new", "\\xe9 2")
        ctx.headers.set("anthropic-beta", "b")
        ctx.headers.delete("user-agent")


    @hook(stage="outbound", writes=["exchange.credential"], guard=never)
    async def pays(ctx, params):
        ctx.exchange.credential = [(b"X-Own", f"mine {PRIVATE}".encode()), (b"X-Two", b"2")]


    @hook(stage="outbound", writes=["exchange.credential"], guard=never)
    def pays_in_text(ctx, params):
        ctx.exchange.credential = f"Bearer {PRIVATE}"


    @hook(stage="outbound", writes=["exchange.credential"], guard=never)
    def pays_in_lines(ctx, params):
        ctx.exchange.credential = [(b"Authorization", f"Bearer {PRIVATE}\\n".encode())]


    @hook(stage="outbound", writes=["exchange.*"], guard=never)
    def turns_round(ctx, params):
        ctx.exchange.model = "m-2"


    @hook(stage="inbound", writes=["messages"], guard=never)
    def shows_early(ctx, params):
        ctx.messages.append(ModelRequest([UserPromptPart([VideoUrl("https://films.example/a.mp4")])]))


    @hook(stage="outbound", writes=["messages"], guard=never)
    def shows_late(ctx, params):
        ctx.messages.append(ModelRequest([UserPromptPart(["Look", VideoUrl("https://films.example/b.mp4")])]))


    @hook(stage="inbound", reads=["messages"], writes=["messages"], guard=never)
    def masks(ctx, params):
        ctx.body.rewrite("input", lambda text: text.replace("secret", "***"))


    @hook(stage="inbound", reads=["messages"], writes=["messages"], guard=never)
    def masks_typed(ctx, params):
        part = ctx.messages[-1].parts[-1]
        part.content = changed(part.content, lambda text: text.replace("secret", "***"))
"""
pairs = pytest.mark.parametrize(("client", "name"), PAIRS)
ways = pytest.mark.parametrize("streamed", [False, True], ids=["buffered", "streamed"])
LOOKING_UP = [Call("call_1", "f", {"list": [1]}, "2"), Call("toolu_2", "x-y", {}, "no", failed=True)]
TALK = Conversation(
    "Be brief.",
    [Turn(["Hello"], True, "Hi", []), Turn(["And Hello"], False, "", LOOKING_UP)],
    ["Go on"],
    [("f", SCHEMAS[0]), ("x-y", SCHEMAS[1])],
    {"max": 99, "temperature": 0.5, "choice": "auto"},
)
LIMITS = {
    "anthropic": ("max_tokens",),
    "openai": ("max_completion_tokens",),
    "openai_responses": ("max_output_tokens",),
    "gemini": ("generationConfig", "maxOutputTokens"),
}


@pytest.fixture(scope="module")
def hooked(shared_upstream: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """A daemon with hooks that run if a request asks for them."""
    home, url = Home(), shared_upstream.url
    put_hooks(home, leaving=HOOKS)
    free = {f"{name}-free": provider(name, url) for name in CLIENTS}
    try:
        with Daemon({"providers": providers(url, tmp_path_factory.mktemp("tokens")) | free}, home=home) as running:
            yield running
    finally:
        home.remove()


def asked(daemon: Daemon, client: str, name: str, hooks: str, agent: str = "", *, streamed: bool = False) -> Response:
    """The answer to a long conversation."""
    dialect = CLIENTS[client]
    document = TELLERS[WireFormat(client)](TALK) | ({"stream": True} if streamed and client != "gemini" else {})
    document = document if client != "gemini" else {key: value for key, value in document.items() if key != "model"}
    override = [(b"x-ccproxy-hooks", f"+{hooks}".encode())] if hooks else []
    fields = [dialect.key(name), (b"user-agent", agent.encode()), *override]
    return daemon.ask("POST", dialect.target(stream=streamed), fields, json.dumps(document).encode())


def without_and_with(
    daemon: Daemon, upstream: Upstream, client: str, name: str, hooks: str, streamed: bool = False
) -> tuple[Recorded, Recorded]:
    """What a provider gets without a hook and with it. The answers are as ever."""
    upstream.script = answering(name, sse=streamed)
    for one in ("", hooks):
        assert read(client, asked(daemon, client, name, one, streamed=streamed)).text == "Hello there"
    before, after = upstream.requests
    assert after.target == before.target == target_of(name, streamed)
    assert after.field("content-length") == b"%d" % len(after.body)
    assert after.field("authorization") == f"Bearer {token(name)}".encode()
    return before, after


def target_of(name: str, streamed: bool) -> bytes:
    return CLIENTS[name].target(stream=streamed).encode()


def at(document: Any, path: tuple[str, ...]) -> Any:
    for step in path:
        document = document[step]
    return document


# -- what they see


@ways
@pairs
def test_they_see_the_providers_format(
    hooked: Daemon, upstream: Upstream, client: str, name: str, streamed: bool, agent: str
) -> None:
    upstream.script = answering(name, sse=streamed)
    assert read(client, asked(hooked, client, name, "looks", agent, streamed=streamed)).text == "Hello there"
    (seen,) = upstream.requests
    flow = hooked.flow(agent)
    assert outcome(flow, "looks") == ("ran", "")
    tags = flow["tags"]
    assert tags["members"].split(",") == list(json.loads(seen.body))
    assert tags["typed"] == "1 2 99"
    assert (tags["format"], tags["provider"], tags["model"], tags["method"]) == (client, name, "m-1", "POST")
    assert tags["path"] == CLIENTS[client].target(stream=streamed).partition("?")[0]


# -- what they change


@ways
@pairs
def test_a_message(hooked: Daemon, upstream: Upstream, client: str, name: str, streamed: bool) -> None:
    before, after = without_and_with(hooked, upstream, client, name, "speaks", streamed)
    assert before.body.count(b'"Go on"') == 1
    assert after.body == before.body.replace(b'"Go on"', b'"GO ON"')


@ways
@pairs
def test_the_system_prompt(hooked: Daemon, upstream: Upstream, client: str, name: str, streamed: bool) -> None:
    before, after = without_and_with(hooked, upstream, client, name, "prompts", streamed)
    was, now = json.loads(before.body), json.loads(after.body)
    assert received(name, was).system == "Be brief."
    assert received(name, now).system.replace("\n", "") == "Be brief.Say please."
    assert unprompted(now) == unprompted(was)


def unprompted(document: dict[str, Any]) -> dict[str, Any]:
    """A request without its system prompt."""
    rest = {key: value for key, value in document.items() if key not in ("system", "instructions", "systemInstruction")}
    if "messages" in rest:
        rest["messages"] = [message for message in rest["messages"] if message["role"] not in ("system", "developer")]
    return rest


@ways
@pairs
def test_a_setting(hooked: Daemon, upstream: Upstream, client: str, name: str, streamed: bool) -> None:
    before, after = without_and_with(hooked, upstream, client, name, "caps", streamed)
    *way, last = LIMITS[name]
    wanted = json.loads(before.body)
    assert at(wanted, tuple(way)).pop(last) == 99
    at(wanted, tuple(way))[last] = 7
    assert json.loads(after.body) == wanted


@pairs
def test_the_tools(hooked: Daemon, upstream: Upstream, client: str, name: str) -> None:
    before, after = without_and_with(hooked, upstream, client, name, "disarms")
    was, now = json.loads(before.body), json.loads(after.body)
    assert [tool for tool, _ in received(name, was).tools] == ["f", "x-y"]
    assert received(name, now).tools == received(name, was).tools[:1]
    assert {**now, "tools": 0} == {**was, "tools": 0}


@ways
@pairs
def test_the_json_itself(hooked: Daemon, upstream: Upstream, client: str, name: str, streamed: bool) -> None:
    before, after = without_and_with(hooked, upstream, client, name, "scribbles", streamed)
    wanted = json.loads(before.body.replace(b"Hello", b"Howdy"))
    assert at(wanted, LIMITS[name][:-1]).pop("temperature") == 0.5
    wanted["metadata"] = wanted.get("metadata", {}) | {"team": "a"}
    assert json.loads(after.body) == wanted
    assert received(name, wanted).texts == ["Howdy", "And Howdy", "Go on"]


@pairs
def test_several_together(hooked: Daemon, upstream: Upstream, client: str, name: str, agent: str) -> None:
    upstream.script = answering(name, sse=False)
    hooks = "speaks,+prompts,+caps,+disarms,+scribbles,+stumbles"
    assert read(client, asked(hooked, client, name, hooks, agent)).text == "Hello there"
    (seen,) = upstream.requests
    document = json.loads(seen.body)
    got = received(name, document)
    assert got.texts == ["Howdy", "And Howdy", "GO ON"]
    assert got.system.replace("\n", "") == "Be brief.Say please."
    assert [tool for tool, _ in got.tools] == ["f"]
    assert (at(document, LIMITS[name]), document["metadata"]["team"]) == (7, "a")
    outcomes = {each: found["outcome"] for each, found in results(hooked.flow(agent)).items()}
    assert [each for each, how in outcomes.items() if how == "failed"] == ["stumbles"]


@pairs
def test_a_hook_that_fails_leaves_nothing(
    hooked: Daemon, upstream: Upstream, client: str, name: str, agent: str
) -> None:
    before, after = without_and_with(hooked, upstream, client, name, "stumbles")
    assert after.body == before.body


COUNTING = {
    "anthropic": ("/v1/messages/count_tokens", {"input_tokens": 7}),
    "openai_responses": ("/v1/responses/input_tokens", {"object": "response.input_tokens", "input_tokens": 7}),
    "gemini": ("/v1beta/models/m-1:countTokens", {"totalTokens": 7}),
}


@pytest.mark.parametrize(("client", "name"), [pair for pair in PAIRS if set(pair) <= set(COUNTING)])
def test_where_tokens_are_counted(hooked: Daemon, upstream: Upstream, client: str, name: str, agent: str) -> None:
    upstream.script = json_reply(COUNTING[name][1])
    document = TELLERS[WireFormat(client)](TALK)
    said: list[Any] = []
    for hooks in ("-looks", "+prompts,+speaks"):
        fields = [CLIENTS[client].key(name), (b"x-ccproxy-hooks", hooks.encode()), (b"user-agent", agent.encode())]
        answer = hooked.ask("POST", COUNTING[client][0], fields, json.dumps(document).encode())
        assert answer.json() == COUNTING[client][1]
        body = json.loads(upstream.requests[-1].body)
        said.append(received(name, body.get("generateContentRequest", body)))
    assert {flow["error"] for flow in hooked.flows(lambda flow: flow["user_agent"] == agent)} == {None}
    assert said[0].texts == ["Hello", "And Hello", "Go on"]
    if name != "gemini":  # which wraps what is to be counted
        assert said[1].texts == ["Hello", "And Hello", "GO ON"]
        assert said[1].system.replace("\n", "") == "Be brief.Say please."


# -- header fields and credentials


@pairs
def test_header_fields(hooked: Daemon, upstream: Upstream, client: str, name: str) -> None:
    before, after = without_and_with(hooked, upstream, client, name, "dresses")
    kept = [field for field in before.headers if field[0].lower() != b"user-agent"]
    new: list[Header] = [(b"X-New", b"1"), (b"x-new", b"\xe9 2"), (b"anthropic-beta", b"b")]
    assert lowered(after.headers) == lowered([*kept, *new])
    assert b"of-a-hook" not in after.raw
    assert after.body == before.body


def lowered(headers: list[Header]) -> list[Header]:
    return sorted((name.lower(), value) for name, value in headers)


@pytest.mark.parametrize("free", ["", "-free"], ids=["own", "free"])
@pytest.mark.parametrize(("client", "name"), [*PAIRS, *((name, name) for name in CLIENTS)])
def test_a_credential_of_a_hooks_own(
    hooked: Daemon, upstream: Upstream, client: str, name: str, free: str, agent: str
) -> None:
    upstream.script = answering(name, sse=False)
    assert b"Hello there" in asked(hooked, client, name + free, "pays,+dresses", agent).body
    (seen,) = upstream.requests
    assert (seen.field("x-own"), seen.field("x-two")) == (b"mine of-a-hook", b"2")
    assert seen.field("authorization") is None
    assert seen.raw.count(b"of-a-hook") == 1
    assert b"token-" not in seen.raw
    shown = json.dumps(hooked.control("GET", f"/flows/{hooked.flow(agent)['id']}"))
    assert "x-own" in shown.lower()
    assert "of-a-hook" not in shown


@pytest.mark.parametrize(("client", "name"), [*PAIRS, ("anthropic", "anthropic")])
def test_a_credential_of_a_hooks_own_is_not_replaced_by_the_providers(
    hooked: Daemon, upstream: Upstream, client: str, name: str, agent: str
) -> None:
    """Where it is refused: the provider's may be the key of a signature, or another account's."""
    refusal = b"HTTP/1.1 401 Unauthorized\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
    upstream.script = lambda _: [Send(refusal)]
    assert asked(hooked, client, name, "pays", agent).status == 401
    assert len(upstream.requests) == 1
    (attempt,) = hooked.control("GET", f"/flows/{hooked.flow(agent)['id']}")["tries"]
    assert attempt["note"] == "the credential was not renewed: it is a hook's own"


@pytest.mark.parametrize("hook", ["pays_in_text", "pays_in_lines"])
@pytest.mark.parametrize("name", CLIENTS)
def test_what_is_no_credential(hooked: Daemon, upstream: Upstream, name: str, hook: str, agent: str) -> None:
    """It is told nowhere, for it is one all the same."""
    upstream.script = answering(name, sse=False)
    assert asked(hooked, name, name, hook, agent).status == 200
    (seen,) = upstream.requests
    assert seen.field("authorization") == f"Bearer {token(name)}".encode()
    how, why = outcome(hooked.flow(agent), hook)
    assert (how, why[:27]) == ("failed", "exchange.credential cannot ")
    assert "of-a-hook" not in json.dumps(hooked.control("GET", f"/flows/{hooked.flow(agent)['id']}"))
    assert "of-a-hook" not in hooked.output


@pairs
def test_it_is_too_late_for_another_model(
    hooked: Daemon, upstream: Upstream, client: str, name: str, agent: str
) -> None:
    before, after = without_and_with(hooked, upstream, client, name, "turns_round")
    assert after.body == before.body
    upstream.script = answering(name, sse=False)
    asked(hooked, client, name, "turns_round", agent)
    why = "exchange.model is set in the inbound stage, not in outbound"
    assert outcome(hooked.flow(agent), "turns_round") == ("failed", why)


# -- Responses that build on earlier ones


@pytest.mark.parametrize("hook", ["masks", "masks_typed"])
@pytest.mark.parametrize("name", ["anthropic", "openai", "gemini"])
def test_what_an_inbound_hook_leaves_is_what_is_remembered(
    hooked: Daemon, upstream: Upstream, name: str, hook: str, agent: str
) -> None:
    upstream.script = each(*(json_reply(body_of(name, f"reply {number}")) for number in (1, 2, 3)))
    previous: dict[str, str] = {}
    for said in ("secret one", "secret two"):
        document = {"model": "m-1", "input": said, **previous}
        fields = [CLIENTS["openai_responses"].key(name), (b"x-ccproxy-hooks", f"+{hook}".encode())]
        answer = hooked.ask("POST", "/v1/responses", fields, json.dumps(document).encode())
        assert answer.status == 200, answer.body
        previous = {"previous_response_id": answer.json()["id"]}
    texts = received(name, json.loads(upstream.requests[-1].body)).texts
    assert texts == ["*** one", "*** two"]
    assert b"reply 1" in upstream.requests[-1].body
    listed = hooked.ask("GET", f"/v1/responses/{previous['previous_response_id']}/input_items", fields[:1])
    assert b"secret" not in listed.body
    assert listed.body.count(b"***") == 2


# -- what has no place

NO_FILMS = {"anthropic", "openai_responses"}
"""Formats that have no place for a video."""


ALL = [*PAIRS, *((name, name) for name in CLIENTS)]


@pytest.mark.parametrize(("client", "name", "streamed"), [(*pair, at % 2 == 0) for at, pair in enumerate(ALL)])
def test_what_was_left_out_adds_up(
    hooked: Daemon, upstream: Upstream, client: str, name: str, streamed: bool, agent: str
) -> None:
    """By a hook before the translation, by the translation itself, by a hook behind it."""
    upstream.script = answering(name, sse=streamed)
    counts: list[int] = []
    for hooks in ("", "shows_early", "shows_late", "shows_early,+shows_late"):
        assert asked(hooked, client, name, hooks, f"{agent}{hooks}", streamed=streamed).status == 200
        counts.append(hooked.flow(f"{agent}{hooks}")["dropped"].get("media", 0))
    none, early, late, both = counts
    assert (none, late, both) == (0, name in NO_FILMS, early + late)
    assert early or not {client, name} & NO_FILMS
