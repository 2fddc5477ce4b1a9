"""Getting an account ready for Code Assist, as gemini-cli does at its start: its project, and a tier if it has none.

Source: gemini-cli, packages/core/src/code_assist/setup.ts and server.ts.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

import orjson

from ccproxy.auth import Posted, PostFailed
from ccproxy.exchange import Headers, HttpRequest, Origin, WireFormat
from ccproxy.providers.code_assist_answers import (
    BehindPerimeter,
    Object,
    SetupFailed,
    inner,
    project_in,
    read,
    require_valid,
    tier_to_take,
    without_project,
)
from ccproxy.providers.endpoint import Endpoint
from ccproxy.providers.provider import NoCredential, Provider, token_in

type Pause = Callable[[float], Awaitable[None]]

CALL_SECONDS = 10.0
POLL_SECONDS = 5.0
MOST_POLLS = 60
CLIENT = {"ideType": "IDE_UNSPECIFIED", "platform": "PLATFORM_UNSPECIFIED", "pluginType": "GEMINI"}
FREE, LEGACY = "free-tier", "legacy-tier"
"""The tier whose project Google makes itself, and the one of those who bring their own and are offered none."""
OPERATION = re.compile(r"(?!.*\.\.)\w[\w./~-]{0,200}", re.ASCII)
"""Names of long-running operations (google.aip.dev/151)."""


class Call(Protocol):
    """The way to a provider's API for requests of our own."""

    def __call__(self, origin: Origin, request: HttpRequest, seconds: float, limit: int = ..., /) -> Awaitable[Posted]:
        """Sends a request; it has that many seconds, and its answer may have that many bytes. Raises PostFailed."""
        ...


class NotOnboarded(Exception):
    """The account has never used Code Assist, and nobody has asked for that either."""


class Setup:
    """One run of it.

    Args:
        provider: whose credential is used.
        project: the one that is configured.
        call: the way to the provider.
        pause: waits between two looks at an operation, by default in seconds of the event loop.
    """

    def __init__(self, provider: Provider, project: str | None, call: Call, pause: Pause) -> None:
        self._provider, self._project, self._call, self._pause = provider, project, call, pause
        self._fields: Headers | None = None
        self._renewed = False
        self.tokens: list[str] = []
        """What must not be told."""

    async def project(self, *, onboards: bool = True) -> str:
        """The account's project. Raises SetupFailed, and NoCredential where there is none to begin with.

        Raises NotOnboarded for an account that has never used Code Assist, unless that is to be changed (`onboards`).
        """
        loaded = await self._loaded()
        if isinstance(loaded.get("currentTier"), dict):
            return project_in(loaded) or self._own(loaded)
        require_valid(loaded)
        tier = tier_to_take(loaded)
        if tier is None and self._project is None:
            raise without_project(loaded)
        if not onboards:
            raise NotOnboarded
        return project_in(await self._onboarded(tier or LEGACY)) or self._own(loaded)

    async def _loaded(self) -> Object:
        try:
            return await self._post("loadCodeAssist", self._named(self._project))
        except BehindPerimeter:
            if self._project is None:
                raise
            return {"currentTier": {}}

    async def _onboarded(self, tier: str) -> Object:
        """Puts the account into a tier. The result of the operation."""
        named = self._named(None if tier == FREE else self._project)
        operation = await self._post("onboardUser", {"tierId": tier, **named})
        name, polls = operation.get("name"), 0
        while name and not operation.get("done"):
            if polls == MOST_POLLS:
                raise SetupFailed(f"Google has not set up the account within {MOST_POLLS * POLL_SECONDS:.0f} s")
            await self._pause(POLL_SECONDS)
            operation, polls = await self._polled(name), polls + 1
        return inner(operation, "response")

    async def _polled(self, name: object) -> Object:
        if not isinstance(name, str) or not OPERATION.fullmatch(name):
            raise SetupFailed("Google names an operation that cannot be asked for")
        return await self._asked(HttpRequest("GET", self._provider.operation_target(name), []))

    def _own(self, loaded: Object) -> str:
        if self._project is None:
            raise without_project(loaded)
        return self._project

    def _named(self, project: str | None) -> dict[str, Any]:
        """Who asks, and for which project."""
        if project is None:
            return {"metadata": CLIENT}
        return {"cloudaicompanionProject": project, "metadata": {**CLIENT, "duetProject": project}}

    async def _post(self, action: str, document: Object) -> Object:
        target = self._provider.target(Endpoint(WireFormat.GEMINI, action=action), b"")
        kind = (b"Content-Type", b"application/json")
        return await self._asked(HttpRequest("POST", target, [kind], orjson.dumps(document)))

    async def _asked(self, request: HttpRequest) -> Object:
        fields = self._fields if self._fields is not None else await self._credential()
        answer = await self._sent(request, fields)
        if answer.status == 401 and fields and not self._renewed:
            fields = await self._another(fields)
            answer = await self._sent(request, fields)
            if answer.status < 400:
                self._provider.accepted(fields)
        return read(answer, self._project)

    async def _sent(self, request: HttpRequest, credential: Headers) -> Posted:
        own = [(b"Accept", b"application/json"), (b"Accept-Encoding", b"identity"), (b"User-Agent", b"ccproxy")]
        headers = [*request.headers, *own, *credential]
        try:
            made = HttpRequest(request.method, request.target, headers, request.body)
            return await self._call(self._provider.origin, made, CALL_SECONDS)
        except PostFailed as error:
            raise SetupFailed(str(error)) from error

    async def _credential(self) -> Headers:
        credential = await self._provider.credential()
        return self._use(self._provider.credential_fields(credential) if credential is not None else [])

    async def _another(self, fields: Headers) -> Headers:
        """Another credential than the one that was refused. Raises SetupFailed where there is none."""
        self._renewed = True
        try:
            return self._use(await self._provider.renew(fields))
        except NoCredential as error:
            raise SetupFailed(f"Google answered 401, and {error}") from error

    def _use(self, fields: Headers) -> Headers:
        self._fields = fields
        self.tokens.append(token_in(fields))
        return fields
