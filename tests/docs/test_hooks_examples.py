"""The examples of docs/hooks.md, as they stand there, in a daemon with real requests."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from tests.docs.pages import blocks, examples
from tests.support.configs import provider, providers, token, token_file
from tests.support.crossing import CLIENTS, PAIRS, answering, ask_across, document, read
from tests.support.daemon import Daemon, Home
from tests.support.dialects import ANTHROPIC, DIALECTS, GEMINI, OPENAI, Dialect
from tests.support.hooks import override, put_hooks, results
from tests.support.http import Header
from tests.support.provider_answers import body_of, stream_of
from tests.support.upstream import Recorded, Upstream

dialects = pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
EXAMPLES = examples()
GUARDING = {"redact"}
"""Not to be switched off."""


@pytest.fixture(scope="module")
def shown(shared_upstream: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """A daemon with all examples in its directory, and the configuration of the page."""
    home, folder, url = Home(), tmp_path_factory.mktemp("tokens"), shared_upstream.url
    put_hooks(home, **EXAMPLES)
    (block,) = blocks("yaml")
    known = providers(url, folder) | {"local": provider("openai", f"{url}/here", token_file(folder, "local"))}
    try:
        with Daemon({"providers": known, **yaml.safe_load(block)["ccproxy"]}, home=home) as running:
            yield running
    finally:
        home.remove()


def only(name: str) -> Header:
    """Leaves out the other examples, but for the one that no client can leave out."""
    return override(",".join(f"-{other}" for other in EXAMPLES if other not in {name, *GUARDING}))


class Shop:
    """Sends requests to the daemon with one of the examples, and looks at what the provider gets."""

    def __init__(self, daemon: Daemon, upstream: Upstream, example: str) -> None:
        self.daemon, self._upstream, self._example = daemon, upstream, example

    def sent(self, dialect: Dialect, body: bytes, *headers: Header, model: str = "m-1") -> Recorded:
        """What the provider of the format gets."""
        self._upstream.forget()
        self._upstream.script = answering(dialect.name, sse=False)
        fields = [dialect.key(), only(self._example), *headers]
        answer = self.daemon.ask("POST", dialect.target(model), fields, body)
        assert (answer.status, answer.json()) == (200, body_of(dialect.name, "Hello there"))
        (seen,) = self._upstream.requests
        return seen

    def told(self, dialect: Dialect, members: dict[str, Any], *headers: Header) -> dict[str, Any]:
        """The document that the provider gets for a minimal request with these members over it."""
        body: dict[str, Any] = json.loads(self.sent(dialect, document(dialect, members), *headers).body)
        return body


@pytest.fixture
def shop(shown: Daemon, upstream: Upstream, request: pytest.FixtureRequest) -> Shop:
    """With the example after which the test is called."""
    (name,) = (name for name in EXAMPLES if request.node.originalname.startswith(f"test_{name}"))
    return Shop(shown, upstream, name)


# -- redact

AWS, GITHUB = "AKIA" + "IOSFODNN7EXAMPLE", "ghp_" + "0aZ" * 12
USE = {"type": "tool_use", "id": "toolu_1", "name": "read", "input": {"path": AWS}}
CALL = {"id": "call_1", "type": "function", "function": {"name": "read", "arguments": json.dumps({"path": AWS})}}
SECRETS: dict[str, dict[str, Any]] = {
    "anthropic": {
        "system": f"Use {AWS}.",
        "messages": [
            {"role": "user", "content": f"{GITHUB} and {AWS}, x{AWS}"},
            {"role": "assistant", "content": [USE]},
            {
                "role": "user",
                "content": [{"type": "tool_result", "tool_use_id": "toolu_1", "content": f"key={GITHUB}"}],
            },
        ],
    },
    "openai": {
        "messages": [
            {"role": "system", "content": [{"type": "text", "text": AWS}]},
            {"role": "user", "content": f"é {GITHUB}"},
            {"role": "assistant", "content": None, "tool_calls": [CALL]},
            {"role": "tool", "tool_call_id": "call_1", "content": AWS},
        ]
    },
    "openai_responses": {
        "instructions": AWS,
        "input": [
            {"role": "user", "content": [{"type": "input_text", "text": f"({GITHUB})"}]},
            {"type": "function_call", "call_id": "c", "name": "read", "arguments": json.dumps({"path": AWS})},
            {"type": "function_call_output", "call_id": "c", "output": f"{AWS}\n{GITHUB}"},
        ],
    },
    "gemini": {
        "systemInstruction": {"parts": [{"text": AWS}]},
        "contents": [
            {"role": "user", "parts": [{"text": GITHUB}]},
            {"role": "model", "parts": [{"functionCall": {"name": "read", "args": {"path": AWS}}}]},
            {"role": "user", "parts": [{"functionResponse": {"name": "read", "response": {"key": [AWS]}}}]},
        ],
    },
}


def masked(text: str) -> str:
    """What is to become of a request, without the program's own pattern."""
    return re.sub(rf"(?<!x){AWS}|{GITHUB}", "[redacted]", text)


@dialects
def test_redact_masks_keys_wherever_they_stand(shop: Shop, dialect: Dialect) -> None:
    told = shop.told(dialect, SECRETS[dialect.name])
    assert told == json.loads(masked(document(dialect, SECRETS[dialect.name]).decode()))
    assert "[redacted]" in json.dumps(told)


@dialects
def test_redact_leaves_the_bytes_of_others(shop: Shop, dialect: Dialect) -> None:
    assert shop.sent(dialect, dialect.body()).body == dialect.body()


@dialects
def test_redact_comes_after_all_that_write_and_cannot_be_left_out(shop: Shop, dialect: Dialect, agent: str) -> None:
    fields = [dialect.key(), (b"user-agent", agent.encode())]
    answer = shop.daemon.ask("POST", dialect.target(), [*fields, override("-redact")], dialect.body())
    assert "'redact' cannot be overridden" in dialect.error(answer, 400)
    shop.sent(dialect, dialect.body(), (b"user-agent", f"{agent}-2".encode()))
    flow = shop.daemon.flow(f"{agent}-2")
    ran = [result["name"] for result in flow["hooks"]]
    assert ran.index("redact") > max(ran.index(writer) for writer in ("cap_max_tokens", "house_rules"))
    assert ran.index("redact") < ran.index("extract_session_id")


# -- cap_max_tokens

CAPPED: dict[str, tuple[str, ...]] = {
    "anthropic": ("max_tokens",),
    "openai": ("max_tokens", "max_completion_tokens"),
    "openai_responses": ("max_output_tokens",),
    "gemini": ("maxOutputTokens",),
}
MEMBERS = [(CLIENTS[name], member) for name, members in CAPPED.items() for member in members]


@pytest.mark.parametrize(("dialect", "member"), MEMBERS, ids=[member for _, member in MEMBERS])
def test_cap_max_tokens_allows_no_more_than_the_page_configures(shop: Shop, dialect: Dialect, member: str) -> None:
    for wanted, allowed in ((2049, 2048), (100_000, 2048), (2048, 2048), (1, 1)):
        members: dict[str, Any] = {member: wanted, "temperature": 1.0}
        body = {"generationConfig": members} if dialect is GEMINI else members
        told = shop.told(dialect, body)
        expected = members | {member: allowed}
        assert told == json.loads(document(dialect, {"generationConfig": expected} if dialect is GEMINI else expected))


@dialects
def test_cap_max_tokens_leaves_the_bytes_of_others(shop: Shop, dialect: Dialect) -> None:
    assert shop.sent(dialect, dialect.body()).body == dialect.body()


# -- route_by_model

ROUTES: dict[str, tuple[str, bytes, str]] = {
    "gpt-5-latest": ("openai", b"/v1/chat/completions", "gpt-5"),
    "gemini-3-pro": ("gemini", b"/v1beta/models/gemini-3-pro:generateContent", "gemini-3-pro"),
    "qwen3": ("local", b"/here/v1/chat/completions", "qwen3"),
}


@pytest.mark.parametrize("model", ROUTES)
@dialects
def test_route_by_model_sends_it_to_the_provider_that_has_it(
    shown: Daemon, upstream: Upstream, dialect: Dialect, model: str
) -> None:
    name, target, asked_for = ROUTES[model]
    format = "openai" if name == "local" else name
    upstream.script = answering(format, sse=False)
    fields = [dialect.key(), only("route_by_model")]
    answer = shown.ask("POST", dialect.target(model), fields, dialect.body(model))
    assert answer.status == 200, answer.body
    assert b"Hello there" in answer.body
    (seen,) = upstream.requests
    assert seen.target == target
    assert seen.field("authorization") == f"Bearer {token(name)}".encode()
    assert json.loads(seen.body).get("model", asked_for) == asked_for
    assert "hé".encode() in seen.body or b"h\\u00e9" in seen.body


@dialects
def test_route_by_model_leaves_others_where_they_go(shop: Shop, dialect: Dialect) -> None:
    assert shop.sent(dialect, dialect.body("other"), model="other").body == dialect.body("other")
    seen = shop.sent(dialect, dialect.body("other-latest"), model="other-latest")
    assert seen.field("authorization") == f"Bearer {token(dialect.name)}".encode()
    assert b"latest" not in seen.target + seen.body
    assert b"other" in (seen.target if dialect is GEMINI else seen.body)


# -- house_rules

NOTE = "Comments in code are written in English."
PROMPTS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "anthropic": (
        {"system": [{"type": "text", "text": "a", "cache_control": {"type": "ephemeral"}}]},
        {
            "system": [
                {"type": "text", "text": "a", "cache_control": {"type": "ephemeral"}},
                {"type": "text", "text": NOTE},
            ]
        },
    ),
    "openai": (
        {"messages": [{"role": "system", "content": "a"}, {"role": "user", "content": "b"}]},
        {
            "messages": [
                {"role": "system", "content": "a"},
                {"role": "system", "content": NOTE},
                {"role": "user", "content": "b"},
            ]
        },
    ),
    "openai_responses": ({"input": "b"}, {"input": "b", "instructions": NOTE}),
    "gemini": (
        {"systemInstruction": {"parts": [{"text": "a"}]}},
        {"systemInstruction": {"parts": [{"text": "a"}, {"text": NOTE}]}},
    ),
}


@dialects
def test_house_rules_adds_a_note_once(shop: Shop, dialect: Dialect) -> None:
    before, after = PROMPTS[dialect.name]
    seen = shop.sent(dialect, document(dialect, before))
    assert json.loads(seen.body) == json.loads(document(dialect, after))
    assert shop.sent(dialect, seen.body).body == seen.body


@dialects
def test_house_rules_also_where_there_is_no_system_prompt(shop: Shop, dialect: Dialect) -> None:
    told = shop.told(dialect, {})
    assert json.dumps(told).count(NOTE) == 1
    words = json.loads(dialect.body())
    said = next(name for name in ("messages", "input", "contents") if name in words)
    assert told[said][-1:] == words[said][-1:]


# -- tag_by_project


@dialects
def test_tag_by_project_notes_it_and_keeps_it_here(shop: Shop, dialect: Dialect, agent: str) -> None:
    seen = shop.sent(dialect, dialect.body(), (b"X-Project", b"website"), (b"user-agent", agent.encode()))
    assert seen.field("x-project") is None
    assert seen.body == dialect.body()
    flow = shop.daemon.flow(agent)
    assert flow["tags"] == {"project": "website"}
    assert results(flow)["tag_by_project"]["wrote"] == ["exchange.tags", "headers.x-project"]


def test_tag_by_project_shows_where_the_page_says(shop: Shop, agent: str) -> None:
    for dialect in (ANTHROPIC, OPENAI):
        shop.sent(dialect, dialect.body(), (b"x-project", b"website"), (b"user-agent", agent.encode()))
    listed = json.loads(shop.daemon.home.run("flows", "list", "--json").stdout)
    flows = [flow for flow in listed if flow["user_agent"] == agent]
    assert [flow["tags"] for flow in flows] == [{"project": "website"}] * 2
    assert "website" in shop.daemon.home.run("flows", "show", flows[0]["id"]).stdout
    shop.sent(OPENAI, OPENAI.body(), (b"user-agent", f"{agent}-2".encode()))
    assert shop.daemon.flow(f"{agent}-2")["tags"] == {}


# -- mask_hosts

PIECES = [
    "see db1.cor",
    "p.exam",
    "ple and a.b.corp.example",
    ", not corp.example or x.corp.examples ",
    "web.corp.example",
]
WHOLE = "".join(PIECES)
MASKED = "see [host] and a.[host], not corp.example or x.corp.examples [host]"


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize(("client", "provider"), [*((name, name) for name in CLIENTS), *PAIRS])
def test_mask_hosts_in_answers(shown: Daemon, upstream: Upstream, client: str, provider: str, streamed: bool) -> None:
    upstream.script = answering(provider, PIECES, sse=streamed)
    answer = ask_across(shown, client, provider, stream=streamed, headers=[only("mask_hosts")])
    got = read(client, answer)
    assert got.text == MASKED
    assert b".corp.example " not in answer.body
    untouched = ask_across(shown, client, provider, stream=streamed, headers=[only("tag_by_project")])
    if client != provider:
        assert read(client, untouched).text == WHOLE
    else:
        own = b"".join(stream_of(client, PIECES)) if streamed else json.dumps(body_of(client, WHOLE)).encode()
        assert untouched.body == own


# -- all of them


@dialects
def test_all_of_them_at_once(shown: Daemon, upstream: Upstream, dialect: Dialect, agent: str) -> None:
    upstream.script = answering("openai", ["on db.corp", ".example"], sse=True)
    model, headers = "gpt-5-latest", [(b"x-project", b"p"), (b"user-agent", agent.encode())]
    limit = {"anthropic": "max_tokens", "openai": "max_completion_tokens", "openai_responses": "max_output_tokens"}
    members: dict[str, Any] = {"model": model} if dialect is not GEMINI else {}
    members |= {limit[dialect.name]: 9000} if dialect is not GEMINI else {"generationConfig": {"maxOutputTokens": 9000}}
    body = document(dialect, members, stream=True).replace(b"h\\u00e9", AWS.encode())
    answer = shown.ask("POST", dialect.target(model, stream=True), [dialect.key(), *headers], body)
    assert read(dialect.name, answer).text == "on [host]"
    (seen,) = upstream.requests
    told = json.loads(seen.body)
    assert (told["model"], seen.target) == ("gpt-5", b"/v1/chat/completions")
    assert [message["content"] for message in told["messages"]] == [NOTE, "[redacted]"]
    assert told.get("max_completion_tokens", told.get("max_tokens")) == 2048
    flow = shown.flow(agent)
    assert {name: result["outcome"] for name, result in results(flow).items() if name in EXAMPLES} == dict.fromkeys(
        EXAMPLES, "ran"
    )
    assert flow["tags"] == {"project": "p"}
