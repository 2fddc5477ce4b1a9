"""What tests of the hooks for Perplexity share: a house with the stand-in for a provider, and clients of it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import uvloop

from ccproxy.assembly import House
from ccproxy.config import Config
from ccproxy.exchange import Exchange, HookResult, HttpRequest
from ccproxy.gateway.reply import Reply
from tests.support.dialects import OPENAI, Dialect
from tests.support.perplexity.server import TOKEN, PerplexitySite

MODEL = "openai/gpt-5.4"
PROVIDER = "web"
type Message = dict[str, Any]


def config(
    site: PerplexitySite, file: Path, hooks: Mapping[str, Any] | None = None, auth: object = None, **pplx: Any
) -> Config:
    """A provider that is the stand-in, with its cookie in a file, another by another name, and one of another type."""
    if not file.exists():
        file.write_text(TOKEN)
    one = {"type": "perplexity_pro", "base_url": site.url, "auth": auth or {"type": "file", "file": str(file)}}
    plain = {"type": "openai", "base_url": "simulator:"}
    return Config.model_validate(
        {
            "providers": {PROVIDER: one, "other": dict(one), "plain": plain},
            "hooks": {"hooks_dir": None} | dict(hooks or {}),
            "pplx": pplx,
        }
    )


def run(main: Awaitable[Any]) -> None:
    """Runs a test on the loop of the daemon."""

    async def limited() -> None:
        async with asyncio.timeout(60):
            await main

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(limited())


async def reached(arrived: Callable[[], object]) -> None:
    """Waits until something has arrived at a server of the test, without holding up the loop."""
    async with asyncio.timeout(20):
        while not arrived():  # noqa: ASYNC110  it comes in another thread
            await asyncio.sleep(0.001)


@asynccontextmanager
async def house(settings: Config) -> AsyncIterator[House]:
    """The house, for as long as a test has it."""
    made = House(settings)
    try:
        yield made
    finally:
        await made.transport.close()


class Client:
    """A client of a house, which keeps what it has said and heard, as a chat does."""

    def __init__(self, house: House, provider: str = PROVIDER, **more: Any) -> None:
        self._house, self._provider, self.more = house, provider, more
        self.messages: list[Message] = []
        self.exchange = Exchange(HttpRequest("GET", b"/", []))
        """The last one."""
        self.headers: dict[str, str] = {}
        """Of the last answer, by lower-case name."""
        self.status = 0

    async def say(self, content: Any, headers: Mapping[str, str] | None = None, **more: Any) -> str:
        """Asks the next question; the answer is kept, too. Its text, or the words of an error."""
        self.messages.append({"role": "user", "content": content})
        answer = await self.ask(self.messages, headers, **more)
        if self.status == 200:
            self.messages.append({"role": "assistant", "content": answer})
        return answer

    async def ask(self, messages: Sequence[Message], headers: Mapping[str, str] | None = None, **more: Any) -> str:
        """Asks with a conversation as it is."""
        body = json.dumps({"model": MODEL, "messages": list(messages), **self.more, **more}).encode()
        document = await self.send(OPENAI, body, headers)
        if self.status != 200:
            return str(document["error"]["message"])
        return str(document["choices"][0]["message"]["content"])

    async def send(self, dialect: Dialect, body: bytes, headers: Mapping[str, str] | None = None) -> Any:
        """Sends a request of any format; the JSON of its answer."""
        fields = [(name.encode(), value.encode()) for name, value in (headers or {}).items()]
        request = HttpRequest("POST", dialect.target(MODEL).encode(), [dialect.key(self._provider), *fields], body)
        self.exchange = Exchange(request, client=("127.0.0.1", 1))
        reply = await self._house.gateway.handle(self.exchange)
        self.status = reply.status
        self.headers = {name.decode().lower(): value.decode("latin-1") for name, value in reply.headers}
        data = await whole(reply)
        return json.loads(data) if data.startswith(b"{") else data

    @property
    def outcomes(self) -> dict[str, str]:
        """What became of the hooks that are Perplexity's, by name."""
        return {each.name: each.reason or each.outcome for each in self.results}

    @property
    def results(self) -> list[HookResult]:
        """The same, in the order in which they ran."""
        return [each for each in self.exchange.hooks if "pplx" in each.name]


async def whole(reply: Reply) -> bytes:
    """All bytes of a reply."""
    assert reply.body is not None
    return reply.body if isinstance(reply.body, bytes) else b"".join([chunk async for chunk in reply.body])
