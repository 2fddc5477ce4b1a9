"""The credential that a hook has put into a request, and how another is got where the provider refuses it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from ccproxy.exchange import Headers
from ccproxy.providers.provider import NoCredential, Provider
from ccproxy.transport.delivery import Injected, NotRenewed

LISTS = frozenset({b"anthropic-beta"})
"""Fields that hold a list with commas: what goes with a credential is one more item in the client's own."""


def divided(fields: Headers) -> tuple[Headers, Headers]:
    """The fields of a credential that take the place of a client's, and those whose items go into lists."""
    listed = [field for field in fields if field[0].lower() in LISTS]
    if not listed:
        return fields, listed
    return [field for field in fields if field not in listed], listed


def with_items(headers: Headers, listed: Headers) -> Headers:
    """The headers with these items in their lists, each once."""
    for name, item in listed:
        place = next((at for at, (given, _) in enumerate(headers) if given.lower() == name.lower()), None)
        if place is None:
            headers = [*headers, (name, item)]
        elif item not in [
            each.strip() for given, value in headers if given.lower() == name.lower() for each in value.split(b",")
        ]:
            given, value = headers[place]
            longer = value + b"," + item if value.strip() else item
            headers = [*headers[:place], (given, longer), *headers[place + 1 :]]
    return headers


def injected(provider: Provider, fields: Headers, on_renewed: Callable[[], Awaitable[None]] | None = None) -> Injected:
    """What the transport is told of a provider's credential; `on_renewed` as `Translated` has it."""

    async def renew(refused: Headers) -> Headers:
        try:
            another = divided(await provider.renew(refused))[0]
        except NoCredential as error:
            raise NotRenewed(str(error)) from error
        if on_renewed is not None:
            await on_renewed()
        return another

    return Injected(fields, renew, provider.accepted, doubted=provider.refusal is not None)


def of_a_hook(fields: Headers) -> Injected:
    """The same of a credential that a hook has made. Another is not its provider's to give: that may be of another
    account, or the key of a signature, which is no credential by itself."""

    async def renew(refused: Headers) -> Headers:
        raise NotRenewed("it is a hook's own")

    return Injected(fields, renew)


def names_of(credential: Injected | None) -> frozenset[str]:
    """Lower-case names of the fields that hold a credential."""
    fields = credential.fields if credential is not None else ()
    return frozenset([name.decode("latin-1").lower() for name, _ in fields])
