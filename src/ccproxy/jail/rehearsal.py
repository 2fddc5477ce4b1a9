"""Runs the probe in a real jail; a process of its own (`python -m ccproxy.jail.rehearsal JSON`), for a jail takes over
signals and ends as its command does.

With a daemon it is a jail like any other. Without one only the kernel's part is built, and nobody reads the tunnel.
"""

from __future__ import annotations

import json
import os
import select
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ccproxy.jail import probe
from ccproxy.jail.errors import FAILED, JailError
from ccproxy.jail.plan import Plan
from ccproxy.jail.ticket import DNS_ADDRESS, Request, Ticket

if TYPE_CHECKING:
    from ccproxy.jail.inmate import Inmate, News

NAME = "doctor"
ONLY = ("*.invalid",)
"""All that the probe may ask for, whatever the configuration says about other hosts."""
SECONDS = 10.0


def main(argument: str) -> int:
    """Prints the probe's line, or one with `error` and `fix`."""
    asked = json.loads(argument)
    control = asked["control"]
    shelf = Path(asked["runtime_dir"])
    shelf.mkdir(mode=0o700, parents=True, exist_ok=True)
    server = DNS_ADDRESS if control else ""
    command = (sys.executable, "-I", "-S", probe.__file__, str(asked["port"]), asked["abstract"], server)
    plan = Plan(command, dict(os.environ), publish_auto=False, masked=(shelf,), shelf=shelf)
    said: list[str] = []
    try:
        status = with_daemon(plan, Path(control), said.append) if control else alone(plan)
    except JailError as error:
        return tell(str(error), error.fix)
    return tell("; ".join(said) or "the jail failed without a word", "") if status == FAILED else status


def tell(error: str, fix: str) -> int:
    """Prints why there was no jail."""
    print(json.dumps({"error": error, "fix": fix}), flush=True)  # noqa: T201
    return FAILED


def with_daemon(plan: Plan, control: Path, say: Callable[[str], None]) -> int:
    """A whole jail. The command's exit status. Raises JailError."""
    from ccproxy.jail import supervisor
    from ccproxy.jail.link import DaemonLink

    request = Request(NAME, plan.command, os.getpid(), only_hosts=ONLY)
    link = DaemonLink.open(control, request)
    whole = replace(plan, masked=(*plan.masked, *map(Path, link.ticket.masked)))
    return supervisor.run(whole, request, lambda _: link, say)


def alone(plan: Plan) -> int:
    """The namespaces, the interface and the mounts. The command's exit status. Raises JailError."""
    from ccproxy.jail import inmate

    jailed = inmate.spawn(plan)
    try:
        jailed.parts()
        ticket = Ticket(NAME, "127.0.0.1", 0, private_key="", peer_key="", ca="", ipv6=False, proxy_port=0)
        jailed.go(ticket, {}, plan.environment)
        return status_of(jailed)
    finally:
        jailed.close()


def status_of(jailed: Inmate) -> int:
    """Waits for the command's end. Its exit status. Raises JailError if it does not end, or never ran."""
    while select.select([jailed], [], [], SECONDS)[0]:
        news = jailed.news()
        if news is None:
            raise JailError("the jail's first process has died")
        for status in map(ended, news):
            if status is not None:
                return status
    raise JailError("the probe did not come to an end")


def ended(item: News) -> int | None:
    """The exit status, if that is the news. Raises JailError if there will be none."""
    from ccproxy.jail.inmate import Exited, Failed

    match item:
        case Failed(message, fix, status):
            raise JailError(message, fix, status)
        case Exited(status):
            return os.waitstatus_to_exitcode(status)
        case _:
            return None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
