"""How the credentials of all providers stand, and getting them anew because a person asks."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Mapping
from typing import Any, Protocol, runtime_checkable

from ccproxy.auth import CredentialError, CredentialSource, SourceState
from ccproxy.config.errors import nearest
from ccproxy.providers.provider import NoCredential, Provider
from ccproxy.providers.telling import iso, missing, of_account, refusal, sourceless, told

OAUTH = ("_oauth", "google_auth")
"""How the types end whose credentials have a token endpoint."""
PLAIN = ("command", "file")
"""Types that remember a failure for a moment, and have nothing else to lose."""
LATELY_SECONDS = 10.0
"""What was refreshed so short a time ago is not refreshed again."""
UNTIL = "it is tried again as requests come, which get 401 until then"
SLOW = (None, "command")
"""Types that are not looked at in passing: a command may take long, or ask a person something."""


@runtime_checkable
class Settling(Protocol):
    """A source whose refreshes may be under way although nobody waits for them."""

    async def settled(self) -> None:
        """Returns when none is."""


@runtime_checkable
class Written(Protocol):
    """A source that writes down what it is given, for it may be the only one."""

    async def require_writable(self) -> None:
        """Raises CredentialError if it could not."""


class Credentials:
    """The credentials of the providers by name. Nothing here gives one away."""

    def __init__(self, providers: Mapping[str, Provider]) -> None:
        self._providers = providers
        self._seen: dict[str, SourceState] = {}

    async def look(self, name: str | None = None) -> list[dict[str, Any]]:
        """How each stands, or that of the provider `name`, without asking a provider. Raises LookupError."""
        chosen = self._providers.values() if name is None else [self._named(name)]
        return list(await asyncio.gather(*map(self._looked, chosen)))

    async def refresh(self, name: str | None = None) -> list[dict[str, Any]]:
        """Gets it anew, by default each that has a token endpoint; `outcome` is refreshed, recent, obtained or failed.

        Raises LookupError.
        """
        oauth = [each for each in self._providers.values() if (each.auth_type or "").endswith(OAUTH)]
        chosen = oauth if name is None else [self._named(name)]
        return list(await asyncio.gather(*map(self._refreshed, chosen)))

    async def watch(self, say: Callable[[str], None]) -> None:
        """Looks at all at once, and says a line for each that cannot be used as soon as that is known."""
        await asyncio.gather(*(self._watched(each, say) for each in self._providers.values()))

    async def look_again(self, seconds: float) -> None:
        """Brings up to date what `known` tells, as far as that costs next to nothing, for `seconds` at most."""
        cheap = [each for each in self._providers.values() if each.auth_type not in SLOW]
        if cheap:
            await asyncio.wait([asyncio.create_task(self._looked(each)) for each in cheap], timeout=seconds)

    def known(self, name: str) -> dict[str, Any] | None:
        """What was last seen of a provider's credential, at once; None if it needs none or nothing is known yet."""
        provider = self._providers[name]
        state = self._seen.get(name)
        if provider.failure is not None:
            return {"present": False, "expires": iso(state.expires) if state else None, "error": provider.failure}
        if provider.source is None and provider.lacks_credential:
            state = sourceless(provider)
        if state is None:
            return None
        told = {"present": state.present, "expires": iso(state.expires), "error": state.error}
        return told | refusal(provider, state)

    def account(self, name: str) -> dict[str, Any]:
        """Of a Code Assist provider: `project` and `project_error`, at once; nothing of any other."""
        return of_account(self._providers[name])

    async def settled(self) -> None:
        """Returns when no refresh is under way; one that is broken off may have used up a refresh token."""
        sources: list[object] = [provider.source for provider in self._providers.values()]
        await asyncio.gather(*(source.settled() for source in sources if isinstance(source, Settling)))

    def _named(self, name: str) -> Provider:
        if (provider := self._providers.get(name)) is not None:
            return provider
        guess = nearest(name, self._providers)
        hint = f"did you mean {guess!r}?" if guess else f"configured: {', '.join(self._providers) or 'none'}"
        raise LookupError(f"there is no provider {name!r}", hint)

    async def _state(self, provider: Provider, source: CredentialSource) -> SourceState:
        state = self._seen[provider.name] = await source.check()
        if state.present:
            provider.failure = None
            if (known := provider.cached_credential()) is not None:
                provider.noticed(known)
            elif provider.refusal is not None and source.kind in PLAIN:
                with contextlib.suppress(NoCredential):
                    await provider.credential()
        return state

    async def _looked(self, provider: Provider) -> dict[str, Any]:
        source = provider.source
        if source is None:
            return told(provider, sourceless(provider))
        if source.kind in PLAIN and not self._is_in_order(provider):
            source.invalidate()  # who asks has perhaps just put it right
        return told(provider, await self._state(provider, source))

    def _is_in_order(self, provider: Provider) -> bool:
        state = self._seen.get(provider.name)
        doubted = provider.failure is not None or provider.refusal is not None
        return not doubted and (state is None or state.present)

    async def _watched(self, provider: Provider, say: Callable[[str], None]) -> None:
        if provider.remark is not None:
            say(f"provider {provider.name!r}: {provider.remark}")
        if provider.source is None:
            if provider.lacks_credential:
                say(missing(provider, sourceless(provider)))
            return
        if not (state := await self._state(provider, provider.source)).present:
            say(missing(provider, state))
        elif provider.code_assist is not None:
            await provider.code_assist.settled()  # which is the only one who uses it before there are requests
            if provider.failure is not None:
                say(f"provider {provider.name!r}: no credential: {provider.failure}; {UNTIL}")

    async def _refreshed(self, provider: Provider) -> dict[str, Any]:
        source = provider.source
        if source is None:
            state = sourceless(provider)
            return told(provider, state, outcome="failed", error=state.error or "it needs no credential")
        try:
            outcome = await anew(source)
        except CredentialError as error:
            return told(provider, await self._state(provider, source), outcome="failed", error=str(error))
        state = await self._state(provider, source)
        return told(provider, state, outcome=outcome if state.error is None else "failed")


async def anew(source: CredentialSource) -> str:
    """Gets a credential anew, from its token endpoint if it has one; says how that went. Raises CredentialError."""
    source.invalidate()
    if source.kind in PLAIN:
        await source.token()
        return "obtained"
    if isinstance(source, Written):
        await source.require_writable()  # nobody's request waits for it
    before = (await source.check()).refreshed
    if before is not None and time.time() - before < LATELY_SECONDS:
        return "recent"
    credential = await source.token()
    if (await source.check()).refreshed == before:  # else it was over, and has been refreshed just now
        await source.renew(credential.token)
    return "refreshed"
