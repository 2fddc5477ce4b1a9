"""`inject_auth`: the provider's credential in place of the client's sentinel key."""

from __future__ import annotations

from collections.abc import Awaitable

from ccproxy.pipeline.context import Context
from ccproxy.pipeline.hook import hook
from ccproxy.providers.provider import Provider, ProviderMap


def has_provider(ctx: Context) -> bool:
    """True where the request goes to a configured provider: only its own credential may go there."""
    return ctx.exchange.provider is not None


@hook(stage="outbound", reads=["exchange.provider"], writes=["exchange.credential"], guard=has_provider, security=True)
def inject_auth(ctx: Context, params: None) -> Awaitable[None] | None:
    """Gets the provider's credential, which is put where the client's own was as the request leaves.

    It goes to no other provider. Raises NoCredential: the request is refused then, and never sent without one.
    """
    provider = ctx.resource(ProviderMap)[ctx.exchange.provider]
    credential = provider.cached_credential()
    if credential is None and provider.auth_type is None:
        ctx.exchange.credential = []
        return None
    if credential is None:
        return _fetched(ctx, provider)
    ctx.exchange.credential = provider.credential_fields(credential)
    return None


async def _fetched(ctx: Context, provider: Provider) -> None:
    credential = await provider.credential()
    ctx.exchange.credential = provider.credential_fields(credential) if credential is not None else []
