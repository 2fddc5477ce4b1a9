"""The credential that a hook has put into a request, and how another is got where the provider refuses it."""

from __future__ import annotations

from ccproxy.exchange import Headers
from ccproxy.providers.provider import NoCredential, Provider
from ccproxy.transport.delivery import Injected, NotRenewed


def injected(provider: Provider, fields: Headers) -> Injected:
    """What the transport is told of a provider's credential."""

    async def renew(refused: Headers) -> Headers:
        try:
            return await provider.renew(refused)
        except NoCredential as error:
            raise NotRenewed(str(error)) from error

    return Injected(fields, renew, provider.accepted)


def names_of(credential: Injected | None) -> frozenset[str]:
    """Lower-case names of the fields that hold a credential."""
    fields = credential.fields if credential is not None else ()
    return frozenset(name.decode("latin-1").lower() for name, _ in fields)
