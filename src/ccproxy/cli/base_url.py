"""`ccproxy run` without the jail: the command becomes this process, with variables that lead it through the daemon."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Mapping
from pathlib import PurePath
from typing import Never

import click

from ccproxy.cli.address import Address
from ccproxy.cli.control import Status
from ccproxy.cli.environment import LOGIN_CLIENTS, SENTINEL, child_environment
from ccproxy.cli.grammar import CommandError
from ccproxy.cli.session import Session


def run_by_base_url(session: Session, provider: str | None, check: bool, line: tuple[str, ...]) -> Never:
    """Runs the command. Raises CommandError: no daemon (where `check` asks for one), no such provider or command."""
    status = session.control().status()
    address = daemon_address(session, status)
    if check and status is None and not address.answers():
        raise CommandError(
            f"no daemon answers at {address.url}", start_hint(session), "or use --no-check to go on without one"
        )
    if provider is not None:
        check_provider(session, status, provider)
    if status is not None and (warning := route_warning(status, line[0], provider)):
        click.echo(warning, err=True)
    become(line, child_environment(os.environ, address.url, line[0], provider))


def route_warning(status: Status, program: str, provider: str | None) -> str | None:
    """What to tell a user whose command's requests will not go where one might think; None where all is well."""
    logins = code_assist_for(status, program)
    if not logins and provider is None:
        return nowhere_to_go(status, os.environ)
    if not logins or status["rules"] or logins == [provider] or (provider is None and len(logins) == 1):
        return None
    name, where = PurePath(program).stem, f"goes to {logins[0]!r}"
    if len(logins) > 1:
        where = f"is refused, since {' and '.join(map(repr, logins))} are Code Assist"
    meant = f"; it goes to {provider!r} with an API key (/auth), or by a rule" if provider else "; write a rule"
    return f"ccproxy: with a Google login, {name} sends no key that could name a provider, and {where}{meant}"


def code_assist_for(status: Status, program: str) -> list[str]:
    """The providers that a client of Code Assist may reach without a key; none for other clients."""
    is_login_client = PurePath(program).stem in LOGIN_CLIENTS
    return [provider["name"] for provider in status["providers"] if is_login_client and "project" in provider]


def nowhere_to_go(status: Status, environ: Mapping[str, str]) -> str | None:
    """What to tell a user whose command's requests would all be refused: no provider, no rule, no sentinel key."""
    if status["rules"] or any(value.startswith(SENTINEL) for value in environ.values()):
        return None
    names = ", ".join(provider["name"] for provider in status["providers"]) or "none yet"
    return (
        "ccproxy: there are no rules, so requests with the command's own keys have no route; "
        f"add --provider NAME (configured: {names})"
    )


def daemon_address(session: Session, status: Status | None) -> Address:
    """Where the running daemon listens or, if none runs, where the configuration says it would."""
    if status is not None:
        return Address.of(status["proxy"]["host"], status["proxy"]["port"])
    config = session.config()
    return Address.of(config.host, config.port)


def start_hint(session: Session) -> str:
    """The command that starts the daemon which is missing."""
    option = f" --config {session.directory}" if session.directory else ""
    return f"start it in another terminal: ccproxy{option} start"


def check_provider(session: Session, status: Status | None, name: str) -> None:
    """Raise CommandError if neither the daemon nor, without one, the configuration knows the provider."""
    known = [provider["name"] for provider in status["providers"]] if status else list(session.config().providers)
    if name not in known:
        names = ", ".join(sorted(known)) or "none at all"
        raise CommandError(f"there is no provider {name!r}", f"configured: {names}")


def become(line: tuple[str, ...], env: dict[str, str]) -> Never:
    """Replace this process by the command. Raises CommandError if it cannot be run."""
    sys.stdout.flush()
    sys.stderr.flush()
    restore_signals()
    try:
        os.execvpe(line[0], line, env)  # noqa: S606 - the user's own command, no shell between
    except FileNotFoundError as error:
        raise CommandError(f"{line[0]}: command not found") from error
    except OSError as error:
        raise CommandError(f"{line[0]}: {error.strerror}") from error


def restore_signals() -> None:
    """Give back the signals that Python ignores, or `ccproxy run -- yes | head` would never end."""
    for name in ("SIGPIPE", "SIGXFSZ"):
        with contextlib.suppress(AttributeError, ValueError):
            signal.signal(getattr(signal, name), signal.SIG_DFL)
