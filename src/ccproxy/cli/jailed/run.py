"""From the command line to a jail that runs."""

from __future__ import annotations

import gc
import importlib
import os
import sys
from pathlib import Path
from typing import Any, Never

import click

from ccproxy.cli.grammar import CommandError
from ccproxy.cli.jailed.ports import published
from ccproxy.cli.session import Session
from ccproxy.config.paths import control_socket, inside_jail, runtime_dir
from ccproxy.jail.errors import JailError
from ccproxy.jail.link import DaemonLink, NoDaemon
from ccproxy.jail.plan import Plan
from ccproxy.jail.ticket import Request, Ticket

ELSEWHERE = {
    "darwin": "macOS has no network namespaces",
    "win32": "Windows has no network namespaces: in WSL2 the jail works",
}
OTHERWISE = "`ccproxy run -- COMMAND`, which sets base URLs, works here"


class JailFailed(CommandError):
    """The command never ran."""

    def __init__(self, error: JailError) -> None:
        super().__init__(str(error), *error.fix.splitlines())
        self.exit_code = error.status  # type: ignore[misc]  # click declares it for the class, and reads it here


def run_inspected(session: Session, provider: str | None, line: tuple[str, ...], options: dict[str, Any]) -> Never:
    """Runs the command in a jail and ends as it does. Raises CommandError if it did not run."""
    if sys.platform != "linux":
        raise CommandError(f"there is no capture jail: {ELSEWHERE.get(sys.platform, sys.platform)}", OTHERWISE)
    socket_path = daemons_socket(session)
    request = Request(
        name=options["name"] or "",
        command=line,
        pid=os.getpid(),
        only_hosts=options["only_host"],
        deny_hosts=options["deny_host"],
        keylog=options["keylog"],
    )
    try:
        link = first_link(session, socket_path, request, options["start"])
        plan = plan_of(line, environment(session, link.ticket, line, provider), options, link.ticket)
        supervised(plan, request, socket_path, link)
    except NoDaemon as error:
        raise JailFailed(no_daemon(session)) from error
    except JailError as error:
        raise JailFailed(error) from error


def daemons_socket(session: Session) -> Path:
    """Where the daemon would be asked. Raises JailFailed."""
    try:
        return control_socket(session.config_dir())
    except RuntimeError as error:
        raise JailFailed(JailError("nobody knows your home directory", "set HOME")) from error
    except OSError as error:
        raise JailFailed(JailError(f"the runtime directory cannot be used: {error}", "set XDG_RUNTIME_DIR")) from error


def no_daemon(session: Session) -> JailError:
    """Why there is no jail without one."""
    if inside_jail():
        return JailError("this is a jail, and there is none in a jail", "run the command without ccproxy: it is seen")
    return NoDaemon("no daemon is running", start_hint(session))


def first_link(session: Session, path: Path, request: Request, start: bool) -> DaemonLink:
    """The jail's connection to the daemon, which is started if none runs and it may be. Raises JailError."""
    try:
        return DaemonLink.open(path, request, load)
    except NoDaemon:
        if not start or inside_jail():
            raise
    from ccproxy.cli.jailed.start import start_daemon

    start_daemon(session)
    link = DaemonLink.open(path, request)
    say(where_to_look(session))
    return link


def where_to_look(session: Session) -> str:
    """What there is to see of a command whose daemon ends with it."""
    status = session.control().status()
    inspector = status["inspector"]["url"] if status else None
    also = f", and the inspector at {inspector}" if inspector else ""
    return f"a daemon runs as long as this command: until then there are `ccproxy flows list`{also}"


def load() -> None:
    """Imports what holds a jail, while the daemon makes the listener."""
    for name in ("supervisor", "inmate"):
        importlib.import_module(f"ccproxy.jail.{name}")


def supervised(plan: Plan, request: Request, path: Path, link: DaemonLink) -> Never:
    """Holds the jail until its command has ended, and ends as it did. Raises JailError."""
    from ccproxy.jail.supervisor import run

    links = [link]
    gc.freeze()
    gc.enable()
    status = run(plan, request, lambda asked: links.pop() if links else DaemonLink.open(path, asked), say)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)  # Python's own end takes 10 ms, for nothing


def plan_of(line: tuple[str, ...], variables: dict[str, str], options: dict[str, Any], ticket: Ticket) -> Plan:
    """The jail that the command line and the daemon's configuration ask for. Raises click.UsageError."""
    ports, auto = published(options["publish"], ticket)
    shelf = runtime_dir()
    return Plan(
        command=line,
        environment=variables,
        allow=tuple(dict.fromkeys((*ticket.allow, *options["allow"]))),
        publish=ports,
        publish_auto=auto,
        strict=options["strict"] or ticket.strict,
        pcap=options["pcap"],
        masked=(shelf, *map(Path, ticket.masked)),
        shelf=shelf,
    )


def environment(session: Session, ticket: Ticket, line: tuple[str, ...], provider: str | None) -> dict[str, str]:
    """The command's variables: the user's own, and with --provider those of base URLs and keys too.

    Raises JailError if there is no such provider.
    """
    if provider is None:
        return dict(os.environ)
    from ccproxy.cli.base_url import check_provider

    try:
        check_provider(session, session.control().status(), provider)
    except CommandError as error:
        raise JailError(error.message, "\n".join(error.details)) from error
    from ccproxy.cli.environment import child_environment

    return child_environment(os.environ, f"http://127.0.0.1:{ticket.proxy_port}", line[0], provider)


def say(text: str) -> None:
    """One line to the user."""
    click.echo(f"ccproxy: {text}", err=True)


def start_hint(session: Session) -> str:
    """What to do without a daemon."""
    option = f" --config {session.directory}" if session.directory else ""
    return f"start it in another terminal with `ccproxy{option} start`, or add --start to have one for this command"
