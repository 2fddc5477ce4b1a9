"""Asking about credentials: the daemon, if it runs, for it knows most; else in this process."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Literal

import click

from ccproxy.cli.control import NotRunningError, NotThereError
from ccproxy.cli.grammar import CommandError
from ccproxy.cli.session import Session

if TYPE_CHECKING:
    from ccproxy.providers.standing import Credentials

type Told = dict[str, Any]
"""One credential, as `ccproxy.providers.telling` tells it."""
type Wish = Literal["look", "refresh"]

REQUESTS = {"look": ("GET", "/auth"), "refresh": ("POST", "/auth/refresh")}
WAIT_SECONDS = 120.0
"""Commands and token endpoints take their time; their own limits are the daemon's."""


def ask(session: Session, wish: Wish, name: str | None) -> list[Told]:
    """How the credentials stand, all or that of the provider `name`, after the wish was done.

    Raises CommandError for an unknown name, ConfigError if no daemon runs and ccproxy.yaml is broken.
    """
    from urllib.parse import quote

    from ccproxy.config.paths import inside_jail

    method, target = REQUESTS[wish]
    if name is not None:
        target += f"?name={quote(name, safe='')}"
    try:
        told: list[Told] = session.control().ask(method, target, timeout=WAIT_SECONDS)["credentials"]
    except NotRunningError:
        if inside_jail():
            raise
        return done_here(session, wish, name)
    except NotThereError:
        message = "the daemon that runs is of an older version, which tells nothing of credentials"
        raise CommandError(message, "stop it and start it again") from None
    return told


def done_here(session: Session, wish: Wish, name: str | None) -> list[Told]:
    """The same in this process, with a transport of its own."""
    import asyncio

    config = session.config()
    from ccproxy.assembly import build_transport
    from ccproxy.providers.provider import build_providers
    from ccproxy.providers.standing import Credentials
    from ccproxy.transport.posting import Poster

    async def main() -> list[Told]:
        transport = build_transport(config)
        credentials = Credentials(build_providers(config, Poster(transport).of))
        try:
            return await fulfilled(credentials, wish, name)
        finally:
            await credentials.settled()
            await transport.close()

    return asyncio.run(main())


async def fulfilled(credentials: Credentials, wish: Wish, name: str | None) -> list[Told]:
    """What comes of the wish. Raises CommandError for an unknown name."""
    try:
        return await (credentials.look(name) if wish == "look" else credentials.refresh(name))
    except LookupError as unknown:
        raise CommandError(*unknown.args) from unknown


def as_json(value: list[Told]) -> None:
    """Print what `--json` prints."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=False))
