"""Code Assist's set-up calls on a loopback server, answered as a test says, and an account that makes them."""

from __future__ import annotations

import asyncio
import json
import logging
import ssl
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import uvloop

from ccproxy.assembly import build_transport
from ccproxy.config import Config
from ccproxy.providers.code_assist_account import Account
from ccproxy.providers.provider import Provider, build_providers
from ccproxy.transport.posting import Poster
from tests.auth.house import Hands
from tests.support.replies import JSON, json_reply, reply
from tests.support.simulated import simulated
from tests.support.upstream import Recorded, Step, Upstream

type Answer = tuple[int, Any]
"""Status, and the body: JSON, or bytes as they are."""

TIER = {"id": "standard-tier", "name": "Made up"}
LOADED: Answer = (200, {"currentTier": TIER, "cloudaicompanionProject": "found-1"})
NEW: Answer = (200, {"allowedTiers": [{"id": "x"}, {"id": "free-tier", "isDefault": True}]})
"""Of an account that has never used it."""


def run(main: Coroutine[Any, Any, None]) -> None:
    """Runs a test on the loop of the daemon."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main)


def told(caplog: pytest.LogCaptureFixture, level: int = logging.WARNING) -> list[str]:
    """The lines of the log at a level."""
    return [each.getMessage() for each in caplog.records if each.levelno == level and each.name.startswith("ccproxy.")]


def error(status: int, word: str, message: str, **more: Any) -> Answer:
    """Google's error."""
    return status, {"error": {"code": status, "message": message, "status": word} | more}


DONE = {"name": "operations/1", "done": True, "response": {"cloudaicompanionProject": {"id": "made-1", "name": "x"}}}
WAITING = {"name": "operations/1", "done": False}
SECURED = error(403, "PERMISSION_DENIED", "no", details=[{"reason": "SECURITY_POLICY_VIOLATED"}])


class Google(Upstream):
    """The answers to each call by turns, the last for good; what is none of them is the simulator's business."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.answers: dict[str, list[Answer]] = {"loadCodeAssist": [LOADED]}
        self.takes: Callable[[str], bool] = lambda token: True
        """Says whether a token is good; others get 401."""
        self.open = threading.Event()
        """Nothing is answered of the set-up until it is set."""
        self.open.set()
        super().__init__(self._said, tls)

    @property
    def calls(self) -> list[tuple[str, Any]]:
        """What was called, with which JSON."""
        return [(name_of(each), json.loads(each.body) if each.body else None) for each in self.requests]

    @property
    def names(self) -> list[str]:
        return [name for name, _ in self.calls]

    @property
    def tokens(self) -> list[str]:
        """With which each call came."""
        return [token_of(each) for each in self.requests]

    def stop(self) -> None:
        self.open.set()
        super().stop()

    def _said(self, request: Recorded) -> Iterable[Step]:
        answers = self.answers.get(name_of(request))
        if answers is None:
            return simulated(request)
        self.open.wait(20)
        if not self.takes(token_of(request)):
            return json_reply(error(401, "UNAUTHENTICATED", "Invalid Credentials")[1], 401)(request)
        status, body = answers.pop(0) if len(answers) > 1 else answers[0]
        return (reply(status, [JSON], body) if isinstance(body, bytes) else json_reply(body, status))(request)


def name_of(request: Recorded) -> str:
    """What is called."""
    return request.target.decode().partition("v1internal")[2][1:].partition("?")[0]


def token_of(request: Recorded) -> str:
    return (request.field("authorization") or b"").decode().removeprefix("Bearer ")


@dataclass
class Setting:
    """An account of a provider of Google's, by a clock that a test sets; pauses pass at once."""

    google: Google
    provider: Provider
    account: Account
    hands: Hands
    paused: list[float] = field(default_factory=list)

    async def begun(self) -> str | None:
        """The project, once a request has asked for it."""
        self.account.begin()
        await self.account.settled()
        return self.account.project


@asynccontextmanager
async def setting(
    folder: Path, google: Google | None = None, project: str | None = None, auth: Any = ..., **more: Any
) -> AsyncIterator[Setting]:
    """A provider whose credential is in a file, and the real transport."""
    server = google or Google()
    if auth is ...:
        (folder / "token").write_text("made-up-token")
        auth = {"type": "file", "file": str(folder / "token")}
    provider = {"type": "gemini", "base_url": server.url, "path": "/v1internal:{action}", "auth": auth} | more
    config = Config.model_validate({"providers": {"g": provider}})
    transport, hands, paused = build_transport(config), Hands(), []

    async def pause(seconds: float) -> None:
        paused.append(seconds)

    known = build_providers(config, Poster(transport).of)["g"]
    account = Account(known, project, Poster(transport).of("g").call, hands.clock, pause)
    try:
        yield Setting(server, known, account, hands, paused)
    finally:
        await account.close()
        await transport.close()
        server.stop()
