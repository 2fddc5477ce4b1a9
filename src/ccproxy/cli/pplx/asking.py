"""Asking about a Perplexity account: by the daemon, if it runs, for it has the connections; else in this process."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Literal

import click

from ccproxy.cli.control import NotRunningError, NotThereError
from ccproxy.cli.grammar import CommandError
from ccproxy.cli.session import Session

if TYPE_CHECKING:
    from ccproxy.config import Config

type Told = dict[str, Any]
"""What `gateway.pplx_desk` tells."""
type Wish = Literal["quota", "threads", "thread", "export", "delete"]

REQUESTS: Mapping[Wish, tuple[str, str]] = {
    "quota": ("GET", "/pplx/quota"),
    "threads": ("GET", "/pplx/threads"),
    "thread": ("GET", "/pplx/thread"),
    "export": ("GET", "/pplx/export"),
    "delete": ("DELETE", "/pplx/thread"),
}
WAIT_SECONDS = 300.0
"""A long thread comes in many pages; each has a limit of its own (`pplx.thread.fetch_timeout_seconds`)."""


def provider_option[F: Callable[..., Any]](command: F) -> F:
    """Gives a command `--provider`."""
    told = "The provider of type perplexity_pro that is meant, where there are several."
    return click.option("--provider", metavar="NAME", help=told)(command)


def ask(session: Session, wish: Wish, **parameters: str | int | bool | None) -> Told:
    """What comes of a wish; parameters that are None are left out. Raises CommandError.

    Raises ConfigError if no daemon runs and ccproxy.yaml is broken.
    """
    from urllib.parse import urlencode

    from ccproxy.config.paths import inside_jail

    method, path = REQUESTS[wish]
    given = {name: str(value) for name, value in parameters.items() if value is not None}
    target = f"{path}?{urlencode(given)}" if given else path
    try:
        told: Told = session.control().ask(method, target, timeout=WAIT_SECONDS)
    except NotRunningError:
        if inside_jail():
            raise
        return done_here(session.config(), wish, given)
    except NotThereError:
        message = "the daemon that runs is of an older version, which knows no threads"
        raise CommandError(message, "stop it and start it again") from None
    return told


def done_here(config: Config, wish: Wish, parameters: Mapping[str, str]) -> Told:
    """The same in this process, with a transport of its own. Raises CommandError."""
    import asyncio

    from ccproxy.assembly import build_transport
    from ccproxy.gateway.pplx_desk import Desk
    from ccproxy.gateway.pplx_parameters import NotServed
    from ccproxy.providers.provider import build_providers
    from ccproxy.transport.posting import Poster

    async def main() -> Told:
        transport = build_transport(config)
        poster = Poster(transport)
        try:
            desk = Desk(build_providers(config, poster.of, lambda name: poster.of(name).call))
            return await desk.fulfilled(wish, parameters)
        finally:
            await transport.close()

    try:
        return asyncio.run(main())
    except NotServed as error:
        raise CommandError(error.message, *filter(None, [error.fix])) from error
