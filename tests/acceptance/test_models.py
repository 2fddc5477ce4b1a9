"""`GET /v1/models` by the official SDKs, from providers whose own lists are good, slow, broken or none."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anthropic
import openai
import pytest
from google import genai
from google.genai import types

from tests.conftest import StartDaemon, StartUpstream
from tests.support.configs import provider, token_file
from tests.support.daemon import Daemon
from tests.support.dialects import ANTHROPIC as CLAUDE
from tests.support.dialects import GEMINI as GOOGLE
from tests.support.dialects import OPENAI as CHAT
from tests.support.http import Header
from tests.support.replies import json_reply, reply
from tests.support.upstream import Close, Hang, Recorded, Script, Send, Step, Upstream

OPENAI = {"object": "list", "data": [{"id": name, "created": 7, "owned_by": "x"} for name in ("live-1", "o/live:2")]}
ANTHROPIC = {"data": [{"type": "model", "id": f"claude-live-{n}", "display_name": f"Live {n}"} for n in range(5)]}
GEMINI = {"models": [{"name": "models/gemini-live", "inputTokenLimit": 8, "supportedGenerationMethods": ["x"]}]}
LISTS = {b"/v1/models": OPENAI, b"/x/v1/models?limit=1000": ANTHROPIC, b"/v1beta/models?pageSize=1000": GEMINI}
RULE = {"match_model": r"^fast\.1$", "dest_provider": "chat", "dest_model": "live-1", "match_path": "^/v1/chat/"}


def listing(request: Recorded) -> list[Step]:
    """Answers each API's list where its credential came along."""
    found = LISTS.get(request.target)
    known = any(
        name in (request.field("authorization") or b"") for name in (b"token-chat", b"token-claude", b"token-g")
    )
    status = 404 if found is None else 200 if known else 401
    return list(json_reply(found if status == 200 else {"error": {}}, status)(request))


def config(upstream: Upstream, folder: Path) -> dict[str, Any]:
    return {
        "providers": {
            "chat": provider("openai", upstream.url, token_file(folder, "chat")),
            "claude": provider("anthropic", upstream.url, token_file(folder, "claude"), path="/x/v1/messages"),
            "g": provider("gemini", upstream.url, token_file(folder, "g")),
            "sim": {"type": "simulator"},
        },
        "lightllm": {"transforms": [RULE]},
    }


LIVE = ["fast.1", "live-1", "o/live:2", *(f"claude-live-{n}" for n in range(5)), "gemini-live", "simulator-1"]


@pytest.fixture(scope="module")
def own_upstream() -> Iterator[Upstream]:
    upstream = Upstream(listing)
    yield upstream
    upstream.stop()


@pytest.fixture(scope="module")
def served(own_upstream: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    with Daemon(config(own_upstream, tmp_path_factory.mktemp("tokens"))) as running:
        assert not own_upstream.requests, "nobody is asked before somebody asks"
        yield running


def gemini(daemon: Daemon, key: str = "none") -> genai.Client:
    return genai.Client(api_key=key, http_options=types.HttpOptions(base_url=daemon.url, timeout=20_000))


def test_openai(served: Daemon) -> None:
    with openai.OpenAI(base_url=served.url + "/v1", api_key="none", max_retries=0) as client:
        models = list(client.models.list())
        assert [model.id for model in models] == LIVE
        assert [model.owned_by for model in models[:4]] == ["chat", "chat", "chat", "claude"]
        assert models[1].created == 7
        assert client.models.retrieve("o/live:2").id == "o/live:2"
        with pytest.raises(openai.NotFoundError, match="no-such"):
            client.models.retrieve("no-such")


def test_anthropic(served: Daemon) -> None:
    with anthropic.Anthropic(base_url=served.url, api_key="none", max_retries=0) as client:
        page = client.models.list(limit=4)
        assert (page.has_more, page.first_id, page.last_id) == (True, "fast.1", "claude-live-0")
        assert [model.id for model in page] == LIVE, "the SDK asks for the other pages"
        assert [model.display_name for model in client.models.list(after_id="o/live:2", limit=1).data] == ["Live 0"]
        assert client.models.list(before_id="o/live:2").data[0].type == "model"
        assert client.models.retrieve("claude-live-3").created_at.year == 2026
        with pytest.raises(anthropic.NotFoundError):
            client.models.retrieve("no-such")
        with pytest.raises(anthropic.BadRequestError, match="after_id"):
            client.models.list(after_id="no-such")


def test_gemini(served: Daemon) -> None:
    with gemini(served) as client:
        pager = client.models.list(config={"page_size": 4})
        assert len(pager.page) == 4
        assert [model.name for model in pager] == [f"models/{name}" for name in LIVE]
        model = client.models.get(model="gemini-live")
        assert (model.input_token_limit, model.supported_actions) == (8, ["x"])
        with pytest.raises(genai.errors.ClientError, match="no-such"):
            client.models.get(model="no-such")


def test_a_key_lists_what_its_provider_serves_and_rules_allow(served: Daemon) -> None:
    with openai.OpenAI(base_url=served.url + "/v1", api_key="sk-ant-oat-ccproxy-claude", max_retries=0) as client:
        assert [model.id for model in client.models.list()] == ["fast.1", *(f"claude-live-{n}" for n in range(5))]
    unknown = anthropic.Anthropic(base_url=served.url, api_key="sk-ant-oat-ccproxy-nobody", max_retries=0)
    with unknown, pytest.raises(anthropic.AuthenticationError, match="nobody"):
        unknown.models.list()


def test_one_model_of_its_own_provider_is_that_providers_answer(served: Daemon, own_upstream: Upstream) -> None:
    answer = served.ask("GET", "/v1/models/whatever", [(b"authorization", b"Bearer sk-ant-oat-ccproxy-chat")])
    assert (answer.status, answer.json()) == (404, {"error": {}})
    assert own_upstream.requests[-1].target == b"/v1/models/whatever"


KEYS: dict[str, list[Header]] = {
    "/v1/models": [],
    "/models": [],
    "/anthropic/v1/models": [(b"x-api-key", b"k")],
    "/v1beta/models": [],
    "/v1beta/models/some": [],
}
DIALECT = {"/anthropic/v1/models": CLAUDE, "/v1beta/models": GOOGLE, "/v1beta/models/some": GOOGLE}


@pytest.mark.parametrize("method", ["POST", "DELETE", "PUT"])
@pytest.mark.parametrize("path", KEYS)
def test_other_methods_are_refused_in_the_dialect(served: Daemon, path: str, method: str) -> None:
    answer = served.ask(method, path, KEYS[path], b"{}")
    assert DIALECT.get(path, CHAT).error(answer, 405).startswith(f"{path} is answered by ccproxy itself")
    assert answer.field("allow") == b"GET"


def ids(daemon: Daemon, query: str = "") -> list[str]:
    answer = daemon.ask("GET", "/v1/models" + query)
    assert answer.status == 200, answer.body
    return [model["id"] for model in answer.json()["data"]]


def test_kept_until_somebody_wants_it_anew(start_daemon: StartDaemon, start_upstream: StartUpstream) -> None:
    upstream = start_upstream(json_reply(OPENAI))
    daemon = start_daemon({"providers": {"local": provider("openai", upstream.url)}})
    assert ids(daemon) == ids(daemon) == ["live-1", "o/live:2"]
    assert len(upstream.requests) == 1
    assert upstream.requests[0].field("authorization") is None
    upstream.script = json_reply({"data": [{"id": "new"}]})
    assert ids(daemon) == ["live-1", "o/live:2"]
    assert ids(daemon, "?refresh=true") == ["new"]
    upstream.script = reply(500)
    assert ids(daemon, "?refresh=true") == ["new"], "what was said before is better than nothing"
    assert len(upstream.requests) == 3


BROKEN: dict[str, Script] = {
    "401": json_reply({"error": {}}, 401),
    "rubbish": reply(body=b"<html>"),
    "no-list": json_reply({"data": "?"}),
    "cut-off": lambda _: [Send(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{"), Close()],
    "no-http": lambda _: [Send(b"what?\r\n\r\n"), Close()],
    "endless": reply(body=json.dumps({"data": [{"id": "x" * 100}] * 90_000}).encode()),
    "wrong-coding": reply(headers=[(b"Content-Encoding", b"gzip")], body=b"{}"),
    "hangs": lambda _: [Hang()],
}


def test_a_list_that_fails_holds_up_nobody(
    start_daemon: StartDaemon, start_upstream: StartUpstream, tmp_path: Path
) -> None:
    broken = {
        name: provider("anthropic", start_upstream(script).url, token_file(tmp_path, name[:2]))
        for name, script in BROKEN.items()
    }
    public = {"no-key": {"type": "anthropic", "host": "api.anthropic.com"}, "sim": {"type": "simulator"}}
    good = {"good": provider("openai", start_upstream(json_reply(OPENAI)).url)}
    daemon = start_daemon({"providers": broken | public | good})
    begun = time.monotonic()
    found = ids(daemon)
    assert time.monotonic() - begun < 15, "the limit is 5 s; the machine may be busy"
    assert found[-3:] == ["simulator-1", "live-1", "o/live:2"]
    assert "claude-opus-4-5" in found
    assert ids(daemon) == found
    daemon.healthy()
