"""`inject_auth`: the provider's credential in place of the client's sentinel key."""

from __future__ import annotations

from ccproxy.exchange import Headers
from ccproxy.pipeline.native import Wrote, native_hook
from ccproxy.pipeline.subject import Subject
from ccproxy.providers.provider import Provider, ProviderMap

WRITES = ("exchange.credential",)


def has_provider(subject: Subject) -> bool:
    """True where the request goes to a configured provider: only its own credential may go there."""
    return subject.provider is not None


@native_hook("outbound", reads=["exchange.provider"], writes=WRITES, guard=has_provider, security=True)
def inject_auth(subject: Subject) -> Wrote:
    """Gets the provider's credential, which is put where the client's own was as the request leaves.

    It goes to no other provider. Raises NoCredential: the request is refused then, and never sent without one.
    """
    provider: Provider = subject.resources[ProviderMap][subject.provider]
    credential = provider.cached_credential()
    if credential is None and provider.auth_type is not None:
        return _fetched(subject, provider)
    return _put(subject, provider.credential_fields(credential) if credential is not None else [])


async def _fetched(subject: Subject, provider: Provider) -> tuple[str, ...]:
    credential = await provider.credential()
    return _put(subject, provider.credential_fields(credential) if credential is not None else [])


def _put(subject: Subject, fields: Headers) -> tuple[str, ...]:
    subject.credential = subject.configured = fields
    return WRITES
