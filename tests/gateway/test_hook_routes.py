"""Hooks that say where a request goes and for which model: what leaves then, and what is told of it."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import unquote

import pytest

from ccproxy.providers.sentinel import CREDENTIAL_HEADERS
from tests.support.configs import provider, providers, token, token_file
from tests.support.crossing import CLIENTS, PAIRS, answering, document, read, received
from tests.support.daemon import Daemon, Home
from tests.support.dialects import ANTHROPIC, OPENAI, SENTINEL, Dialect
from tests.support.hooks import outcome, put_hooks
from tests.support.http import Header
from tests.support.replies import json_reply
from tests.support.upstream import Recorded, Upstream

HOOKS = """
    import json

    from ccproxy import hook


    def told(ctx):
        return json.loads(ctx.headers.get("x-ccproxy-do", "{}"))


    @hook(stage="inbound", reads=["headers.x-ccproxy-do"], writes=["exchange.provider", "exchange.model"])
    def chooses(ctx, params):
        for name in told(ctx).keys() & {"provider", "model"}:
            setattr(ctx.exchange, name, told(ctx)[name])


    @hook(stage="inbound", reads=["headers.x-ccproxy-do"], writes=["headers.*"])
    def dresses(ctx, params):
        for name, value in told(ctx).get("fields", {}).items():
            ctx.headers.set(name, value)


    @hook(stage="inbound", reads=["headers.x-ccproxy-do"], writes=["metadata"])
    def notes(ctx, params):
        if "note" in told(ctx):
            ctx.body.assign("metadata.note", told(ctx)["note"])
"""
NAMES = list(CLIENTS)
SAME = [(name, name) for name in NAMES]
MODEL = "vendor/a model:7b?x#"
"""The hook's model, with what means something in a path."""
CHOSEN = "m-chosen"


@pytest.fixture(scope="module")
def hooked(shared_upstream: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """A daemon whose hooks do what a request says in a field, and whose rules go by the host that it names."""
    url, folder = shared_upstream.url, tmp_path_factory.mktemp("tokens")
    rules: list[dict[str, Any]] = []
    for name in NAMES:
        rule = {"action": "transform", "dest_provider": name, "match_model": f"^{CHOSEN}$"}
        rules += [
            {"match_host": f"^{name}[.]test$", **rule},
            {"match_host": f"^{name}-model[.]test$", "dest_model": "m-rule", **rule},
        ]
    rules.append({"match_host": "^kept[.]test$", "action": "passthrough", "dest_provider": "openai"})
    more = {
        "azure": provider("openai", url, token_file(folder, "azure"), path="/d/{model}/chat/completions?v=1"),
        "bearer": provider("anthropic", url, token_file(folder, "bearer") | {"header": "x-pass"}),
        "free": provider("openai", url),
        "sim": {"type": "simulator"},
    }
    home = Home()
    put_hooks(home, choosing=HOOKS)
    config = {"providers": providers(url, folder) | more, "lightllm": {"transforms": rules}}
    try:
        with Daemon(config, home=home) as running:
            yield running
    finally:
        home.remove()


def do(**what: Any) -> Header:
    """What the hooks are to do."""
    return b"X-CCProxy-Do", json.dumps(what).encode()


def chosen_path(name: str, model: str = "m-1", streamed: bool = False) -> bytes:
    """Where a provider is asked for an answer of a model."""
    return CLIENTS[name].target(model, stream=streamed).encode()


def only(upstream: Upstream) -> Recorded:
    """The one request that came, in which nothing is left of us and which carries one credential at most."""
    (seen,) = upstream.requests
    assert b"ccproxy" not in seen.raw.lower()
    assert sum(field[0].lower() in CREDENTIAL_HEADERS for field in seen.headers) <= 1
    assert b"token-" not in seen.raw.replace(b"Bearer token-", b"")
    return seen


# -- all formats, all ways to choose

WAYS: dict[str, tuple[dict[str, str], str, str, str]] = {
    "provider": ({"provider": "{}"}, "", "m-1", "a hook chose the provider '{}'"),
    "both": ({"provider": "{}", "model": MODEL}, "", MODEL, "a hook chose the provider '{}'"),
    "model": ({"model": MODEL}, "{}", MODEL, "sentinel key of provider '{}', model by a hook"),
    "rule": ({"model": CHOSEN}, "{}.test", CHOSEN, "rule {number} of lightllm.transforms"),
    "rule's model": ({"model": CHOSEN}, "{}-model.test", "m-rule", "rule {number} of lightllm.transforms"),
}
"""What hooks set, the key or the host that the client names, the model that is asked for, and the reason."""


def fields_of(dialect: Dialect, way: str, name: str, agent: str) -> list[Header]:
    what, named, _, _ = WAYS[way]
    chosen = {field: value.format(name) for field, value in what.items()}
    host = [(b"X-Forwarded-Host", named.format(name).encode())] if way.startswith("rule") else []
    other = NAMES[NAMES.index(name) - 1]
    key = [dialect.key(name if way == "model" else other)]
    return [*host, *key, (b"user-agent", agent.encode()), do(**chosen)]


def check_route(flow: dict[str, Any], way: str, name: str, action: str) -> None:
    number = NAMES.index(name) * 2 + 1 + (way == "rule's model")
    assert flow["reason"] == WAYS[way][3].format(name, number=number)
    assert (flow["action"], flow["provider"], flow["error"]) == (action, name, None)
    assert (flow["model"], flow["dest_model"]) == ("m-1", WAYS[way][2])


def in_path(model: str) -> str:
    return model.replace(" ", "%20").replace("?", "%3F").replace("#", "%23")


def with_bearer(field: Header, bearer: bytes) -> Header:
    """The provider's credential in the place of the client's key."""
    return (field[0] if field[0].lower() == b"authorization" else b"authorization", bearer)


@pytest.mark.parametrize("streamed", [False, True], ids=["buffered", "streamed"])
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(("client", "name"), PAIRS)
def test_to_another_format(
    hooked: Daemon, upstream: Upstream, client: str, name: str, way: str, streamed: bool, agent: str
) -> None:
    upstream.script = answering(name, sse=streamed)
    dialect, model = CLIENTS[client], WAYS[way][2]
    fields = fields_of(dialect, way, name, agent)
    answer = hooked.ask("POST", dialect.target(stream=streamed), fields, document(dialect, stream=streamed))
    assert read(client, answer).text == "Hello there"
    seen = only(upstream)
    assert seen.target == chosen_path(name, in_path(model), streamed)
    assert received(upstream).get("model") == (None if name == "gemini" else model)
    assert seen.field("authorization") == f"Bearer {token(name)}".encode()
    check_route(hooked.flow(agent), way, name, "transform")


@pytest.mark.parametrize("streamed", [False, True], ids=["buffered", "streamed"])
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", NAMES)
def test_to_the_same_format_with_every_other_byte_kept(
    hooked: Daemon, upstream: Upstream, name: str, way: str, streamed: bool, agent: str
) -> None:
    dialect, model = CLIENTS[name], WAYS[way][2]
    odd = [(b"X-odd", b"1"), (b"anthropic-beta", b"b"), (b"x-ODD", b"\xff 2")]
    fields = [*odd, *fields_of(dialect, way, name, agent)]
    body = dialect.body(stream=streamed)
    assert hooked.ask("POST", dialect.target(stream=streamed), fields, body).status == 200
    seen = only(upstream)
    assert seen.target == chosen_path(name, in_path(model), streamed)
    assert seen.body == dialect.body(model, stream=streamed)
    bearer = f"Bearer {token(name)}".encode()
    kept = [with_bearer(field, bearer) if SENTINEL.encode() in field[1] else field for field in fields[:-1]]
    length = (b"Content-Length", b"%d" % len(seen.body))
    assert seen.headers == [(b"Host", upstream.url.removeprefix("http://").encode()), *kept, length]
    check_route(hooked.flow(agent), way, name, "redirect")


@pytest.mark.parametrize("way", ["provider", "both"])
@pytest.mark.parametrize("client", NAMES)
def test_to_the_simulator(hooked: Daemon, upstream: Upstream, client: str, way: str, agent: str) -> None:
    dialect, sent = CLIENTS[client], document(CLIENTS[client])
    fields = [(b"user-agent", agent.encode()), do(provider="sim", **({"model": "gpt 7"} if way == "both" else {}))]
    assert read(client, hooked.ask("POST", dialect.target(), fields, sent)).text
    flow = hooked.flow(agent)
    assert (flow["action"], flow["provider"]) == ("redirect", "sim")
    assert flow["dest_model"] == ("gpt 7" if way == "both" else "m-1")
    assert not upstream.requests


@pytest.mark.parametrize("model", [None, "m-2"])
@pytest.mark.parametrize("chosen", ["nobody", "", "Anthropic", "\u00fc'\\", "${HOME}"])
@pytest.mark.parametrize("client", NAMES)
def test_a_provider_that_is_not_configured(
    hooked: Daemon, upstream: Upstream, client: str, chosen: str, model: str | None, agent: str
) -> None:
    dialect = CLIENTS[client]
    what = do(provider=chosen, **({"model": model} if model else {}))
    answer = hooked.ask("POST", dialect.target(), [dialect.key(), what, (b"user-agent", agent.encode())], b"{}")
    message = dialect.error(answer, 401)
    assert message.startswith(f"a hook chose the provider {chosen!r}, which is not configured (configured: ")
    assert "anthropic, openai" in message
    assert not upstream.requests
    assert hooked.flow(agent)["error"]["kind"] == "unknown_provider"


# -- what is wrong with a choice

NO_NAMES: list[Any] = ["", 7, ["m-2"], {}, True]


@pytest.mark.parametrize("client", NAMES)
@pytest.mark.parametrize("model", NO_NAMES)
def test_what_is_no_name_fails_the_hook(
    hooked: Daemon, upstream: Upstream, client: str, model: Any, agent: str
) -> None:
    dialect = CLIENTS[client]
    fields = [dialect.key(), (b"user-agent", agent.encode()), do(model=model)]
    assert hooked.ask("POST", dialect.target(), fields, dialect.body()).status == 200
    assert only(upstream).body == dialect.body()
    assert outcome(hooked.flow(agent), "chooses") == ("failed", f"exchange.model cannot be {model!r}")


LEADING_AWAY = ["..", ".", "../../admin", "a/../b", "/x", "a//b", "x/", "a/./b"]


@pytest.mark.parametrize("model", LEADING_AWAY)
@pytest.mark.parametrize(
    ("client", "name"), [*PAIRS, ("gemini", "gemini"), ("openai", "azure"), ("gemini", "sim"), ("anthropic", "azure")]
)
def test_a_model_does_not_lead_out_of_a_path(
    hooked: Daemon, upstream: Upstream, client: str, name: str, model: str, agent: str
) -> None:
    dialect = CLIENTS[client]
    for what in ({"provider": name, "model": model}, {"model": model}):
        answer = hooked.ask("POST", dialect.target(), [dialect.key(name), do(**what)], dialect.body())
        assert repr(model) in dialect.error(answer, 400)
    assert not upstream.requests


@pytest.mark.parametrize("model", LEADING_AWAY)
def test_nor_does_a_clients_own(hooked: Daemon, upstream: Upstream, model: str) -> None:
    for fields in ([OPENAI.key("azure")], [do(provider="azure")]):
        answer = hooked.ask("POST", OPENAI.target(), fields, OPENAI.body(model))
        assert repr(model) in OPENAI.error(answer, 400)
    assert not upstream.requests


@pytest.mark.parametrize("model", LEADING_AWAY)
@pytest.mark.parametrize("client", ["anthropic", "openai", "openai_responses"])
def test_in_a_body_any_model_will_do(hooked: Daemon, upstream: Upstream, client: str, model: str) -> None:
    dialect = CLIENTS[client]
    assert hooked.ask("POST", dialect.target(), [dialect.key(), do(model=model)], dialect.body()).status == 200
    assert (only(upstream).target, only(upstream).body) == (dialect.path.encode(), dialect.body(model))


HARD_NAMES = ["{model}", "{action}", "m:7b", "a%2f..%2fb", "\u6a21\u578b", "...", "a..b", 'say "x"', "\\", "m&y=1", " "]


@pytest.mark.parametrize("model", HARD_NAMES)
@pytest.mark.parametrize(("client", "name"), [("gemini", "gemini"), ("openai", "azure"), ("anthropic", "gemini")])
def test_hard_names_stay_in_their_place(hooked: Daemon, upstream: Upstream, client: str, name: str, model: str) -> None:
    dialect = CLIENTS[client]
    upstream.script = answering("gemini" if name == "gemini" else "openai", sse=False)
    what = do(provider=name, model=model)
    assert hooked.ask("POST", dialect.target(), [dialect.key("free"), what], document(dialect)).status == 200
    path, _, query = only(upstream).target.decode().partition("?")
    wanted = f"/d/{model}/chat/completions" if name == "azure" else f"/v1beta/models/{model}:generateContent"
    assert (unquote(path), query) == (wanted, "v=1" if name == "azure" else "")
    assert not set(path) & set('{}"\\ ')
    if name == "azure":
        assert received(upstream)["model"] == model


# -- beside the main calls

BESIDE = [
    ("openai", "POST", "/v1/embeddings", b'{ "model" :"m-1","input":"x"}', "/v1/embeddings"),
    ("openai", "POST", "/v1/audio", b"RIFF\x00\xff", "/v1/audio"),
    ("openai", "GET", "/v1/files?after=%2F", None, "/v1/files?after=%2F"),
    ("anthropic", "GET", "/v1/files", None, "/v1/files"),
    ("anthropic", "GET", "/v1/messages/batches/b1/results", None, "/v1/messages/batches/b1/results"),
    ("anthropic", "POST", "/v1/messages/batches", b'{"requests": []}', "/v1/messages/batches"),
    ("openai", "GET", "/v1/chat/completions", None, "/v1/chat/completions"),
    ("openai", "DELETE", "/v1/chat/completions/c1", None, "/v1/chat/completions/c1"),
    ("openai_responses", "GET", "/v1/responses/resp_1?x", None, "/v1/responses/resp_1?x"),
    ("openai_responses", "POST", "/v1/responses/resp_1/cancel", b"", "/v1/responses/resp_1/cancel"),
    ("gemini", "GET", "/v1beta/cachedContents?pageSize=3", None, "/v1beta/cachedContents?pageSize=3"),
    ("gemini", "POST", "/v1beta/models/m-1:embedContent", b'{"content":{}}', "/v1beta/models/MODEL:embedContent"),
    ("gemini", "POST", "/upload/v1beta/files", b"\x89PNG", "/upload/v1beta/files"),
]
"""What has no counterpart in another format: provider, request, and where it goes."""


@pytest.mark.parametrize("model", [None, "m 2"])
@pytest.mark.parametrize(("name", "method", "target", "body", "wanted"), BESIDE, ids=lambda value: str(value)[:40])
def test_other_calls_go_where_a_hook_says(
    hooked: Daemon, upstream: Upstream, name: str, method: str, target: str, body: bytes, wanted: str,
    model: str | None, agent: str,
) -> None:  # fmt: skip
    keyed = {"model": model} if model else {}
    for key, what in ((None, {"provider": name, **keyed}), (name, keyed)):
        upstream.forget()
        fields = [(b"user-agent", agent.encode()), do(**what), *([CLIENTS[name].key(key)] if key else [])]
        assert hooked.ask(method, target, fields, body).status == 200
        seen = only(upstream)
        assert (seen.method, seen.target.decode()) == (method, wanted.replace("MODEL", "m%202" if model else "m-1"))
        assert seen.body == ((body or b"").replace(b"m-1", b"m 2") if model else body or b"")
        assert seen.field("authorization") == f"Bearer {token(name)}".encode()
    assert {flow["action"] for flow in hooked.flows(lambda flow: flow["user_agent"] == agent)} == {"redirect"}


@pytest.mark.parametrize("client", NAMES)
@pytest.mark.parametrize("name", ["anthropic", "gemini", "azure"])
def test_a_call_without_a_counterpart_is_not_sent(hooked: Daemon, upstream: Upstream, client: str, name: str) -> None:
    calls = {
        "anthropic": "/v1/messages/batches",
        "openai": "/v1/chat/completions/c1",
        "openai_responses": "/v1/responses/compact",
        "gemini": "/v1beta/models/m-1:embedContent",
    }
    if name == client or (name, client) == ("azure", "openai"):
        return
    answer = hooked.ask("POST", calls[client], [do(provider=name)], b"{}")
    assert f"provider {name!r} speaks" in CLIENTS[client].error(answer, 501)
    assert f"a hook chose the provider {name!r}" in CLIENTS[client].error(answer, 501)
    assert not upstream.requests


COUNTING: dict[str, tuple[str, dict[str, Any]]] = {
    "anthropic": ("/v1/messages/count_tokens", {"input_tokens": 7}),
    "openai_responses": ("/v1/responses/input_tokens", {"object": "response.input_tokens", "input_tokens": 7}),
    "gemini": ("/v1beta/models/MODEL:countTokens", {"totalTokens": 7}),
}


@pytest.mark.parametrize("model", ["m-1", "m-2"])
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("client", COUNTING)
def test_tokens_are_counted_where_a_hook_says(
    hooked: Daemon, upstream: Upstream, client: str, name: str, model: str, agent: str
) -> None:
    dialect, (path, said) = CLIENTS[client], COUNTING[client]
    if name in COUNTING:
        upstream.script = json_reply(COUNTING[name][1])
    what = {"provider": name} | ({"model": model} if model != "m-1" else {})
    fields = [(b"user-agent", agent.encode()), do(**what)]
    answer = hooked.ask("POST", path.replace("MODEL", "m-1"), fields, dialect.body())
    assert answer.status == 200
    flow = hooked.flow(agent)
    assert (flow["provider"], flow["reason"]) == (name, f"a hook chose the provider {name!r}")
    if name == "openai":
        assert answer.field("x-ccproxy-estimated") == b"true"
        assert answer.json().keys() == said.keys()
        assert not upstream.requests
        return
    assert answer.json() == said
    assert only(upstream).target.decode() == COUNTING[name][0].replace("MODEL", model)
    assert flow["dest_model"] == model
    if client == name:
        assert only(upstream).body == dialect.body(model)


# -- bodies in a coding

CODED: dict[str, Callable[[bytes], bytes]] = {"gzip": gzip.compress, "identity": bytes}


@pytest.mark.parametrize("coding", CODED)
@pytest.mark.parametrize("name", NAMES)
def test_a_coded_body_that_no_hook_changes(hooked: Daemon, upstream: Upstream, name: str, coding: str) -> None:
    dialect = CLIENTS[name]
    body = CODED[coding](dialect.body())
    for what in ({"provider": name}, {"provider": name, "model": "m-1"}):
        fields = [(b"Content-Encoding", coding.encode()), do(**what)]
        assert hooked.ask("POST", dialect.target(), fields, body).status == 200
        assert (upstream.requests[-1].body, upstream.requests[-1].field("content-encoding")) == (body, coding.encode())
        assert upstream.requests[-1].field("content-length") == b"%d" % len(body)


@pytest.mark.parametrize("what", [{"model": "m-2"}, {"note": 1}, {"model": "m-2", "note": 1}], ids=str)
@pytest.mark.parametrize("coding", CODED)
@pytest.mark.parametrize("name", NAMES)
def test_a_coded_body_that_a_hook_changes(
    hooked: Daemon, upstream: Upstream, name: str, coding: str, what: dict[str, Any]
) -> None:
    dialect = CLIENTS[name]
    plain = dialect.body()
    fields = [(b"A", b"1"), (b"Content-Encoding", coding.encode()), (b"B", b"2"), do(provider=name, **what)]
    assert hooked.ask("POST", dialect.target(), fields, CODED[coding](plain)).status == 200
    seen = only(upstream)
    assert seen.field("content-length") == b"%d" % len(seen.body)
    if name == "gemini" and "note" not in what:  # whose model is in the path
        assert (seen.target, seen.body) == (chosen_path(name, "m-2"), CODED[coding](plain))
        assert seen.field("content-encoding") == coding.encode()
        return
    assert seen.field("content-encoding") is None
    wanted = json.loads(dialect.body(what.get("model", "m-1")))
    assert json.loads(seen.body) == wanted | ({"metadata": {"note": 1}} if "note" in what else {})
    assert "note" in what or seen.body == dialect.body("m-2")


def test_a_coding_that_is_not_known(hooked: Daemon, upstream: Upstream) -> None:
    """It can be sent on, but no model can be put into it."""
    fields = [(b"content-encoding", b"x-own"), do(provider="openai")]
    assert hooked.ask("POST", OPENAI.target(), fields, b"???").status == 200
    assert (only(upstream).body, only(upstream).field("content-encoding")) == (b"???", b"x-own")
    answer = hooked.ask("POST", OPENAI.target(), [fields[0], do(provider="openai", model="m-2")], b"???")
    assert "x-own" in OPENAI.error(answer, 400)
    assert len(upstream.requests) == 1


# -- keys


@pytest.mark.parametrize("where", ["?key=", "?a=1&key=", "?%6bey=1&key="])
@pytest.mark.parametrize(("client", "name"), [*SAME, ("gemini", "openai"), ("openai", "gemini")])
def test_a_key_in_the_query_stays_here(
    hooked: Daemon, upstream: Upstream, client: str, name: str, where: str, agent: str
) -> None:
    """The sentinel of another provider, of which the hook makes nothing."""
    dialect = CLIENTS[client]
    upstream.script = answering(name, sse=False)
    target = f"{dialect.target()}{where}{SENTINEL}{NAMES[NAMES.index(name) - 1]}"
    fields = [(b"user-agent", agent.encode()), do(provider=name)]
    assert hooked.ask("POST", target, fields, document(dialect)).status == 200
    left = where.removesuffix("key=").rstrip("?&") if client == name else ""
    if client == "gemini" and "%6bey" in left:  # to Google, that is a key too
        left = ""
    assert only(upstream).target == chosen_path(name) + left.encode()
    flow = hooked.flow(agent)
    assert flow["reason"] == f"a hook chose the provider {name!r}"
    assert SENTINEL not in json.dumps(flow)


@pytest.mark.parametrize("client", NAMES)
def test_a_key_in_the_query_and_a_model_by_a_hook(hooked: Daemon, upstream: Upstream, client: str) -> None:
    dialect = CLIENTS[client]
    target = f"{dialect.target()}?key={SENTINEL}{client}"
    assert hooked.ask("POST", target, [do(model="m-2")], dialect.body()).status == 200
    assert only(upstream).target == chosen_path(client, "m-2")
    assert only(upstream).body == dialect.body("m-2")


@pytest.mark.parametrize("field", ["x-api-key", "x-goog-api-key", "authorization"])
@pytest.mark.parametrize(("client", "name"), [*SAME, ("anthropic", "openai"), ("openai", "gemini")])
def test_a_hook_puts_in_a_key(
    hooked: Daemon, upstream: Upstream, client: str, name: str, field: str, agent: str
) -> None:
    upstream.script = answering(name, sse=False)
    key = ("Bearer " if field == "authorization" else "") + SENTINEL + name
    fields = [(b"Cookie", b"c=1"), (b"user-agent", agent.encode()), do(fields={field: key})]
    assert hooked.ask("POST", CLIENTS[client].target(), fields, document(CLIENTS[client])).status == 200
    assert only(upstream).field("authorization") == f"Bearer {token(name)}".encode()
    flow = hooked.flow(agent)
    assert flow["reason"] == f"sentinel key of provider {name!r}"
    assert SENTINEL not in json.dumps(flow)


@pytest.mark.parametrize("field", ["x-api-key", "x-goog-api-key", "authorization", "cookie", "api-key", "x-pass"])
@pytest.mark.parametrize(("client", "name"), [*SAME, ("anthropic", "free"), ("openai", "free"), ("gemini", "bearer")])
def test_the_chosen_provider_gets_its_own_credential_only(
    hooked: Daemon, upstream: Upstream, client: str, name: str, field: str
) -> None:
    upstream.script = answering({"free": "openai", "bearer": "anthropic"}.get(name, name), sse=False)
    fields = [CLIENTS[client].key("azure"), do(provider=name, fields={field: f"{SENTINEL}azure"})]
    assert hooked.ask("POST", CLIENTS[client].target(), fields, document(CLIENTS[client])).status == 200
    (seen,) = upstream.requests
    if field != "x-pass" or name == "bearer":
        assert b"ccproxy" not in seen.raw
    if name == "bearer":
        assert (seen.field("x-pass"), seen.field("authorization")) == (token(name).encode(), None)
    else:
        wanted = None if name == "free" else f"Bearer {token(name)}".encode()
        assert [seen.field(one) for one in ("authorization", "x-api-key", "cookie")] == [wanted, None, None]


def test_a_key_does_not_pass_where_all_else_does(hooked: Daemon, upstream: Upstream) -> None:
    """`action: passthrough` keeps a client's own key; the one that a hook puts in has no way out."""
    host = (b"X-Forwarded-Host", b"kept.test")
    own = (b"authorization", b"Bearer mine")
    assert hooked.ask("POST", OPENAI.target(), [host, own, do(model="m-2")], OPENAI.body()).status == 200
    assert only(upstream).field("authorization") == b"Bearer mine"
    assert only(upstream).body == OPENAI.body()
    key = f"Bearer {SENTINEL}openai"
    answer = hooked.ask("POST", OPENAI.target(), [host, do(fields={"authorization": key})], OPENAI.body())
    assert "never leaves the machine" in OPENAI.error(answer, 501)
    assert len(upstream.requests) == 1


def test_a_hooks_choice_counts_before_a_rule(hooked: Daemon, upstream: Upstream, agent: str) -> None:
    host = (b"X-Forwarded-Host", b"openai-model.test")
    fields = [host, (b"user-agent", agent.encode()), do(provider="anthropic", model=CHOSEN)]
    assert hooked.ask("POST", ANTHROPIC.target(), fields, ANTHROPIC.body()).status == 200
    assert only(upstream).body == ANTHROPIC.body(CHOSEN)
    assert hooked.flow(agent)["reason"] == "a hook chose the provider 'anthropic'"


def test_a_rule_for_the_clients_model_no_longer_matches(hooked: Daemon, upstream: Upstream) -> None:
    host = (b"X-Forwarded-Host", b"openai.test")
    answer = hooked.ask("POST", OPENAI.target(), [host, do(model="other")], OPENAI.body(CHOSEN))
    assert "no rule" in OPENAI.error(answer, 501)
    assert not upstream.requests
