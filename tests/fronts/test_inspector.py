"""The inspector as it runs in the daemon: mitmweb on uvloop, on a real port, fed from a real store."""

from __future__ import annotations

import asyncio
import logging
import socket
import stat
from collections.abc import Awaitable, Callable
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
import uvloop

from ccproxy.config import Config
from ccproxy.exchange import Exchange, Failure, HookResult, HttpRequest, HttpResponse, Origin, Route, WireFormat
from ccproxy.flows.store import MemoryStore
from ccproxy.fronts.interceptor.inspector import Inspector

type Use = Callable[[Inspector, MemoryStore, httpx.AsyncClient], Awaitable[None]]


@pytest.fixture(scope="session")
def confdir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One CA for all tests: making one takes a while."""
    return tmp_path_factory.mktemp("state") / "mitmproxy"


def configured(confdir: Path, **inspector: object) -> Config:
    return Config.model_validate({"inspector": {"port": 0, "cert_dir": str(confdir), **inspector}})


def inspected(config: Config, use: Use, password: str | None = None) -> None:
    """Runs `use` with a started inspector and a client that already has its token."""

    async def main() -> None:
        store = MemoryStore()
        inspector = Inspector(config, store, password)
        await inspector.start()
        assert inspector.error is None
        assert inspector.url is not None
        query = urlsplit(inspector.url).query
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{inspector.port}", params=query) as client:
            await use(inspector, store, client)
        await inspector.stop()
        assert not inspector.running

    uvloop.run(asyncio.wait_for(main(), 50))


def exchange() -> Exchange:
    request = HttpRequest("POST", b"/v1/messages?beta=true", [(b"host", b"127.0.0.1:4000")], b'{"model":"m"}')
    return Exchange(request, format=WireFormat.ANTHROPIC)


def forward(ex: Exchange) -> None:
    ex.route = Route("redirect", "main", WireFormat.ANTHROPIC, Origin("https", "api.example.org", 443), "sentinel main")
    ex.forwarded = HttpRequest("POST", ex.request.target, [(b"x-api-key", b"key")], ex.request.body)


def answer(ex: Exchange) -> None:
    ex.provider_response = ex.response = HttpResponse(
        200, [(b"content-type", b"application/json")], b"OK", [b'{"a":1}']
    )


async def until(check: Callable[[], Awaitable[bool]]) -> None:
    for _ in range(200):
        if await check():
            return
        await asyncio.sleep(0.02)
    raise AssertionError("it did not happen within four seconds")


def test_the_page_asks_for_its_token_and_shows_exchanges_as_they_go_on(confdir: Path) -> None:
    async def use(inspector: Inspector, store: MemoryStore, client: httpx.AsyncClient) -> None:
        bare = await client.get(f"http://127.0.0.1:{inspector.port}/flows", params={"token": "wrong"})
        assert bare.status_code == 403
        assert "mitmproxy" in (await client.get("/")).text
        ex = exchange()
        store.begin(ex)

        async def flows(count: int, **expected: object) -> bool:
            found = (await client.get("/flows")).json()
            return len(found) == count and expected.items() <= {**found[0], **found[0]["request"]}.items()

        await until(lambda: flows(1, comment="", host="127.0.0.1", port=4000))
        forward(ex)
        route = "redirect → main (anthropic) https://api.example.org: sentinel main"
        await until(lambda: flows(1, comment=route, host="api.example.org", scheme="https"))
        answer(ex)
        ex.timings.finished = ex.timings.started + 1
        store.finish(ex)

        async def answered() -> bool:
            return "response" in (await client.get("/flows")).json()[0]

        await until(answered)
        (flow,) = (await client.get("/flows")).json()
        assert (flow["id"], flow["response"]["status_code"], flow["request"]["path"]) == (
            ex.id,
            200,
            "/v1/messages?beta=true",
        )
        assert (await client.get(f"/flows/{ex.id}/response/content.data")).content == b'{"a":1}'

    inspected(configured(confdir), use)


def test_what_was_recorded_before_and_errors_are_shown(confdir: Path) -> None:
    async def main() -> None:
        store = MemoryStore()
        ex = exchange()
        store.begin(ex)
        ex.failure = Failure("connect", "connection refused")
        ex.timings.finished = ex.timings.started
        store.finish(ex)
        inspector = Inspector(configured(confdir), store)
        await inspector.start()
        await asyncio.sleep(0.2)
        async with httpx.AsyncClient() as client:
            (flow,) = (await client.get((inspector.url or "").replace("/?", "/flows?"))).json()
        assert flow["error"]["msg"] == "connect: connection refused"
        await inspector.stop()

    uvloop.run(asyncio.wait_for(main(), 50))


def test_content_views_show_the_message_of_each_step(confdir: Path) -> None:
    async def use(inspector: Inspector, store: MemoryStore, client: httpx.AsyncClient) -> None:
        ex = exchange()
        store.begin(ex)
        forward(ex)
        assert ex.forwarded is not None
        ex.forwarded.body = b'{"model":"m","messages":[{"role":"user","content":"What is it?"}]}'
        answer(ex)
        ex.response = HttpResponse(200, [], chunks=[b"translated"])
        ex.hooks = [
            HookResult("mask", "inbound", "ran", seconds=0.0015, wrote=("messages", "system")),
            HookResult("check", "inbound", "skipped", "guard"),
            HookResult("count", "response", "failed", "no"),
        ]
        ex.session, ex.tags = "s-1", {"team": "blue"}
        ex.timings.finished = ex.timings.started
        store.finish(ex)
        await asyncio.sleep(0.2)

        async def view(message: str, name: str) -> str:
            response = await client.get(f"/flows/{ex.id}/{message}/content/{name}.json")
            return str(response.json()["text"])

        names = (await client.get("/state")).json()["contentViews"]
        assert "llm" in names
        assert {"client-request", "forwarded-request", "provider-response", "client-response", "hooks"} <= set(names)
        assert await view("request", "Client-Request") == (
            "POST http://127.0.0.1:4000/v1/messages?beta=true\n\nheaders:\n  host: 127.0.0.1:4000\n\n"
            'body:\n{\n  "model": "m"\n}'
        )
        assert "POST https://api.example.org/v1/messages?beta=true" in await view("request", "Forwarded-Request")
        assert '"a": 1' in await view("response", "Provider-Response")
        assert (await view("request", "LLM")) == "── request\nmodel: m\n\n── user\nWhat is it?"
        assert (await view("response", "LLM")).endswith("no message to or from a model that can be read)")
        assert (await view("response", "Client-Response")).endswith("body:\ntranslated")
        assert await view("request", "Hooks") == (
            "session: s-1\n\ntags:\n  team: blue\n\ninbound:\n  mask: ran, 1.50 ms\n    wrote messages, system\n"
            "  check: skipped, 0.00 ms: guard\n\nresponse:\n  count: failed, 0.00 ms: no"
        )

    inspected(configured(confdir), use)


def test_a_password_of_ones_own(confdir: Path) -> None:
    async def use(inspector: Inspector, store: MemoryStore, client: httpx.AsyncClient) -> None:
        assert inspector.url == f"http://127.0.0.1:{inspector.port}/?token=a%26b"
        assert (await client.get("/flows")).json() == []

    inspected(configured(confdir), use, password="a&b")


def test_the_daemon_keeps_its_loop_and_its_log(confdir: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    root = logging.getLogger()
    before = (root.level, list(root.handlers))

    async def use(inspector: Inspector, store: MemoryStore, client: httpx.AsyncClient) -> None:
        loop = asyncio.get_running_loop()
        assert (loop.get_task_factory(), loop.get_exception_handler()) == (None, None)
        assert (root.level, list(root.handlers)) == before
        logging.getLogger("ccproxy.test").error("an error of ours does not end mitmproxy or us")
        await asyncio.sleep(0.05)
        assert (await client.get("/events")).json() == []
        assert inspector.running

    inspected(configured(confdir), use)
    assert (root.level, list(root.handlers)) == before
    lines = [record.getMessage() for record in caplog.records if not record.name.startswith(("ccproxy.test", "httpx"))]
    assert len(lines) == 1
    assert lines[0].startswith("the inspector is at http://127.0.0.1:")
    assert "token" not in lines[0]


def test_its_files_are_private(confdir: Path) -> None:
    async def use(inspector: Inspector, store: MemoryStore, client: httpx.AsyncClient) -> None:
        pass

    inspected(configured(confdir), use)
    assert stat.S_IMODE(confdir.stat().st_mode) == 0o700
    assert stat.S_IMODE((confdir / "mitmproxy-ca.pem").stat().st_mode) == 0o600


@pytest.mark.parametrize("trouble", ["port", "directory", "password"])
def test_whatever_fails_is_one_line_and_not_the_end(
    confdir: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture, trouble: str
) -> None:
    blocked = tmp_path / "file"
    blocked.touch()
    taken = socket.create_server(("127.0.0.1", 0))
    port = taken.getsockname()[1]
    configs = {
        "port": (configured(confdir, port=port), f"cannot listen on 127.0.0.1:{port}"),
        "directory": (configured(blocked), "File exists"),
        "password": (configured(confdir), "not a valid argon2 hash"),
    }
    config, message = configs[trouble]
    password = "$argon3" if trouble == "password" else None
    root = set(logging.getLogger().handlers)

    async def main() -> None:
        inspector = Inspector(config, MemoryStore(), password)
        await inspector.start()
        assert (inspector.running, inspector.url) == (False, None)
        assert message in (inspector.error or "")
        await inspector.stop()

    with caplog.at_level(logging.ERROR):
        uvloop.run(asyncio.wait_for(main(), 50))
    taken.close()
    assert [record.name for record in caplog.records] == ["ccproxy.fronts.interceptor.inspector"]
    assert set(logging.getLogger().handlers) <= root


def test_the_loop_stays_responsive_while_mitmproxy_loads(confdir: Path) -> None:
    async def main() -> float:
        worst, ended = 0.0, False

        async def watch() -> None:
            nonlocal worst
            while not ended:
                at = loop.time()
                await asyncio.sleep(0.001)
                worst = max(worst, loop.time() - at)

        loop = asyncio.get_running_loop()
        watching = asyncio.create_task(watch())
        inspector = Inspector(configured(confdir), MemoryStore())
        await inspector.start()
        ended = True
        await watching
        await inspector.stop()
        return worst

    assert uvloop.run(asyncio.wait_for(main(), 50)) < 0.5
